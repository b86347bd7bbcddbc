"""Zed's messages: those of its agent today (`User`, `Agent`, `Compaction`, `Resume`), and the older ones with roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import flat_text, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Part

_EMPTY = (Text(""), Thinking(""))
_SEGMENTS = {"text": "Text", "thinking": "Thinking"}


def messages_of(record: Json, place: int) -> tuple[list[Message], list[str]]:
    """Read one record: a message and the results of its tools; and name what is unknown."""
    if isinstance(record, dict) and "role" in record:
        return _older(record, place)
    kind, data = _variant(record)
    match kind:
        case "User":
            name = text(data.get("id")) if isinstance(data, dict) else ""
            return _said(_content(data), name or f"user:{place}", place, user=True)
        case "Agent":
            found, odd = _said(_content(data), f"agent:{place}", place)
            results = _results(data.get("tool_results") if isinstance(data, dict) else None)
            return found + _ran(results, f"agent:{place}", place), odd
        case "Compaction":
            said = text(data.get("Summary")) if isinstance(data, dict) else ""
            summary = Message(id=f"compaction:{place}", role="system", parts=(Summary(said),), line=place)
            return ([summary] if said else []), []
        case "Resume":
            return [], []
        case _:
            return [], [f"record:{kind or '?'}"]


def _older(record: dict[str, Json], place: int) -> tuple[list[Message], list[str]]:
    """Read a message of before September 2025: segments, with the tools beside them."""
    name, role = f"message:{record.get('id', place)}", record["role"]
    if role not in ("user", "assistant", "system"):
        return [], [f"record:{text(role) or '?'}"]
    blocks: list[Json] = [_segment(s) for s in _list(record.get("segments"))]
    if not blocks and text(record.get("context")):
        blocks = [{"Text": record["context"]}]
    blocks += [{"ToolUse": use} for use in _list(record.get("tool_uses"))]
    found, odd = _said(blocks, name, place, user=role == "user")
    hidden = role == "system" or (role == "user" and record.get("is_hidden") is True)
    if hidden:
        found = [Message(id=m.id, role="system", parts=m.parts, line=place) for m in found]
    results = [r for r in map(_result, _list(record.get("tool_results"))) if r is not None]
    return found + _ran(results, name, place), odd


def _segment(segment: Json) -> Json:
    """Write a segment as today's content has it."""
    if not isinstance(segment, dict):
        return segment
    kind = text(segment.get("type"))
    words = segment.get("text")
    return {_SEGMENTS.get(kind, kind): {"text": words} if kind == "thinking" else words}


def _said(blocks: list[Json], name: str, place: int, *, user: bool = False) -> tuple[list[Message], list[str]]:
    parts: list[Part] = []
    unknown: list[str] = []
    for number, block in enumerate(blocks):
        kind, data = _variant(block)
        part = _part(kind, data, f"{name}:{number}")
        if part is None:
            unknown.extend([] if kind == "RedactedThinking" else [f"block:{kind or '?'}"])
        elif part not in _EMPTY:
            parts.append(part)
    message = Message(id=name, role="user" if user else "assistant", parts=tuple(parts), line=place)
    return ([message] if parts else []), unknown


def _part(kind: str, data: Json, key: str) -> Part | None:
    given = data if isinstance(data, dict) else {}
    match kind:
        case "Text":
            return Text(text(data))
        case "Thinking":
            return Thinking(text(given.get("text")))
        case "Mention":
            return Attachment(name=_uri(given.get("uri")), text=text(given.get("content")))
        case "Image":
            return Attachment(media="image", size=len(text(given.get("source"))) * 3 // 4)
        case "ToolUse":
            return ToolCall(id=text(given.get("id")) or key, name=text(given.get("name")), input=given.get("input"))
        case _:
            return None


def _results(found: Json) -> list[ToolResult]:
    named = found.items() if isinstance(found, dict) else ()
    read = (_result({"tool_use_id": name, **r}) for name, r in named if isinstance(r, dict))
    return [r for r in read if r is not None]


def _result(found: Json) -> ToolResult | None:
    if not isinstance(found, dict):
        return None
    said = "\n".join(t for t in _words(found.get("content")) if t)
    output = found.get("output")
    return ToolResult(
        call=text(found.get("tool_use_id")),
        text=said or (output if isinstance(output, str) else ""),
        error=found.get("is_error") is True,
    )


def _words(content: Json) -> Iterator[str]:
    """Yield the texts of a result: one content or a list, each a text or an object named after what it is."""
    for item in content if isinstance(content, list) else [content]:
        inner = item.get("Text") if isinstance(item, dict) else None
        yield flat_text(inner if inner is not None else item)


def _ran(results: list[ToolResult], name: str, place: int) -> list[Message]:
    return [Message(id=f"{name}:results", role="tool", parts=tuple(results), line=place)] if results else []


def _uri(uri: Json, depth: int = 4) -> str:
    """Return what a mention points to: a text, or in older versions the first text of an object."""
    if isinstance(uri, dict) and depth:
        return next((t for t in (_uri(v, depth - 1) for v in uri.values()) if t), "")
    return text(uri)


def _content(data: Json) -> list[Json]:
    return _list(data.get("content")) if isinstance(data, dict) else []


def _variant(value: Json) -> tuple[str, Json]:
    """Split an object named after what it is; a bare name has nothing inside."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.items()))
    return "", None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
