"""The same text as a secret may hide in it: escapes read, wraps joined, every place mapped back."""

from __future__ import annotations

import re
from bisect import bisect_right

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ESCAPE = re.compile(
    r"\\(?:\\*u00([2-7][0-9A-Fa-f])|\\*(/)|(?<=[A-Za-z0-9_.~+/=-]\\)\r?\n[ \t]*(?=[A-Za-z0-9_.~+/=-]))"
)
_QUOTES = re.compile(
    r"[\"'`](?<=[A-Za-z0-9_.~+/=-].)\s*(?:\\\r?\n\s*)?\+\s*\\?\s*[frbu]{0,2}[\"'`](?=[A-Za-z0-9_.~+/=-])"
)
_JOINED = re.compile(r"\+\s*\\?\s*[frbu]{0,2}[\"'`]")
_CHUNK = re.compile(r"[A-Za-z0-9_.~+/=-]+")
_JOINT = re.compile(
    r"[\"'`](?:[ \t]*\\?\r?\n[ \t]*|[ \t]+)[frbu]{0,2}[\"'`]|[ \t]*\\?[ \t]*\r?\n[ \t>|#+*]*(?:-[ \t]+)?"
)
_TOKEN_LINE = re.compile(r"[A-Za-z0-9_.~+/=-]{8,}[\"'`]?[,;]?[ \t]*(?:\r?\n|\Z)")
_WINDOW_CHUNKS = 60
_WRAPPED_AT = 40


class Folded:
    """A text put together from pieces of another, which knows where each piece came from."""

    def __init__(self, source: str, pieces: list[tuple[int, str]]) -> None:
        """Join the pieces; each comes with the place where it begins in the source."""
        self.source = source
        self.text = "".join(piece for _, piece in pieces)
        self._from: list[int] = []
        self._at: list[int] = []
        at = 0
        for origin, piece in pieces:
            self._at.append(at)
            self._from.append(origin)
            at += len(piece)

    def origin(self, place: int) -> int:
        """Return where the character at `place` begins in the source."""
        index = bisect_right(self._at, place) - 1
        return self._from[index] + place - self._at[index]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the source span of a span of this text, what was folded away included."""
        last = self.origin(end - 1)
        escape = _ESCAPE.match(self.source, last)
        return self.origin(start), escape.end() if escape and escape.lastindex else last + 1


def level(text: str) -> str:
    """Return a text of the same length in which escapes separate words as what they stand for does."""
    if "\\" in text:
        text = text.replace("\\n", " \n").replace("\\t", "  ").replace("\\r", "  ").replace('\\"', '""')
    if "\x1b" in text:
        text = _ANSI.sub(lambda m: " " * len(m.group()), text)
    return text


def fold(text: str) -> Folded | None:
    """Read character escapes and join explicit concatenations; None when there are none."""
    found: list[re.Match[str]] = []
    if "\\" in text and ("\\u00" in text or "\\/" in text or "\\\n" in text or "\\\r\n" in text):
        found += _ESCAPE.finditer(text)
    if "+" in text and _JOINED.search(text):
        found += _QUOTES.finditer(text)
    if not found:
        return None
    pieces: list[tuple[int, str]] = []
    done = 0
    for match in sorted(found, key=re.Match.start):
        if match.start() >= done:
            pieces.append((done, text[done : match.start()]))
            if match.lastindex:
                pieces.append((match.start(), chr(int(match[1], 16)) if match[1] else "/"))
            done = match.end()
    pieces.append((done, text[done:]))
    return Folded(text, [piece for piece in pieces if piece[1]])


def unwrap(text: str, start: int, *, cut: bool) -> Folded | None:
    """Join the wrapped lines of a token that starts here; `cut` says it is surely unfinished."""
    chunk = _CHUNK.match(text, start)
    pieces: list[tuple[int, str]] = []
    while chunk and len(pieces) < _WINDOW_CHUNKS:
        pieces.append((chunk.start(), chunk.group()))
        joint = _JOINT.match(text, chunk.end())
        if not joint or not (cut or _goes_on(text, chunk, joint)):
            break
        chunk = _CHUNK.match(text, joint.end())
    return Folded(text, pieces) if len(pieces) > 1 else None


def _goes_on(text: str, chunk: re.Match[str], joint: re.Match[str]) -> bool:
    if joint.group()[0] in "\"'`":
        return True
    column = chunk.end() - (text.rfind("\n", 0, chunk.end()) + 1)
    line = _TOKEN_LINE.match(text, joint.end())
    if column < _WRAPPED_AT or not line:
        return False
    rest = line.group()
    return any(c.isdigit() for c in rest) and any(c.isalpha() for c in rest)
