"""What a made-up session is made of, whichever agent writes it down: prompts, answers, tool calls, tokens.

Knows no agent's format: `claude`, `codex` and `gemini` do.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast.model import Json

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE_MS = 60_000
DAY_MS = 86_400_000
Record = dict[str, Json]
Tool = Literal["run", "read", "edit"]


class Call(Struct, frozen=True, kw_only=True):
    """A tool the model asked for and what came back; `what` is a command line or a path."""

    tool: Tool
    what: str
    output: str = ""
    exit_code: int = 0
    before: str = ""
    after: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """One answer of the model: one billed request."""

    text: str = ""
    thinking: str = ""
    call: Call | None = None


class Turn(Struct, frozen=True, kw_only=True):
    """A prompt and the answers to it; `summary` marks a compaction right before it."""

    prompt: str
    answers: tuple[Answer, ...]
    summary: str = ""


class Tale(Struct, frozen=True, kw_only=True):
    """A session: who it is for its agent, where it ran, how long ago it began, and what happened."""

    native: str
    title: str
    cwd: str
    branch: str
    model: str
    minutes_ago: int
    turns: tuple[Turn, ...]
    helper: Tale | None = None


class Tokens(Struct, frozen=True, kw_only=True):
    """What one request was billed: `fresh` and `cached` together are its prompt."""

    fresh: int
    cached: int
    output: int
    thoughts: int


class Pace:
    """The clock and the token meter of a session while it is written down."""

    def __init__(self, tale: Tale, now_ms: int) -> None:
        """Start when the tale starts, with what an agent's own instructions take."""
        self.at = now_ms - tale.minutes_ago * MINUTE_MS
        self.cached = 0
        self.waiting = 16_400
        self.number = 0

    def tick(self, seconds: int = 7) -> str:
        """Let time pass; returns the moment as agents write it."""
        self.at += seconds * 1000
        return datetime.fromtimestamp(self.at / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def count(self) -> int:
        """Return the next number."""
        self.number += 1
        return self.number

    def hear(self, text: str) -> None:
        """Add a text to the prompt of the next request."""
        self.waiting += len(text) * 3 + 900

    def bill(self, answer: Answer) -> Tokens:
        """Return what the next request costs; afterwards its prompt is in the cache."""
        call = answer.call
        written = len(answer.text) + (len(call.what) + len(call.after) if call else 0)
        found = Tokens(fresh=self.waiting, cached=self.cached, output=written * 2 + 180, thoughts=len(answer.thinking))
        self.cached += self.waiting
        self.waiting = found.output + found.thoughts
        if call is not None:
            self.hear(call.output)
        return found

    def compact(self, summary: str) -> int:
        """Forget everything but a summary; returns how much the context held."""
        before = self.cached + self.waiting
        self.cached, self.waiting = 0, 9_000
        self.hear(summary)
        return before


def write_lines(path: Path, records: Iterable[Record], at_ms: int) -> None:
    """Write JSON lines as an agent would have, last changed at a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    os.utime(path, ns=(at_ms * 1_000_000, at_ms * 1_000_000))
