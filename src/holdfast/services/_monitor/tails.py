"""Where the last turn stands, told from archived messages: for agents whose store only a sync reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Text, ToolCall, ToolResult
from holdfast.model.live import Asks, Tail, Turn, asking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Message, Session

LAST = 60
"""Messages of a session's end that are looked at."""


def tail_of(session: Session, messages: Iterable[Message]) -> Tail:
    """Say where the last turn stands."""
    turn: Turn = "none"
    at = called = prompted = None
    calls: dict[str, tuple[str, int | None]] = {}
    errors = 0
    error = ""
    for message in messages:
        if not message.live:
            continue
        at = message.at or at
        error = ""
        for part in message.parts:
            if isinstance(part, ToolCall):
                calls[part.id] = (part.name, message.at)
            elif isinstance(part, ToolResult):
                calls.pop(part.call, None)
                errors = errors + 1 if part.error else 0
        if message.is_prompt:
            turn, prompted, errors = "open", message.at, 0
            calls.clear()
        elif message.extra.get("error"):
            turn, error = "failed", str(message.extra["error"])
        elif message.role == "assistant" and any(isinstance(p, Text) for p in message.parts) and not calls:
            turn = "said"
        elif message.role != "system":
            turn = "open"
    open_times = [t for _, t in calls.values() if t is not None]
    called = min(open_times) if open_times else None
    return Tail(
        turn=turn, at=_later(at, session.active) if turn != "none" else None, prompted=prompted,
        calls=tuple(n for n, _ in calls.values()), called=called, asks=_asked(calls), error=error, errors=errors,
    )  # fmt: skip


def _asked(calls: dict[str, tuple[str, int | None]]) -> Asks:
    found = [kind for name, _ in calls.values() if (kind := asking(name))]
    return found[0] if found else ""


def _later(one: int | None, other: int | None) -> int | None:
    known = [t for t in (one, other) if t is not None]
    return max(known) if known else None
