"""Shows how far a sync is: a bar with rate and time left on a terminal, a line per tenth elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from holdfast.faces.cli._terminal import is_capable
from holdfast.faces.cli.render import span

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from holdfast.faces.cli._state import State

EVERY = 0.1
PATIENCE = 1.0
"""Seconds before anything is said where no terminal is: most syncs are over by then."""
BAR = 24
_MB = 1_000_000


class Progress:
    """Call it with what sync reports; used as a context, it clears its line at the end."""

    def __init__(self, state: State, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take where to draw and a clock in seconds."""
        self.state = state
        self.clock = clock
        self.live = not state.json and is_capable(sys.stderr, state.env)
        self.began = self.drawn = clock()
        self.tenth = 0

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the bar."""
        if self.live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, at: Any) -> None:
        """Draw how far it is."""
        now = self.clock()
        if self.live:
            if now - self.drawn >= EVERY:
                self.drawn = now
                sys.stderr.write(f"\r\x1b[K{self.line(at, now)[: self.state.width - 1]}")
                sys.stderr.flush()
            return
        tenth = int(_share(at) * 10)
        if tenth > self.tenth and now - self.began > PATIENCE:
            self.tenth = tenth
            self.state.talk(f"{tenth * 10} %  {at.files} of {at.of_files} files  {self._rate(at, now)}")

    def line(self, at: Any, now: float) -> str:
        """Return the bar with files, rate and time left."""
        share = _share(at)
        filled = int(share * BAR)
        bar = "#" * filled + "." * (BAR - filled)
        return f"[{bar}] {share:4.0%}  {at.files}/{at.of_files} files  {self._rate(at, now)}"

    def _rate(self, at: Any, now: float) -> str:
        seconds = max(now - self.began, 0.001)
        share = _share(at)
        left = f"  {span(seconds * (1 - share) / share)} left" if 0 < share < 1 else ""
        return f"{at.bytes / _MB / seconds:.1f} MB/s{left}"


def _share(at: Any) -> float:
    by_bytes = at.bytes / at.of_bytes if at.of_bytes else 0.0
    by_files = at.files / at.of_files if at.of_files else 1.0
    return min(1.0, by_bytes or by_files) if at.files < at.of_files else 1.0
