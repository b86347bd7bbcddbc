"""Compressed rollouts, unpacked piece by piece with limits: a small file must not become an endless one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import zstandard
from msgspec.structs import replace

from holdfast.sources._jsonl import LINE_LIMIT, Chunk
from holdfast.sources.base import CHUNK, RawSpan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

MOST = 2 << 30
"""No more than this is unpacked of one file."""
RATIO = 1000
FREE = 64 << 20
"""Up to here any ratio is believed."""
WINDOW = 1 << 26


class _Counted:
    """A stream that remembers what was read of it since last asked."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.offset = 0
        self.total = 0
        self._taken: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.total += len(data)
        self._taken.append(data)
        return data

    def span(self, path: str) -> RawSpan | None:
        data = b"".join(self._taken)
        self._taken.clear()
        if not data:
            return None
        self.offset += len(data)
        return RawSpan(path=path, offset=self.offset - len(data), data=data)


def chunks(path: Path) -> Iterator[tuple[Chunk, RawSpan | None, bool]]:
    """Yield whole lines, the compressed bytes they came from, and at the end whether something was left unread."""
    with path.open("rb") as file:
        stream = _Counted(file)
        rest, line, offset, damaged = b"", 0, 0, False
        for block, sound in _blocks(stream):
            damaged = damaged or not sound
            data = rest + block
            cut = data.rfind(b"\n") + 1
            if not cut and len(data) < LINE_LIMIT:
                rest = data
                continue
            whole = data[:cut] if cut else data
            rest = data[len(whole) :]
            newlines = whole.count(b"\n")
            yield Chunk(data=whole, offset=offset, line=line + 1, newlines=newlines), stream.span(str(path)), False
            line += newlines
            offset += len(whole)
        last = Chunk(data=rest, offset=offset, line=line + 1, newlines=0)
        while stream.read(CHUNK):
            yield last, stream.span(str(path)), False
            last = Chunk(data=b"", offset=offset + len(rest), line=line + 1, newlines=0)
        yield replace(last, last=True), stream.span(str(path)), damaged


def _blocks(stream: _Counted) -> Iterator[tuple[bytes, bool]]:
    """Yield unpacked blocks; a last one marked unsound where the file is damaged or unpacks to too much."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    size = 0
    try:
        with unpacker.stream_reader(
            cast("BinaryIO", stream), read_size=1 << 16, read_across_frames=True, closefd=False
        ) as reader:
            while block := reader.read(CHUNK):
                size += len(block)
                if size > MOST or (size > FREE and size > RATIO * stream.total):
                    yield b"", False
                    return
                yield block, True
    except (zstandard.ZstdError, MemoryError):
        yield b"", False
