"""Messages in compressed blocks: appended, joined while small, replaced in place.

Raw bytes are compressed against the block that holds their content, so a block that changes takes its raw bytes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from holdfast._sqlite import all_rows
from holdfast.model.usage import key_hash
from holdfast.stores import _rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import apsw

    from holdfast.model import Message

SMALL = 32 << 10
"""A block below this is still joined with later ones."""
TAIL = 24
"""Every so many messages the small blocks at a session's end are joined."""
FEW = 8
"""Fewer small blocks than this are left as they are."""
MOST = 64
Row = tuple[int, int, int, int]  # pk, first, count, size


class Block(NamedTuple):
    """A block's number and its content in the clear."""

    pk: int
    data: bytes


def append(db: apsw.Connection, session: int, first: int, messages: Sequence[Message]) -> Block:
    """Add messages behind the last one."""
    pieces = _rows.pieces_of(messages)
    data = _rows.joined(pieces)
    db.execute(
        "INSERT INTO blocks(session, first, count, size, data) VALUES(?,?,?,?,?)",
        (session, first, len(pieces), len(data), _rows.packed(data)),
    )
    pk = db.last_insert_rowid()
    db.executemany(
        "INSERT OR REPLACE INTO ids VALUES(?,?,?)",
        sorted((session, key_hash(m.id), first + i) for i, m in enumerate(messages)),
    )
    return Block(pk, data)


def known(db: apsw.Connection, session: int, messages: Sequence[Message]) -> dict[int, int]:
    """Return the places of messages that are there already: position in the argument -> seq."""
    hashes = [key_hash(m.id) for m in messages]
    wanted = "SELECT hash, seq FROM ids WHERE session=? AND hash IN "
    if len(hashes) > FEW:
        places = dict(all_rows(db, f"{wanted}(SELECT value FROM json_each(?))", (session, str(hashes))))
    else:
        places = dict(all_rows(db, f"{wanted}({','.join('?' * len(hashes))})", (session, *hashes)))
    return {position: places[number] for position, number in enumerate(hashes) if number in places}


def place_of(db: apsw.Connection, session: int, message_id: str) -> int | None:
    """Return a message's seq by its id."""
    row = db.execute("SELECT seq FROM ids WHERE session=? AND hash=?", (session, key_hash(message_id))).get
    return None if row is None else int(row)


def put_in_place(db: apsw.Connection, session: int, changes: Mapping[int, Message]) -> None:
    """Replace messages by seq."""
    for pk, first, count, _ in _rows_of(db, session):
        here = {seq: m for seq, m in changes.items() if first <= seq < first + count}
        if here:
            pieces = _rows.split(content(db, pk))
            for seq, message in here.items():
                pieces[seq - first] = _rows.pieces_of([message])[0]
            rewrite(db, pk, _rows.joined(pieces), len(pieces))


def read(db: apsw.Connection, session: int, after: int, before: int | None) -> Iterator[Message]:
    """Yield messages with after < seq < before, a block at a time."""
    end = before if before is not None else 1 << 60
    wanted = all_rows(
        db,
        "SELECT first, data FROM blocks WHERE session=?1 AND first < ?3 AND first >="
        " coalesce((SELECT max(first) FROM blocks WHERE session=?1 AND first <= ?2 + 1), 0) ORDER BY first",
        (session, after, end),
    )
    for first, data in wanted:
        for offset, piece in enumerate(_rows.split(_rows.unpacked(data))):
            if after < first + offset < end:
                yield _rows.message_from(piece, first + offset)


def join_small(db: apsw.Connection, session: int, *, before: int, after: int) -> None:
    """Join small blocks at the session's end now and then: when it has grown past a multiple of TAIL messages."""
    if before // TAIL == after // TAIL:
        return
    tail: dict[int, bytes] = {}
    for pk, size, packed in db.execute(
        "SELECT pk, size, data FROM blocks WHERE session=? ORDER BY first DESC LIMIT ?", (session, MOST)
    ):
        if size >= SMALL:
            break
        tail[pk] = packed
    if len(tail) < FEW:
        return
    parts = {pk: _rows.unpacked(packed) for pk, packed in reversed(tail.items())}
    pieces = [p for part in parts.values() for p in _rows.split(part)]
    keep, *rest = parts
    leaning = all_rows(
        db, "SELECT pk, data, block FROM raw WHERE block IN (SELECT value FROM json_each(?))", (str([*parts]),)
    )
    dependents = [(pk, _rows.unpacked(raw, parts[block])) for pk, raw, block in leaning]
    data = _rows.joined(pieces)
    db.execute(
        "UPDATE blocks SET count=?, size=?, data=? WHERE pk=?", (len(pieces), len(data), _rows.packed(data), keep)
    )
    for pk, raw in dependents:
        db.execute("UPDATE raw SET block=?, data=? WHERE pk=?", (keep, _rows.packed(raw, data), pk))
    db.executemany("DELETE FROM blocks WHERE pk=?", [(pk,) for pk in rest])


def rewrite(db: apsw.Connection, pk: int, data: bytes, count: int) -> None:
    """Replace a block's content, and the raw bytes that lean on it."""
    dependents = raw_of_block(db, pk)
    db.execute("UPDATE blocks SET count=?, size=?, data=? WHERE pk=?", (count, len(data), _rows.packed(data), pk))
    for raw_pk, raw in dependents:
        db.execute("UPDATE raw SET data=? WHERE pk=?", (_rows.packed(raw, data), raw_pk))


def raw_of_block(db: apsw.Connection, pk: int) -> list[tuple[int, bytes]]:
    """Return the raw rows that are compressed against a block, in the clear."""
    rows = all_rows(db, "SELECT pk, data FROM raw WHERE block=?", (pk,))
    dictionary = content(db, pk) if rows else b""
    return [(raw_pk, _rows.unpacked(data, dictionary)) for raw_pk, data in rows]


def content(db: apsw.Connection, pk: int | None) -> bytes:
    """Return a block in the clear; no block is no content."""
    data = db.execute("SELECT data FROM blocks WHERE pk=?", (pk,)).get if pk is not None else None
    return b"" if data is None else _rows.unpacked(data)


def drop(message: Message) -> Message:
    """Return the message as no longer part of the conversation."""
    return replace(message, live=False)


def _rows_of(db: apsw.Connection, session: int) -> list[Row]:
    return all_rows(db, "SELECT pk, first, count, size FROM blocks WHERE session=? ORDER BY first", (session,))
