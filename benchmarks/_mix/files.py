"""Files as agents write them: lines that are streamed, torn ends, times of last change, and packed rollouts."""

from __future__ import annotations

import os

FRAME = bytes.fromhex("28b52ffd0050")
"""A zstd frame's head: no content size, no checksum, a window of 1 MB."""
BLOCK = 1 << 17
BAD_BYTE = "\udcff"
"""Becomes a byte that is no UTF-8."""


class Lines:
    """A file of lines that is written as it grows; nothing of it is kept in memory."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.size = path, 0
        self._stream = path.open("wb", buffering=1 << 16)

    def add(self, line):
        """Add a line."""
        self.size += self._stream.write(line.encode("utf-8", "surrogateescape") + b"\n")

    def tear(self, text):
        """End in the middle of a line."""
        self.size += self._stream.write(text.encode())

    def close(self, at):
        """Close the file and give it the time of its last change."""
        self._stream.close()
        stamp(self.path, at)


def stamp(path, at):
    """Set a file's time, in milliseconds."""
    os.utime(path, ns=(at * 1_000_000, at * 1_000_000))


def packed(data):
    """Return a zstd frame of stored blocks: what every decoder reads and no library is needed to write."""
    parts = [FRAME]
    for start in range(0, len(data), BLOCK):
        block = data[start : start + BLOCK]
        last = start + BLOCK >= len(data)
        parts += ((len(block) << 3 | last).to_bytes(3, "little"), block)
    return b"".join(parts)
