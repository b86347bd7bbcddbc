"""The numbers that a score is made of. Knows no session and no clock: who asks has looked both up."""

from __future__ import annotations

from msgspec import Struct

from holdfast.health._signs import Signs
from holdfast.model.live import State

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Vitals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session at one moment; spans are in milliseconds."""

    session: str
    used: int | None = None
    limit: int | None = None
    estimated: bool = False
    """True where `used` was reckoned from messages and files, because no request tells it."""
    duration: int = 0
    idle: int = 0
    errors: int = 0
    state: State = "unknown"
    quiet: int | None = None
    """Since when nothing was written while the agent should work; None where it need not, or nobody knows."""
    barren: int | None = None
    """Since when nothing useful came of it, while it runs; None where it does not run, or nobody knows."""
    signs: Signs = Signs()

    @property
    def share(self) -> float | None:
        """How full the context is, from 0 to 1 and beyond; None where the limit is unknown."""
        return self.used / self.limit if self.used is not None and self.limit else None


def spoken(span: int) -> str:
    """Say a span in words: `6 h 5 min`."""
    if span >= DAY:
        return f"{span // DAY} d {span % DAY // HOUR} h"
    return f"{span // HOUR} h {span % HOUR // MINUTE} min" if span >= HOUR else f"{span // MINUTE} min"


def several(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def filled(vitals: Vitals) -> str:
    """Say how full the context is."""
    if vitals.used is None:
        return "context in use unknown"
    about = "about " if vitals.estimated else ""
    if not vitals.limit:
        return f"{about}{vitals.used:,} tokens in use, limit unknown"
    why = "; estimated from messages and the project's files" if vitals.estimated else ""
    return f"{about}{vitals.used:,} of {vitals.limit:,} tokens ({vitals.used / vitals.limit:.0%}){why}"
