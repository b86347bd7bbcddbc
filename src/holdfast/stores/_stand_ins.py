"""Requests that stand in for usage which an agent did not record: they hold only until a recorded one comes.

A put that brings stand-ins brings all of its session's: those it lacks are gone. A session with any other request has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import all_rows
from holdfast.model.usage import is_counted, key_hash
from holdfast.stores import _ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from holdfast.model import Request


def make_way(
    db: apsw.Connection, session: int, requests: Sequence[Request]
) -> tuple[Sequence[Request], set[int] | None]:
    """Return which requests of a put are to be kept, and whose counts moved as stand-ins went; None where none went."""
    recorded = [r for r in requests if not is_counted(r)]
    if not requests or (not recorded and _has_recorded(db, session)):
        return recorded, None
    wanted = set() if recorded else {key_hash(r.key) for r in requests}
    held = all_rows(db, f"SELECT key FROM requests WHERE session=? AND main>={_ledger.STAND_IN}", (session,))
    gone = [key for (key,) in held if key not in wanted]
    if not gone:
        return recorded or requests, None
    for key in gone:
        db.execute("DELETE FROM requests WHERE session=? AND key=?", (session, key))
        db.execute("DELETE FROM repeats WHERE session=? AND key=?", (session, key))
    return recorded or requests, _ledger.settle(db, gone)


def _has_recorded(db: apsw.Connection, session: int) -> bool:
    sql = f"SELECT 1 FROM requests WHERE session=? AND main<{_ledger.STAND_IN} LIMIT 1"
    return db.execute(sql, (session,)).get is not None
