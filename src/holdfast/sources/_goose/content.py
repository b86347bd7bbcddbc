"""Goose's messages: their content blocks, who said them, and what a tool call's success or failure looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import millis, text

if TYPE_CHECKING:
    from holdfast.model import Part, Role

_NOTICES = frozenset({"systemNotification", "conversationCompacted", "summarizationRequested", "contextLengthExceeded"})
_QUIET = frozenset({"redactedThinking", "toolConfirmationRequest", "actionRequired"})
_ERROR = "Ran into this error:"
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "system"}


def message_of(
    record: dict[str, Json], name: str, *, line: int, archived: bool = False
) -> tuple[Message | None, list[str]]:
    """Read a message (None where nothing is said in it) and name what is unknown; `archived` tells that its forerunner is."""
    role, content = _ROLES.get(text(record.get("role"))), record.get("content")
    if role is None or not isinstance(content, list):
        return None, [f"record:{text(record.get('type')) or '?'}"]
    parts: list[Part] = []
    unknown: list[str] = []
    for place, block in enumerate(content):
        found = _part(block, f"{name}:{place}") if isinstance(block, dict) else None
        kind = text(block.get("type")) if isinstance(block, dict) else ""
        if found is not None:
            parts.append(found)
        elif kind not in _QUIET:
            unknown.append(f"block:{kind or '?'}")
    parts = [p for p in parts if p not in (Text(""), Thinking(""))]
    role, parts = _said_by(role, parts, record, archived=archived)
    failed = role == "assistant" and any(isinstance(p, Text) and p.text.startswith(_ERROR) for p in parts)
    message = Message(
        id=name,
        role=role,
        parts=tuple(parts),
        at=millis(record.get("created")),
        line=line,
        extra={"error": True} if failed else {},
    )
    return (message if parts else None), unknown


def is_archived(record: dict[str, Json]) -> bool:
    """Tell whether a compaction took the message out of what the model is sent."""
    metadata = record.get("metadata")
    return isinstance(metadata, dict) and metadata.get("agentVisible") is False


def _said_by(role: Role, parts: list[Part], record: dict[str, Json], *, archived: bool) -> tuple[Role, list[Part]]:
    """A user's record may hold results of tools, or what the program added for the model alone."""
    metadata, content = record.get("metadata"), record["content"]
    hidden = isinstance(metadata, dict) and metadata.get("userVisible") is False
    if any(isinstance(p, ToolResult) for p in parts):
        return "tool", parts
    if any(isinstance(b, dict) and text(b.get("type")) in _NOTICES for b in content):
        return "system", parts
    if role == "user" and hidden:
        return "system", [Summary(p.text) if archived and isinstance(p, Text) else p for p in parts]
    return role, parts


def _part(block: dict[str, Json], key: str) -> Part | None:
    match block.get("type"):
        case "text":
            return Text(text(block.get("text")))
        case "thinking" | "reasoning":
            return Thinking(text(block.get("thinking")) or text(block.get("text")))
        case "image":
            data = text(block.get("data"))
            return Attachment(media=text(block.get("mimeType")), size=len(data) * 3 // 4)
        case "toolRequest" | "frontendToolRequest":
            return _call(block, key)
        case "toolResponse":
            return _result(block)
        case kind if isinstance(kind, str) and kind in _NOTICES:
            return Text(text(block.get("msg")))
        case _:
            return None


def _call(block: dict[str, Json], key: str) -> ToolCall:
    call = block.get("toolCall")
    call = call if isinstance(call, dict) else {}
    value = call.get("value")
    value = value if isinstance(value, dict) else call
    name = text(block.get("id")) or text(call.get("id")) or key
    if call.get("status") == "error":
        return ToolCall(id=name, name="invalid", input={"error": text(call.get("error"))})
    return ToolCall(id=name, name=text(value.get("name")), input=value.get("arguments"))


def _result(block: dict[str, Json]) -> ToolResult:
    found = block.get("toolResult")
    found = found if isinstance(found, dict) else {}
    value = found.get("value", found)
    inner = value if isinstance(value, dict) else {}
    content = value if isinstance(value, list) else inner.get("content")
    structured = inner.get("structuredContent")
    code = structured.get("exit_code") if isinstance(structured, dict) else None
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    failed = found.get("status") == "error"
    return ToolResult(
        call=text(block.get("id")) or text(block.get("toolCallId")),
        text=text(found.get("error")) if failed else _words(content),
        error=failed or inner.get("isError") is True or bool(code),
        exit_code=code,
    )


def _words(content: Json) -> str:
    """Join what a tool gave back; where it wrote one text for the model and one for the person, the model's counts."""
    items = [i for i in content if isinstance(i, dict)] if isinstance(content, list) else []
    meant = [i for i in items if _meant_for_model(i)]
    return "\n".join(t for t in (_item(i) for i in (meant or items)) if t)


def _meant_for_model(item: dict[str, Json]) -> bool:
    notes = item.get("annotations")
    audience = notes.get("audience") if isinstance(notes, dict) else None
    return not isinstance(audience, list) or not audience or "assistant" in audience


def _item(item: dict[str, Json]) -> str:
    resource = item.get("resource")
    inner = resource.get("text") if isinstance(resource, dict) else None
    return text(item.get("text")) or text(inner) or text(item.get("uri"))
