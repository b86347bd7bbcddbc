"""Read every block and raw span of the SQLite store, and say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import all_rows
from holdfast.errors import Unreadable
from holdfast.stores import _blocks, _rows
from holdfast.stores.base import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw


def blocks(db: apsw.Connection) -> Iterator[Fault]:
    """Yield blocks that do not hold what their row says, and raw spans that do not come back."""
    for pk, count in all_rows(db, "SELECT pk, count FROM blocks"):
        data = db.execute("SELECT data FROM blocks WHERE pk=?", (pk,)).get
        yield from _messages(f"block {pk}", data, count)
    for session, first, hashes, data in all_rows(db, "SELECT session, first, hashes, data FROM tail"):
        yield from _messages(f"tail {session}:{first}", data, len(hashes) // 8)
    for pk, size, block in all_rows(db, "SELECT pk, size, block FROM raw"):
        try:
            data = _rows.unpacked(db.execute("SELECT data FROM raw WHERE pk=?", (pk,)).get, _blocks.content(db, block))
            if len(data) != size:
                yield Fault(place=f"raw {pk}", problem=f"{len(data)} bytes instead of {size}")
        except Unreadable as error:
            yield Fault(place=f"raw {pk}", problem=error.message)


def _messages(place: str, data: bytes, count: int) -> Iterator[Fault]:
    try:
        pieces = _rows.split(_rows.unpacked(data))
        if len(pieces) != count:
            yield Fault(place=place, problem=f"{len(pieces)} messages instead of {count}")
        for seq, piece in enumerate(pieces):
            _rows.message_from(piece, seq)
    except (Unreadable, ValueError) as error:
        yield Fault(place=place, problem=str(error))
