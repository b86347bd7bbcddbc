"""The file of the word index: its tables, its version, and how it is opened.

Knows what is kept where; refuses to know how it is asked. The index is derived: another version is emptied, a damaged
file is deleted, and the service fills it again.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import apsw

from holdfast._sqlite import open_database, writing
from holdfast.errors import Unreadable

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
CLASSES = ("session", "user", "assistant", "tool")
"""One full-text table for each, in the order of their rank."""
HASH_BYTES = {"session": 1 << 20, "user": 2 << 20, "assistant": 8 << 20, "tool": 16 << 20}
"""How much a transaction gathers in memory before it writes a segment: fewer segments, less merging."""
AUTOMERGE = 8
CRISIS = 1000
"""Never reached: a merge of whole tables would stop a small put for seconds. `tidy` merges in steps instead."""
MERGE_PAGES = 500
MOST_SEGMENTS = 40
"""Up to here another pass over all postings costs more than it saves a search."""
CACHE_KIB = 8 * 1024
LOG_BYTES = 4 << 20

_PLAIN = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('revision', 0), ('characters', 0), ('noted', 0), ('pending', 0);
CREATE TABLE sessions(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, active INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX sessions_by_activity ON sessions(active);
CREATE TABLE spans(
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, session INTEGER NOT NULL, seq INTEGER NOT NULL,
  at0 INTEGER NOT NULL, at1 INTEGER NOT NULL);
CREATE INDEX spans_by_session ON spans(session, seq);
CREATE TABLE terms(first BLOB PRIMARY KEY, block BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE fresh(term TEXT PRIMARY KEY) WITHOUT ROWID;
"""


def opened(path: Path | None) -> apsw.Connection:
    """Open the index, creating or emptying it where it is not of this version."""
    try:
        return _opened(path)
    except (Unreadable, apsw.NotADBError, apsw.CorruptError):
        if path is None:
            raise
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).unlink()
        return _opened(path)


def _opened(path: Path | None) -> apsw.Connection:
    connection = open_database(path, durability="derived")
    connection.pragma("cache_size", -CACHE_KIB)
    connection.pragma("journal_size_limit", LOG_BYTES)
    if connection.pragma("user_version") != VERSION:
        with writing(connection):
            if connection.pragma("user_version") != VERSION:
                _create(connection)
    return connection


def _create(connection: apsw.Connection) -> None:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND sql LIKE 'CREATE VIRTUAL%'")
    for (name,) in rows.fetchall():
        connection.execute(f'DROP TABLE "{name}"')
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
        connection.execute(f'DROP TABLE "{name}"')
    connection.execute(_PLAIN)
    for name in CLASSES:
        connection.execute(
            f"CREATE VIRTUAL TABLE words_{name} USING fts5(x, content='', contentless_delete=1, tokenize='ascii')"
        )
        configure(connection, name, "hashsize", HASH_BYTES[name])
        connection.execute(f"CREATE VIRTUAL TABLE vocabulary_{name} USING fts5vocab('words_{name}', 'row')")
        configure(connection, name, "crisismerge", CRISIS)
    merging(connection, automatic=True)
    connection.pragma("user_version", VERSION)


def merging(connection: apsw.Connection, *, automatic: bool) -> None:
    """Let puts merge a few pages now and then, or leave all merging to `tidy` (for bulk puts)."""
    for name in CLASSES:
        configure(connection, name, "automerge", AUTOMERGE if automatic else 0)


def tidy(connection: apsw.Connection, *, whole: bool) -> None:
    """Merge tables of many segments: one step of two megabytes each, or with `whole` until it is done."""
    for name in CLASSES:
        worked = True
        while worked and _segments(connection, name) > MOST_SEGMENTS:
            before = connection.total_changes()
            with writing(connection):
                configure(connection, name, "merge", MERGE_PAGES)
            worked = whole and connection.total_changes() - before > 1


def _segments(connection: apsw.Connection, name: str) -> int:
    return int(connection.execute(f"SELECT count(DISTINCT segid) FROM words_{name}_idx").get)


def configure(connection: apsw.Connection, name: str, option: str, value: int) -> None:
    """Set an option of one full-text table, or give it a command."""
    connection.execute(f"INSERT INTO words_{name}(words_{name}, rank) VALUES(?, ?)", (option, value))


def read_number(connection: apsw.Connection, key: str) -> int:
    """Return a kept number."""
    return int(connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).get)


def write_number(connection: apsw.Connection, key: str, value: int) -> None:
    """Keep a number (by UPDATE alone: REPLACE would need a savepoint, see words.py)."""
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
