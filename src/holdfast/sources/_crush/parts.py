"""Crush's messages: rows whose parts are JSON, and what each part means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import millis, text
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "system"}
_EXIT = re.compile(r"(?:^|\n)Exit code (\d{1,9})\s*(?:<cwd>[^\n]*</cwd>\s*)?\Z")
_EMPTY = (Text(""), Thinking(""))


def messages_of(row: dict[str, Json], line: int) -> tuple[list[Message], list[str]] | None:
    """Read a row: a message, and the results of what ran inside of it; None where its parts are damaged."""
    found = loads(text(row.get("parts")).encode())
    role = _ROLES.get(text(row.get("role")))
    if not isinstance(found, list):
        return None
    if role is None:
        return [], [f"record:{text(row.get('role')) or '?'}"]
    name, at = text(row.get("id")) or f"row:{line}", millis(row.get("created_at"))
    parts, ran, unknown = _parts(found, name)
    extra = _marks(found)
    if row.get("is_summary_message"):
        role, parts = "system", [Summary(p.text) if isinstance(p, Text) else p for p in parts]
    messages: list[Message] = []
    if parts or extra:
        model = text(row.get("model")) if row.get("role") == "assistant" else ""
        messages.append(Message(id=name, role=role, parts=tuple(parts), at=at, model=model, line=line, extra=extra))
    if ran:
        messages.append(Message(id=f"{name}:results", role="tool", parts=tuple(ran), at=at, line=line))
    return messages, unknown


def _parts(found: list[Json], name: str) -> tuple[list[Part], list[Part], list[str]]:
    parts: list[Part] = []
    ran: list[Part] = []
    unknown: list[str] = []
    for place, block in enumerate(found):
        data, kind = _data(block), text(block.get("type")) if isinstance(block, dict) else ""
        if kind == "shell_command":
            call, result = _shell(data, f"{name}:{place}")
            parts.append(call)
            ran.append(result)
        elif kind != "finish":
            part = _part(kind, data, f"{name}:{place}")
            parts.extend([part] if part is not None and part not in _EMPTY else [])
            unknown.extend([f"block:{kind or '?'}"] if part is None else [])
    return parts, ran, unknown


def _part(kind: str, data: dict[str, Json], key: str) -> Part | None:
    match kind:
        case "text":
            return Text(text(data.get("text")))
        case "reasoning":
            return Thinking(text(data.get("thinking")))
        case "tool_call":
            return ToolCall(
                id=text(data.get("id")) or key, name=text(data.get("name")), input=_input(data.get("input"))
            )
        case "tool_result":
            return _result(data)
        case "image_url":
            url = text(data.get("url"))
            inline = url.startswith("data:")
            return Attachment(name="" if inline else url, size=len(url) * 3 // 4 if inline else 0)
        case "binary":
            size = len(text(data.get("Data"))) * 3 // 4
            return Attachment(media=text(data.get("MIMEType")), name=text(data.get("Path")), size=size)
        case _:
            return None


def _input(value: Json) -> Json:
    """Arguments are a text of JSON, torn where the answer was stopped."""
    if not isinstance(value, str):
        return value
    found = loads(value.encode())
    return value if found is None else found


def _result(data: dict[str, Json]) -> ToolResult:
    said = text(data.get("content"))
    ended = _EXIT.search(said[-4096:]) if data.get("name") == "bash" else None
    code = int(ended[1]) if ended else None
    failed = data.get("is_error") is True or bool(code)
    return ToolResult(call=text(data.get("tool_call_id")), text=said, error=failed, exit_code=code)


def _shell(data: dict[str, Json], key: str) -> tuple[ToolCall, ToolResult]:
    """Read a command that the person ran: a call with its result."""
    code = data.get("exit_code")
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    call = ToolCall(id=key, name="shell_command", input={"command": text(data.get("command"))})
    return call, ToolResult(call=key, text=text(data.get("output")), error=bool(code), exit_code=code)


def _marks(found: list[Json]) -> dict[str, Json]:
    """Return an answer's marks for how it ended; one that a person stopped is no error."""
    ends = [_data(b) for b in found if isinstance(b, dict) and b.get("type") == "finish"]
    reason = text(ends[-1].get("reason")) if ends else ""
    if reason == "canceled":
        return {"aborted": True}
    if reason not in ("error", "content_filter"):
        return {}
    said = (text(ends[-1].get("message")), text(ends[-1].get("details")))
    return {"error": True, "message": ": ".join(t for t in said if t) or reason}


def _data(block: Json) -> dict[str, Json]:
    data = block.get("data") if isinstance(block, dict) else None
    return data if isinstance(data, dict) else {}
