"""Messages in compressed blocks: appended, joined while small, replaced in place.

Raw bytes are compressed against the block that holds their content, so a block that changes takes its raw bytes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from holdfast._sqlite import all_rows
from holdfast.stores import _rows, _tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import apsw

    from holdfast.model import Message, Rollup

SMALL = 32 << 10
"""A block below this is still joined with later ones."""
FEW = 8
"""Fewer small blocks than this are left as they are."""
MOST = 64
Row = tuple[int, int, int, int]  # pk, first, count, size
_MARKS = [f"({','.join('?' * n)})" for n in range(FEW + 1)]


class Block(NamedTuple):
    """A block's number and its content in the clear."""

    pk: int
    data: bytes


class New(NamedTuple):
    """Messages to add, the hashes of their ids, what was counted before them, and how many wait already."""

    messages: Sequence[Message]
    hashes: list[int]
    before: Rollup
    waiting: int
    may_wait: bool


def append(db: apsw.Connection, session: int, first: int, new: New) -> Block | None:
    """Add messages behind the last one: few small ones wait in the tail (then there is no block), else all become a block."""
    pieces = _rows.pieces_of(new.messages)
    data = _rows.joined(pieces)
    if new.may_wait and len(data) < _rows.TINY and new.waiting + len(pieces) < _tail.MOST:
        row = _tail.Row(first, _tail.hashes_of(new.hashes), _tail.counts_of(new.before), _rows.packed(data))
        _tail.add(db, session, row)
        return None
    rows = _tail.rows(db, session) if new.waiting else []
    start, before = (rows[0].first, rows[0].before) if rows else (first, _tail.counts_of(new.before))
    if rows:
        hashes = [n for row in rows for n in _tail.numbers(row.hashes)] + new.hashes
        pieces = [p for row in rows for p in _rows.split(_rows.unpacked(row.data))] + pieces
        data = _rows.joined(pieces)
        _tail.clear(db, session)
    else:
        hashes = new.hashes
    pk = insert(db, session, start, data, count=len(pieces), before=before)
    remember(db, session, start, hashes)
    return Block(pk, data)


def settle(db: apsw.Connection, session: int) -> None:
    """Make what waits in the tail a block."""
    rows = _tail.rows(db, session)
    if rows:
        pieces = [p for row in rows for p in _rows.split(_rows.unpacked(row.data))]
        _tail.clear(db, session)
        data = _rows.joined(pieces)
        insert(db, session, rows[0].first, data, count=len(pieces), before=rows[0].before)
        remember(db, session, rows[0].first, [n for row in rows for n in _tail.numbers(row.hashes)])


def insert(db: apsw.Connection, session: int, first: int, data: bytes, *, count: int, before: bytes | None) -> int:
    db.execute(
        "INSERT INTO blocks(session, first, count, size, data, before) VALUES(?,?,?,?,?,?)",
        (session, first, count, len(data), _rows.packed(data), before),
    )
    return db.last_insert_rowid()


def remember(db: apsw.Connection, session: int, first: int, hashes: Sequence[int]) -> None:
    """Keep the places of messages by their ids."""
    rows = sorted((session, number, first + i) for i, number in enumerate(hashes))
    db.executemany("INSERT OR REPLACE INTO ids VALUES(?,?,?)", rows)


def known(db: apsw.Connection, session: int, hashes: Sequence[int], *, below: int = 1 << 60) -> dict[int, int]:
    """Return the places of messages in blocks that are there already: hash -> seq."""
    wanted = "SELECT hash, seq FROM ids WHERE session=? AND seq<? AND hash IN "
    if len(hashes) > FEW:
        return dict(all_rows(db, f"{wanted}(SELECT value FROM json_each(?))", (session, below, str([*hashes]))))
    return dict(all_rows(db, wanted + _MARKS[len(hashes)], (session, below, *hashes))) if hashes else {}


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
    """Return the messages of a session's own with after < seq < before: asked for at once, unpacked a block at a time."""
    end = before if before is not None else 1 << 60
    wanted = all_rows(
        db,
        "SELECT first, data FROM blocks WHERE session=?1 AND first < ?3 AND first >="
        " coalesce((SELECT max(first) FROM blocks WHERE session=?1 AND first <= ?2 + 1), 0) ORDER BY first",
        (session, after, end),
    )
    wanted += [(row.first, row.data) for row in _tail.rows(db, session, start=after + 1, end=end)]
    return _unpacked(wanted, after, end)


def _unpacked(wanted: Iterable[tuple[int, bytes]], after: int, end: int) -> Iterator[Message]:
    for first, data in wanted:
        for offset, piece in enumerate(_rows.split(_rows.unpacked(data))):
            if after < first + offset < end:
                yield _rows.message_from(piece, first + offset)


def join_small(db: apsw.Connection, session: int, *, before: int, after: int) -> None:
    """Join small blocks at the session's end now and then: when it has grown past a multiple of so many messages."""
    if before // _tail.MOST == after // _tail.MOST:
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
