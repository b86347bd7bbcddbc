"""Which rules could match a text, told by one pass of the hyperscan library (extra `redact`)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from holdfast.redact.prefilter import ENCODED, LONG, lowered
from holdfast.redact.rules import prefix_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from holdfast.redact.rules import Rule

_FORMS = 24
_WRAPPED = rb"[A-Za-z0-9+/]{60}\s{1,12}[A-Za-z0-9+/]{4}"


class HyperscanPrefilter:
    """One compiled database of all rules' beginnings; what it cannot hold is looked for by its literals."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Compile the database."""
        import hyperscan  # noqa: PLC0415 - comes with an extra; the module itself can be loaded without it

        exact = hyperscan.HS_FLAG_SINGLEMATCH
        wide = exact | hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_CASELESS
        self._ids: list[int] = []
        self._plain: list[tuple[tuple[str, ...], int]] = []
        expressions: list[bytes] = []
        flags: list[int] = []
        for index, rule in enumerate(rules):
            if not rule.shipped and not rule.prefixes:
                self._plain.append((rule.literals, index))
                continue
            expressions.append(_expression(rule))
            flags.append(exact if rule.prefixes else wide)
            self._ids.append(index)
        for expression in (_WRAPPED, *_encoded(rules)):
            expressions.append(expression)
            flags.append(exact)
            self._ids.append(ENCODED)
        self._database = hyperscan.Database()
        self._database.compile(expressions=expressions, ids=list(range(len(expressions))), flags=flags)
        self._found: set[int] = set()

    def candidates(self, text: str) -> AbstractSet[int]:
        """Return the rules whose beginning is somewhere in the text."""
        ids = self._ids
        found: set[int] = set()

        def note(number: int, *_where: object) -> None:
            found.add(ids[number])

        self._database.scan(text.encode("utf-8", "replace"), match_event_handler=note)
        for literals, index in self._plain:
            if not literals or any(word in lowered(text) for word in literals):
                found.add(index)
        return found


def _expression(rule: Rule) -> bytes:
    if rule.prefixes:
        starts = "|".join(map(prefix_pattern, rule.prefixes))
        rest = LONG - max(map(len, rule.starts)) if rule.long else 1
        return (
            rf"(?:^|[^A-Za-z0-9_.])(?:{starts})[A-Za-z0-9_.\-]{{{rest}}}".encode()
            if rule.long
            else rf"(?:^|[^A-Za-z0-9_.])(?:{starts})".encode()
        )
    if rule.keys:
        keys = "|".join(f"(?:{key})" for key in rule.keys)
        return _plain(f"(?:{keys}){rule.after}(?:{rule.pattern})").encode()
    if rule.kind == "private-key":
        return "|".join(map(re.escape, rule.literals)).encode()
    return _plain(rule.pattern).encode()


def _plain(pattern: str) -> str:
    """Drop what only decides how far a match reaches: it costs a database its speed."""
    return re.sub(r"\{(\d+),\d{3,}\}", r"{\1,}", re.sub(r"\(\?P<[a-z]+>", "(?:", pattern))


def _encoded(rules: Sequence[Rule]) -> Iterator[bytes]:
    forms = sorted({re.escape(_form(word, before)) for word in _words(rules) for before in range(3)})
    for at in range(0, len(forms), _FORMS):
        either = b"|".join(forms[at : at + _FORMS]).replace(rb"\+", b"[+-]").replace(b"/", b"[/_]")
        yield b"(?:" + either + b")[A-Za-z0-9+/_-]{14}"


def _words(rules: Sequence[Rule]) -> Iterator[bytes]:
    for rule in rules:
        words = rule.starts if rule.kind != "private-key" else ("PRIVATE KEY", "Private-Lines:")
        yield from map(str.encode, words)


def _form(word: bytes, before: int) -> bytes:
    encoded = base64.b64encode(b"\0" * before + word)
    return encoded[(0, 2, 3)[before] : (before + len(word)) * 8 // 6]
