"""Look for what is wrong, and say the one command that mends it; reads only."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Level = Literal["ok", "note", "warning", "problem"]
DAY_MS = 86_400_000
SOON_DAYS = 7
LOW_DISK = 1 << 30


class Check(Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it."""

    name: str
    level: Level
    found: str
    fix: str = ""
