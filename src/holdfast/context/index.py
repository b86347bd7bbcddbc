"""The words of a project's files, read again only where a file changed: kept in memory, and on disk between programs.

Knows words by file; refuses to judge which file matters. Whatever cannot be kept is read again.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.context._history import History, head_of, read_history
from holdfast.context._words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from holdfast.context.files import File, Tree

VERSION = 1
MOST_READ, MOST_BYTES = 10_000, 128_000_000
"""Files whose words are kept, and their bytes; more are known by their paths alone."""
LONGEST = 8.0
"""Seconds that one refresh reads for: what is left then is read by the next one."""
SNIFFED = 8_192


class Words(Struct, frozen=True, array_like=True, gc=False):
    """What a file said at a time and size: its words and how many there are."""

    mtime: int
    size: int
    length: int
    words: dict[str, int]


class _Kept(Struct, array_like=True):
    version: int
    root: str
    history: History
    files: dict[str, Words]


class Index:
    """Keeps the words of the files of one project; `folder` is where they are kept between programs, or None."""

    def __init__(self, root: Path, folder: Path | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the project, the folder, and a clock in seconds; nothing is read yet."""
        self.root = root
        self.clock = clock
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:24]
        self.path = None if folder is None else folder / f"{name}.words"
        self.history = History()
        self.read = 0
        """How many files the last refresh read."""
        self._files: dict[str, Words] | None = None

    def refresh(self, tree: Tree) -> dict[str, Words]:
        """Return the words of the files of a tree; reads only those that are new or changed."""
        before = self._files if self._files is not None else self._load()
        found: dict[str, Words] = {}
        self.read = 0
        until = self.clock() + LONGEST
        for file in _wanted(tree):
            known = before.get(file.path)
            if known is None or known.mtime != file.mtime or known.size != file.size:
                if self.clock() > until:
                    continue
                known = self._words(file)
                self.read += 1
            found[file.path] = known
        head = head_of(self.root)
        moved = head != self.history.head
        if moved:
            self.history = read_history(self.root, head)
        self._files = found
        if moved or self.read or len(before) != len(found):
            self._keep()
        return found

    def _words(self, file: File) -> Words:
        try:
            data = (self.root / file.path).read_bytes()
        except OSError:
            data = b""
        if b"\0" in data[:SNIFFED]:
            data = b""  # no text, whatever its name says
        words = words_of(data.decode("utf-8", "replace"))
        return Words(file.mtime, file.size, sum(words.values()), words)

    def _load(self) -> dict[str, Words]:
        if self.path is None:
            return {}
        try:
            kept = msgspec.msgpack.decode(self.path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return {}
        if kept.version != VERSION or kept.root != str(self.root):
            return {}
        self.history = kept.history
        return kept.files

    def _keep(self) -> None:
        """Write what is known beside the file and put it in its place; a folder that cannot be written is no failure."""
        if self.path is None or self._files is None:
            return
        data = msgspec.msgpack.encode(_Kept(VERSION, str(self.root), self.history, self._files))
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - private from its creation
                file.write(data)
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink()


def _wanted(tree: Tree) -> list[File]:
    """Return the files to read, the smallest where there are too many."""
    found = [f for f in tree.files if f.is_read]
    if len(found) <= MOST_READ and sum(f.size for f in found) <= MOST_BYTES:
        return found
    found = sorted(found, key=lambda f: f.size)[:MOST_READ]
    return [f for f, size in zip(found, accumulate(f.size for f in found), strict=True) if size <= MOST_BYTES]
