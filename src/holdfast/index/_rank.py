"""Which rows match, in what order: candidates from the full-text tables, scored and thinned out.

Knows ranks and row numbers; refuses to know texts. Whole words rank above parts of words; what the user said and what a
session is called above what the assistant said, that above what tools gave; then rare words above common ones, dense
above thin, new above old.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from math import log
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.index._match import MOST_LONGER
from holdfast.index._rows import place, spans_of
from holdfast.index._terms import frequency, longer, pending

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    import apsw

    from holdfast.index._match import Combination, Form, Plan, Wanted
    from holdfast.index._terms import Where

MOST_ROWS = 1500
"""A search that finds more rows than this in a class is for common words: the newest sessions are walked instead."""
ROWS_FOR_ONE = 10
"""For pages of more than 150 hits: this many rows are ranked for each hit."""
MOST_WALKED = 400
MOST_ALLOWED_WALKED = 5_000
WEIGHT = {"session": 4.0, "user": 4.0, "assistant": 2.5, "tool": 1.5}
LOOSE = 0.2
DENSITY_STEPS = 4
_LAST = "SELECT max(first + count) FROM (SELECT first, count FROM spans ORDER BY first DESC LIMIT 1)"


class Candidate(Struct, frozen=True, order=False):
    """A row that matches; `session` and `seq` say which message it is (seq -1: the session itself)."""

    score: float
    at: int
    session: str
    seq: int
    kind: str
    loose: bool


class Ranking:
    """Candidates of one search, best first."""

    def __init__(self, connection: apsw.Connection, plan: Plan, allowed: Container[str] | None) -> None:
        self._connection = connection
        self._plan = plan
        self._allowed = allowed
        self._names: dict[int, tuple[str, int]] = {}
        self._parts: dict[tuple[str, str], list[str]] = {}
        self._frequencies: dict[str, int] = {}

    def candidates(self, enough: int, *, per_session: int) -> list[Candidate]:
        """Return at least `enough` candidates if there are so many, at most `per_session` of a session, in order."""
        found = self._gathered(enough, per_session, loose=False)
        if len(found) < enough:
            found += self._gathered(enough, per_session, loose=True)
            found = _thinned(found, per_session)
        return found

    def count(self) -> int:
        """Count the rows that match as whole words."""
        return sum(self._stands(name, row) for name in self._plan.classes for row in self.matching(name, "every"))

    def matching(self, name: str, form: Form) -> set[int]:
        """Return every row of a class that matches."""
        rows: set[int] = set()
        sql = f"SELECT rowid FROM words_{name} WHERE words_{name} MATCH ?"
        for combination in self._plan.combinations:
            text = combination.expression(self, self._without(), form=form)
            rows.update(row for (row,) in self._connection.execute(sql, (text,)))
        return rows

    def _gathered(self, enough: int, per_session: int, *, loose: bool) -> list[Candidate]:
        found: list[Candidate] = []
        plan = self._plan
        for name in plan.classes:
            for combination in plan.combinations:
                text = combination.expression(self, self._without(), form="loose" if loose else "exact")
                weight = WEIGHT[name] * self._rarity(combination) * (LOOSE if loose else 1.0)
                found.extend(self._matched(name, text, weight, enough=enough, per_session=per_session, loose=loose))
            if name != "session" and len(plan.combinations) == 1 and len(_thinned(found, per_session)) >= enough:
                break
        return _thinned(found, per_session)

    def _matched(
        self, name: str, text: str, weight: float, *, enough: int, per_session: int, loose: bool
    ) -> Iterator[Candidate]:
        most = max(MOST_ROWS, enough * ROWS_FOR_ONE)
        rows = list(self._rows(name, text, limit=most + 1))
        if name == "session":
            yield from self._sessions(rows, weight, loose=loose)
            return
        if len(rows) > most:
            rows = [*self._walked(name, text, enough, per_session=per_session), *rows[:most]]
        density = dict(rows)
        for row, span in place(self._connection, sorted(density)):
            session, _ = self._session(span.session)
            if self._counts(session) and self._plan.may_hold(span.at0, span.at1):
                yield Candidate(
                    score=weight * density[row],
                    at=span.at(row),
                    session=session,
                    seq=span.seq + row - span.first,
                    kind=name,
                    loose=loose,
                )

    def _sessions(self, rows: list[tuple[int, float]], weight: float, *, loose: bool) -> Iterator[Candidate]:
        for row, density in rows:
            session, active = self._session(row)
            if self._counts(session):
                yield Candidate(weight * density, active, session, -1, "session", loose)  # noqa: PLR0917 - a row

    def _walked(self, name: str, text: str, enough: int, *, per_session: int) -> Iterator[tuple[int, float]]:
        """Yield matching rows of the newest sessions until there are enough."""
        newest = self._connection.execute("SELECT no, id FROM sessions ORDER BY active DESC")
        sessions = (number for number, session in newest if self._counts(session))
        most = MOST_WALKED if self._allowed is None else MOST_ALLOWED_WALKED
        for number in islice(sessions, most):
            found = 0
            for span in spans_of(self._connection, number):
                if found < per_session and self._plan.may_hold(span.at0, span.at1):
                    rows = list(self._rows(name, text, limit=enough, between=(span.first, span.first + span.count - 1)))
                    found += len(rows)
                    yield from rows
            enough -= min(found, per_session)
            if enough <= 0:
                return

    def _counts(self, session: str) -> bool:
        return self._allowed is None or session in self._allowed

    def _rows(
        self, name: str, text: str, *, limit: int = -1, between: tuple[int, int] | None = None
    ) -> Iterable[tuple[int, float]]:
        within = " AND rowid BETWEEN ? AND ?" if between else ""
        sql = (
            f"SELECT rowid, density(words_{name}) FROM words_{name} WHERE words_{name} MATCH ?{within} "
            "ORDER BY rowid DESC LIMIT ?"
        )
        return self._connection.execute(sql, (text, *(between or ()), limit))

    def _stands(self, name: str, row: int) -> bool:
        if self._allowed is None:
            return True
        if name == "session":
            return self._counts(self._session(row)[0])
        found = next(place(self._connection, [row]), None)
        return found is not None and self._counts(self._session(found[1].session)[0])

    def _session(self, number: int) -> tuple[str, int]:
        known = self._names.get(number)
        if known is None:
            row = self._connection.execute("SELECT id, active FROM sessions WHERE no = ?", (number,)).fetchone()
            known = self._names[number] = (row[0], row[1]) if row else ("", 0)
        return known

    @property
    def complete(self) -> bool:
        """Tell whether every word of the index stands in the term table."""
        return not pending(self._connection)

    def longer(self, part: str, where: Where) -> list[str]:
        """Return longer words that hold the part, or begin or end with it, the most frequent first."""
        if (part, where) not in self._parts:
            self._parts[part, where] = longer(self._connection, part, where, most=MOST_LONGER)
        return self._parts[part, where]

    def frequency(self, word: str) -> int:
        """Return in about how many rows a word stands."""
        if word not in self._frequencies:
            self._frequencies[word] = frequency(self._connection, word)
        return self._frequencies[word]

    def _without(self) -> str:
        exact = [w.every(self) for w in self._plan.without]
        return f"({' OR '.join(exact)})" if exact else ""

    def _rarity(self, combination: Combination) -> float:
        rows = max(self._connection.execute(_LAST).get or 0, 1)
        words = [w for group in combination.groups for w in group]
        return sum(log(2 + rows / self._least(w)) for w in words) / len(words)

    def _least(self, word: Wanted) -> int:
        return min(map(self.frequency, word.tokens))


def density(api: apsw.FTS5ExtensionApi, *_: object) -> float:
    """Score a row by how often the words stand in it against its length: 1 to 1.5, coarsely, so that time decides."""
    length = api.column_size(0) / max(api.column_total_size(0) / max(api.row_count, 1), 1)
    often = api.inst_count
    share = often / (often + 1.2 * (0.25 + 0.75 * length))
    return 1 + int(share * DENSITY_STEPS) / (2 * DENSITY_STEPS)


def _thinned(found: Iterable[Candidate], per_session: int) -> list[Candidate]:
    """Order candidates, keep the best row of each message and so many of a session."""
    kept: list[Candidate] = []
    seen: set[tuple[str, int]] = set()
    filled: Counter[str] = Counter()
    for one in sorted(found, key=lambda c: (c.score, c.at, c.seq), reverse=True):
        if (one.session, one.seq) not in seen and filled[one.session] < per_session:
            seen.add((one.session, one.seq))
            filled[one.session] += 1
            kept.append(one)
    return kept
