"""JSON lines: one record a line - a session, its messages, its requests - for pipelines, and back without loss.

Knows lines that name their kind in `type` and their session in `session`, so that a line means something without the ones
before it; refuses to guess at lines of other kinds: they are errors.
"""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.errors import Unreadable
from holdfast.interchange._document import assembled, closing, from_readable, opened, opening, readable
from holdfast.interchange._tree import encode, exact
from holdfast.interchange.base import NO_HEADER, Header, blame
from holdfast.model import Json, Message, Request, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE_LIMIT = 1 << 29
_BEGINNING = re.compile(rb'\A(\xef\xbb\xbf)?\s*\{"type": "header", "format": "holdfast-jsonl"')
_SEPARATORS = (", ", ": ")
_CUT = "sessions that stand whole before this place were read"
_decode = json.JSONDecoder(object_hook=exact).decode


class JsonLinesFormat:
    """A line for the file, then for each session one for itself, one for each message and request, and one for its end."""

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write line by line as the transcripts come."""
        _write(stream, "header", {**opening(header), "format": "holdfast-jsonl"}, first="format")
        count = 0
        for transcript in transcripts:
            count += 1
            _session(transcript, stream)
        _write(stream, "done", {"sessions": count})

    def sniff(self, head: bytes) -> float:
        """Claim files that begin with our first line."""
        return 1.0 if _BEGINNING.match(head) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield each session once its last line was read."""
        reader = _Reader()
        for number, line in _lines(stream):
            with blame(f"line {number}"):
                found = reader.take(line)
            if found is not None:
                yield found
        if not reader.done:
            raise Unreadable(f"line {reader.lines + 1}: the file ends before its last line (`done`): it was cut", _CUT)

    def header(self, stream: IO[bytes]) -> Header:
        """Read the first line."""
        start = stream.tell()
        line = stream.readline(LINE_LIMIT)
        stream.seek(start)
        with blame("line 1"):
            return _header(_object(line))


def _session(transcript: Transcript, stream: IO[bytes]) -> None:
    ident = transcript.session.id
    _write(stream, "session", readable(transcript.session))
    for message in transcript.messages:
        _write(stream, "message", {"session": ident, **readable(message)})
    for request in transcript.requests:
        _write(stream, "request", {"session": ident, **readable(request)})
    counts: dict[str, Json] = {"messages": len(transcript.messages), "requests": len(transcript.requests)}
    _write(stream, "end", {"session": ident, **counts, **closing(transcript)})


def _write(stream: IO[bytes], kind: str, members: dict[str, Json], *, first: str = "") -> None:
    front = {"type": kind, **({first: members[first]} if first else {})}
    stream.write(encode({**front, **members}, separators=_SEPARATORS) + b"\n")


def _object(line: bytes) -> dict[str, Json]:
    tree = _decode(line.decode("utf-8-sig"))
    if not isinstance(tree, dict):
        raise TypeError(f"expected an object, got {type(tree).__name__}")
    return tree


def _header(tree: dict[str, Json]) -> Header:
    if tree.get("type") != "header" or tree.get("format") != "holdfast-jsonl":
        raise ValueError('expected the first line to be {"type": "header", "format": "holdfast-jsonl", ...}')
    return opened({**tree, "format": "holdfast"})


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that say something, with their numbers."""
    number = 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if len(line) >= LINE_LIMIT:
            raise Unreadable(f"line {number}: longer than {LINE_LIMIT} bytes", "this is no file that Holdfast wrote")
        if line.strip():
            yield number, line


class _Reader:
    """Takes line after line and gives back each session with its last."""

    def __init__(self) -> None:
        self.done = False
        self.lines = self._sessions = 0
        self._begun = False
        self._members: dict[str, Json] | None = None
        self._messages: list[Message] = []
        self._requests: list[Request] = []

    def take(self, line: bytes) -> Transcript | None:
        """Take a line; ValueError or msgspec.ValidationError says what does not fit."""
        tree = _object(line)
        self.lines += 1
        if self.done:
            raise ValueError("expected the end of the file after `done`")
        if not self._begun:
            _header(tree)
            self._begun = True
            return None
        kind, owner = tree.pop("type", None), tree.get("session")
        if kind in ("session", "done"):
            (self._open if kind == "session" else self._close)(tree)
            return None
        if self._members is None or owner != self._members.get("id"):
            raise ValueError(f"a line of session {str(owner)[:40]!r}, which is not the one that was begun")
        if kind == "message":
            self._messages.append(from_readable(tree, Message))
        elif kind == "request":
            self._requests.append(from_readable(tree, Request))
        elif kind == "end":
            return self._end(tree)
        else:
            raise ValueError(f"expected header, session, message, request, end or done, got {str(kind)[:40]!r}")
        return None

    def _open(self, tree: dict[str, Json]) -> None:
        if self._members is not None:
            raise ValueError("expected the line `end` of the session before")
        self._members, self._messages, self._requests = tree, [], []

    def _end(self, tree: dict[str, Json]) -> Transcript:
        met: dict[str, Json] = {"messages": len(self._messages), "requests": len(self._requests)}
        if {key: tree.get(key) for key in met} != met:
            raise ValueError(f"session {str(tree.get('session'))[:40]}: {met} lines, not as many as were written")
        whole: dict[str, Json] = {**(self._members or {})}
        whole.update((key, tree[key]) for key in ("dropped", "losses", "replaces") if key in tree)
        self._members = None
        self._sessions += 1
        return assembled(whole, self._messages, self._requests)

    def _close(self, tree: dict[str, Json]) -> None:
        if self._members is not None or tree.get("sessions") != self._sessions:
            raise ValueError(f"expected {tree.get('sessions')!r} whole sessions before `done`, got {self._sessions}")
        self.done = True
