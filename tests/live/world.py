"""One home with many sessions and processes, a clock that the scripts move, and the board over all of it.

Knows the public door (`Workspace.monitor.board`) and nothing behind it.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from holdfast import config
from holdfast.workspace import Workspace
from tests.live.labels import Seen
from tests.live.standins import StandIns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model.live import Board, BoardRow

HOURS = 3600.0
AHEAD = 20 * HOURS
"""How far the clock of the scripts is ahead of the machine's: every process is that old, so its files may be hours old too."""
LONG_AGO = AHEAD + 30 * HOURS
"""Before any of the processes was started."""
ROUND = 60.0
DEADLINE = 10.0


def missing() -> str:
    """Say why there is nothing to test yet; empty when there is."""
    if find_spec("holdfast.services.monitor") is None:
        return "holdfast.services.monitor is not written yet"
    if not hasattr(Workspace, "monitor"):
        return "Workspace has no monitor yet"
    return ""


class Clock:
    """The time of the scripts: it moves only when it is told to."""

    def __init__(self) -> None:
        self.now = float(int(time.time() + AHEAD))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let `time.time` and `time.time_ns` tell this time."""
        with patch("time.time", lambda: self.now), patch("time.time_ns", lambda: int(self.now * 1e9)):
            yield


class World:
    """A home, its stand-ins and its clock."""

    def __init__(self, folder: Path) -> None:
        folder = folder.resolve()
        self.folder, self.home, self.data = folder, folder / "home", folder / "data"
        self.home.mkdir(parents=True)
        self.data.mkdir(mode=0o700)
        self.clock = Clock()
        self.standins = StandIns(folder / "bin")
        self._numbers = 0
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        if self._workspace is None:
            env = {"HOLDFAST_HOME": str(self.data), "HOME": str(self.home), "PATH": os.environ.get("PATH", "")}
            self._workspace = Workspace(config.load({}, env=env, cwd=self.folder), env=env, home=self.home)
        return self._workspace

    def number(self) -> int:
        """Return the next number, for names that must differ."""
        self._numbers += 1
        return self._numbers

    def directory(self, *below: str) -> Path:
        path = self.home.joinpath("code", *below)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def board(self) -> Board:
        """Return a board on which nothing is stale."""
        limit = time.monotonic() + DEADLINE
        while True:
            with self.clock.told():
                board = self.workspace.monitor.board()
            if not board.stale or time.monotonic() > limit:
                return board

    def close(self) -> None:
        self.standins.close()
        if self._workspace is not None:
            self._workspace.close()

    def spool(self, agent: str, native: str, state: str, *, ago: float, **more: Any) -> None:
        """Write what a hook reports."""
        folder = self.data / "spool"
        folder.mkdir(mode=0o700, exist_ok=True)
        line = {"v": 1, "at": int((self.clock.now - ago) * 1000), "agent": agent, "native_id": native, "pid": None}
        line |= {"cwd": "", "event": "Event", "state": state, "detail": "", **more}
        path = folder / f"{agent}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)


class Screen:
    """A board, asked by session and by process."""

    def __init__(self, board: Board) -> None:
        self.rows = board.rows

    def session(self, agent: str, native: str) -> BoardRow | None:
        return next((r for r in self.rows if r.session.agent == agent and r.session.native_id == native), None)

    def process(self, pid: int) -> BoardRow | None:
        return next((r for r in self.rows if r.live.process is not None and r.live.process.pid == pid), None)

    def directory(self, agent: str, cwd: Path) -> BoardRow | None:
        """Return the newest session of an agent in a directory."""
        real = str(cwd.resolve())
        found = [r for r in self.rows if r.session.agent == agent and r.session.cwd in (str(cwd), real)]
        return max(found, key=lambda r: r.session.started or 0, default=None)


def seen(row: BoardRow | None, pid: int | None) -> Seen:
    """Reduce a row to what labels speak of."""
    if row is None:
        return Seen()
    process = row.live.process
    joined = process is not None and (pid is None or process.pid == pid)
    listed = row.live.state != "ended"
    return Seen(row.live.state, listed, joined, row.live.ambiguous)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"
