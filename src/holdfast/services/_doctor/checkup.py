"""What a check looks at and what it says. Knows no check."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from holdfast.config import Config
    from holdfast.index import Index
    from holdfast.model import Session
    from holdfast.pricing import Prices
    from holdfast.services.sync import Sync
    from holdfast.sources.base import Source
    from holdfast.stores.base import Store

Level = Literal["ok", "note", "warning", "problem"]
LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "problem")


class Check(Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it. `damaged` marks data that cannot be read."""

    area: str
    name: str
    level: Level
    found: str
    fix: str = ""
    damaged: bool = False


class Checkup(Struct, frozen=True, kw_only=True):
    """All checks, and how long they took."""

    checks: tuple[Check, ...]
    seconds: float

    @property
    def worst(self) -> Level:
        """The gravest level found."""
        return max((c.level for c in self.checks), key=LEVELS.index, default="ok")

    @property
    def damaged(self) -> bool:
        """Whether damaged data was found."""
        return any(c.damaged for c in self.checks)


class Scene(Struct, frozen=True, kw_only=True, dict=True):
    """Everything there is to look at; nothing in it is opened before a check asks."""

    store: Callable[[], Store]
    index: Callable[[], Index]
    index_path: Callable[[], Path | None]
    sync: Callable[[], Sync]
    prices: Callable[[], Prices]
    sources: Callable[[], Mapping[str, Source]]
    roots: Callable[[Source], Sequence[Path]]
    config: Config
    env: Mapping[str, str]
    home: Path
    data: Path
    archive: Path | None
    """The archive's file, None where it is kept elsewhere than in a file."""
    url: str
    now: Callable[[], float] = time.time

    @property
    def made(self) -> bool:
        """Whether there is an archive to look into: looking makes none."""
        return self.archive is None or self.archive.exists()

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions, read once for all checks."""
        return tuple(self.store().find()) if self.made else ()


class Finding:
    """What one check says."""

    __slots__ = ("damaged", "fix", "found", "level")

    def __init__(self, level: Level, found: str, fix: str = "", *, damaged: bool = False) -> None:
        """Take the level, what was found, and what to do about it."""
        self.level, self.found, self.fix, self.damaged = level, found, fix, damaged


def size(number: float) -> str:
    """Write bytes as people read them."""
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - the next unit
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def plural(number: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
