"""The default scoring: context pressure, context rot, stall, and the time since something useful came of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.health._vitals import MINUTE, filled, several, spoken
from holdfast.model.live import Factor

if TYPE_CHECKING:
    from holdfast.health._rules import Rules
    from holdfast.health._signs import Signs
    from holdfast.health._vitals import Vitals

ROOM = 0.5
"""Share of the context up to which nothing presses."""
COMPACTION, FAILURE, REREAD, STREAK = 0.2, 0.08, 0.03, 0.1
"""What one of each costs; a streak costs from the configured length on."""
MOST_OF_ONE = 0.6
"""No single sign costs more: many re-reads alone are no reason to stop."""
STALLED, BARREN = 4, 8
"""How many times the threshold makes a score of 0."""


def factors(vitals: Vitals, rules: Rules) -> tuple[Factor, ...]:
    """Return the four factors; one of which nothing is known has no weight."""
    return (_pressure(vitals, rules), _rot(vitals, rules), _stall(vitals, rules), _progress(vitals, rules))


def _pressure(vitals: Vitals, rules: Rules) -> Factor:
    share = vitals.share
    corners = ((ROOM, 1.0), (rules.token_warning, 0.5), (rules.token_critical, 0.2), (1.0, 0.0))
    return Factor(
        name="context_pressure",
        score=1.0 if share is None else _along(share, corners),
        weight=0.0 if share is None else rules.weights["context_pressure"],
        evidence=filled(vitals),
        advice="The context is near full: finish the step, write down what matters, and start anew.",
    )


def _rot(vitals: Vitals, rules: Rules) -> Factor:
    signs = vitals.signs
    streak = signs.streak - rules.error_streak + 1 if signs.streak >= rules.error_streak else 0
    costs = (
        COMPACTION * signs.compactions,
        FAILURE * signs.failures,
        REREAD * signs.rereads,
        2 * STREAK + STREAK * streak if streak else 0.0,
    )
    lost = sum(min(c, MOST_OF_ONE) for c in costs)
    return Factor(
        name="context_rot",
        score=max(0.0, 1.0 - lost),
        weight=rules.weights["context_rot"],
        evidence=_rotten(signs),
        advice="It goes round in circles: start anew with what was learned, or say what is wrong.",
    )


def _stall(vitals: Vitals, rules: Rules) -> Factor:
    if vitals.quiet is None:
        return _unweighed("stall", "not in the middle of work")
    limit = rules.stall_minutes * MINUTE
    return Factor(
        name="stall",
        score=_along(vitals.quiet / limit, ((0.5, 1.0), (1.0, 0.4), (STALLED, 0.0))),
        weight=rules.weights["stall"],
        evidence=f"in the middle of work, silent for {spoken(vitals.quiet)}",
        advice="It hangs: look at it, and interrupt it.",
    )


def _progress(vitals: Vitals, rules: Rules) -> Factor:
    if vitals.barren is None:
        return _unweighed("progress", "not running")
    limit = rules.idle_timeout_minutes * MINUTE
    return Factor(
        name="progress",
        score=_along(vitals.barren / limit, ((0.5, 1.0), (1.0, 0.6), (BARREN, 0.0))),
        weight=rules.weights["progress"],
        evidence=f"last file change or answer {spoken(vitals.barren)} ago",
        advice="Nothing came of it for long: close it, or give it something to do.",
    )


def _unweighed(name: str, why: str) -> Factor:
    return Factor(name=name, score=1.0, weight=0.0, evidence=why)


def _rotten(signs: Signs) -> str:
    worst = max(signs.reread, key=lambda f: f[1], default=("", 0))
    found = (
        (signs.compactions, several(signs.compactions, "compaction")),
        (signs.failures, f"{several(signs.failures, 'failure')} repeated"),
        (signs.rereads, f"{several(signs.rereads, 're-read')} ({worst[0]} {worst[1] + 1} times)"),
        (signs.streak, f"{several(signs.streak, 'error')} in a row"),
    )
    return ", ".join(words for number, words in found if number) or "no sign of it"


def _along(value: float, corners: tuple[tuple[float, float], ...]) -> float:
    """Return the height of a falling line at a value; corners that stand out of order are passed over."""
    before = (0.0, 1.0)
    for corner in corners:
        if value <= corner[0]:
            width = corner[0] - before[0]
            part = (value - before[0]) / width if width > 0 else 1.0
            return before[1] + (corner[1] - before[1]) * max(part, 0.0)
        before = (max(corner[0], before[0]), corner[1])
    return before[1]
