"""llm's tables from 0.32: threads that point into a tree of messages, and a row a turn with what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import millis, number, text
from holdfast.sources._jsonl import loads
from holdfast.sources._llm.tables import attached, fragment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Part, Role
    from holdfast.sources._database import Row
    from holdfast.sources._llm.tables import Draft

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "tool": "tool"}


def turns_of(draft: Draft) -> list[Row]:
    """Return the turns of a thread in order; one that has no thread is its own."""
    found = draft.of("turns", "thread_id", draft.native, order=("datetime_utc", "id"))
    return found or draft.of("turns", "id", draft.native)


def read(draft: Draft, turns: Iterable[Row], *, begun: bool) -> None:
    """Read a thread; `begun` tells that older tables hold its beginning, which the first turn repeats."""
    tip: Json = None
    for row in turns:
        _turn(draft, row, begun=begun)
        draft.bill(row)
        begun, tip = False, row.get("tip_message_hash")
    current = _chain(draft, draft.one("threads", "id", draft.native).get("tip_message_hash") or tip)
    for row in () if begun else current:
        _say(draft, row, at=None)
    _leave(draft, {text(r.get("hash")) for r in current})


def _turn(draft: Draft, turn: Row, *, begun: bool) -> None:
    at, model = millis(turn.get("datetime_utc")), text(turn.get("resolved_model")) or text(turn.get("model"))
    asked = _chain(draft, turn.get("parent_message_hash"), new=True)
    history = max((n for n, r in enumerate(asked, 1) if r.get("role") == "assistant"), default=0)
    if begun:
        draft.unread.update(text(r.get("hash")) for r in asked[:history])
    for place, row in enumerate(asked, 1):
        _say(draft, row, at=at if place > history else None)
    for row in _chain(draft, turn.get("tip_message_hash"), new=True):
        _say(draft, row, at=None if at is None else at + number(turn.get("duration_ms")), model=model)


def _leave(draft: Draft, current: set[str]) -> None:
    """Take out of the conversation what the thread no longer points to: answers that were asked for again."""
    for name, message in draft.messages.items():
        if name in draft.hashes and name not in current:
            draft.messages[name] = replace(message, live=False)
            draft.dropped.append(name)


def _chain(draft: Draft, tip: Json, *, new: bool = False) -> list[Row]:
    """Return the messages up to one, the first one first; or only those that were not looked at."""
    chain: dict[str, Row] = {}
    name = text(tip)
    while name and name not in chain and not (new and (name in draft.hashes or name in draft.unread)):
        row = draft.one("messages", "hash", name)
        if not row:
            break
        chain[name] = row
        name = text(row.get("parent_hash"))
    return list(chain.values())[::-1]


def _say(draft: Draft, row: Row, *, at: int | None, model: str = "") -> None:
    name, role = text(row.get("hash")), _ROLES.get(text(row.get("role")))
    if name in draft.hashes or name in draft.unread:
        return
    draft.hashes.add(name)
    if role is None:
        draft.miss(f"record:{text(row.get('role')) or '?'}")
        return
    parts: list[Part] = []
    for part in draft.of("parts", "message_hash", name, order=("position",)):
        parts += _parts(draft, part)
    draft.say(name, role, parts, at=at, model=model if role == "assistant" else "")


def _parts(draft: Draft, row: Row) -> list[Part]:
    payload = loads(text(row.get("payload")).encode()) if row.get("payload") is not None else {}
    found, kind = payload if isinstance(payload, dict) else {}, text(row.get("type"))
    if not isinstance(payload, dict):
        draft.damaged.append(len(draft.messages) + 1)
    match kind:
        case "text":
            return _text(draft, row, found)
        case "reasoning":
            return [Thinking(text(row.get("text")))] if text(row.get("text")) else []
        case "tool_call":
            key = text(found.get("tool_call_id")) or f"call:{row.get('id')}"
            return [ToolCall(id=key, name=_tool(row, found), input=found.get("arguments"))]
        case "tool_result":
            failed = bool(text(found.get("exception")))
            result = ToolResult(call=text(found.get("tool_call_id")), text=text(found.get("output")), error=failed)
            return [result, *_attached(draft, found.get("attachments"))]
        case "attachment":
            return _attached(draft, [found.get("attachment")])
        case _:
            draft.miss(f"block:{kind or '?'}")
            return []


def _text(draft: Draft, row: Row, found: dict[str, Json]) -> list[Part]:
    """Read a text: as it is, or pieces of which some are fragments, kept apart from what was typed."""
    parts: list[Part] = [Text(text(row.get("text")))] if text(row.get("text")) else []
    pieces = found.get("text_ref")
    for piece in pieces if isinstance(pieces, list) else ():
        if isinstance(piece, dict) and "fragment" in piece:
            ident = piece["fragment"]
            parts.append(fragment(draft, ident if isinstance(ident, int) else None))
        elif isinstance(piece, dict) and text(piece.get("literal")).strip():
            parts.append(Text(text(piece.get("literal")).strip("\n")))
    return parts


def _attached(draft: Draft, found: Json) -> list[Part]:
    listed = found if isinstance(found, list) else []
    return [attached(draft, text(a.get("id"))) for a in listed if isinstance(a, dict)]


def _tool(row: Row, found: dict[str, Json]) -> str:
    return text(row.get("tool_name")) or text(found.get("name"))
