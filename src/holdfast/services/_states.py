"""Sessions that pass a query by the states they are in now, and not by those that were written down.

Knows which filters speak of states; refuses to know how a state is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Query, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.model import Session
    from holdfast.stores.base import Store

    Told = Callable[[Iterable[Session]], Iterable[Session]]


def asks_for_states(query: Query) -> bool:
    """Tell whether a query chooses by state."""
    return any(f.key == "status" for f in query.filters)


def passing(store: Store, query: Query, told: Told | None) -> Iterable[Session]:
    """Return the sessions that pass a query; `told` gives sessions the states they are in now."""
    if told is None or not asks_for_states(query):
        return store.find(query)
    rest = replace(query, filters=tuple(f for f in query.filters if f.key != "status"))
    states = Query(filters=tuple(f for f in query.filters if f.key == "status"))
    return [s for s in told(store.find(rest)) if matches(s, states)]
