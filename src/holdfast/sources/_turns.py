"""What sources share about a transcript's end: its last records, and how a turn goes.

Knows prompts, words, calls, answers, errors and ends; refuses to know any agent's records.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from holdfast.model.live import Asks, Tail, Turn, Window, asking, is_limit
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.model import Json

TAIL_BYTES = 256 << 10
LONGEST_TAIL = 4 << 20
"""One record can be larger than a usual tail."""
NEEDS_LENGTH = 300


def tail_lines(path: str, size: int = TAIL_BYTES) -> Iterator[Json]:
    """Yield the records at a file's end, in order; a torn last line is a write in progress and left out."""
    for line in last_lines(path, size):
        record = loads(line) if line.strip() else None
        if isinstance(record, dict):
            yield record


def last_lines(path: str, size: int) -> list[bytes]:
    """Return the lines at a file's end, without one that was cut."""
    try:
        with open(path, "rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            while True:
                stream.seek(max(0, end - size))
                lines = stream.read(size).split(b"\n")
                if size >= end:
                    return lines
                if len(lines) > 2 or size >= LONGEST_TAIL:
                    return lines[1:]
                size *= 4
    except OSError:
        return []


def moment(value: Json) -> int | None:
    """Return Unix ms for an ISO time, or for seconds or ms as a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value if value > 1e11 else value * 1000)
    if not isinstance(value, str):
        return None
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    except ValueError:
        return None


class Fold:
    """Follows a transcript's end record by record, and says where it stands."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.turn: Turn = "none"
        self.at: int | None = None
        self.prompted: int | None = None
        self.open: dict[str, tuple[str, int | None, str]] = {}
        self.asked: tuple[Asks, str] = ("", "")
        self.error = ""
        self.limited = False
        self.errors = 0
        self.is_closed = False
        self.windows: tuple[Window, ...] = ()

    def prompt(self, at: int | None) -> None:
        """Note that somebody said something: a turn begins."""
        self._go_on(at)
        self.prompted = at if at is not None else self.prompted
        self.open.clear()
        self.errors = 0

    def said(self, at: int | None, *, last: bool = False) -> None:
        """Note words of the model; `last` where the record says that the turn is over."""
        self._go_on(at)
        self.errors = 0
        self.turn = "said"
        if last and not self.open:
            self.done(at)

    def call(self, ident: str, name: str, at: int | None, given: Json = None) -> None:
        """Note that a tool was called."""
        self._go_on(at)
        self.open[ident] = (name, at, question(given))

    def result(self, ident: str, at: int | None, *, failed: bool = False) -> None:
        """Note a tool's answer."""
        self._go_on(at)
        self.open.pop(ident, None)
        self.errors = self.errors + 1 if failed else 0

    def works(self, at: int | None) -> None:
        """Note that something goes on."""
        errors = self.errors
        self._go_on(at)
        self.errors = errors

    def done(self, at: int | None) -> None:
        """Note that the turn ended well."""
        self._end("done", at)

    def interrupted(self, at: int | None) -> None:
        """Note that the person stopped the turn."""
        self._end("interrupted", at)

    def failed(self, text: str, at: int | None, *, limited: bool | None = None) -> None:
        """Note that the turn ended in an error."""
        self._end("failed", at)
        self.error = text[:NEEDS_LENGTH] or "error"
        self.limited = is_limit(text) if limited is None else limited

    def retried(self, text: str, at: int | None) -> None:
        """Note a request that failed and is tried again."""
        self._go_on(at)
        self.errors += 1
        self.error, self.limited = text[:NEEDS_LENGTH], is_limit(text)

    def ask(self, kind: Asks, needs: str, at: int | None) -> None:
        """Note that the agent waits for a person's answer."""
        self._go_on(at)
        self.asked = (kind, needs[:NEEDS_LENGTH])

    def closed(self, at: int | None) -> None:
        """Note the session's good-bye."""
        self.is_closed = True
        self._seen(at)

    def tail(self, *, written: int | None = None) -> Tail:
        """Return where it stands; `written` is the file's own time, for records without one."""
        asks, needs = self.asked
        for name, _, words in self.open.values():
            kind = asking(name)
            if kind and not asks:
                asks, needs = kind, words
        times = [at for _, at, _ in self.open.values() if at is not None]
        at = self.at if self.at is not None or self.turn == "none" else written
        return Tail(
            turn=self.turn, at=at, prompted=self.prompted, calls=tuple(n for n, _, _ in self.open.values()),
            called=min(times) if times else None, asks=asks, needs=needs or self.error, error=self.error,
            limited=self.limited, errors=self.errors, closed=self.is_closed, windows=self.windows,
        )  # fmt: skip

    def _go_on(self, at: int | None) -> None:
        self._seen(at)
        self.turn = "open"
        self.asked = ("", "")
        self.error, self.limited = "", False
        self.is_closed = False

    def _end(self, turn: Turn, at: int | None) -> None:
        self._seen(at)
        self.turn = turn
        self.open.clear()
        self.asked = ("", "")
        self.error, self.limited = "", False

    def _seen(self, at: int | None) -> None:
        if at is not None and (self.at is None or at > self.at):
            self.at = at


def blocks(content: Json) -> Iterable[dict[str, Json]]:
    """Return content blocks; bare text is one of them."""
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    return tuple(b for b in content if isinstance(b, dict)) if isinstance(content, list) else ()


def question(given: Json) -> str:
    """Return the words of a question tool's input."""
    if not isinstance(given, dict):
        return ""
    many = given.get("questions")
    if isinstance(many, list) and many and isinstance(many[0], dict):
        given = many[0]
    text = given.get("question") or given.get("prompt") or given.get("plan") or ""
    return text[:NEEDS_LENGTH] if isinstance(text, str) else ""


def text_of(value: Json) -> str:
    """Return a value's words: its own, or those of its message."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return text_of(value.get("message") or value.get("error") or value.get("text") or "")
    if isinstance(value, list):
        return " ".join(text_of(v) for v in value[:4])
    return ""


def written_at(path: str) -> int | None:
    """Return when a file was last written (Unix ms), None where it is gone."""
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return None
