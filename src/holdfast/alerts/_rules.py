"""What on a board is worth an alert, and what of it is new since the board before: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.model.live import NEEDS_ME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.config import Config
    from holdfast.model.live import Board, BoardRow, Priority, State

MINUTE = 60_000
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")
_NEEDS: dict[State, tuple[Priority, str]] = {
    "waiting-permission": ("high", "Needs your permission"),
    "waiting-question": ("high", "Asks you something"),
    "waiting-limit": ("medium", "Waits for its plan's limit"),
    "error": ("high", "Stopped with an error"),
    "done-unread": ("medium", "Is done"),
}


class Rules(Struct, frozen=True, kw_only=True):
    """What is told, from where on, how often, and when not."""

    wanted: tuple[str, ...] = ("needs-me", "limit-near", "context-full", "error-streak", "stall", "secret")
    token_warning: float = 0.80
    token_critical: float = 0.90
    error_streak: int = 3
    stall_minutes: int = 10
    repeats: int = 3
    repeat_minutes: int = 5
    quiet: tuple[int, int] | None = None
    """From which minute of the day until which one nothing is told."""

    @classmethod
    def of(cls, config: Config) -> Self:
        """Take them from the settings."""
        at = config.section("thresholds")
        told = config.section("alerts")
        return cls(
            wanted=tuple(told["rules"]),
            token_warning=at["token_warning"],
            token_critical=at["token_critical"],
            error_streak=at["error_streak"],
            stall_minutes=at["stall_minutes"],
            repeats=told["repeats"],
            repeat_minutes=told["repeat_minutes"],
            quiet=_hours(told["quiet_hours"]),
        )

    def is_quiet(self, minute: int) -> bool:
        """Tell whether nothing is told in a minute of the day (0 to 1439)."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        return begin <= minute < end if begin <= end else minute >= begin or minute < end


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to tell. `cause` names it: what has the same cause is the same thing."""

    rule: str
    cause: str
    priority: Priority
    title: str
    """The session's name."""
    message: str
    session: str = ""
    at: int = 0
    """When the board was made (Unix ms)."""
    since: int = 0
    """Since when it holds, where that is known; a later one is another occurrence."""
    times: int = 1
    """How often it was told, this time included."""


def changes(old: Board | None, new: Board, rules: Rules) -> tuple[Alert, ...]:
    """Return what began between two boards; before the first board nothing did."""
    if old is None:
        return ()
    before = conditions(old, rules)
    return tuple(
        alert
        for cause, alert in conditions(new, rules).items()
        if cause not in before or max(alert.since, 0) > max(before[cause].since, old.at)
    )


def conditions(board: Board, rules: Rules) -> dict[str, Alert]:
    """Return everything on a board that the rules speak of, by its cause."""
    rows = (a for row in board.rows if row.live.state != "ended" for a in _of_row(row, board.at, rules))
    return {a.cause: a for a in (*rows, *_limits(board, rules)) if a.rule in rules.wanted}


def _of_row(row: BoardRow, at: int, rules: Rules) -> Iterator[Alert]:
    state, held = row.live.state, row.context
    if state in NEEDS_ME:
        priority, words = _NEEDS[state]
        asked = f"{words}: {row.live.needs}" if row.live.needs else words
        yield _alert(row, "needs-me", at, state, priority=priority, message=asked, since=row.live.since or 0)
    if held is not None and held.used is not None and held.limit and held.used >= rules.token_critical * held.limit:
        yield _alert(row, "context-full", at, message=f"Context {held.used / held.limit:.0%} full")
    streak = row.health.streak if row.health is not None else 0
    if streak >= rules.error_streak:
        yield _alert(row, "error-streak", at, message=f"{streak} errors in a row")
    silent = at - row.session.active if state == "working" and row.session.active else 0
    if silent >= rules.stall_minutes * MINUTE:
        yield _alert(row, "stall", at, message=f"Silent for {silent // MINUTE} min in the middle of work")
    if row.secrets:
        word = "A secret was" if row.secrets == 1 else f"{row.secrets} secrets were"
        yield _alert(row, "secret", at, str(row.secrets), priority="high", message=f"{word} seen in its last messages")


def _limits(board: Board, rules: Rules) -> Iterator[Alert]:
    for window in board.windows:
        if window.used >= rules.token_warning:
            yield Alert(
                rule="limit-near",
                cause=f"limit-near:{window.agent}:{window.name}",
                priority="high" if window.used >= rules.token_critical else "medium",
                title=window.agent,
                message=f"Limit {window.name} used to {window.used:.0%}",
                at=board.at,
            )


def _alert(
    row: BoardRow, rule: str, at: int, more: str = "", *, priority: Priority = "medium", message: str, since: int = 0
) -> Alert:
    ident = row.session.id
    cause = f"{rule}:{ident}:{more}" if more else f"{rule}:{ident}"
    return Alert(
        rule=rule,
        cause=cause,
        priority=priority,
        title=row.session.shown_name,
        message=message,
        session=ident,
        at=at,
        since=since,
    )


def _hours(text: str) -> tuple[int, int] | None:
    if not text.strip():
        return None
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise BadInput(
            f"alerts.quiet_hours is no span of hours: {text}", "holdfast config set alerts.quiet_hours 22:00-07:00"
        )
    first, second, third, fourth = map(int, found.groups())
    return first * 60 + second, third * 60 + fourth
