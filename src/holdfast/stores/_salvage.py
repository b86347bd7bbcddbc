"""Read around damage: what comes back of a session's blocks and spans, and a fault for each that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import MsgspecError

from holdfast._sqlite import all_rows
from holdfast.errors import Unreadable
from holdfast.stores import _blocks, _forks, _rows
from holdfast.stores.base import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from holdfast.model import Message
    from holdfast.stores.base import RawFile

DAMAGE = (Unreadable, ValueError, MsgspecError)
"""What reading a damaged row raises: its checksum, its text or its structure does not hold."""


class Part(NamedTuple):
    """Messages that are kept together: how to name their row and reach it, and which they are."""

    place: str
    sql: str
    keys: tuple[int, ...]
    first: int
    held: int


def parts(db: apsw.Connection, session: int) -> list[Part]:
    """Return a session's own blocks, then what waits in its tail."""
    sql = "SELECT pk, first, count FROM blocks WHERE session=? ORDER BY first"
    one = "SELECT data FROM blocks WHERE pk=?"
    found = [Part(f"block {pk}", one, (pk,), first, count) for pk, first, count in all_rows(db, sql, (session,))]
    sql = "SELECT first, length(hashes) / 8 FROM tail WHERE session=? ORDER BY first"
    one = "SELECT data FROM tail WHERE session=? AND first=?"
    rows = all_rows(db, sql, (session,))
    return found + [Part(f"tail {session}:{first}", one, (session, first), first, count) for first, count in rows]


def part(db: apsw.Connection, session_id: str, here: Part) -> list[Message | Fault]:
    """Return the messages of one part, or the fault that keeps them away."""
    try:
        pieces = _rows.split(_rows.unpacked(db.execute(here.sql, here.keys).get or b""))
        found: list[Message | Fault] = [_rows.message_from(p, here.first + i) for i, p in enumerate(pieces)]
    except DAMAGE as error:
        which = f"messages {here.first} to {here.first + here.held - 1} cannot be read: {error}"
        return [Fault(session=session_id, place=here.place, problem=which)]
    if len(found) != here.held:
        wrong = f"{len(found)} messages instead of {here.held}"
        found.append(Fault(session=session_id, place=here.place, problem=wrong))
    return found


def messages(
    db: apsw.Connection, session_id: str, here: _forks.Base, *, end: int = 1 << 60
) -> Iterator[Message | Fault]:
    """Yield what can be read of a session, those of its base first, and a fault for each part that cannot."""
    if here.base is not None:
        base = _forks.of(db, here.base)
        yield from messages(db, session_id, base, end=min(end, here.start))
    try:
        found = [p for p in parts(db, here.pk) if p.first < end]
    except Unreadable as error:
        yield Fault(session=session_id, place="the list of its blocks", problem=error.message)
        return
    for one in found:
        for item in part(db, session_id, one):
            if isinstance(item, Fault) or item.seq < end:
                yield item


def spans(db: apsw.Connection, session: int, file: RawFile) -> Iterator[tuple[int, bytes] | Fault]:
    """Yield a captured file's spans with their places, and a fault for each that cannot be read."""
    sql = (
        "SELECT raw.pk, raw.place, raw.size FROM raw JOIN files ON files.pk = raw.file"
        " WHERE files.session=? AND files.path=? AND files.version=? ORDER BY raw.place"
    )
    try:
        rows = all_rows(db, sql, (session, file.path, file.version))
    except Unreadable as error:
        yield Fault(session=file.session, place=file.path, problem=error.message)
        return
    for pk, place, size in rows:
        data = span(db, pk, size)
        if isinstance(data, bytes):
            yield place, data
        else:
            which = f"bytes {place} to {place + size - 1} of {file.path} cannot be read: {data.problem}"
            yield Fault(session=file.session, place=f"raw {pk}", problem=which)


def span(db: apsw.Connection, pk: int, size: int) -> bytes | Fault:
    """Return one span in the clear, or why that cannot be."""
    try:
        data, block = db.execute("SELECT data, block FROM raw WHERE pk=?", (pk,)).get
        found = _rows.unpacked(data, _blocks.content(db, block))
    except DAMAGE as error:
        return Fault(place=f"raw {pk}", problem=str(error))
    if len(found) != size:
        return Fault(place=f"raw {pk}", problem=f"{len(found)} bytes instead of {size}")
    return found
