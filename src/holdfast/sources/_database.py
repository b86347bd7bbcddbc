"""Reading other programs' databases: rows as they stand, which sessions changed, and their rows as JSON lines.

Knows tables and cursors; refuses to know what any column means: a `Book` says which sessions there are and reads one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from holdfast._sqlite import foreign_copy, quoted
from holdfast.errors import Unreadable
from holdfast.model import Json, Losses, Session, Transcript, observed_id
from holdfast.sources._files import ref
from holdfast.sources._jsonl import clean, dumps
from holdfast.sources.base import Cursor, RawSpan, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Connection = Any
"""A connection that `foreign_copy` gave: only `_sqlite` knows the library behind it."""
Row = dict[str, Json]
ENDINGS = (".db", ".sqlite", ".sqlite3")
STEP = 16
CURSORS = 32
"""A cursor names all sessions, so that one is made anew after STEP of them at the least, and about so often in a reading at the
most: what is read twice changes nothing."""


class Found(Struct, frozen=True, kw_only=True):
    """One session of a database: its row, and what tells whether anything of it changed."""

    native: str
    row: Row
    mark: str


class Book(Protocol):
    """What one agent's tables mean."""

    agent: str
    parser: int

    def sessions(self, connection: Connection) -> list[Found]:
        """List every session once, with a mark that changes whenever anything of it does."""

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one session whole, and its rows as JSON lines."""


def described(agent: str, path: Path, *, kind: str, root: Path) -> Ref | None:
    """Describe a database with its write-ahead log: most changes are only in the log for a long time."""
    found = ref(agent, path, kind=kind, root=root)
    log = ref(agent, path.with_name(path.name + "-wal"))
    if found is None or log is None:
        return found
    return replace(found, size=found.size + log.size, mtime_ns=max(found.mtime_ns, log.mtime_ns))


def changed(found: Ref, cursor: Cursor | None, book: Book) -> Iterator[Reading]:
    """Yield each session that changed since the cursor, whole; one empty reading where none did."""
    state = cursor.state if cursor is not None and cursor.parser == book.parser else {}
    known = state.get("sessions")
    marks: dict[str, Json] = dict(known) if isinstance(known, dict) else {}
    try:
        with foreign_copy(Path(found.path)) as connection:
            listed = {f.native: f for f in book.sessions(connection)}
            fresh = [f for f in listed.values() if marks.get(f.native) != f.mark]
            marks = {n: marks[n] for n in listed if n in marks}
            step = max(STEP, len(fresh) // CURSORS)
            for place, session in enumerate(fresh, 1):
                transcript, raw = book.read(connection, session, found.path)
                marks[session.native] = session.mark
                if place == 1 or place == len(fresh) or not place % step:
                    so_far = _cursor(found, book, marks, done=place == len(fresh))
                yield Reading(
                    transcript=transcript,
                    raw=RawSpan(path=found.path, offset=0, data=raw, rows=True),
                    cursor=so_far,
                )
    except (Unreadable, UnicodeDecodeError):  # names in a damaged schema are not decoded leniently
        yield nothing(found, book, marks, damaged=1)
        return
    if not fresh:
        yield nothing(found, book, marks)


def nothing(found: Ref, book: Book, marks: dict[str, Json] | None = None, *, damaged: int = 0) -> Reading:
    """Return a reading that found nothing new."""
    session = Session(id=observed_id(book.agent, ""), agent=book.agent, native_id="", source_path=found.path)
    transcript = Transcript(session=session, losses=Losses(damaged=damaged))
    return Reading(transcript=transcript, raw=None, cursor=_cursor(found, book, marks or {}, done=True))


@lru_cache(maxsize=8)
def known_to(
    path: str,
    size: int,  # noqa: ARG001 - size and time are the cache's key
    mtime_ns: int,  # noqa: ARG001
    names: Callable[[Connection], frozenset[str]],
) -> frozenset[str]:
    """Return the ids of all sessions that a database knows; none where it is gone or damaged."""
    try:
        with foreign_copy(Path(path)) as connection:
            return names(connection)
    except (Unreadable, UnicodeDecodeError, OSError):
        return frozenset()


def rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    *,
    where: tuple[str, Json] | None = None,
    order: str = "",
    blobs: tuple[str, ...] = (),
) -> Iterator[Row]:
    """Yield rows; texts travel as bytes, because a damaged one would not survive the library's own decoding.

    `blobs` are columns whose bytes are no text, whatever they look like.
    """
    picked = ", ".join(
        f"CASE typeof({c}) WHEN 'text' THEN CAST({c} AS BLOB) ELSE {c} END" for c in map(quoted, columns)
    )
    ask = f"SELECT {picked} FROM {quoted(table)}"  # noqa: S608 - names from the database's own schema, quoted
    ask += f" WHERE {quoted(where[0])} = ?" if where else ""
    ask += f" ORDER BY {order}" if order else ""
    for values in connection.execute(ask, (where[1],) if where else ()):
        yield {c: v if c in blobs else _value(v) for c, v in zip(columns, values, strict=True)}


class Places:
    """Where the rows of a value are, for columns that have no index: one pass over a table instead of one a session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[tuple[str, str], dict[Json, list[int]]] = {}

    def rows(self, table: str, columns: Sequence[str], *, where: tuple[str, Json]) -> Iterator[Row]:
        """Yield the rows of a table in which a column has a value, in the order in which they stand."""
        by, value = where
        if (table, by) not in self._found:
            found = self._found[table, by] = {}
            for row in rows(self._connection, table, ("rowid", by)):
                found.setdefault(_hashable(row[by]), []).append(row["rowid"])
        for place in self._found[table, by].get(_hashable(value), ()):
            yield from rows(self._connection, table, columns, where=("rowid", place))


def sums(
    connection: Connection, table: str, columns: Sequence[str], *, by: str, newest: str = "rowid"
) -> dict[Json, list[Json]]:
    """Return for each value of a column how many rows there are, the newest of them, and how long their columns are."""
    lengths = "+".join(f"ifnull(octet_length({quoted(c)}), 0)" for c in columns) or "0"
    ask = f"SELECT {quoted(by)}, count(*), max({quoted(newest)}), sum({lengths}) FROM {quoted(table)} GROUP BY 1"  # noqa: S608
    return {key: list(numbers) for key, *numbers in connection.execute(ask) if isinstance(key, str | int)}


def mark_of(*facts: Json) -> str:
    """Return a short mark of facts that changes whenever they do."""
    text = json.dumps(_plain(facts), sort_keys=True).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def line_of(table: str, row: Row) -> bytes:
    """Return a row as a JSON line; bytes stand in it as base64."""
    return dumps({"table": table, "row": _plain(row)}) + b"\n"


_ident = lru_cache(maxsize=1 << 16)(observed_id)  # each reading of a database names all of its sessions


def _cursor(found: Ref, book: Book, marks: dict[str, Json], *, done: bool) -> Cursor:
    return Cursor(
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        parser=book.parser,
        sessions=tuple(_ident(book.agent, n) for n in marks),
        done=done,
        state={"sessions": dict(marks)} if marks else {},
    )


def _hashable(value: Json) -> Json:
    return value if isinstance(value, str | int | bytes) else None


def _value(value: Json) -> Json:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value if b"\0" in value else clean(value.decode("utf-8", "replace"))


def _plain(value: Json) -> Json:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
