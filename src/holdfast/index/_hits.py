"""From ranked rows to hits: the messages fetched, checked, marked and thinned out.

Knows how a hit is shown; refuses to know how it was found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from holdfast.index._marks import marked
from holdfast.model import Hit, searchable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import apsw

    from holdfast.index._match import Plan
    from holdfast.index._rank import Candidate
    from holdfast.model import Message

    Fetch = Callable[[str, Sequence[int]], Mapping[int, Message]]


class Hits:
    """Shows the rows of one search."""

    def __init__(self, connection: apsw.Connection, plan: Plan, fetch: Fetch) -> None:
        self._connection = connection
        self._plan = plan
        self._fetch = fetch

    def shown(self, candidates: Sequence[Candidate], *, limit: int, per_session: int) -> tuple[Hit, ...]:
        """Return the first hits, at most so many of a session; no more messages are fetched than needed."""
        return tuple(islice(_thinned(self._hits(candidates, limit), per_session), limit))

    def _hits(self, candidates: Sequence[Candidate], page: int) -> Iterator[Hit]:
        for place in range(0, len(candidates), page):
            listed = candidates[place : place + page]
            texts = _fetched(listed, self._fetch)
            for one in listed:
                hit = self._hit(one, texts.get(one.session, {}).get(one.seq))
                if hit is not None:
                    yield hit

    def _hit(self, one: Candidate, message: Message | None) -> Hit | None:
        if one.kind == "session":
            text = self._connection.execute("SELECT text FROM sessions WHERE id = ?", (one.session,)).get
            found = marked(text or "", self._plan.words, loose=one.loose)
            return Hit(
                session=one.session,
                kind="session",
                at=one.at or None,
                snippet=found.snippet,
                highlights=found.highlights,
                start=found.start,
                score=one.score,
            )
        if message is None or not passes(message, one.kind, self._plan):
            return None
        said, done = searchable(message)
        found = marked(done if one.kind == "tool" else said, self._plan.words, loose=one.loose)
        return Hit(
            session=one.session,
            message=message.id,
            seq=one.seq,
            role=message.role,
            kind="tool" if one.kind == "tool" else "said",
            at=message.at,
            snippet=found.snippet,
            highlights=found.highlights,
            start=found.start,
            score=one.score,
        )


def _fetched(page: Sequence[Candidate], fetch: Fetch) -> dict[str, Mapping[int, Message]]:
    wanted: defaultdict[str, list[int]] = defaultdict(list)
    for one in page:
        if one.seq >= 0:
            wanted[one.session].append(one.seq)
    return {session: fetch(session, sorted(seqs)) for session, seqs in wanted.items()}


def _thinned(hits: Iterable[Hit], per_session: int) -> Iterator[Hit]:
    filled: Counter[str] = Counter()
    for hit in hits:
        filled[hit.session] += 1
        if filled[hit.session] <= per_session:
            yield hit


def passes(message: Message, kind: str, plan: Plan) -> bool:
    """Tell whether a message that matches in a class was said when and by whom the query asks."""
    if message.at is not None and not plan.may_hold(message.at, message.at):
        return False
    return kind != "assistant" or all((message.role == role) != negated for role, negated in plan.roles)
