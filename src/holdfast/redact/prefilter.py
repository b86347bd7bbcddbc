"""Which rules could match a text at all, told cheaply with the standard library alone."""

from __future__ import annotations

import binascii
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from holdfast.redact.rules import Rule

ENCODED: Final = -1
LONG: Final = 24
_HEAD: Final = 4
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_WORDS: Final = bytes(c if c in _WORD else 32 for c in range(256))
_LOWER: Final = {c: c + 32 for c in range(65, 91)}
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PRINT: Final = bytes(120 if 32 <= c < 127 or c in (9, 10, 13) else 32 for c in range(256))  # noqa: PLR2004  ASCII
_READABLE: Final = b"x" * 16
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


def _encoded_text() -> re.Pattern[bytes]:
    """Match 15 printable characters as base64 writes them, wherever its groups of four begin."""
    plain = [c for c in range(256) if _PRINT[c] == _READABLE[0]]
    signs = (
        {c >> 2 for c in plain},
        {(a & 3) << 4 | c >> 4 for a in range(4) for c in plain},
        {(a & 15) << 2 | c >> 6 for a in range(16) for c in plain},
        {c & 63 for c in plain},
    )
    group = b"".join(b"[" + bytes(_BASE64[sign] for sign in sorted(places)) + b"]" for places in signs)
    return re.compile(group.replace(b"+", b"").replace(b"/", b"") * 5)


_ENCODED_TEXT: Final = _encoded_text()


class Prefilter(Protocol):
    """Names the rules (by index) that a text may match; `ENCODED` stands for readable base64."""

    def candidates(self, text: str) -> AbstractSet[int]:
        """Return the indexes of all rules that could match, and maybe more."""
        ...


def lowered(text: str) -> str:
    """Return the text in lower case, every character in its place."""
    low = text.lower()
    return low if len(low) == len(text) else text.translate(_LOWER)


def decodings(run: bytes) -> Iterable[bytes]:
    """Yield what base64 decoding gives from each of the four places where a group may begin."""
    run = run.translate(_STANDARD)
    for phase in range(4):
        body = run[phase:]
        if len(body) % 4 == 1:
            body = body[:-1]
        try:
            yield binascii.a2b_base64(body + b"=" * (-len(body) % 4))
        except binascii.Error:
            continue


def readable(decoded: bytes) -> bool:
    """Say whether 16 printable characters stand in a row, which chance does not give."""
    return _READABLE in decoded.translate(_PRINT)


class WordPrefilter:
    """Cuts a text into words once and looks their first four characters up."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Write the prefixes out and group the literals."""
        self._short: dict[bytes, set[int]] = {}
        self._long: dict[bytes, set[int]] = {}
        self._inside: dict[bytes, set[int]] = {}
        self._always = frozenset(i for i, rule in enumerate(rules) if not rule.prefixes and not rule.literals)
        anywhere: dict[str, set[int]] = {}
        beside: dict[str, set[int]] = {}
        for index, rule in enumerate(rules):
            if rule.prefixes:
                _add_heads(self._long if rule.long else self._short, rule.starts, index)
            for word in () if rule.prefixes else rule.literals:
                if rule.long and not rule.keys and _WORD.issuperset(word.encode()):
                    self._inside.setdefault(word.encode(), set()).add(index)
                else:
                    (beside if rule.long else anywhere).setdefault(word, set()).add(index)
        self._anywhere = _grouped(anywhere)
        self._beside = tuple(beside.items())
        self._heads = frozenset(self._short)
        self._head = itemgetter(slice(_HEAD))

    def candidates(self, text: str) -> AbstractSet[int]:
        """Return the rules whose prefix begins a word or whose literal is where it must be."""
        found = set(self._always)
        words = text.encode("utf-8", "replace").translate(_WORDS).replace(b" -", b"  ").split()
        if words and words[0][:1] == b"-":
            words.append(words[0][1:])
        if not self._heads.isdisjoint(map(self._head, words)):
            for head in self._heads.intersection(map(self._head, words)):
                found |= self._short[head]
        low = lowered(text)
        for literal, indexes, longer in self._anywhere:
            if literal in low:
                found |= indexes
                for word, more in longer:
                    if word in low:
                        found |= more
        long = [word for word in words if len(word) >= LONG]
        if long:
            found |= self._of_long(long, low)
        return found

    def _of_long(self, words: list[bytes], low: str) -> set[int]:
        found: set[int] = set()
        for head in self._long.keys() & map(self._head, words):
            found |= self._long[head]
        for literal, indexes in self._beside:
            if literal in low:
                found |= indexes
        small = b" ".join(words).lower()
        for inside, indexes in self._inside.items():
            if inside in small:
                found |= indexes
        if _ENCODED_TEXT.search(b" ".join([word for word in words if not word.islower()])):
            found.add(ENCODED)
        return found


def _add_heads(table: dict[bytes, set[int]], starts: Iterable[str], index: int) -> None:
    for start in starts:
        for head in [start[:_HEAD]] if len(start) >= _HEAD else [start + c for c in _ALNUM]:
            table.setdefault(head.encode(), set()).add(index)


def _grouped(literals: dict[str, set[int]]) -> tuple[tuple[str, set[int], tuple[tuple[str, set[int]], ...]], ...]:
    """Put each literal under a shorter one inside it, so that most are looked for only after that is found."""
    parents = {word: min((p for p in literals if p in word), key=len) for word in literals}
    return tuple(
        (word, indexes, tuple((w, i) for w, i in literals.items() if parents[w] == word != w))
        for word, indexes in literals.items()
        if parents[word] == word
    )
