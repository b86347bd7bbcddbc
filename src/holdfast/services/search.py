"""Find what was said, done or named, in every session."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from holdfast.errors import Conflict, HoldfastError
from holdfast.model import Hit, Message, Query
from holdfast.services._states import passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from holdfast.index import Index
    from holdfast.services._states import Told
    from holdfast.stores.base import Store

CLOSE = 20


class Search:
    """Joins the index, which knows words, and the store, which knows sessions and texts."""

    def __init__(
        self, store: Store, index: Callable[[], Index], catch_up: Callable[[], None], *, told: Told | None = None
    ) -> None:
        """Take both, and what brings the index up to the store; the index is opened at the first search.

        `told` gives sessions the states they are in now, for filters that ask for one.
        """
        self.store = store
        self.index = index
        self.catch_up = catch_up
        self.told = told

    def find(self, query: Query, *, limit: int = 20) -> tuple[Hit, ...]:
        """Return the best hits, best first; a query without words finds nothing (list answers those)."""
        if not query.has_words:
            return ()
        problem = self._caught_up()
        found = self.index().find(query, allowed=self._allowed(query), limit=limit, fetch=self._fetch)
        hits = tuple(h for h in found if h.kind != "session" or self.store.get(h.session) is not None)
        if problem is not None and not hits:
            raise problem
        return hits

    def holders(self, query: Query, among: Container[str]) -> set[str]:
        """Return every one of these sessions that holds what the query asks for, in the trash or not."""
        problem = self._caught_up()
        found = self.index().holders(query, allowed=among, fetch=self._fetch)
        if problem is not None and not found:
            raise problem
        return found

    def _caught_up(self) -> HoldfastError | None:
        """Index what the store has and the index has not; what prevents it matters only where nothing else is found."""
        if self.index().revision == self.store.revision():
            return None
        try:
            self.catch_up()
        except Conflict:
            return None  # another program is indexing right now
        except HoldfastError as error:
            return error
        return None

    def _allowed(self, query: Query) -> Container[str] | None:
        """Name the sessions that may answer, None for all of them."""
        narrowed = query.since is not None or query.until is not None
        narrowed = narrowed or any(f.key not in ("role", "kind") for f in query.filters)
        if narrowed:
            return {s.id for s in passing(self.store, query, self.told)}
        trashed = frozenset(s.id for s in self.store.find(trashed=True))
        return AllBut(trashed) if trashed else None

    def _fetch(self, session_id: str, seqs: Sequence[int]) -> Mapping[int, Message]:
        """Read messages by their places, those that stand close together at once."""
        found: dict[int, Message] = {}
        for first, last in _runs(seqs):
            found.update((m.seq, m) for m in self.store.messages(session_id, after=first - 1, before=last + 1))
        return found


class AllBut(Container[str]):
    """Every session except a few, without naming them all."""

    def __init__(self, excluded: frozenset[str]) -> None:
        """Take the few."""
        self.excluded = excluded

    def __contains__(self, session_id: object) -> bool:
        """Tell whether a session is not one of them."""
        return session_id not in self.excluded


def _runs(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Join places that most likely stand in one block."""
    ordered = sorted(seqs)
    first = last = ordered[0]
    for seq in ordered[1:]:
        if seq - last > CLOSE:
            yield first, last
            first = seq
        last = seq
    yield first, last
