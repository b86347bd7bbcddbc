"""Find the matched words in the original text: a snippet of whole words around the best place, and what to mark in it.

Knows how a folded word looks unfolded, as a regular expression; refuses to know the index.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.index._fold import DENSE, char

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.index._match import Wanted

WIDTH = 160
LEAD = 50
MOST_PLACES = 400
_RANGES = ((0x80, 0x700), (0x1E00, 0x2000), (0xFB00, 0xFB07), (0xFF10, 0xFF5B))
_DENSE_START = re.compile(f"[{DENSE}]")
_MARKS = "[\u0300-\u036f\u0640\u064b-\u065f\u0670]*"
_BEFORE = r"(?<![^\W_])"
_AFTER = r"(?![^\W_])"


class Marked(Struct, frozen=True):
    """A snippet, where it starts in the text, and the marked ranges inside it."""

    snippet: str
    start: int
    highlights: tuple[tuple[int, int], ...]


def marked(text: str, words: Sequence[Wanted], *, loose: bool = False) -> Marked:
    """Return the piece of the text in which most of the words stand, each marked; with `loose`, parts of words too."""
    places = [] if loose else _places(text, tuple(words), whole=True)
    if not places:
        places = _places(text, tuple(words), whole=False)
    start, end = _window(text, places)
    inside = ((max(a, start) - start, min(b, end) - start) for a, b, _ in places if a < end and b > start)
    return Marked(snippet=text[start:end], start=start, highlights=tuple(inside))


def _places(text: str, words: tuple[Wanted, ...], *, whole: bool) -> list[tuple[int, int, int]]:
    if text.isascii():
        lowered = text.lower()
        return sorted(p for i, w in enumerate(words) for p in islice(_plain(lowered, w, i, whole=whole), MOST_PLACES))
    return [(m.start(), m.end(), m.lastindex or 0) for m in islice(_pattern(words, whole).finditer(text), MOST_PLACES)]


def _plain(text: str, word: Wanted, number: int, *, whole: bool) -> Iterator[tuple[int, int, int]]:
    """Find a word in lower-case ASCII: a byte search for its first token, then the rest is compared there."""
    first = word.tokens[0]
    rest = _rest(word, whole) if len(word.tokens) > 1 else None
    open_end = word.prefix or not whole
    start = text.find(first)
    while start >= 0:
        end = start + len(first)
        if not (whole and start and text[start - 1].isalnum()):
            match = rest.match(text, end) if rest else None
            if match or (rest is None and (open_end or end == len(text) or not text[end].isalnum())):
                end = match.end() if match else end
                yield start, end, number
                start = text.find(first, end)
                continue
        start = text.find(first, start + 1)


@lru_cache(maxsize=256)
def _rest(word: Wanted, whole: bool) -> re.Pattern[str]:  # noqa: FBT001 - cache keys
    body = "".join(rf"[\W_]+{re.escape(t)}" for t in word.tokens[1:])
    return re.compile(body if word.prefix or not whole else body + _AFTER)


def _window(text: str, places: list[tuple[int, int, int]]) -> tuple[int, int]:
    best = _best(places)
    start = max(0, best - LEAD)
    if start:
        start = _word_start(text, start, best)
    end = min(len(text), start + WIDTH)
    if end < len(text):
        end = _word_end(text, end, start)
    return start, end


def _best(places: list[tuple[int, int, int]]) -> int:
    best, most = 0, 0
    for i, (start, _, _) in enumerate(places):
        near = {word for a, b, word in places[i : i + 16] if b <= start + WIDTH - LEAD}
        if len(near) > most:
            best, most = start, len(near)
    return best if most else (places[0][0] if places else 0)


def _word_start(text: str, start: int, most: int) -> int:
    while start < most and not text[start - 1].isspace():
        start += 1
    return start


def _word_end(text: str, end: int, least: int) -> int:
    at = end
    while at > least + WIDTH // 2 and not text[at].isspace():
        at -= 1
    return at if text[at].isspace() else end


@lru_cache(maxsize=64)
def _pattern(words: tuple[Wanted, ...], whole: bool) -> re.Pattern[str]:  # noqa: FBT001 - cache keys
    forms = sorted(words, key=lambda w: -sum(map(len, w.tokens)))
    return re.compile("|".join(f"({_form(w, whole=whole)})" for w in forms), re.IGNORECASE)


def _form(word: Wanted, *, whole: bool) -> str:
    body = _spelled(word.tokens)
    if not whole:
        return body
    before = "" if _dense(word.tokens[0]) else _BEFORE
    return before + body + ("" if word.prefix or _dense(word.tokens[-1]) else _AFTER)


def _spelled(tokens: tuple[str, ...]) -> str:
    out = _letters(tokens[0])
    for previous, token in pairwise(tokens):
        if _dense(token) and _dense(previous):
            out += _letters(token[1:] if previous[-1] == token[0] and len(token) > 1 else "")
        else:
            apart = "+" if previous.isascii() and token.isascii() else "*"
            out += rf"[\W_]{apart}" + _letters(token)
    return out


def _letters(token: str) -> str:
    unfolded = _unfolded()
    out, i = "", 0
    while i < len(token):
        pair = token[i : i + 2]
        options = [re.escape(c) for c in unfolded.get(pair, "")] if len(pair) > 1 else []
        single = f"[{re.escape(token[i] + unfolded.get(token[i], ''))}]{_MARKS}"
        rest = f"[{re.escape(token[i + 1] + unfolded.get(token[i + 1], ''))}]{_MARKS}" if options else ""
        out += f"(?:{'|'.join(options)}|{single}{rest})" if options else single
        i += 2 if options else 1
    return out


@cache
def _unfolded() -> dict[str, str]:
    """Map each folded letter (or pair) to the characters that fold to it."""
    table: dict[str, str] = {}
    for low, high in _RANGES:
        for one in map(chr, range(low, high)):
            composed = unicodedata.normalize("NFKC", one)
            folded = "".join(map(char, composed))
            if folded.strip() and folded != one:
                table[folded.lower()] = table.get(folded.lower(), "") + one
    return table


def _dense(token: str) -> bool:
    return _DENSE_START.match(token) is not None
