"""Read every row, block and raw span of the SQLite store, and say what is wrong with whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import all_rows
from holdfast.errors import Unreadable
from holdfast.stores import _rows, _salvage
from holdfast.stores.base import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

_RAW = (
    "SELECT raw.pk, raw.place, raw.size, files.path, sessions.id FROM raw LEFT JOIN files ON files.pk = raw.file"
    " LEFT JOIN sessions ON sessions.pk = files.session ORDER BY raw.pk"
)
_OWNERS = (
    "SELECT owner.session, sessions.id FROM (SELECT session FROM blocks UNION SELECT session FROM tail) owner"
    " LEFT JOIN sessions ON sessions.pk = owner.session ORDER BY owner.session"
)


def rows(db: apsw.Connection) -> Iterator[Fault]:
    """Yield what does not come back as it was kept; one fault hides no other."""
    for name, look in (("sessions", _sessions), ("blocks", _blocks), ("raw", _raw)):
        try:
            yield from look(db)
        except Unreadable as error:
            yield Fault(place=f"table {name}", problem=error.message)


def _sessions(db: apsw.Connection) -> Iterator[Fault]:
    for session_id, body, edits in all_rows(db, "SELECT id, body, edits FROM sessions ORDER BY pk"):
        try:
            _rows.session_from(body)
            if edits is not None:
                _rows.edits_from(edits)
        except _salvage.DAMAGE as error:
            yield Fault(session=session_id, place="its facts", problem=f"they cannot be read: {error}")


def _blocks(db: apsw.Connection) -> Iterator[Fault]:
    for session, session_id in all_rows(db, _OWNERS):
        for part in _salvage.parts(db, session):
            yield from (f for f in _salvage.part(db, session_id or "", part) if isinstance(f, Fault))


def _raw(db: apsw.Connection) -> Iterator[Fault]:
    for pk, place, size, path, session_id in all_rows(db, _RAW):
        found = _salvage.span(db, pk, size)
        if isinstance(found, Fault):
            which = f"bytes {place} to {place + size - 1} of {path} cannot be read: {found.problem}"
            yield Fault(session=session_id or "", place=found.place, problem=which)
