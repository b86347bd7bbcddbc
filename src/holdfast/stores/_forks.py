"""A fork leans on its base up to a message, and copies none; what the base loses or changes there, it gives away first.

A session's own messages begin at its `base_seq`. A base may lean on another one; its own begin before its forks do.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from holdfast._sqlite import all_rows
from holdfast.model import Rollup, counted
from holdfast.stores import _blocks, _rows, _tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from holdfast.model import Message


class Base(NamedTuple):
    """A session's number, and the one that it leans on up to a place."""

    pk: int
    base: int | None
    start: int


def of(db: apsw.Connection, pk: int) -> Base:
    """Return what a session leans on."""
    base, start = db.execute("SELECT base, base_seq FROM sessions WHERE pk=?", (pk,)).get
    return Base(pk, base, start)


def holding(db: apsw.Connection, here: Base, seq: int) -> Base:
    """Return the session, this one or one that it leans on, which holds the messages before a place itself."""
    while here.base is not None and seq <= here.start:
        here = of(db, here.base)
    return here


def read(db: apsw.Connection, here: Base, after: int, before: int | None) -> Iterator[Message]:
    """Return messages in order, those of the base first; all of them are asked for before the first is unpacked."""
    own = _blocks.read(db, here.pk, after, before)
    if here.base is None or after + 1 >= here.start:
        return own
    end = here.start if before is None else min(before, here.start)
    return chain(read(db, of(db, here.base), after, end), own)


def known(db: apsw.Connection, here: Base, hashes: Sequence[int], tail: dict[int, int]) -> dict[int, int]:
    """Return the places of messages that are there already: hash -> seq."""
    found = _blocks.known(db, here.pk, hashes)
    if tail:
        found |= {number: tail[number] for number in hashes if number in tail}
    below = here.start
    while here.base is not None:
        here = of(db, here.base)
        older = _tail.places(db, here.pk) | _blocks.known(db, here.pk, hashes, below=below)
        found |= {number: older[number] for number in hashes if older.get(number, below) < below}
        below = min(below, here.start)
    return found


def counts_at(db: apsw.Connection, here: Base, at: int, files: tuple[str, ...]) -> Rollup:
    """Return what was counted before a place, reading no more than a block of messages."""
    here = holding(db, here, at)
    wanted = (
        "SELECT first, before FROM (SELECT first, before FROM tail WHERE session=?1 AND first<=?2"
        " UNION ALL SELECT first, before FROM blocks WHERE session=?1 AND first<=?2)"
        " WHERE before IS NOT NULL ORDER BY first DESC LIMIT 1"
    )
    row = db.execute(wanted, (here.pk, at)).get
    if row is not None:
        start, rollup = row[0], _tail.counts_from(row[1], files)
    elif here.base is not None:
        start, rollup = here.start, counts_at(db, of(db, here.base), here.start, files)
    else:
        start, rollup = 0, Rollup()
    return counted(rollup, [m for m in _blocks.read(db, here.pk, start - 1, at) if m.live])


def own(db: apsw.Connection, here: Base) -> None:
    """Copy to a fork what it has from its base, because it changes some of it."""
    if here.base is None:
        return
    base, end = of(db, here.base), here.start
    while True:
        _copy(db, base.pk, here.pk, base.start, end)
        if base.base is None:
            break
        end, base = base.start, of(db, base.base)
    db.execute("UPDATE sessions SET base=NULL, base_seq=0 WHERE pk=?", (here.pk,))


def give(db: apsw.Connection, here: Base, first: int) -> None:
    """Give the messages of a session to the forks that have those from a place on: it is about to lose or change them."""
    forks = all_rows(
        db, "SELECT pk, base_seq FROM sessions WHERE base=? AND base_seq>? ORDER BY base_seq DESC", (here.pk, first)
    )
    if not forks:
        return
    (heir, end), *others = forks
    _copy(db, here.pk, heir, here.start, end)
    db.execute("UPDATE sessions SET base=?, base_seq=? WHERE pk=?", (here.base, here.start, heir))
    db.executemany("UPDATE sessions SET base=? WHERE pk=?", [(heir, pk) for pk, _ in others])


def _copy(db: apsw.Connection, source: int, target: int, start: int, end: int) -> None:  # noqa: PLR0917 - a span of two sessions
    """Copy a session's own messages between two places to another one that has none there."""
    where = "session=? AND first<? AND first+count>?"
    rows = all_rows(db, f"SELECT pk, first, count, before FROM blocks WHERE {where}", (source, end, start))
    for pk, first, count, before in rows:
        if start <= first and first + count <= end:
            db.execute(
                "INSERT INTO blocks(session, first, count, size, data, before)"
                " SELECT ?, first, count, size, data, before FROM blocks WHERE pk=?",
                (target, pk),
            )
        else:
            _part(db, target, first, _rows.split(_blocks.content(db, pk)), before=before, span=(start, end))
    db.execute(
        "INSERT OR REPLACE INTO ids SELECT ?, hash, seq FROM ids WHERE session=? AND seq>=? AND seq<?",
        (target, source, start, end),
    )
    for row in _tail.rows(db, source, start=start, end=end):
        pieces = _rows.split(_rows.unpacked(row.data))
        _part(db, target, row.first, pieces, before=row.before, span=(start, end))
        inside = [n for i, n in enumerate(_tail.numbers(row.hashes)) if start <= row.first + i < end]
        _blocks.remember(db, target, max(row.first, start), inside)


def _part(
    db: apsw.Connection, target: int, first: int, pieces: list[bytes], *, before: bytes | None, span: tuple[int, int]
) -> None:
    skipped = max(0, span[0] - first)
    inside = pieces[skipped : span[1] - first]
    if inside:
        place = first + skipped
        _blocks.insert(db, target, place, _rows.joined(inside), count=len(inside), before=None if skipped else before)
