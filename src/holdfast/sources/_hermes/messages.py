"""What the rows of Hermes' `messages` mean: OpenAI-style messages, rewound and compacted ones, results with their exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.model.session import ordered
from holdfast.sources._content import blocks, flat_text, millis, text
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Part, Role
    from holdfast.sources._database import Row

_ENCODED = ("\0json:", "\1json:")
"""What stands before content that is no plain text."""
_SUMMARIES = ("[CONTEXT COMPACTION", "[CONTEXT SUMMARY]")
_INJECTED = (
    "[ASYNC DELEGATION",
    "[System note:",
    "[SYSTEM:",
    "[IMPORTANT: Background process",
    "Review the conversation above and update the skill library",
    "Review the conversation above and consider saving to memory",
)
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "system"}


def messages_of(rows: Sequence[Row]) -> tuple[list[Message], list[str]]:
    """Return the messages in a session's rows, and what in them is not known."""
    odd: list[str] = []
    found: list[Message] = []
    shown: set[str] = set()
    for number, row in enumerate(rows, 1):
        stands = row.get("active", 1) != 0 or row.get("compacted", 0) == 1
        if stands and _is_copy(row, shown):
            continue
        message, more = _message(row, number, stands=stands)
        odd.extend(more)
        found.extend(m for m in (message,) if m is not None)
    return found, odd


def _is_copy(row: Row, shown: set[str]) -> bool:
    """Tell a copy that a compaction made of an earlier row; both stand under one identity."""
    if row.get("display_identity") is None:
        return False
    name = repr(row["display_identity"])
    known = name in shown
    shown.add(name)
    return known


def _message(row: Row, number: int, *, stands: bool) -> tuple[Message | None, list[str]]:
    role = _ROLES.get(text(row.get("role")))
    if role is None:
        return None, [f"record:{(text(row.get('role')) or '?')[:60]}"]
    said, odd = _content(row.get("content"))
    parts = _parts(role, row, said)
    extra: dict[str, Json] = {k: row[k] for k in ("display_kind", "finish_reason") if text(row.get(k))}
    if extra.get("finish_reason") == "error":
        extra["error"] = True
    message = Message(
        id=str(row.get("id", number)),
        role="system" if role == "user" and _put_in(row, said) else role,
        parts=parts,
        at=millis(row.get("timestamp")),
        live=stands,
        line=number,
        extra=extra,
    )
    return message, odd


def _content(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    """Read content: plain text, or blocks after a mark that no text begins with."""
    value: Json = content
    if isinstance(content, str) and content.startswith(_ENCODED):
        decoded = loads(content[6:].encode("utf-8", "replace"))
        value = content[6:] if decoded is None else decoded
    if isinstance(value, dict):
        return ((Text(flat_text(value)),) if flat_text(value) else ()), []
    if isinstance(value, list):
        parts, odd = blocks([_picture(b) for b in value])
        return parts, list(odd)
    return ((Text(value),) if isinstance(value, str) and value else ()), []


def _picture(block: Json) -> Json:
    """Give an OpenAI-style picture the shape that other pictures have."""
    if not isinstance(block, dict) or block.get("type") not in ("image_url", "input_audio", "file"):
        return block
    inner = block.get(str(block["type"]))
    url = text(inner.get("url")) if isinstance(inner, dict) else text(inner)
    inline = url.startswith("data:")
    return {
        "type": "image",
        "source": {
            "media_type": url[5:].partition(";")[0] if inline else "",
            "data": url.partition(",")[2] if inline else None,
            "url": "" if inline else url,
        },
    }


def _put_in(row: Row, said: tuple[Part, ...]) -> bool:
    """Tell what the program said in a person's place."""
    words = next((p.text for p in said if isinstance(p, Text)), "").lstrip()
    return words.startswith((*_SUMMARIES, *_INJECTED)) or row.get("display_kind") == "hidden" or _summarises(row)


def _summarises(row: Row) -> bool:
    return row.get("_compressed_summary") == 1


def _parts(role: str, row: Row, said: tuple[Part, ...]) -> tuple[Part, ...]:
    if role == "tool":
        words = "\n".join(p.text for p in said if isinstance(p, Text))
        return (_result(row, words), *(p for p in said if isinstance(p, Attachment)))
    if _summarises(row) or any(isinstance(p, Text) and p.text.lstrip().startswith(_SUMMARIES) for p in said):
        return tuple(Summary(p.text) if isinstance(p, Text) else p for p in said)
    thought = text(row.get("reasoning_content")) or text(row.get("reasoning"))
    return (*((Thinking(thought),) if thought.strip() else ()), *said, *_calls(row.get("tool_calls")))


def _calls(value: Json) -> list[ToolCall]:
    listed = loads(value.encode("utf-8", "replace")) if isinstance(value, str) and value else value
    return [_call(c) for c in (listed if isinstance(listed, list) else ()) if isinstance(c, dict)]


def _call(call: dict[str, Json]) -> ToolCall:
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    given = function.get("arguments", function.get("input"))
    decoded = loads(given.encode("utf-8", "replace")) if isinstance(given, str) else given
    name = next(iter(ordered((text(call.get("id")), text(call.get("call_id"))))), "")
    return ToolCall(id=name, name=text(function.get("name")), input=given if decoded is None else decoded)


def _result(row: Row, words: str) -> ToolResult:
    """Tell from a tool's JSON whether it failed, where it says so."""
    value = loads(words.encode("utf-8", "replace")) if words.startswith("{") else None
    facts = value if isinstance(value, dict) else {}
    code = facts.get("exit_code")
    code = code if code.__class__ is int and -(1 << 31) <= code < 1 << 32 else None
    failed = facts.get("success") is False or bool(text(facts.get("error"))) or code not in (None, 0)
    return ToolResult(call=text(row.get("tool_call_id")), text=words, error=failed, exit_code=code)
