"""Walking through a JSON text while holding only the value at hand; damage is named by its line.

Knows JSON's syntax; refuses to know what any member means.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import IO, TYPE_CHECKING

from holdfast.errors import Unreadable
from holdfast.interchange._tree import exact
from holdfast.model import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 16


MOST = 1 << 29
"""Characters of one value; beyond it a file is no file of sessions."""


_SPACE = re.compile(r"[ \t\r\n]*")


_NEAR_END = 16


class Reader:
    """Walks through a JSON text, holding only the value at hand."""

    def __init__(self, stream: IO[bytes], *, hook: Callable[[dict[str, Json]], Json] | None = exact) -> None:
        """Take the stream, and what makes values of objects: None where no object of the file has a meaning of ours."""
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(object_hook=hook)
        self._text = ""
        self._at = 0
        self._lines = 1
        self._bytes = 0
        self._ended = False

    def place(self) -> str:
        """Name where the reader stands."""
        return f"line {self._lines + self._text.count(chr(10), 0, self._at)}"

    def broken(self, problem: str) -> Unreadable:
        """Return the error that says what is wrong here."""
        cut = self._ended and self._at >= len(self._text)
        what = f"the file ends here: {problem}" if cut else problem
        return Unreadable(f"{self.place()}: {what}", "what stands before this place was read")

    def peek(self) -> str:
        """Return the next character that is no white space, without taking it; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def take(self, wanted: str) -> str:
        """Take one character out of those wanted."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.broken(f"expected {' or '.join(wanted)}, got {found!r}")
        self._at += 1
        return found

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; the caller takes each value before it asks for the next key."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"')
            key = self.value()
            self.take(":")
            yield key
            if self.take(",}") == "}":
                return

    def elements(self) -> Iterator[int]:
        """Yield the numbers, from 1, of a list's elements; the caller takes each before it asks for the next."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        number = 0
        while True:
            number += 1
            yield number
            if self.take(",]") == "]":
                return

    def value(self) -> Json:
        """Take one value."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as problem:
                if not self._cut(problem):
                    self._at = min(problem.pos, len(self._text))
                    raise self.broken(problem.msg) from None
            except (ValueError, RecursionError) as problem:
                raise self.broken(str(problem)) from None
            else:
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._more()

    def end(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            raise self.broken(f"expected the end of the file, got {self.peek()!r}")

    def _cut(self, problem: json.JSONDecodeError) -> bool:
        late = problem.pos >= len(self._text) - _NEAR_END or problem.msg.startswith("Unterminated")
        return late and not self._ended

    def _more(self) -> None:
        """Let go of what was taken, and read as much again as is held, so that a long value is decoded few times."""
        self._lines += self._text.count("\n", 0, self._at)
        rest = self._text[self._at :]
        if len(rest) > MOST:
            raise Unreadable(f"line {self._lines}: a value longer than {MOST} characters", "this holds no sessions")
        chunk = self._stream.read(max(CHUNK, len(rest)))
        self._text, self._at, self._ended = rest, 0, not chunk
        try:
            self._text += self._utf8.decode(chunk, final=self._ended)
        except UnicodeDecodeError as problem:
            place = self._bytes + problem.start
            raise Unreadable(f"near byte {place}: expected UTF-8, {problem.reason}", "save the file as UTF-8") from None
        self._bytes += len(chunk)
