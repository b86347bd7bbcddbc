"""Claude.ai's data export: conversations as lists of messages, with branches where a message was edited or asked again.

Knows the export's records; refuses to guess models and tokens, which it does not have.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._claude_ai_parts import parts_of
from holdfast.interchange._vendor import conversations, list_of, looked_at, moment, object_of, rest, text_of
from holdfast.model import Json, Losses, Message, Role, Session, Transcript, observed_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHAPE = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*(\[\s*)?\{(?=.*"chat_messages"\s*:\s*\[)(?=.*"(uuid|created_at)"\s*:)', re.DOTALL
)
_ROLES: dict[str, Role] = {"human": "user", "user": "user", "assistant": "assistant", "system": "system"}
_TOP = "00000000-0000-4000-8000-000000000000"
"""The parent of a message that begins a conversation."""
_SESSION = ("uuid", "name", "created_at", "updated_at", "chat_messages", "model")


class ClaudeAiExport:
    """`conversations.json`, or the zip it comes in."""

    name: ClassVar[str] = "claude-ai"

    def sniff(self, head: bytes) -> float:
        """Claim lists of conversations that have `chat_messages`."""
        return 0.95 if _SHAPE.match(head) else 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look into an archive, and further into a list than its first bytes."""
        return looked_at(stream, self.sniff)

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield a transcript for each conversation; holds one at a time."""
        return conversations(stream, _transcript)


def _transcript(tree: dict[str, Json]) -> Transcript:
    native = text_of(tree, "uuid")
    if not native or "chat_messages" not in tree:
        raise ValueError("expected a conversation with `uuid` and `chat_messages`")
    records = {
        text_of(record, "uuid") or f"{native}:{place}": record
        for place, record in enumerate(list_of(tree, "chat_messages"))
        if isinstance(record, dict)
    }
    parents = _parents(records)
    path = _path(parents, text_of(tree, "current_leaf_message_uuid"))
    unknown: dict[str, int] = {}
    messages = tuple(
        _message(key, record, parent=parents[key], live=key in path, unknown=unknown) for key, record in records.items()
    )
    return Transcript(session=_session(tree, native, messages), messages=messages, losses=Losses(unknown=unknown))


def _session(tree: Mapping[str, Json], native: str, messages: tuple[Message, ...]) -> Session:
    times = [m.at for m in messages if m.at is not None]
    model = text_of(tree, "model")
    return Session(
        id=observed_id(ClaudeAiExport.name, native),
        agent=ClaudeAiExport.name,
        native_id=native,
        title=text_of(tree, "name"),
        project=text_of(object_of(tree, "project"), "name"),
        models=(model,) if model else (),
        status="ended",
        started=moment(tree.get("created_at")) or min(times, default=None),
        active=moment(tree.get("updated_at")) or max(times, default=None),
        extra=rest(tree, _SESSION),
    )


def _parents(records: Mapping[str, Mapping[str, Json]]) -> dict[str, str]:
    """Name the message above each; one whose parent the export does not name or hold stands below the one before it."""
    parents: dict[str, str] = {}
    before = ""
    for key, record in records.items():
        named = text_of(record, "parent_message_uuid")
        parents[key] = "" if named == _TOP else named if named in records and named != key else before
        before = key
    return parents


def _path(parents: Mapping[str, str], leaf: str) -> set[str]:
    """Return the thread as it is now: up from the leaf that is named, else from the last message."""
    path: set[str] = set()
    key = leaf if leaf in parents else next(reversed(list(parents)), "")
    while key and key not in path:
        path.add(key)
        key = parents[key]
    return path


def _message(key: str, record: Mapping[str, Json], *, parent: str, live: bool, unknown: dict[str, int]) -> Message:
    found = parts_of(record, key)
    for kind in found.unknown:
        unknown[kind] = unknown.get(kind, 0) + 1
    sender = text_of(record, "sender")
    extra = rest(record, found.used) | {k: v for k, v in found.rest.items() if v}
    return Message(
        id=key,
        role=_ROLES.get(sender, "system"),
        parts=found.parts,
        at=moment(record.get("created_at")),
        parent=parent,
        live=live,
        extra=extra if sender in _ROLES else {**extra, "sender": sender},
    )
