"""OpenAI-style messages, as most programs have them, made into messages of ours and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.model.message import Attachment, Json, Message, Part, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from holdfast.model.message import Role

ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
KNOWN = frozenset({"role", "content", "tool_calls", "tool_call_id", "reasoning_content", "id", "name", "is_error"})


def from_chat(given: Mapping[str, Json], *, ident: str, at: int | None = None) -> Message:
    """Build a message of `{"role", "content", "tool_calls", ...}`; errors.BadInput names what is missing or wrong.

    Keys that are not known are kept in `extra`.
    """
    role = ROLES.get(str(given.get("role")))
    if role is None:
        raise BadInput(f"a message has no role that is known: {given.get('role')!r}", f"use one of {', '.join(ROLES)}")
    parts: tuple[Part, ...]
    if role == "tool":
        text = "\n".join(p.text for p in _content(given.get("content")) if isinstance(p, Text))
        parts = (ToolResult(call=str(given.get("tool_call_id") or ""), text=text, error=given.get("is_error") is True),)
    else:
        thought = given.get("reasoning_content")
        thinking = (Thinking(thought),) if isinstance(thought, str) and thought else ()
        parts = (*thinking, *_content(given.get("content")), *_calls(given.get("tool_calls")))
    extra = {k: v for k, v in given.items() if k not in KNOWN}
    if isinstance(given.get("name"), str):
        extra["name"] = given["name"]
    return Message(id=ident, role=role, parts=parts, at=at, extra=extra)


def to_chat(message: Message) -> dict[str, Json]:
    """Return a message as OpenAI-style clients take it."""
    if message.role == "tool":
        result = next((p for p in message.parts if isinstance(p, ToolResult)), ToolResult(call=""))
        return {"role": "tool", "tool_call_id": result.call, "content": result.text}
    found: dict[str, Json] = {"role": message.role, "content": message.text}
    calls = [p for p in message.parts if isinstance(p, ToolCall)]
    if calls:
        found["tool_calls"] = [_call_out(c) for c in calls]
    return found


def _content(content: Json) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    if content is None:
        return
    if not isinstance(content, list):
        raise BadInput(f"a message's content must be a text or a list, not {type(content).__name__}")
    for block in content:
        if isinstance(block, str):
            yield Text(block)
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            yield Text(block["text"])
        elif isinstance(block, dict):
            yield _attachment(block)
        else:
            raise BadInput(f"a message's content holds {type(block).__name__}, which is no block")


def _attachment(block: dict[str, Json]) -> Attachment:
    kind = str(block.get("type") or "")
    inner = block.get(kind)
    url = inner.get("url") if isinstance(inner, dict) else None
    shown = "" if not isinstance(url, str) or url.startswith("data:") else url
    return Attachment(media=kind, name=shown, size=len(url) if isinstance(url, str) else 0)


def _calls(calls: Json) -> Iterator[ToolCall]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise BadInput("a tool call has no function")
        yield ToolCall(
            id=str(call.get("id") or ""),
            name=str(function.get("name") or ""),
            input=_arguments(function.get("arguments")),
        )


def _arguments(text: Json) -> Json:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _call_out(call: ToolCall) -> dict[str, Json]:
    arguments = call.input if isinstance(call.input, str) else json.dumps(call.input, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
