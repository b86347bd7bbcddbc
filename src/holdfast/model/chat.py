"""Chat messages as programs and model servers have them, made into messages of ours and back.

Knows the shapes of OpenAI-style and Anthropic-style messages; refuses to guess what a block means that it does not know: it
is kept in `extra`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.model.message import Attachment, Json, Message, Part, Role, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Decode = Callable[[str], Json]

ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "assistant": "assistant", "model": "assistant", "ai": "assistant",
    "system": "system", "developer": "system", "tool": "tool", "function": "tool",
}  # fmt: skip
KNOWN = frozenset({
    "id", "role", "content", "tool_calls", "function_call", "tool_call_id", "is_error", "model", "reasoning_content", "refusal",
})  # fmt: skip
_INLINE = re.compile(r"data:([\w.+/-]+)[;,]")
_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_MEDIA = frozenset({
    "image_url", "input_image", "image", "input_audio", "audio", "video_url", "file", "input_file", "document",
})  # fmt: skip


_PLAIN = {"role", "content"}
_SPEAKERS = frozenset({"user", "assistant", "system"})


def from_chat(given: Json, *, ident: str, at: int | None = None, decode: Decode = json.loads) -> Message:
    """Build a message of `{"role", "content", "tool_calls", ...}`; errors.BadInput names what is missing or wrong.

    Keys and blocks that are not known are kept in `extra`. `decode` reads the arguments of tool calls.
    """
    if not isinstance(given, dict):
        raise BadInput(f"a message must be an object, not {type(given).__name__}")
    role = ROLES.get(str(given.get("role")))
    if role in _SPEAKERS and given.keys() == _PLAIN and isinstance(given["content"], str):
        return Message(id=ident, role=role, parts=(Text(given["content"]),), at=at)  # most messages, at once
    if role is None:
        raise BadInput(f"a message has no role that is known: {given.get('role')!r}", f"use one of {', '.join(ROLES)}")
    blocks = _blocks(given.get("content"))
    parts = [_part(block) for block in blocks]
    unknown = [block for block, part in zip(blocks, parts, strict=True) if part is None]
    said = [p for p in parts if p is not None]
    extra = {k: v for k, v in given.items() if k not in KNOWN} | ({"content": unknown} if unknown else {})
    return Message(
        id=ident,
        role=role,
        parts=tuple(_result(given, said) if role == "tool" else (*_aside(given), *said, *_calls(given, decode))),
        at=at,
        model=_text(given, "model"),
        extra=extra,
    )


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


def _blocks(content: Json) -> list[Json]:
    if content is None:
        return []
    if isinstance(content, str | dict):
        return [content]
    if not isinstance(content, list):
        raise BadInput(f"a message's content must be a text or a list, not {type(content).__name__}")
    return content


def _part(block: Json) -> Part | None:
    """Understand a block of content; None for one that is not known."""
    if isinstance(block, str):
        return Text(block)
    if not isinstance(block, dict):
        raise BadInput(f"a message's content holds {type(block).__name__}, which is no block")
    kind = _text(block, "type")
    if kind in _TEXTS:
        return Text(_needed(block, _TEXTS[kind]))
    if kind == "thinking":
        return Thinking(_needed(block, "thinking"))
    if kind == "tool_use":
        return ToolCall(id=_text(block, "id"), name=_text(block, "name"), input=block.get("input"))
    if kind == "tool_result":
        return ToolResult(
            call=_needed(block, "tool_use_id"), text=_flat(block.get("content")), error=block.get("is_error") is True
        )
    if kind in _MEDIA:
        return _attachment(kind, block)
    return Text(block["text"]) if not kind and isinstance(block.get("text"), str) else None


def _flat(content: Json) -> str:
    """Return the text of a tool's result, given as text or as blocks."""
    parts = _blocks(content)
    if not all(isinstance(b, str | dict) for b in parts):
        raise BadInput("a tool's result must be a text or a list of blocks")
    return "\n".join(b if isinstance(b, str) else str(b.get("text", "")) for b in parts)


def _attachment(kind: str, block: Mapping[str, Json]) -> Attachment:
    """Describe media by its kind and size; its bytes are not text."""
    inner = block.get(kind, block.get("source", block))
    fields = inner if isinstance(inner, dict) else {"url": inner}
    address = fields.get("url", block.get("image_url"))
    held = fields.get("data", fields.get("file_data", address))
    if held is not None and not isinstance(held, str):
        raise BadInput(f"a block of kind {kind} has neither an address nor data")
    inline = _INLINE.match(held or "")
    if held is None or (held == address and inline is None):
        return Attachment(media=kind.partition("_")[0], name=address or str(fields.get("filename") or ""))
    media = inline[1] if inline else str(fields.get("media_type") or fields.get("format") or kind)
    return Attachment(media=media, name=str(fields.get("filename") or ""), size=len(held))


def _result(given: Mapping[str, Json], said: list[Part]) -> Iterator[Part]:
    """Make what a tool said one result; results that stand as blocks stay."""
    yield from (p for p in said if not isinstance(p, Text))
    texts = [p.text for p in said if isinstance(p, Text)]
    call = given.get("tool_call_id") or given.get("name") or ""
    if texts or not said:
        yield ToolResult(call=str(call), text="\n".join(texts), error=given.get("is_error") is True)


def _aside(given: Mapping[str, Json]) -> Iterator[Part]:
    if _text(given, "reasoning_content"):
        yield Thinking(given["reasoning_content"])
    if _text(given, "refusal"):
        yield Text(given["refusal"])


def _calls(given: Mapping[str, Json], decode: Decode) -> Iterator[ToolCall]:
    calls = given.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadInput(f"tool_calls must be a list, not {type(calls).__name__}")
    old = given.get("function_call")
    for call in [*calls, {"function": old}] if old else calls:
        function = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise BadInput("a tool call has no function")
        arguments = function.get("arguments", function.get("input"))
        yield ToolCall(id=_text(call, "id"), name=_text(function, "name"), input=_decoded(arguments, decode))


def _decoded(arguments: Json, decode: Decode) -> Json:
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):  # arguments that are no JSON are kept as their text
            return decode(arguments)
    return arguments


def _text(given: Mapping[str, Json], key: str) -> str:
    value = given.get(key) or ""
    if not isinstance(value, str):
        raise BadInput(f"{key} must be a text, not {type(value).__name__}")
    return value


def _needed(block: Mapping[str, Json], key: str) -> str:
    if not isinstance(block.get(key), str):
        raise BadInput(f"a block of kind {block.get('type')} needs a text as its {key!r}")
    return str(block[key])


def _call_out(call: ToolCall) -> dict[str, Json]:
    arguments = call.input if isinstance(call.input, str) else json.dumps(call.input, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
