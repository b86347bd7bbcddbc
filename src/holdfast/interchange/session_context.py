"""Session context files (versions 0.1 and 0.2) of LLM Session Manager, whose commands Holdfast takes over.

Knows what such a file says of a session; refuses to take its counts for counts of ours: they stay beside the session.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._json_reader import Reader
from holdfast.interchange._vendor import list_of, moment, object_of, rest, text_of
from holdfast.interchange.base import Header, blame
from holdfast.model import Context, Edits, Json, Message, Session, Text, Transcript, observed_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEEDED = ("session_id", "timestamp", "type", "context")
_SHAPE = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*\{(?=.*"session_id"\s*:)(?=.*"timestamp"\s*:)(?=.*"type"\s*:)(?=.*"context"\s*:\s*\{)',
    re.DOTALL,
)
_AGENTS = {"claude_code": "claude-code", "cursor_cli": "cursor", "github_copilot": "copilot-cli"}
_SESSION = ("session_id", "type", "project_name", "description", "tags", "context")
_CONTEXT = ("start_time", "last_activity", "working_directory", "messages")
_ROUGH = 10_000_000
"""More tokens than any window has: such a number counted a folder, not a conversation."""


class SessionContext:
    """One JSON object for one session."""

    name: ClassVar[str] = "session-context"

    def sniff(self, head: bytes) -> float:
        """Claim objects with the four members that such a file must have."""
        return 0.9 if _SHAPE.match(head) else 0.0

    def header(self, stream: IO[bytes]) -> Header:
        """Read the tags, which are a person's own."""
        start = stream.tell()
        tree = _tree(stream)
        stream.seek(start)
        tags = tuple(sorted({t.strip().lower() for t in list_of(tree, "tags") if isinstance(t, str) and t.strip()}))
        return Header(edits={_session(tree).id: Edits(tags=tags)} if tags else {})

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the session with the messages that the file lists."""
        tree = _tree(stream)
        said = enumerate(list_of(object_of(tree, "context"), "messages"), 1)
        messages = tuple(
            Message(id=f"message-{place}", role="user", parts=(Text(text),))
            for place, text in said
            if isinstance(text, str)
        )
        yield Transcript(session=_session(tree), messages=messages)


def _tree(stream: IO[bytes]) -> dict[str, Json]:
    reader = Reader(stream, hook=None)
    tree = reader.value()
    reader.end()
    with blame("line 1"):
        if not isinstance(tree, dict) or not isinstance(tree.get("context"), dict):
            raise TypeError(f"expected an object with {', '.join(_NEEDED)}")
        missing = [key for key in _NEEDED if not tree.get(key) and key != "context"]
        if missing:
            raise ValueError(f"expected an object with {', '.join(_NEEDED)}; {', '.join(missing)} is missing")
        if not text_of(tree, "session_id"):
            raise TypeError("session_id: expected a text")
    return tree


def _session(tree: Mapping[str, Json]) -> Session:
    context = object_of(tree, "context")
    kind, native = text_of(tree, "type"), text_of(tree, "session_id")
    agent = _AGENTS.get(kind, "import")
    return Session(
        id=observed_id(agent, native),
        agent=agent,
        native_id=native,
        origin="owned",
        project=text_of(tree, "project_name"),
        description=text_of(tree, "description"),
        cwd=text_of(context, "working_directory"),
        status="ended",
        started=_local(context.get("start_time")),
        active=_local(context.get("last_activity")) or _local(tree.get("timestamp")),
        partial=True,
        context=_window(context),
        extra={**rest(tree, _SESSION), "type": kind, "context": rest(context, _CONTEXT)},
    )


def _window(context: Mapping[str, Json]) -> Context:
    used, limit = context.get("token_count"), context.get("token_limit")
    if type(used) is not int or type(limit) is not int or not 0 < used < _ROUGH or limit <= 0:
        return Context()
    return Context(used=used, limit=limit, source="recorded")


def _local(value: Json) -> int | None:
    """Return Unix ms of a time that was written down without a zone, as it was on this machine."""
    try:
        return moment(datetime.fromisoformat(value).astimezone().isoformat()) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
