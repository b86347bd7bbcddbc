"""Chat messages that come back exactly as a program gave them.

Knows when our own message says all of it, and keeps the given one beside where it does not; refuses to judge what it means.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.model.chat import from_chat, to_chat
from holdfast.model.message import Json, Message, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN = "chat"
"""The key in `extra` under which the given message stands, where ours does not say all of it."""


def verbatim(given: Mapping[str, Json], *, ident: str, at: int | None = None) -> Message:
    """Build a message of a chat message, any role and shape; `as_given` returns an equal one."""
    plain = dict(given)
    try:
        made = from_chat(plain, ident=ident, at=at)
    except BadInput:  # a role or content of a program's own: its text is searched, the rest stands beside
        made = Message(id=ident, role="system", parts=(Text(_words(plain)),), at=at)
    bare = replace(made, extra={})
    return bare if to_chat(bare) == plain else replace(bare, extra={GIVEN: plain})


def as_given(message: Message) -> dict[str, Json]:
    """Return the chat message that a program gave, or one that says the same."""
    held = message.extra.get(GIVEN)
    return dict(held) if isinstance(held, dict) else to_chat(message)


def _words(given: Mapping[str, Json]) -> str:
    content = given.get("content")
    return content if isinstance(content, str) else json.dumps(given, ensure_ascii=False, default=str)
