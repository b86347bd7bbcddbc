"""What readings amount to, laid together the way a store does it: so can ways of reading be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Message, Request, Session, Usage, dedupe, merged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Transcript
    from holdfast.sources.base import Cursor, RawSpan, Reading


class Gathered:
    """All that readings gave, laid together the way a store does it."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.requests: dict[str, Request] = {}
        self.dropped: set[str] = set()
        self.unknown: dict[str, int] = {}
        self.damaged = 0
        self.raw: dict[str, bytes] = {}
        self.cursor: Cursor | None = None
        self.messages_read = 0

    def take(self, readings: Iterable[Reading]) -> Gathered:
        """Add readings, in order."""
        for reading in readings:
            self.add(reading.transcript)
            if reading.raw is not None and not reading.raw.rows:
                self._keep(reading.raw)
            self.cursor = reading.cursor
        return self

    def add(self, transcript: Transcript) -> Gathered:
        """Add one transcript."""
        session = transcript.session
        if session.native_id or transcript.messages or transcript.requests:
            self.sessions[session.id] = merged(self.sessions.get(session.id), session)
        mine = self.messages.setdefault(session.id, {})
        if transcript.replaces:
            mine.clear()
        for message in transcript.messages:
            mine[message.id] = message
        self.messages_read += len(transcript.messages)
        self.requests = dedupe([*self.requests.values(), *transcript.requests])
        self.dropped.update(transcript.dropped)
        for name, times in transcript.losses.unknown.items():
            self.unknown[name] = self.unknown.get(name, 0) + times
        self.damaged += transcript.losses.damaged
        return self

    def _keep(self, span: RawSpan) -> None:
        self.raw[span.path] = self.raw.get(span.path, b"")[: 0 if span.whole else span.offset] + span.data

    def lay_over(self, other: Gathered) -> None:
        """Add everything to another gathering, as the store would that reads another file."""
        for name, session in self.sessions.items():
            other.sessions[name] = merged(other.sessions.get(name), session)
        for name, mine in self.messages.items():
            other.messages.setdefault(name, {}).update(mine)
        other.requests = dedupe([*other.requests.values(), *self.requests.values()])
        other.dropped |= self.dropped
        for name, times in self.unknown.items():
            other.unknown[name] = other.unknown.get(name, 0) + times
        other.damaged += self.damaged
        other.raw.update(self.raw)

    @property
    def all_messages(self) -> list[Message]:
        """Every message of every session."""
        return [m for mine in self.messages.values() for m in mine.values()]

    @property
    def facts(self) -> tuple[object, ...]:
        """What two ways of reading must agree on."""
        messages = {k: list(v.values()) for k, v in self.messages.items() if v}
        return self.sessions, messages, self.requests, self.dropped, self.unknown, self.damaged


def sound(found: Gathered) -> None:
    """Assert that what came out can be stored: types as promised, texts without lone surrogates."""
    for session in found.sessions.values():
        assert len(session.id) == 16
        for text in (session.native_id, session.title, session.cwd, session.branch, *session.models):
            assert isinstance(text, str)
            text.encode()
    for message in found.all_messages:
        assert isinstance(message.id, str)
        message.text.encode()
    for request in found.requests.values():
        usage = request.usage
        assert min(usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning) >= 0


def said(found: Gathered) -> list[tuple[str, str]]:
    """Return who said what, without ids and places."""
    return [(m.role, repr(m.parts)) for m in found.all_messages]


def totals(requests: Iterable[Request]) -> dict[str, int]:
    """Add up requests by the names that samples and oracles use."""
    listed = list(requests)
    usage = sum((r.usage for r in listed), Usage())
    names = ("input", "cache_read", "cache_write", "output", "reasoning", "reasoning_apart")
    return {"requests": len(listed), **{n: getattr(usage, n) for n in names}}


def unplaced(requests: dict[str, Request]) -> dict[str, Request]:
    """Return requests without their lines, which a fast reader need not count."""
    return {key: replace(request, line=0) for key, request in requests.items()}
