"""The older tool's scoring: four factors, each a line with corners, with the weights and thresholds of the settings.

With default settings every number is the older tool's own. Its formula had the thresholds written out: `token_critical` is
the corner at 90 %, `token_warning` stands ten points above the one at 70 %, the idle timeout is the one at 30 minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.health._vitals import HOUR, MINUTE, filled, several, spoken
from holdfast.model.live import Factor

if TYPE_CHECKING:
    from holdfast.health._rules import Rules
    from holdfast.health._vitals import Vitals

BEFORE_WARNING = 10.0
LONG, VERY_LONG = 4.0, 8.0
"""Hours."""
FEW_ERRORS, MANY_ERRORS = 5, 10
RESTART_HEALTH, RESTART_SHARE, RESTART_HOURS, RESTART_TIRED = 0.3, 0.95, 12.0, 0.5


def factors(vitals: Vitals, rules: Rules) -> tuple[Factor, ...]:
    """Return token usage, duration, activity and errors."""
    hours, minutes = vitals.duration / HOUR, vitals.idle / MINUTE
    weights = rules.weights
    return (
        Factor(
            name="token_usage",
            score=tokens(100 * (vitals.share or 0.0), rules),
            weight=weights["token_usage"],
            evidence=filled(vitals),
            advice="Token usage is high. Consider starting a new session.",
        ),
        Factor(
            name="duration",
            score=duration(hours),
            weight=weights["duration"],
            evidence=f"ran for {spoken(vitals.duration)}",
            advice="Session has been running for a long time. Context may be degraded.",
        ),
        Factor(
            name="activity",
            score=activity(minutes, rules.idle_timeout_minutes),
            weight=weights["activity"],
            evidence=f"last active {spoken(vitals.idle)} ago",
            advice="Session has been idle. Consider closing if no longer needed.",
        ),
        Factor(
            name="errors",
            score=errors(vitals.errors),
            weight=weights["errors"],
            evidence=several(vitals.errors, "error"),
            advice="High error count detected. Check for recurring issues.",
        ),
    )


def tokens(percent: float, rules: Rules) -> float:
    """Score how full the context is."""
    critical = round(100 * rules.token_critical, 6)
    start = round(100 * rules.token_warning, 6) - BEFORE_WARNING
    if percent < start:
        return 1.0
    if percent < critical:
        return 1.0 - 0.7 * (percent - start) / (critical - start)
    return 0.3 - 0.3 * min(percent - critical, 10.0) / 10.0


def duration(hours: float) -> float:
    """Score how long a session runs."""
    if hours < LONG:
        return 1.0
    if hours < VERY_LONG:
        return 1.0 - 0.6 * (hours - LONG) / LONG
    return 0.4 - 0.3 * min(hours - VERY_LONG, VERY_LONG) / VERY_LONG


def activity(minutes: float, timeout: int) -> float:
    """Score how long nothing happened."""
    half = timeout / 2
    if minutes < half:
        return 1.0
    if minutes < timeout:
        return 1.0 - 0.5 * (minutes - half) / half
    return 0.5 - 0.3 * min(minutes - timeout, 2 * timeout) / (2 * timeout)


def errors(number: int) -> float:
    """Score how many errors there were."""
    if number <= FEW_ERRORS:
        return 1.0 - 0.3 * number / FEW_ERRORS
    if number < MANY_ERRORS:
        return 0.7 - 0.4 * (number - FEW_ERRORS) / FEW_ERRORS
    return 0.3 - 0.3 * min(number - MANY_ERRORS, MANY_ERRORS) / MANY_ERRORS


def restart(vitals: Vitals, value: float) -> bool:
    """Tell whether the older tool would start it anew."""
    tired = vitals.duration / HOUR > RESTART_HOURS and value < RESTART_TIRED
    full = (vitals.share or 0.0) > RESTART_SHARE
    return value < RESTART_HEALTH or full or vitals.errors >= MANY_ERRORS or tired
