"""Which of the alerts are told now: a cause once, then a few times more while it lasts and nobody took note. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.alerts._rules import MINUTE, changes, conditions

if TYPE_CHECKING:
    from holdfast.alerts._rules import Alert, Rules
    from holdfast.model.live import Board

SETTLED = 10 * MINUTE
"""A cause that is gone for so long begins anew when it comes back; before, it only flickers."""


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was told of one cause; `gone` is the time at which it no longer held."""

    session: str
    since: int
    last: int = 0
    times: int = 0
    gone: int | None = None
    acknowledged: bool = False


class Memory(Struct, frozen=True, kw_only=True):
    """What was told, by cause."""

    told: dict[str, Told] = field(default_factory=dict)


def due(
    memory: Memory, old: Board | None, new: Board, rules: Rules, *, minute: int = 0
) -> tuple[Memory, tuple[Alert, ...]]:
    """Return what is to be told now, and what to remember; `minute` is the minute of the day where the person is."""
    holding = conditions(new, rules)
    told = {c: t for c, t in _aged(memory, holding, new.at).items() if t.gone is None or new.at - t.gone < SETTLED}
    for alert in changes(old, new, rules):
        known = told.get(alert.cause)
        if known is None or alert.since > max(known.since, known.last):
            told[alert.cause] = Told(session=alert.session, since=alert.since)
    found = []
    for cause, entry in told.items():
        if entry.gone is None and not rules.is_quiet(minute) and _is_due(entry, new.at, rules):
            told[cause] = replace(entry, last=new.at, times=entry.times + 1)
            found.append(replace(holding[cause], times=entry.times + 1))
    return Memory(told=told), tuple(found)


def acknowledged(memory: Memory, name: str) -> Memory:
    """Return what to remember once a person took note of a cause, or of everything about a session."""
    told = {c: replace(t, acknowledged=True) if name in (c, t.session) else t for c, t in memory.told.items()}
    return Memory(told=told)


def _aged(memory: Memory, holding: dict[str, Alert], at: int) -> dict[str, Told]:
    """Note which causes no longer hold, and which hold again."""
    return {
        cause: replace(t, gone=None if cause in holding else at if t.gone is None else t.gone)
        for cause, t in memory.told.items()
    }


def _is_due(entry: Told, at: int, rules: Rules) -> bool:
    if entry.acknowledged or entry.times >= rules.repeats:
        return False
    return entry.times == 0 or at - entry.last >= rules.repeat_minutes * MINUTE
