"""Beginning a fork in the SQLite store: one row, and what was counted up to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.model import Receipt, Session
from holdfast.stores import _forks, _rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

    from holdfast.model.results import Durability


def fork(
    db: apsw.Connection,
    session_id: str,
    session: Session,
    *,
    at: int | None,
    tick: Callable[[str, int], int],
    durability: Durability,
) -> Receipt:
    """Begin `session` with the messages of another one before a place (all of them without one)."""
    row = db.execute("SELECT next_seq, body, pk, base, base_seq FROM sessions WHERE id=?", (session_id,)).get
    if row is None:
        raise NotFound(f"no session {session_id!r}", "holdfast list")
    length, body, *place = row
    end = length if at is None else at
    if not 0 <= end <= length:
        raise BadInput(f"at={end}: the session has {length} messages", f"a number from 0 to {length}")
    if db.execute("SELECT 1 FROM sessions WHERE id=?", (session.id,)).get is not None:
        raise Conflict(f"session {session.id} is there already", "fork into a new one")
    here, counts = _forks.Base(*place), _rows.session_from(body).rollup
    rollup = _forks.counts_at(db, here, end, counts.files) if end < length else counts
    begun = replace(session, rollup=replace(rollup, usage=(), requests=0), revision=0, trashed=None)
    base = _forks.holding(db, here, end).pk if end else None
    revision = tick(session.id, 0)
    db.execute(
        "INSERT INTO sessions(id, agent, started_at, active, revision, next_seq, body, base, base_seq)"
        " VALUES(?,?,?,?,?,?,?,?,?)",
        (session.id, session.agent, session.started, session.active, revision, end,
         _rows.encode(replace(begun, revision=revision)), base, end if base is not None else 0),
    )  # fmt: skip
    return Receipt(session=session.id, revision=revision, first=end, durability=durability)
