"""Which sessions a pattern or a query means, in which state, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.faces.cli._doubts import only_excluded, refuse_unknown, say_doubts
from holdfast.faces.cli._options import selected
from holdfast.model import Filter, Query, parse
from holdfast.model.live import GROUPS
from holdfast.model.query import in_state, matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session


def chosen(
    state: State, words: Sequence[str], status: str | None, *, among: Sequence[Session] | None = None
) -> list[Session]:
    """Return the sessions that a pattern or a query means, in a state, with their states as they are now."""
    known = _states(status) if status else None
    text = " ".join(words).strip()
    if not text:
        raise BadInput("no session is meant", "all means every session")
    everything = list(among) if among is not None else state.workspace.sessions.find()
    filters: tuple[Filter, ...] = ()
    found = state.workspace.closing.matching(text, everything)
    if found is None:
        found, filters = _queried(state, parse(text), everything)
    if among is None and (known or filters):
        told = {s.id: s for s in state.workspace.monitor.listed(found)}
        found = [told.get(s.id, s) for s in found]
    for one in filters:
        found = [s for s in found if in_state(s.status, one.value.lower()) != one.negated]
    return [s for s in found if known is None or s.status in known]


def _queried(state: State, query: Query, everything: Sequence[Session]) -> tuple[list[Session], tuple[Filter, ...]]:
    """Return the sessions that a query finds without its states, and the filters for those."""
    wrong = only_excluded(query)
    if wrong is not None:
        raise wrong
    refuse_unknown(query)
    filters = tuple(f for f in query.filters if f.key == "status")
    rest = replace(query, filters=tuple(f for f in query.filters if f.key != "status"))
    found = [s for s in everything if matches(s, rest)]
    if rest.has_words:
        ids = {s.id for s in selected(state.workspace, rest, empty=True)}
        found = [s for s in found if s.id in ids]
    say_doubts(state, query, found)
    return found, filters


def _states(name: str) -> frozenset[str]:
    refuse_unknown(Query(filters=(Filter(key="status", value=name),)))
    return GROUPS.get(name.lower(), frozenset({name.lower()}))
