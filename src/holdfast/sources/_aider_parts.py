"""Which bytes of a history are whose: each session has its own part, so that it can be kept and erased by itself.

A session in which nothing was said is none: its lines go to the session after it, at the end of the file to the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources.base import RawSpan

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from holdfast.sources._aider_lines import Run
    from holdfast.sources._jsonl import Chunk


MOST_UNOWNED = 1 << 20
"""More bytes before the first session are no history's."""


class Parts:
    """Deals out the bytes of a file while it is read; all but what may still be nobody's session."""

    def __init__(self, path: str, owner: Run | None, offset: int, *, anew: bool) -> None:
        """Begin at an offset, in a session's part; `anew` where a file that was known is read from its start."""
        self.owner = owner
        self._path = path
        self._anew = anew
        self._place = offset
        self._held = b""
        self._waiting: list[tuple[int, Run]] = []
        self._continues = owner is not None

    def untouched(self, offset: int) -> bool:
        """Tell whether no byte from this offset on was anybody's."""
        return self.owner is None and self._place == offset

    def deal(
        self, chunk: Chunk, headers: Sequence[tuple[int, Run]], spoke: Container[str]
    ) -> list[tuple[Run, RawSpan]]:
        """Return the spans of a chunk in order; `headers` are the sessions that begin in it, `spoke` those that are some."""
        self._held += chunk.data + chunk.torn
        end = self._place + len(self._held)
        found: list[tuple[Run, RawSpan]] = []
        waiting: list[tuple[int, Run]] = []
        begun = False
        for offset, run in (*self._waiting, *headers):
            waiting.append((offset, run))
            if run.native in spoke:
                found += self._take(waiting[0][0], ends=True, begun=begun)
                self.owner, begun, waiting = run, True, []
        limit = waiting[0][0] if waiting and not chunk.last else end
        found += self._take(limit, ends=False, begun=begun)
        if self.owner is None and not waiting and len(self._held) > MOST_UNOWNED:
            self._place, self._held = end, b""
        self._waiting = [] if chunk.last else waiting
        return found

    def _take(self, until: int, *, ends: bool, begun: bool) -> list[tuple[Run, RawSpan]]:
        """Give the owner its bytes; where it was read before, what it was given beyond its end is taken back."""
        if self.owner is None:
            return []
        size = until - self._place
        data, self._held = self._held[:size], self._held[size:]
        whole = begun and self._anew
        spans = [RawSpan(path=self._path, offset=self._place, data=data, whole=whole)] if data else []
        self._place = until
        if ends and self._continues:
            spans.append(RawSpan(path=self._path, offset=until, data=b""))
            self._continues = False
        return [(self.owner, s) for s in spans]
