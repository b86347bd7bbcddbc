"""Folding: the one form in which text is indexed and asked for.

Knows scripts and opaque runs; refuses to know SQL and messages. ASCII passes untouched (the tokenizer lowers it);
letters lose their marks, text without spaces between words becomes overlapping pairs, everything else is a separator.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

WINDOW = 512
OPAQUE = 120
"""Runs of base64 or hex from this length on are data: only their head is indexed."""
HEAD = 64
PIECE = 20
"""Mean length of the pieces between `/`, `-` and `_` from which on a long run is data and no path."""
PICTURES = "\U0001f000"
"""Emoji from here on are words of their own; the arrows, ticks and lines before it are drawn by tools everywhere."""
CACHED = 50_000

# Scripts without spaces between words (Thai, Lao, Myanmar, Khmer, kana, Han) or with particles attached (Hangul).
DENSE = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_FOREIGN = re.compile("[^\x00-\x7f]+")
_DENSE_RUN = re.compile(f"[{DENSE}]+")
_DATA = re.compile(r"(?:[A-Za-z0-9+/_=-]{48,}\s{0,2})*[A-Za-z0-9+/_=-]{48,}")
_TOKEN = re.compile("[0-9a-z\x80-\U0010ffff]+")
_SPECIAL = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "ƒ": "f", "ĸ": "k", "ə": "e", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا", "ς": "σ", "\u0640": "",
})  # fmt: skip
_runs: dict[str, str] = {}
_chars: dict[str, str] = {}


def fold(text: str) -> str:
    """Return the text as it is indexed."""
    if not text.isascii():
        text = _FOREIGN.sub(_foreign, text)
    return _without_data(text) if _may_hold_data(text) else text


def tokens(folded: str) -> list[str]:
    """Split folded text as the index does."""
    return _TOKEN.findall(folded.lower())


def asked(text: str) -> tuple[tuple[str, ...], bool]:
    """Return what to look up for a typed word or phrase, and whether its last token must be looked up as a prefix.

    A run of Han or kana in a document may go on where the typed one ends: the last pair is kept, the closing single
    character is not; a single character can only be the beginning of a pair.
    """
    found = tokens(fold(text))
    if not found or not _DENSE_RUN.fullmatch(found[-1][-1]):
        return tuple(found), False
    if len(found) > 1 and len(found[-1]) == 1 and len(found[-2]) == 2 and found[-2][1] == found[-1]:
        return tuple(found[:-1]), False
    return tuple(found), len(found[-1]) == 1


def char(one: str) -> str:
    """Fold one character that is not ASCII; an empty string for marks, a space for what separates words."""
    known = _chars.get(one)
    if known is None:
        known = _chars[one] = _char(one)
    return known


def _char(one: str) -> str:
    kind = unicodedata.category(one)
    if kind in ("Mn", "Me", "Cf"):
        return ""
    if kind[0] not in "LN":
        return f" {one} " if one >= PICTURES and kind == "So" else " "
    parts = unicodedata.normalize("NFKD", one.casefold())
    kept = "".join(c for c in parts if unicodedata.category(c) not in ("Mn", "Me")).translate(_SPECIAL)
    return "".join(c if c.isalnum() else " " for c in kept)


def _foreign(found: re.Match[str]) -> str:
    run = found[0]
    known = _runs.get(run)
    if known is None:
        if len(_runs) > CACHED:
            _runs.clear()
        known = _folded(unicodedata.normalize("NFKC", run))
        if len(run) <= HEAD:
            _runs[run] = known
    return known


def _folded(run: str) -> str:
    out: list[str] = []
    place = 0
    for dense in _DENSE_RUN.finditer(run):
        out.extend(map(char, run[place : dense.start()]))
        out.append(_pairs(dense[0]))
        place = dense.end()
    out.extend(map(char, run[place:]))
    return "".join(out)


def _pairs(run: str) -> str:
    return f" {' '.join(a + b for a, b in pairwise(run))} {run[-1]} "


def _may_hold_data(text: str) -> bool:
    """Look for a window without a space: cheap, since nearly every window has one at once."""
    find = text.find
    for start in range(0, len(text) - WINDOW + 1, WINDOW):  # noqa: SIM110 - half the time of any() over a generator
        if find(" ", start, start + WINDOW) < 0:
            return True
    return False


def _without_data(text: str) -> str:
    return _DATA.sub(_head, text)


def _head(found: re.Match[str]) -> str:
    run = found[0]
    if len(run) < OPAQUE:
        return run
    pieces = 1 + run.count("/") + run.count("-") + run.count("_")
    return run[:HEAD] + " " if len(run) / pieces >= PIECE else run
