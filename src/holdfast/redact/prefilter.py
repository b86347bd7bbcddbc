"""Which rules could match a text at all, told cheaply with the standard library alone."""

from __future__ import annotations

import binascii
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
_PRINT: Final = bytes(120 if 32 <= c < 127 or c in (9, 10, 13) else 32 for c in range(256))  # noqa: PLR2004  ASCII
_READABLE: Final = b"x" * 16
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


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
        self._literals: dict[str, set[int]] = {}
        always: set[int] = set()
        for index, rule in enumerate(rules):
            if rule.prefixes:
                self._add(self._long if rule.long else self._short, rule.starts, index)
            elif rule.literals:
                for word in rule.literals:
                    self._literals.setdefault(word, set()).add(index)
            else:
                always.add(index)
        self._always = frozenset(always)
        self._heads = frozenset(self._short)
        self._head = itemgetter(slice(_HEAD))

    @staticmethod
    def _add(table: dict[bytes, set[int]], starts: Iterable[str], index: int) -> None:
        for start in starts:
            full = [start[:_HEAD]] if len(start) >= _HEAD else [start + c for c in _ALNUM]
            for head in full:
                table.setdefault(head.encode(), set()).add(index)

    def candidates(self, text: str) -> AbstractSet[int]:
        """Return the rules whose prefix begins a word or whose literal is anywhere in the text."""
        found = set(self._always)
        words = text.encode("utf-8", "replace").translate(_WORDS).replace(b" -", b"  ").split()
        if words and words[0][:1] == b"-":
            words.append(words[0][1:])
        if not self._heads.isdisjoint(map(self._head, words)):
            for head in self._heads.intersection(map(self._head, words)):
                found |= self._short[head]
        long = [word for word in words if len(word) >= LONG]
        if long:
            found |= self._of_long(long)
        low = lowered(text)
        for literal, indexes in self._literals.items():
            if literal in low:
                found |= indexes
        return found

    def _of_long(self, words: list[bytes]) -> set[int]:
        found: set[int] = set()
        for word in words:
            found |= self._long.get(word[:_HEAD], found)
            if (
                ENCODED not in found
                and not word.islower()
                and any(map(readable, decodings(word.translate(None, b"."))))
            ):
                found.add(ENCODED)
        return found
