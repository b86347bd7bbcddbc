"""Where the last turn stands, told from archived messages: for agents whose store only a sync reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Text, ToolCall, ToolResult
from holdfast.model.live import Tail, Turn, asking, is_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Message, Session

LAST = 60
"""Messages of a session's end that are looked at."""


def tail_of(session: Session, messages: Iterable[Message]) -> Tail:
    """Say where the last turn stands."""
    walk = _Walk()
    for message in messages:
        if message.live:
            walk.see(message)
    return walk.tail(session.active)


class _Walk:
    """Follows messages in their order."""

    def __init__(self) -> None:
        self.turn: Turn = "none"
        self.at: int | None = None
        self.prompted: int | None = None
        self.calls: dict[str, tuple[str, int | None]] = {}
        self.errors = 0
        self.error = ""

    def see(self, message: Message) -> None:
        self.at = message.at or self.at
        for part in message.parts:
            if isinstance(part, ToolCall):
                self.calls[part.id] = (part.name, message.at)
            elif isinstance(part, ToolResult):
                self.calls.pop(part.call, None)
                self.errors = self.errors + 1 if part.error else 0
        turn = self._turn_after(message)
        if turn is not None:
            self.turn, self.error = turn, _words_of_error(message) if turn == "failed" else ""
        if turn in ("failed", "interrupted") or message.is_prompt:
            self.calls.clear()
        if message.is_prompt:
            self.prompted, self.errors = message.at, 0

    def _turn_after(self, message: Message) -> Turn | None:
        marks = message.extra
        if marks.get("error"):
            return "failed"
        if marks.get("aborted"):
            return "interrupted"
        if message.is_prompt or marks.get("open"):
            return "open"
        if message.role == "system" or (message.role == "user" and _is_by_hand(message)):
            return None
        has_words = message.role == "assistant" and any(isinstance(p, Text) for p in message.parts)
        return "done" if has_words and not self.calls else "open"

    def tail(self, active: int | None) -> Tail:
        times = [t for _, t in self.calls.values() if t is not None]
        asks = [kind for name, _ in self.calls.values() if (kind := asking(name))]
        return Tail(
            turn=self.turn,
            at=_later(self.at, active) if self.turn != "none" else None,
            prompted=self.prompted,
            calls=tuple(n for n, _ in self.calls.values()),
            called=min(times, default=None),
            asks=asks[0] if asks else "",
            needs=self.error,
            error=self.error,
            limited=is_limit(self.error),
            errors=self.errors,
        )


def _is_by_hand(message: Message) -> bool:
    """Tell a command that the person ran, with what it printed, from tools' answers to the model."""
    return any(isinstance(p, ToolCall) for p in message.parts)


def _words_of_error(message: Message) -> str:
    return str(message.extra.get("message") or message.text or "error")


def _later(one: int | None, other: int | None) -> int | None:
    known = [t for t in (one, other) if t is not None]
    return max(known) if known else None
