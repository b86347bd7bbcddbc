"""A `Session` of the OpenAI Agents SDK, kept as an owned session.

session = HoldfastSession("support-42", open_store())
await Runner.run(agent, "hello", session=session)

Items come back as they were given; what they say is searched, shown and exported like any other message.
"""

from __future__ import annotations

import json
import time
from asyncio import to_thread
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from holdfast.errors import BadInput, Conflict
from holdfast.model import Message, Part, Role, Thinking, ToolCall, ToolResult, Transcript, owned_id
from holdfast.model.chat import from_chat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.owned import SessionStore

ITEM = "openai_agents"
"""In `extra`: the item as it was given."""
Item = dict[str, Any]


class HoldfastSession:
    """Passes for `agents.memory.Session`; any number of programs may share one session."""

    def __init__(self, session_id: str, store: SessionStore, *, session_settings: Any = None) -> None:  # noqa: ANN401 - theirs
        """Take a session's name and an open store."""
        self.session_id = session_id
        self.session_settings = session_settings
        self._store = store.store
        self._session = store.session(session_id)

    async def get_items(self, limit: int | None = None) -> list[Item]:
        """Return the items in order, with a limit the latest so many."""
        wanted = limit if limit is not None else getattr(self.session_settings, "limit", None)
        if wanted is not None and wanted <= 0:
            return []
        found = await to_thread(self._session.messages, last=wanted)
        return [_item(m) for m in (found if wanted is None else found[-wanted:])]

    async def add_items(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Add items, all of them or none."""
        if items:
            now = time.time_ns() // 1_000_000
            await to_thread(self._session.append, [_message(dict(item), now) for item in items])

    async def pop_item(self) -> Item | None:
        """Take the latest item out of the conversation and return it; two that pop at once never get the same one."""
        return await to_thread(self._pop)

    async def clear_session(self) -> None:
        """Take all items out of the conversation; the store still has them."""
        await to_thread(self._clear)

    def _pop(self) -> Item | None:
        while True:
            info = self._session.info
            found = self._session.messages(last=1)
            if info is None or not found:
                return None
            told = Transcript(session=_facts(info), dropped=(found[-1].id,))
            try:
                self._store.put(told, expect=info.revision)
            except Conflict:
                continue
            return _item(found[-1])

    def _clear(self) -> None:
        found = self._session.messages()
        if found:
            self._session.record((), dropped=[m.id for m in found])


def _facts(info: Any) -> Any:  # noqa: ANN401 - a session, with nothing that a put counts itself
    return replace(info, revision=0, tags=())


def _item(message: Message) -> Item:
    given = message.extra.get(ITEM)
    if isinstance(given, dict):
        return given
    return {"role": message.role, "content": message.text}


def _message(item: Item, now: int) -> Message:
    role, parts = _read(item)
    return Message(id=owned_id(), role=role, parts=parts, at=now, extra={ITEM: item})


def _read(item: Item) -> tuple[Role, tuple[Part, ...]]:
    kind = item.get("type", "message")
    if kind == "function_call":
        call = ToolCall(
            id=str(item.get("call_id") or ""), name=str(item.get("name") or ""), input=_json(item.get("arguments"))
        )
        return "assistant", (call,)
    if kind.endswith("_output") and "call_id" in item:
        return "tool", (ToolResult(call=str(item["call_id"]), text=_flat(item.get("output"))),)
    if kind == "reasoning":
        said = [str(s.get("text", "")) for s in item.get("summary") or [] if isinstance(s, dict)]
        return "assistant", tuple(Thinking(text) for text in said if text)
    if kind == "message" or "role" in item:
        try:
            found = from_chat({"role": item.get("role"), "content": item.get("content")}, ident="")
        except BadInput:
            return "system", ()
        return found.role, found.parts
    return "assistant", (ToolCall(id=str(item.get("call_id") or item.get("id") or ""), name=kind, input=None),)


def _json(arguments: Any) -> Any:  # noqa: ANN401 - the JSON edge
    try:
        return json.loads(arguments)
    except (TypeError, ValueError, RecursionError):
        return arguments


def _flat(output: Any) -> str:  # noqa: ANN401 - the JSON edge
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        return "\n".join(str(piece.get("text", "")) for piece in output if isinstance(piece, dict))
    return json.dumps(output, ensure_ascii=False)
