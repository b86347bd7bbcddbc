"""Which sessions hold what a query asks for, all of them, however common its words are.

Knows rows and sessions; refuses to know ranks and snippets.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from holdfast.index._hits import passes
from holdfast.index._rank import Ranking
from holdfast.index._rows import place

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    import apsw

    from holdfast.index._hits import Fetch
    from holdfast.index._match import Plan
    from holdfast.model import Message

AT_ONCE = 50
"""Messages of a session that are read together while looking for the first that passes."""


def holders(connection: apsw.Connection, plan: Plan, allowed: Container[str], fetch: Fetch) -> set[str]:
    """Return the allowed sessions in which a message, or what the session is called, matches: as words or parts of words."""
    ranking = Ranking(connection, plan, allowed)
    names: dict[int, str] = dict(connection.execute("SELECT no, id FROM sessions"))
    found: set[str] = set()
    for name in plan.classes:
        if name == "session":
            found |= {names[row] for row in ranking.matching(name, "loose") if names.get(row, "") in allowed}
            continue
        seqs: defaultdict[str, list[int]] = defaultdict(list)
        for row, span in place(connection, sorted(ranking.matching(name, "loose"))):
            session = names.get(span.session, "")
            if session not in found and session in allowed and plan.may_hold(span.at0, span.at1):
                seqs[session].append(span.seq + row - span.first)
                if not plan.narrowed:
                    found.add(session)
        if plan.narrowed:
            found |= {s for s, places in seqs.items() if _any_passes(plan, name, places, read=partial(fetch, s))}
    return found


def _any_passes(plan: Plan, name: str, seqs: list[int], *, read: Callable[[list[int]], Mapping[int, Message]]) -> bool:
    for start in range(0, len(seqs), AT_ONCE):
        messages = read(seqs[start : start + AT_ONCE])
        if any(passes(m, name, plan) for m in messages.values()):
            return True
    return False
