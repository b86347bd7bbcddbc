"""What Claude.ai's messages hold: blocks of content, attachments with their text, and files.

Knows blocks; refuses to drop what it does not know: that is handed back as the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.interchange._vendor import list_of, number, rest, text_of
from holdfast.model import Attachment, Json, Part, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USED = ("uuid", "sender", "created_at", "parent_message_uuid", "text", "content", "attachments", "files", "files_v2")
_UNSHOWN = "```\nThis block is not supported on your current device yet.\n```"
"""What the export's plain text says in place of thinking and tools."""
_HELD: dict[str, tuple[str, ...]] = {
    "text": ("type", "text"),
    "thinking": ("type", "thinking"),
    "tool_use": ("type", "id", "name", "input"),
    "tool_result": ("type", "tool_use_id", "is_error"),
    "voice_note": ("type", "title", "text"),
    "image": ("type", "file_name"),
    "token_budget": ("type",),
    "flag": (),
}
"""The kinds of block that are known, with the members that parts hold in full."""


class Found(Struct, frozen=True, kw_only=True):
    """Parts, what found no place in them, and the kinds of block that nobody knows."""

    parts: tuple[Part, ...]
    used: tuple[str, ...] = _USED
    rest: dict[str, Json] = {}
    unknown: tuple[str, ...] = ()


def parts_of(record: Mapping[str, Json], key: str) -> Found:
    """Read one message; `key` is its id, from which calls without an id get theirs."""
    blocks = [b if isinstance(b, dict) else {"type": "", "value": b} for b in list_of(record, "content")]
    said: list[Part] = []
    for place, block in enumerate(blocks):
        said += _part(block, said, f"{key}:{place}")
    plain = text_of(record, "text")
    if plain and not said:
        said.append(Text(plain))
    left = [rest(b, (*_HELD.get(text_of(b, "type"), ()), *(("content",) if _is_plain(b) else ()))) for b in blocks]
    return Found(
        parts=(*said, *_files(record)),
        rest={"content": left if any(left) else [], "text": "" if _told(plain, said) else plain, **_file_rest(record)},
        unknown=tuple(
            f"block {text_of(b, 'type') or 'without a type'}" for b in blocks if text_of(b, "type") not in _HELD
        ),
    )


def _part(block: Mapping[str, Json], before: list[Part], name: str) -> Iterator[Part]:
    match text_of(block, "type"):
        case "text":
            text = text_of(block, "text")
            yield from (Text(text),) if text else ()
        case "thinking":
            yield from (Thinking(t),) if (t := text_of(block, "thinking")) else ()
        case "tool_use":
            yield ToolCall(id=text_of(block, "id") or name, name=text_of(block, "name"), input=block.get("input"))
        case "tool_result":
            call = text_of(block, "tool_use_id") or next(
                (p.id for p in reversed(before) if isinstance(p, ToolCall)), ""
            )
            yield ToolResult(call=call, text=_flat(block.get("content")), error=block.get("is_error") is True)
        case "voice_note":
            yield Text("\n".join(t for k in ("title", "text") if (t := text_of(block, k))))
        case "image":
            yield Attachment(media="image", name=text_of(block, "file_name", "file_uuid"))
        case kind if kind not in _HELD and text_of(block, "text"):
            yield Text(block["text"])


def _is_plain(block: Mapping[str, Json]) -> bool:
    """Tell whether a tool's result is text alone, so that nothing of its content is left over."""
    inner = block.get("content")
    pieces = inner if isinstance(inner, list) else []
    return text_of(block, "type") == "tool_result" and (
        isinstance(inner, str)
        or all(isinstance(p, dict) and not rest(p, ("type", "title", "url", "text")) for p in pieces)
    )


def _flat(content: Json) -> str:
    """Return what a tool gave back as text: blocks of text, found pages by title and address."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else [content]
    return "\n".join(text for b in blocks if isinstance(b, dict) if (text := _block_text(b)))


def _block_text(block: Mapping[str, Json]) -> str:
    texts = (text_of(block, key) for key in ("title", "url", "text"))
    return "\n".join(text for text in texts if text)


def _told(plain: str, said: list[Part]) -> bool:
    """Tell whether the plain text says nothing that the blocks do not."""
    left = plain.replace(_UNSHOWN, "")
    for part in said:
        if isinstance(part, Text):
            left = left.replace(part.text.strip(), "", 1)
    return not left.strip()


def _files(record: Mapping[str, Json]) -> Iterator[Attachment]:
    for file in list_of(record, "attachments"):
        if isinstance(file, dict):
            yield Attachment(
                media=text_of(file, "file_type"),
                name=text_of(file, "file_name", "id"),
                size=number(file.get("file_size")),
                text=text_of(file, "extracted_content"),
            )
    seen: set[str] = set()
    for file in (*list_of(record, "files"), *list_of(record, "files_v2")):
        name = text_of(file, "file_name", "file_uuid") if isinstance(file, dict) else ""
        if name and name not in seen:
            seen.add(name)
            yield Attachment(media=text_of(file, "file_kind"), name=name, size=number(file.get("size_bytes")))


def _file_rest(record: Mapping[str, Json]) -> dict[str, list[Json]]:
    held = {
        "attachments": ("file_name", "file_type", "file_size", "extracted_content"),
        "files": ("file_name", "file_kind"),
        "files_v2": ("file_name", "file_kind"),
    }
    found = {
        key: [rest(file, names) if isinstance(file, dict) else file for file in list_of(record, key)]
        for key, names in held.items()
    }
    return {key: files for key, files in found.items() if any(files)}
