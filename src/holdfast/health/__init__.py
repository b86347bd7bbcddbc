"""How fit a session is to go on: a score from 0 to 1 out of weighted factors, each with what it rests on.

Knows two scorings: `classic`, the older tool's four factors with its exact formula, and the default one, which looks at what
makes a conversation go wrong. Refuses to read anything: it is given numbers, and messages to count signs in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.health._classic import factors as classic_factors
from holdfast.health._classic import restart
from holdfast.health._default import factors as default_factors
from holdfast.health._rules import Rules
from holdfast.health._signs import Signs, observe
from holdfast.health._vitals import Vitals, spoken
from holdfast.model.live import Health

if TYPE_CHECKING:
    from holdfast.model.live import Factor, Grade, Scoring

__all__ = ["Rules", "Signs", "Vitals", "observe", "score", "spoken"]
LOW = 0.5
"""A factor below this is worth a word of advice."""


def score(vitals: Vitals, rules: Rules, scoring: Scoring = "default") -> Health:
    """Score a session; errors.BadInput where all weights are 0."""
    found = classic_factors(vitals, rules) if scoring == "classic" else default_factors(vitals, rules)
    value = _average(found) if scoring == "classic" else _held_down(found)
    advice = [f.advice for f in found if f.score < LOW and f.advice]
    if scoring == "classic" and restart(vitals, value):
        advice.append("Start this session anew.")
    return Health(
        session=vitals.session,
        scoring=scoring,
        score=value,
        grade=grade(value, rules),
        factors=found,
        advice=tuple(advice),
        streak=vitals.signs.streak,
    )


def grade(value: float, rules: Rules) -> Grade:
    """Name a score by the thresholds."""
    if value >= rules.health_warning:
        return "healthy"
    return "warning" if value >= rules.health_critical else "critical"


def _average(found: tuple[Factor, ...]) -> float:
    weight = sum(f.weight for f in found)
    if weight <= 0:
        raise BadInput("all health weights are 0", "holdfast config show health_weights")
    return min(max(sum(f.weight * f.score for f in found) / weight, 0.0), 1.0)


def _held_down(found: tuple[Factor, ...]) -> float:
    """Let the worst factor count as much as all together: nothing else makes up for a full context."""
    worst = min((f.score for f in found if f.weight > 0), default=1.0)
    return (_average(found) + worst) / 2
