"""From a parsed query to full-text expressions: every word quoted, so that no syntax of the engine can be reached.

Knows words, phrases, prefixes, alternatives, exclusions and the filters `role:` and `kind:`; refuses to know
rows and ranks.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from holdfast.index._fold import asked
from holdfast.index._schema import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.index._terms import Where
    from holdfast.model import Query, Term

Form = Literal["exact", "every", "loose"]
MOST_CLAUSES = 32
MOST_TOKENS = 64
MOST_COMBINATIONS = 8
SHORTEST_PART = 3
MOST_LONGER = 300
"""Words that a part or prefix is spelled out into, at most."""
MOST_ENDS = 60
"""Longer words that the first or the last word of a phrase is spelled out into while the other stands whole."""
MOST_BOTH = 14
"""The same where both go on at once."""
MOST_PHRASE_ROWS = 20_000
MOST_SPELLED = 800
"""Tokens of all phrases that one is spelled out into: each opens the list of its rows."""
_KINDS = {
    "session": ("session", ""),
    "user": ("said", "user"),
    "assistant": ("said", "assistant"),
    "tool": ("tool", "tool"),
}
_ROLES = {"system": "assistant"}


class Words(Protocol):
    """What the index knows of its own words, the most frequent first."""

    @property
    def complete(self) -> bool:
        """Tell whether every word is known."""

    def longer(self, part: str, where: Where) -> list[str]:
        """Return longer words that hold the part, or begin or end with it."""

    def frequency(self, word: str) -> int:
        """Return in about how many rows a word stands."""


class Wanted(Struct, frozen=True):
    """One word or phrase as the index knows it: its tokens in order; with `prefix` the last may go on."""

    tokens: tuple[str, ...]
    prefix: bool = False

    def exact(self, words: Words) -> str:
        """Return the expression that finds whole words, for a prefix its most frequent words.

        The engine's own prefix search gathers all rows of all words before it gives the first.
        """
        if not self.prefix:
            return _quoted(self.tokens)
        if not words.complete:
            return _quoted(self.tokens, prefix=True)
        last = self.tokens[-1]
        return _any([_quoted((*self.tokens[:-1], w)) for w in (last, *words.longer(last, "start"))])

    def every(self, words: Words) -> str:
        """Return the expression that finds whole words, for a prefix all of its words."""
        known = not self.prefix or (words.complete and len(words.longer(self.tokens[-1], "start")) < MOST_LONGER)
        return self.exact(words) if known else _quoted(self.tokens, prefix=True)

    def loose(self, words: Words) -> str:
        """Return the expression that also finds it inside longer words."""
        if len(self.tokens) > 1:
            return _any([self.every(words), *map(_quoted, _affordable(self._ends(words), words))])
        inside = words.longer(self.tokens[0], "inside") if _long(self.tokens[0]) else []
        return _any([self.every(words), *(_quoted((w,)) for w in inside)])

    def _ends(self, words: Words) -> Iterator[tuple[str, ...]]:
        """Yield phrases whose first word ends, or whose last begins, with what was typed; those of one such end first.

        However short the ends are: what is typed across a separator has three characters.
        """
        first, *middle, last = self.tokens
        heads, tails = words.longer(first, "end"), words.longer(last, "start")
        yield from ((first, *middle, t) for t in tails[:MOST_ENDS])
        yield from ((h, *middle, last) for h in heads[:MOST_ENDS])
        yield from ((h, *middle, t) for h in heads[:MOST_BOTH] for t in tails[:MOST_BOTH])


def _long(token: str) -> bool:
    return len(token) >= SHORTEST_PART or not token.isascii()


def _affordable(spelled: Iterable[tuple[str, ...]], words: Words) -> Iterator[tuple[str, ...]]:
    """Keep phrases whose rarest words together stand in few rows: looking one up costs as much as its rarest word."""
    left, room = MOST_PHRASE_ROWS, MOST_SPELLED
    for tokens in spelled:
        room -= len(tokens)
        if room < 0:
            return
        cost = min(map(words.frequency, tokens))
        if cost <= left:
            left -= cost
            yield tokens


class Combination(Struct, frozen=True):
    """Groups that must all match in one row; a group matches when one of its words does."""

    groups: tuple[tuple[Wanted, ...], ...]

    def expression(self, words: Words, without: str = "", *, form: Form = "exact") -> str:
        """Return the expression for whole words, for `every` word of a prefix, or with `loose` for parts of words too."""
        parts = [_any([getattr(w, form)(words) for w in group]) for group in self.groups]
        wanted = " AND ".join(parts)
        return f"({wanted}) NOT {without}" if without else wanted


class Plan(Struct, frozen=True):
    """What to look up, in which classes, and what must not stand there."""

    combinations: tuple[Combination, ...]
    words: tuple[Wanted, ...]
    classes: tuple[str, ...]
    without: tuple[Wanted, ...] = ()
    roles: tuple[tuple[str, bool], ...] = ()
    since: int | None = None
    until: int | None = None

    @property
    def narrowed(self) -> bool:
        """Tell whether a row that matches can still turn out to be no hit, once its message is read."""
        return bool(self.roles) or self.since is not None or self.until is not None

    def may_hold(self, first: int, last: int) -> bool:
        """Tell whether messages from one time to another (0: unknown) can be inside the times asked for."""
        too_old = self.since is not None and 0 < last < self.since
        return not too_old and not (self.until is not None and first > self.until)


def planned(query: Query) -> Plan:
    """Plan a query; a plan without combinations finds nothing."""
    clauses = [c for c in (_clause(terms) for terms in query.clauses[:MOST_CLAUSES]) if c]
    excluded = [w for w in map(_wanted, query.excluded[:MOST_CLAUSES]) if w.tokens]
    return Plan(
        combinations=_combined(clauses),
        words=tuple(w for clause in clauses for w in clause),
        classes=_classes(query),
        without=tuple(excluded),
        roles=tuple((f.value.lower(), f.negated) for f in query.filters if f.key == "role"),
        since=query.since,
        until=query.until,
    )


def _combined(clauses: list[tuple[Wanted, ...]]) -> tuple[Combination, ...]:
    if not clauses:
        return ()
    ways = 1
    for clause in clauses:
        ways *= len(clause)
    if ways > MOST_COMBINATIONS:
        return (Combination(tuple(clauses)),)
    return tuple(Combination(tuple((w,) for w in words)) for words in product(*clauses))


def _clause(terms: tuple[Term, ...]) -> tuple[Wanted, ...]:
    return tuple(w for w in map(_wanted, terms[:MOST_CLAUSES]) if w.tokens)


def _wanted(term: Term) -> Wanted:
    found, cut = asked(term.text)
    return Wanted(found[:MOST_TOKENS], term.prefix or cut)


def _classes(query: Query) -> tuple[str, ...]:
    narrowing = (f for f in query.filters if f.key in ("role", "kind"))
    asked_for = [f for f in narrowing if not (f.negated and f.value.lower() in _ROLES)]
    return tuple(c for c in CLASSES if all(_passes(c, f.key, f.value.lower()) != f.negated for f in asked_for))


def _passes(name: str, key: str, value: str) -> bool:
    kind, role = _KINDS[name]
    return kind == value if key == "kind" else role == _ROLES.get(value, value)


def _quoted(words: tuple[str, ...], *, prefix: bool = False) -> str:
    return f'"{" ".join(words)}"' + (" *" if prefix else "")


def _any(expressions: list[str]) -> str:
    return f"({' OR '.join(expressions)})" if expressions else ""
