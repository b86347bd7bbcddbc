"""Rows of Cursor's databases as they stand: damaged texts survive, and each session's rows are kept as JSON lines."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from holdfast._sqlite import quoted
from holdfast.model import Json, Losses, Session, Transcript, observed_id
from holdfast.sources._cursor.parts import AGENT
from holdfast.sources._database import described, line_of
from holdfast.sources.base import Cursor, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from holdfast.sources._database import Connection


def pairs(
    connection: Connection, table: str, *, start: str = "", end: str = "", name: str = "key"
) -> Iterator[tuple[str, bytes]]:
    """Yield names and values of a table of pairs, those from `start` up to `end`; a value that is NULL is empty."""
    value = "data" if name == "id" else "value"
    ask = f"SELECT CAST({name} AS BLOB), CAST({value} AS BLOB) FROM {quoted(table)}"  # noqa: S608 - our own names
    ask += f" WHERE {name} >= ? AND {name} < ?" if start else ""
    for key, data in connection.execute(ask, (start, end) if start else ()):
        if isinstance(key, bytes):
            yield key.decode("utf-8", "replace"), data if isinstance(data, bytes) else b""


def line(table: str, key: str, value: bytes) -> bytes:
    """Return a row as a JSON line; bytes that are no text are wrapped."""
    try:
        shown: Json = value.decode()
    except UnicodeDecodeError:
        shown = {"base64": base64.b64encode(value).decode()}
    return line_of(table, {"key": key, "value": shown})


def mark(*facts: Json | bytes) -> str:
    """Return a short sign that changes when one of the facts does."""
    found = hashlib.blake2b(digest_size=8)
    for fact in facts:
        found.update(fact if isinstance(fact, bytes) else json.dumps(fact).encode("utf-8", "surrogatepass"))
        found.update(b"\0")
    return found.hexdigest()


def database(path: Path, root: Path, kind: str) -> Ref | None:
    """Describe a database with its write-ahead log."""
    return described(AGENT, path, kind=kind, root=root)


def cursor_at(found: Ref, parser: int, marks: dict[str, Json], *, done: bool) -> Cursor:
    """Return the cursor after some sessions of a database."""
    return Cursor(
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        parser=parser,
        sessions=tuple(observed_id(AGENT, n) for n in marks),
        done=done,
        state={"marks": dict(marks)} if marks else {},
    )


def nothing(found: Ref, parser: int, marks: dict[str, Json], *, damaged: int = 0) -> Reading:
    """Return a reading that found no session to tell of."""
    session = Session(id=observed_id(AGENT, ""), agent=AGENT, native_id="", source_path=found.path)
    transcript = Transcript(session=session, losses=Losses(damaged=damaged))
    return Reading(transcript=transcript, raw=None, cursor=cursor_at(found, parser, marks, done=True))


def marks_of(cursor: Cursor | None, parser: int) -> dict[str, Json]:
    """Return which sessions of a database were read, and how they stood then."""
    known = cursor.state.get("marks") if cursor is not None and cursor.parser == parser else None
    return dict(known) if isinstance(known, dict) else {}
