"""What ChatGPT's messages hold: a content type each, with members of its own.

Knows content types and attachments; refuses to drop what it does not know: that is handed back as the rest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.interchange._vendor import list_of, number, object_of, rest, text_of
from holdfast.model import Attachment, Json, Part, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TO_PEOPLE = frozenset({"", "all", "user", "assistant"})
_QUOTES = ("title", "url", "domain", "text")
_INSTRUCTIONS = frozenset({"user_editable_context", "model_editable_context"})
_POINTERS = {
    "image_asset_pointer": "image",
    "audio_asset_pointer": "audio",
    "real_time_user_audio_video_asset_pointer": "audio",
    "video_container_asset_pointer": "video",
}


class Found(Struct, frozen=True, kw_only=True):
    """Parts, what of the content found no place in them, and the content's type where nobody knows it."""

    parts: tuple[Part, ...]
    rest: dict[str, Json] = {}
    unknown: str = ""
    instructions: bool = False


def parts_of(message: Mapping[str, Json], *, call: str) -> Found:
    """Read a message's content; `call` is the message above, which a tool's answer belongs to."""
    content = object_of(message, "content")
    kind = text_of(content, "content_type")
    speaker = text_of(object_of(message, "author"), "role")
    files = _files(message)
    if kind in ("text", "multimodal_text"):
        said, left = _spoken(list_of(content, "parts"), files)
        used: tuple[str, ...] = ("parts",)
    else:
        said, used, left = *_typed(kind, content), []
    parts = [*_as_tool(said, message, call=call, error=kind == "system_error"), *_unpointed(files, said)]
    over = rest(content, ("content_type", *used)) | ({"parts": left} if left else {})
    unknown = "" if used or not content else f"content {kind or 'without a type'}"
    over |= {"content_type": kind} if over or (kind != "text" and speaker != "tool") else {}
    return Found(parts=tuple(parts), rest=over, unknown=unknown, instructions=kind in _INSTRUCTIONS)


def _typed(kind: str, content: Mapping[str, Json]) -> tuple[list[Part], tuple[str, ...]]:
    """Read a content of one type: its parts, and the members that they hold in full."""
    match kind:
        case "code" | "execution_output":
            return [Text(text_of(content, "text"))], ("text",)
        case "thoughts":
            return _thoughts(list_of(content, "thoughts")), ("thoughts",)
        case "reasoning_recap":
            return [Thinking(text_of(content, "content"))], ("content",)
        case "tether_quote":
            return [Text(_joined(content, _QUOTES))], _QUOTES
        case "tether_browsing_display":
            return [Text(_joined(content, ("summary", "result")))], ("summary", "result")
        case "system_error":
            return [Text(_joined(content, ("name", "text")))], ("name", "text")
        case "user_editable_context":
            members = ("user_profile", "user_instructions")
            return [Text(_joined(content, members))], members
        case "model_editable_context":
            return [Text(text_of(content, "model_set_context"))], ("model_set_context",)
        case _:
            text = text_of(content, "text", "content", "result")
            return [Text(text)] if text else [], ()


def _joined(content: Mapping[str, Json], keys: tuple[str, ...]) -> str:
    return "\n".join(text for key in keys if (text := text_of(content, key)))


def _thoughts(thoughts: list[Json]) -> list[Part]:
    said = [_joined(t, ("summary", "content")) if isinstance(t, dict) else str(t) for t in thoughts]
    return [Thinking(text) for text in said if text]


def _spoken(pieces: list[Json], files: Mapping[str, dict[str, Json]]) -> tuple[list[Part], list[Json]]:
    """Read what is said in pieces; those that point at files, or that nobody knows, are handed back as well."""
    said: list[Part] = []
    left: list[Json] = []
    for piece in pieces:
        if isinstance(piece, str):
            said += [Text(piece)] if piece else []
            continue
        left.append(piece)
        if not isinstance(piece, dict):
            continue
        kind = text_of(piece, "content_type")
        inner = object_of(piece, "audio_asset_pointer")
        if kind in _POINTERS:
            said.append(_pointer(inner or piece, _POINTERS[kind], files))
        elif text_of(piece, "text"):
            said.append(Text(piece["text"]))
    return said, left


def _pointer(piece: Mapping[str, Json], media: str, files: Mapping[str, dict[str, Json]]) -> Attachment:
    address = text_of(piece, "asset_pointer")
    file = files.get(_file_of(address), {})
    return Attachment(
        media=text_of(file, "mime_type", "mimeType") or media,
        name=text_of(file, "name") or address,
        size=number(piece.get("size_bytes")) or number(file.get("size")),
    )


def _file_of(address: str) -> str:
    """Return the id in `file-service://file-abc` and `sediment://file_abc`."""
    return address.rpartition("//")[2]


def _files(message: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    listed = list_of(object_of(message, "metadata"), "attachments")
    return {text_of(file, "id") or str(place): file for place, file in enumerate(listed) if isinstance(file, dict)}


def _unpointed(files: Mapping[str, dict[str, Json]], said: list[Part]) -> Iterator[Attachment]:
    """Yield the attachments that no piece of the content points at."""
    shown = {part.name for part in said if isinstance(part, Attachment)}
    for file in files.values():
        name = text_of(file, "name", "id")
        if name not in shown:
            yield Attachment(media=text_of(file, "mime_type", "mimeType"), name=name, size=number(file.get("size")))


def _as_tool(said: list[Part], message: Mapping[str, Json], *, call: str, error: bool) -> Iterator[Part]:
    """Turn what is said to a tool into a call, and what a tool says into its result."""
    speaker = text_of(object_of(message, "author"), "role")
    recipient = text_of(message, "recipient")
    texts = "\n".join(part.text for part in said if isinstance(part, Text))
    if speaker == "tool":
        yield ToolResult(call=call, text=texts, error=error)
    elif speaker == "assistant" and recipient not in _TO_PEOPLE:
        yield ToolCall(id=text_of(message, "id"), name=recipient, input=_arguments(texts))
    else:
        yield from (part for part in said if not isinstance(part, Text) or part.text)
        return
    yield from (part for part in said if not isinstance(part, Text))


def _arguments(text: str) -> Json:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else text
    except (ValueError, RecursionError):
        return text
