"""Acknowledging commits: what is in the log is on the disk, with one sync for all commits that wait for it.

A commit writes the log and lets the next writer in; only then it waits for the disk, together with whoever else waits. The log is
written in order and each frame's checksum covers those before it, so what is on the disk is always all up to some commit.
Only the log is opened here: no lock of the database stands on it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from holdfast.errors import Unavailable

_sync = getattr(os, "fdatasync", os.fsync)


class Log:
    """The write-ahead log of one open database."""

    def __init__(self, path: Path) -> None:
        """Take the database's path; the log is opened with the first wait."""
        self._path = path.with_name(path.name + "-wal")
        self._file: int | None = None
        self._turn = threading.Lock()
        self._written = self._safe = 0

    def wrote(self) -> int:
        """Number a commit; to be called before the next one may begin."""
        self._written += 1
        return self._written

    def wait(self, commit: int) -> None:
        """Return when a commit is on the disk; whoever comes while another one syncs shares the next sync."""
        with self._turn:
            if self._safe >= commit:
                return
            reached = self._written
            try:
                _sync(self._opened())
            except OSError as error:
                raise Unavailable(
                    f"{self._path} cannot be written: {error}", "check the disk, then holdfast doctor"
                ) from error
            self._safe = reached

    def close(self) -> None:
        """Let go of the log."""
        with self._turn:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR)
            if hasattr(os, "O_DIRECTORY"):  # a new log's name must be on the disk too
                folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        return self._file
