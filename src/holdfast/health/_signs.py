"""Signs that a conversation goes wrong, counted in its messages: pure, and the same for every agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Message, Summary, Text, ToolCall, ToolResult, derive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import FileTouch

_CHANGES = frozenset({"write", "edit", "delete"})


class Signs(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was counted; times are Unix ms."""

    compactions: int = 0
    failures: int = 0
    """Calls that failed again with the very same input."""
    rereads: int = 0
    """Reads of the same part of a file that nobody changed in between."""
    reread: tuple[tuple[str, int], ...] = ()
    """Files read again, with how often."""
    streak: int = 0
    """Failures in a row at the end."""
    longest: int = 0
    """The longest row of failures."""
    progress: int | None = None
    """When a file was last changed, or an answer given."""
    open: bool = False
    """Whether the last turn still waits for the agent."""


def observe(messages: Iterable[Message]) -> Signs:
    """Count the signs in a conversation, oldest message first."""
    count = _Count()
    for message in messages:
        count.take(message)
    return count.signs()


class _Count:
    def __init__(self) -> None:
        self.compactions = self.failures = self.streak = self.longest = 0
        self.progress: int | None = None
        self.calls: dict[str, tuple[str, tuple[FileTouch, ...]]] = {}
        self.failed: set[str] = set()
        self.read: set[tuple[str, str]] = set()
        self.reread: dict[str, int] = {}
        self.open = False
        self.said: int | None = None
        """When the agent said what may be its answer: it is one if nothing but a prompt comes after it."""

    def take(self, message: Message) -> None:
        """Count one message."""
        if any(isinstance(p, Summary) for p in message.parts):
            self.compactions += 1
            return
        for part in message.parts:
            if isinstance(part, ToolCall):
                self._call(part, message)
            elif isinstance(part, ToolResult):
                self._result(part, message)
            elif message.role == "assistant" and isinstance(part, Text) and part.text.strip():
                self.said, self.open = message.at, False
        if message.is_prompt:
            self.progress, self.said, self.open = self.said or self.progress, None, True

    def _call(self, call: ToolCall, message: Message) -> None:
        self.said, self.open = None, True
        touches, _ = derive((replace(message, parts=(call,)),))
        shape = f"{call.name} {json.dumps(call.input, sort_keys=True, default=str)}"
        self.calls[call.id] = (shape, touches)
        for touch in touches:
            self._touch(touch, shape)

    def _touch(self, touch: FileTouch, shape: str) -> None:
        if touch.action in _CHANGES:
            self.read = {seen for seen in self.read if seen[0] != touch.path}
        elif touch.action == "read" and (touch.path, shape) in self.read:
            self.reread[touch.path] = self.reread.get(touch.path, 0) + 1
        else:
            self.read.add((touch.path, shape))

    def _result(self, result: ToolResult, message: Message) -> None:
        self.open = True
        shape, touches = self.calls.pop(result.call, ("", ()))
        if not result.error:
            self.streak = 0
            self.failed.discard(shape)
            if any(t.action in _CHANGES for t in touches):
                self.progress = message.at or self.progress
            return
        self.streak += 1
        self.longest = max(self.longest, self.streak)
        self.failures += shape in self.failed and bool(shape)
        self.failed.add(shape)

    def signs(self) -> Signs:
        """Return what was counted."""
        return Signs(
            compactions=self.compactions,
            failures=self.failures,
            rereads=sum(self.reread.values()),
            reread=tuple(sorted(self.reread.items(), key=lambda f: -f[1])),
            streak=self.streak,
            longest=self.longest,
            progress=self.said or self.progress,
            open=self.open,
        )
