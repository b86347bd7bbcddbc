"""Messages of ours as the dicts that programs keep, and back, without losing an image or a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from holdfast.llm.images import KEPT, images
from holdfast.model import Message, Part, Text, ToolCall, ToolResult
from holdfast.model.chat import to_chat

if TYPE_CHECKING:
    from holdfast.redact import Redactor

    Dict = dict[str, Any]


def as_dict(message: Message) -> Dict:
    """Return a message as an OpenAI-style dict; from_chat of it is the same message."""
    found = to_chat(message)
    pictures = [{"type": "image_url", "image_url": {"url": url}} for _, url in images(message) if url]
    unknown = message.extra.get("content") or []
    if pictures or unknown:
        words = [{"type": "text", "text": message.text}] if message.text else []
        found["content"] = [*words, *pictures, *unknown]
    return found | {k: v for k, v in message.extra.items() if k not in (KEPT, "content")}


def masked(message: Message, redactor: Redactor) -> Message:
    """Return a message without the secrets in its words, its calls and their results."""
    return replace(message, parts=tuple(_masked(p, redactor) for p in message.parts))


def _masked(part: Part, redactor: Redactor) -> Part:

    if isinstance(part, Text | ToolResult):
        text, found = redactor.mask(part.text)
        return replace(part, text=text) if found else part
    if isinstance(part, ToolCall):
        given, found = redactor.mask_tree(part.input)
        return replace(part, input=given) if found else part
    return part
