"""Images in a message: described by an `Attachment` for people, kept whole in the message's `extra` for the model.

Knows data URLs and addresses; refuses to fetch anything.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.model import Attachment, Json, Message
from holdfast.model.chat import from_chat

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = "images"
"""Where a message's `extra` holds the addresses of its images, in the order of its attachments."""
SIGNATURES = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


def image_part(data: bytes) -> dict[str, Json]:
    """Return an image as a part of a message, as OpenAI-style programs write it."""
    media = next((m for head, m in SIGNATURES if data.startswith(head)), None)
    if media is None:
        raise BadInput("this is no image that models take", "use PNG, JPEG, GIF or WebP")
    return {"type": "image_url", "image_url": {"url": f"data:{media};base64,{base64.b64encode(data).decode()}"}}


def with_images(given: Mapping[str, Json], *, ident: str, at: int) -> Message:
    """Build a message of an OpenAI-style dict and keep the images in it."""
    message = from_chat(given, ident=ident, at=at)
    content = given.get("content")
    found = (
        [a for block in content if isinstance(block, dict) and (a := address(block))]
        if isinstance(content, list)
        else []
    )
    return replace(message, extra={**message.extra, KEPT: found}) if found else message


def address(block: Mapping[str, Json]) -> str:
    """Return the address (`https:` or `data:`) of an image in an OpenAI-style or Anthropic-style block, or nothing."""
    kind = block.get("type")
    if kind in ("image_url", "input_image"):
        held = block.get("image_url")
        url = held.get("url") if isinstance(held, dict) else held
        return url if isinstance(url, str) else ""
    source = block.get("source") if kind == "image" else None
    if not isinstance(source, dict):
        return ""
    if isinstance(source.get("url"), str):
        return str(source["url"])
    return f"data:{source.get('media_type', 'image/png')};base64,{source['data']}" if source.get("data") else ""


def images(message: Message) -> Iterator[tuple[Attachment, str]]:
    """Yield each attachment with the address of its image, empty where none was kept."""
    kept = message.extra.get(KEPT)
    addresses = iter(kept if isinstance(kept, list) else [])
    for part in message.parts:
        if isinstance(part, Attachment):
            yield part, str(next(addresses, part.name if part.name.startswith(("https://", "http://")) else ""))


def without_images(message: Message) -> Message:
    """Return a message for a model that sees no images: it is told that there was one."""
    if KEPT not in message.extra:
        return message
    return replace(message, extra={k: v for k, v in message.extra.items() if k != KEPT})


def decoded(url: str) -> tuple[str, bytes] | None:
    """Return the kind and bytes of a data URL; None for another address; errors.BadInput for a broken one."""
    if not url.startswith("data:"):
        return None
    head, _, body = url.partition(",")
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("an image's data is not base64", "write data:image/png;base64,...") from error
    return head.removeprefix("data:").partition(";")[0] or "image/png", data
