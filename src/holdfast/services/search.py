"""Find what was said, done or named, in every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Hit, Message, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from holdfast.index import Index
    from holdfast.stores.base import Store


class Search:
    """Joins the index, which knows words, and the store, which knows sessions and texts."""

    def __init__(self, store: Store, index: Callable[[], Index]) -> None:
        """Take both; the index is opened at the first search."""
        self.store = store
        self.index = index

    def find(self, query: Query, *, limit: int = 20) -> tuple[Hit, ...]:
        """Return the best hits, best first; a query without words finds nothing (list answers those)."""
        if not query.has_words:
            return ()
        found = self.index().find(query, allowed=self._allowed(query), limit=limit, fetch=self._fetch)
        return tuple(h for h in found if h.kind != "session" or self.store.get(h.session) is not None)

    def _allowed(self, query: Query) -> set[str] | None:
        """Name the sessions that may answer, None for all of them."""
        narrowed = query.since is not None or query.until is not None
        narrowed = narrowed or any(f.key not in ("role", "kind") for f in query.filters)
        if narrowed:
            return {s.id for s in self.store.find(query)}
        trashed = {s.id for s in self.store.find(trashed=True)}
        return {s.id for s in self.store.find()} if trashed else None

    def _fetch(self, session_id: str, seqs: Sequence[int]) -> Mapping[int, Message]:
        found: dict[int, Message] = {}
        for seq in seqs:
            found.update((m.seq, m) for m in self.store.messages(session_id, after=seq - 1, before=seq + 1))
        return found
