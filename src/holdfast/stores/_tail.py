"""The newest small turns of a session, kept as they are until there are enough of them for a block.

One row for each append touches one page, where a block and the places of its messages touch three.
"""

from __future__ import annotations

from struct import pack, unpack
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from holdfast._sqlite import all_rows
from holdfast.model import Rollup
from holdfast.stores import _rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from holdfast.model import Session

MOST = 24
"""So many messages become a block."""


class Row(NamedTuple):
    """One append: its place, the hashes of its ids, and its content, packed."""

    first: int
    hashes: bytes
    before: bytes | None
    data: bytes


class State(Struct):
    """What a put needs of a session; it holds as long as the session is at that revision."""

    pk: int
    revision: int
    session: Session
    places: dict[int, int]
    """The messages in the tail: hash of the id -> seq."""
    given: Session | None = None
    """What the last put said of the session, without the time."""


def places(db: apsw.Connection, session: int) -> dict[int, int]:
    """Return the places of the messages that wait."""
    rows = all_rows(db, "SELECT first, hashes FROM tail WHERE session=? ORDER BY first", (session,))
    return {number: first + i for first, hashes in rows for i, number in enumerate(numbers(hashes))}


def rows(db: apsw.Connection, session: int, *, start: int = 0, end: int = 1 << 60) -> list[Row]:
    """Return what waits, those with a message between two places."""
    found = all_rows(
        db, "SELECT first, hashes, before, data FROM tail WHERE session=? AND first<? ORDER BY first", (session, end)
    )
    return [Row(*row) for row in found if row[0] + len(row[1]) // 8 > start]


def add(db: apsw.Connection, session: int, row: Row) -> None:
    """Keep one append."""
    db.execute("INSERT INTO tail VALUES(?,?,?,?,?)", (session, *row))


def clear(db: apsw.Connection, session: int) -> None:
    """Forget what waited: it stands in a block now."""
    db.execute("DELETE FROM tail WHERE session=?", (session,))


def hashes_of(found: Sequence[int]) -> bytes:
    """Return hashes as bytes."""
    return pack(f">{len(found)}q", *found)


def numbers(hashes: bytes) -> tuple[int, ...]:
    """Return hashes as numbers."""
    return unpack(f">{len(hashes) // 8}q", hashes)


def counts_of(rollup: Rollup) -> bytes:
    """Return what was counted before a place, so that a fork there counts no message again."""
    return _rows.encode((rollup.messages, rollup.user_messages, rollup.tool_calls, rollup.errors, len(rollup.files)))


def counts_from(data: bytes, files: tuple[str, ...]) -> Rollup:
    """Return what was counted before a place; files are known in the order in which they were touched."""
    messages, prompts, calls, errors, known = _rows.counts_from(data)
    return replace(
        Rollup(), messages=messages, user_messages=prompts, tool_calls=calls, errors=errors, files=files[:known]
    )
