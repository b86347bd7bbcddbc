"""Reading files of JSON lines by their tail: exact offsets, torn last lines, rewritten files, huge lines, bad bytes.

Knows lines and JSON; refuses to know what any record means.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from holdfast.model import Json
from holdfast.sources.base import CHUNK, Cursor, RawSpan, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = 512
LINE_LIMIT = 64 << 20
"""A longer line is kept raw and counted as damaged: no agent writes such a record on purpose."""
T = TypeVar("T")
_any = msgspec.json.Decoder()


class Chunk(Struct, frozen=True, kw_only=True):
    """Whole lines of a file from `offset` on, the first of them being line number `line` (1-based).

    `torn` is what follows the last newline at the end of the file: a write in progress. `last` marks the file's end.
    """

    data: bytes
    offset: int
    line: int
    newlines: int
    torn: bytes = b""
    last: bool = False
    split: list[bytes] | None = None
    """What counting the lines found, so that they are looked for once."""

    def lines(self) -> list[bytes]:
        """Split into lines without their newlines."""
        found = self.data.split(b"\n") if self.split is None else self.split.copy()
        if found and not found[-1]:
            found.pop()
        return found


def advanced(cursor: Cursor, ref: Ref, chunk: Chunk) -> Cursor:
    """Return the cursor after a chunk; the state is the caller's to add."""
    return msgspec.structs.replace(
        cursor,
        size=ref.size,
        mtime_ns=ref.mtime_ns,
        inode=ref.inode,
        offset=chunk.offset + len(chunk.data),
        line=chunk.line - 1 + chunk.newlines,
        done=chunk.last,
    )


def span(path: str, chunk: Chunk) -> RawSpan:
    """Return the bytes to capture: the chunk, with a torn last line that the next reading replaces."""
    return RawSpan(path=path, offset=chunk.offset, data=chunk.data + chunk.torn if chunk.torn else chunk.data)


def resumed(path: Path, ref: Ref, cursor: Cursor | None, parser: int) -> Cursor:
    """Return where to go on: the cursor, or a fresh start when the file shrank, was replaced, or the reader changed."""
    fresh = Cursor(size=0, mtime_ns=0, inode=ref.inode, head=head_of(path), parser=parser)
    if cursor is None or cursor.parser != parser or ref.size < cursor.offset:
        return fresh
    known = int(cursor.head.partition(":")[0] or 0)
    if head_of(path, known) != cursor.head:
        return fresh
    return msgspec.structs.replace(cursor, head=fresh.head)


def head_of(path: Path, length: int = HEAD) -> str:
    """Identify a file by its first bytes: `<length>:<hash>`."""
    with path.open("rb") as stream:
        data = stream.read(min(length, HEAD))
    return f"{len(data)}:{hashlib.blake2b(data, digest_size=8).hexdigest()}"


def chunks(path: Path, *, offset: int = 0, line: int = 0, size: int = CHUNK, numbered: bool = True) -> Iterator[Chunk]:
    """Yield whole lines from an offset on; `line` counts the lines before it. At least one chunk, the last one marked.

    Splitting takes a fifth of a reader's time; one that does not need lines and their numbers says so.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        rest = b""
        while True:
            block = stream.read(size)
            data = rest + block if rest else block
            cut = data.rfind(b"\n") + 1
            if len(block) < size:
                yield _last(data, cut, offset, line if numbered else -1)
                return
            if not cut and len(data) < LINE_LIMIT:
                rest = data
                continue
            whole = data[:cut] if cut else data
            split = whole.split(b"\n") if numbered else None
            newlines = len(split) - 1 if split else 0
            yield Chunk(data=whole, offset=offset, line=line + 1, newlines=newlines, split=split)
            line += newlines
            offset += len(whole)
            rest = data[len(whole) :]


def _last(data: bytes, cut: int, offset: int, line: int) -> Chunk:
    """Take a complete record without its newline as a line, anything else after the last newline as torn."""
    rest = data[cut:]
    complete = bool(rest.strip()) and _is_json(rest)
    whole, torn = (data, b"") if complete else (data[:cut], rest)
    split = whole.split(b"\n") if line >= 0 else None
    newlines = len(split) - 1 if split else 0
    return Chunk(data=whole, offset=offset, line=line + 1, newlines=newlines, torn=torn, last=True, split=split)


def _is_json(data: bytes) -> bool:
    return loads(data) is not None


def loads(line: bytes) -> Json | None:
    """Decode one line, None where it is no JSON; bad bytes and lone surrogates are replaced, never fatal."""
    try:
        return _any.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _lenient(line)


def dumps(value: Json) -> bytes:
    """Encode a value as one line of JSON without its newline; what UTF-8 has no bytes for becomes a question mark."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError):  # lone surrogates, and numbers of more than 64 bits
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def typed(decoder: msgspec.json.Decoder[T], line: bytes) -> T | None:
    """Decode one line into the decoder's type, None where it is no such record."""
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _lenient(line)
        if value is None:
            return None
        try:
            return msgspec.convert(value, decoder.type, strict=False)
        except (msgspec.ValidationError, RecursionError):
            return None


def clean(text: str) -> str:
    """Replace lone surrogates, which no database and no terminal takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not text.isascii() else text


def _lenient(line: bytes) -> Json | None:
    try:
        value = json.loads(line.decode("utf-8", "replace"), parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return None
    return _scrubbed(value)


def _scrubbed(value: Json) -> Json:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_scrubbed(v) for v in value]
    if isinstance(value, dict):
        return {clean(k): _scrubbed(v) for k, v in value.items()}
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return str(value)
    return value
