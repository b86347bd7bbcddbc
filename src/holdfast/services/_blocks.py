"""Blocks of five hours, as subscriptions count them: when each began, when it ends, and what lies between.

A block begins at the full hour (UTC) of its first request and takes every request of the five hours from there; the next
one begins another block. Knows times alone.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR_MS = 3_600_000
BLOCK_MS = 5 * HOUR_MS


class Block(Struct, frozen=True, kw_only=True):
    """A block, or the gap before one; times are Unix ms. `last` is the last request, for a gap the one before it."""

    start: int
    end: int
    last: int
    active: bool = False
    """Whether it still runs."""
    gap: bool = False

    @property
    def key(self) -> str:
        """Name the block by its beginning."""
        return f"{'gap ' if self.gap else ''}{datetime.fromtimestamp(self.start / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def blocks(times: Iterable[int], *, now: int) -> list[Block]:
    """Divide the times of requests into blocks, with the gaps of more than five hours between them, in order."""
    found: list[Block] = []
    start = last = None
    for at in sorted(times):
        if start is None or at - start >= BLOCK_MS:
            found += _closed(start, last, at, now=now)
            start = at // HOUR_MS * HOUR_MS
        last = at
    return [*found, *_closed(start, last, None, now=now)]


def block_of(starts: list[int], at: int) -> int:
    """Return the place of the block that a time belongs to, among the beginnings of all blocks."""
    return bisect_right(starts, at) - 1


def _closed(start: int | None, last: int | None, following: int | None, *, now: int) -> list[Block]:
    if start is None or last is None:
        return []
    end = start + BLOCK_MS
    block = Block(start=start, end=end, last=last, active=start <= now < end)
    if following is None or following - last <= BLOCK_MS:
        return [block]
    return [block, Block(start=last + BLOCK_MS, end=following, last=last, gap=True)]
