"""The `.holdfast` file: JSON lines in zstd, exact and damage-proof, optionally with captured source files.

Knows zstd frames, lines and checksums; refuses to know what a restored file is for. Each transcript is a frame of its
own, with a trailer that counts and hashes its lines, so that damage costs no transcript that stands before it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

import msgspec
import zstandard
from msgspec import Struct, field

from holdfast.errors import Unreadable
from holdfast.interchange._tree import encode, exact
from holdfast.interchange.base import NO_HEADER, SCHEMA_VERSION, Header, RawPiece, blame
from holdfast.model import Edits, Json, Losses, Message, Request, Session, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LEVEL = 6
READ = 4096
"""Compressed bytes decoded at once: zstd can make 128 MB of them, and no more."""
LINE_LIMIT = 1 << 29
WINDOW_LIMIT = 1 << 27
_MAGIC = b"\x28\xb5\x2f\xfd"
_BEGINNING = b'{"header":{"format":"holdfast"'
_REST = ("dropped", "losses", "replaces")


class NativeFormat:
    """One frame for the header, one per transcript, one for each session's raw pieces, one for the end."""

    name: ClassVar[str] = "native"
    suffix: ClassVar[str] = ".holdfast"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write transcripts without source files."""
        self.dump_raw(transcripts, stream, raw=lambda _: (), header=header)

    def dump_raw(
        self,
        transcripts: Iterable[Transcript],
        stream: IO[bytes],
        *,
        raw: Callable[[Session], Iterable[RawPiece]],
        header: Header = NO_HEADER,
    ) -> None:
        """Write each transcript, and after it the raw pieces of its session; holds one line at a time."""
        _header(header, stream)
        sessions = pieces = 0
        for transcript in transcripts:
            sessions += 1
            with _Frame(stream) as frame:
                _transcript(transcript, frame, sessions)
            pieces += _pieces(raw(transcript.session), stream)
        with _Frame(stream) as frame:
            frame.line("done", {"transcripts": sessions, "raw": pieces})

    def sniff(self, head: bytes) -> float:
        """Claim zstd whose first line is our header."""
        if not head.startswith(_MAGIC):
            return 0.0
        try:
            text = _decompressor().decompress(head[:READ])
        except zstandard.ZstdError:
            return 0.0
        return 1.0 if text.startswith(_BEGINNING) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield transcripts, each checked against its trailer; raw pieces are passed over."""
        return (item for item in self.load_raw(stream) if isinstance(item, Transcript))

    def load_raw(self, stream: IO[bytes]) -> Iterator[Transcript | RawPiece]:
        """Yield each transcript and after it its raw pieces, each checked against its hash."""
        reader = _Reader()
        for number, line in _lines(stream):
            with blame(f"line {number}"):
                item = reader.take(line)
            if item is not None:
                yield item
        if not reader.done:
            raise Unreadable(
                "the file ends before its last line (`done`): it was cut",
                f"complete sessions before that place: {reader.sessions}",
            )

    def header(self, stream: IO[bytes]) -> Header:
        """Read the first two lines."""
        start = stream.tell()
        reader = _Reader()
        for number, line in _lines(stream):
            with blame(f"line {number}"):
                reader.take(line)
            if number > 1 or reader.done:
                break
        stream.seek(start)
        if not reader.begun:
            raise Unreadable("line 1: expected the line `header`: the file was cut", "nothing was read")
        return Header(masked=reader.masked, edits=reader.edits)


class _Frame:
    """One zstd frame of lines, hashed as they are written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._out = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(stream, closefd=False)
        self._hash = hashlib.blake2b(digest_size=16)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()  # type: ignore[no-untyped-call]

    def line(self, kind: str, value: Json) -> None:
        line = encode({kind: value}) + b"\n"
        self._hash.update(line)
        self._out.write(line)

    def digest(self) -> str:
        return self._hash.hexdigest()


def _header(header: Header, stream: IO[bytes]) -> None:
    with _Frame(stream) as frame:
        frame.line("header", {"format": "holdfast", "schema_version": SCHEMA_VERSION, "masked": header.masked})
    with _Frame(stream) as frame:
        frame.line("edits", msgspec.to_builtins(header.edits))


def _transcript(transcript: Transcript, frame: _Frame, seq: int) -> None:
    frame.line("session", msgspec.to_builtins(transcript.session))
    for message in transcript.messages:
        frame.line("message", msgspec.to_builtins(message))
    for request in transcript.requests:
        frame.line("request", msgspec.to_builtins(request))
    frame.line("rest", {name: msgspec.to_builtins(getattr(transcript, name)) for name in _REST})
    counts = {"messages": len(transcript.messages), "requests": len(transcript.requests)}
    frame.line("end", {"seq": seq, **counts, "hash": frame.digest()})


def _pieces(pieces: Iterable[RawPiece], stream: IO[bytes]) -> int:
    count, frame = 0, None
    for piece in pieces:
        frame = frame or _Frame(stream)
        count += 1
        frame.line("raw", {**msgspec.to_builtins(piece), "hash": _digest(piece.data)})
    if frame is not None:
        with frame:
            frame.line("raw_end", {"pieces": count})
    return count


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class _Reader:
    """Takes line after line and gives back what is complete and whole."""

    def __init__(self) -> None:
        self.masked: dict[str, int] | None = None
        self.edits: dict[str, Edits] = {}
        self.sessions = self.pieces = 0
        self.done = False
        self.begun = False
        self._open: _Open | None = None
        self._piece_count = 0

    def take(self, line: bytes) -> Transcript | RawPiece | None:
        """Take a line; ValueError or msgspec.ValidationError says what does not fit."""
        kind, value = _kind_and_value(json.loads(line, object_hook=exact))
        if kind != "header" and not self.begun:
            raise ValueError("expected the line `header` of a Holdfast file")
        if self.done:
            raise ValueError(f"expected the end of the file after `done`, got {kind[:40]!r}")
        verb = getattr(self, f"_{kind}", None) if kind in _KINDS else None
        if verb is None:
            raise ValueError(f"expected one of {', '.join(_KINDS)}, got {kind[:40]!r}")
        item: Transcript | RawPiece | None = verb(value)
        if self._open is not None:
            self._open.hash.update(line + b"\n")
        return item

    def _header(self, value: dict[str, Json]) -> None:
        if value.get("format") != "holdfast" or value.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"expected format holdfast, schema_version {SCHEMA_VERSION} (or it is of a newer release)")
        self.begun = True
        self.masked = msgspec.convert(value.get("masked"), dict[str, int] | None)

    def _edits(self, value: Json) -> None:
        self.edits = msgspec.convert(value, dict[str, Edits])

    def _session(self, value: Json) -> None:
        if self._open is not None:
            raise ValueError("expected the line `end` of the session before")
        self._open = _Open(session=msgspec.convert(value, Session))

    def _message(self, value: Json) -> None:
        self._opened().messages.append(msgspec.convert(value, Message))

    def _request(self, value: Json) -> None:
        self._opened().requests.append(msgspec.convert(value, Request))

    def _rest(self, value: dict[str, Json]) -> None:
        self._opened().rest = value

    def _end(self, value: dict[str, Any]) -> Transcript:
        ended = self._opened()
        self.sessions += 1
        met = {"seq": self.sessions, "messages": len(ended.messages), "requests": len(ended.requests)}
        if value != {**met, "hash": ended.hash.hexdigest()}:
            raise ValueError(f"session {ended.session.id}: its lines are not those that were written (count or hash)")
        self._open = None
        return Transcript(
            session=ended.session,
            messages=tuple(ended.messages),
            requests=tuple(ended.requests),
            dropped=msgspec.convert(ended.rest.get("dropped", ()), tuple[str, ...]),
            losses=msgspec.convert(ended.rest.get("losses", {}), Losses),
            replaces=msgspec.convert(ended.rest.get("replaces", False), bool),
        )

    def _raw(self, value: dict[str, Any]) -> RawPiece:
        data = base64.b64decode(value["data"], validate=True)
        if value.get("hash") != _digest(data):
            raise ValueError(f"raw bytes of {str(value.get('path'))[:200]!r} are not those that were written (hash)")
        self.pieces += 1
        self._piece_count += 1
        return msgspec.convert({**value, "data": data}, RawPiece)

    def _raw_end(self, value: dict[str, Json]) -> None:
        if value.get("pieces") != self._piece_count:
            raise ValueError(f"expected {value.get('pieces')} raw pieces, got {self._piece_count}")
        self._piece_count = 0

    def _done(self, value: dict[str, Json]) -> None:
        if self._open is not None or value != {"transcripts": self.sessions, "raw": self.pieces}:
            raise ValueError(f"expected {value}, got {self.sessions} transcripts and {self.pieces} raw pieces")
        self.done = True

    def _opened(self) -> _Open:
        if self._open is None:
            raise ValueError("expected the line `session` first")
        return self._open


def _kind_and_value(line: Json) -> tuple[str, dict[str, Any]]:
    if isinstance(line, dict) and len(line) == 1:
        ((kind, value),) = line.items()
        if isinstance(value, dict):
            return kind, value
    raise ValueError("expected an object with one member that is an object")


_KINDS = ("header", "edits", "session", "message", "request", "rest", "end", "raw", "raw_end", "done")


class _Open(Struct, kw_only=True):
    """A session whose trailer has not come yet."""

    session: Session
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    hash: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))


def _decompressor() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT).decompressobj()


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield complete lines with their numbers; a tail without line end is a cut, which the missing `done` tells."""
    held: list[bytes] = []
    number = size = 0
    for chunk in _decompressed(stream):
        first, *others = chunk.split(b"\n")
        for line in others:
            number += 1
            yield number, b"".join([*held, first])
            held, first, size = [], line, 0
        held.append(first)
        size += len(first)
        if size > LINE_LIMIT:
            raise Unreadable(
                f"line {number + 1}: longer than {LINE_LIMIT} bytes", "this is no file that Holdfast wrote"
            )


def _decompressed(stream: IO[bytes]) -> Iterator[bytes]:
    frame, place = _decompressor(), 0
    while data := stream.read(READ):
        place += len(data)
        while data:
            try:
                text = frame.decompress(data)
            except zstandard.ZstdError as problem:
                hint = "sessions that stand complete before this place were read"
                raise Unreadable(f"before byte {place}: expected zstd data, {problem}", hint) from problem
            if text:
                yield text
            data = frame.unused_data if frame.eof else b""
            frame = _decompressor() if frame.eof else frame
