"""The tables of `sessions.db`, one step for each schema version. Steps are only ever added."""

from __future__ import annotations

FIRST = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('revision', 0);
CREATE TABLE sessions(
  pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent TEXT NOT NULL, started_at INTEGER, active INTEGER, trashed INTEGER,
  revision INTEGER NOT NULL, next_seq INTEGER NOT NULL, shared INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL, edits BLOB);
CREATE INDEX sessions_by_activity ON sessions(active);
CREATE TABLE changes(revision INTEGER PRIMARY KEY, session TEXT NOT NULL, first INTEGER NOT NULL);
CREATE TABLE blocks(
  pk INTEGER PRIMARY KEY, session INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  size INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX blocks_by_place ON blocks(session, first);
CREATE TABLE ids(session INTEGER NOT NULL, hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(session, hash)) WITHOUT ROWID;
CREATE TABLE files(
  pk INTEGER PRIMARY KEY, session INTEGER NOT NULL, path TEXT NOT NULL, version INTEGER NOT NULL, rows INTEGER NOT NULL,
  size INTEGER NOT NULL, UNIQUE(session, path, version));
CREATE TABLE raw(
  pk INTEGER PRIMARY KEY, file INTEGER NOT NULL, place INTEGER NOT NULL, size INTEGER NOT NULL, block INTEGER, data BLOB NOT NULL);
CREATE INDEX raw_by_place ON raw(file, place);
CREATE INDEX raw_by_block ON raw(block) WHERE block IS NOT NULL;
CREATE TABLE names(pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE requests(
  key INTEGER NOT NULL, session INTEGER NOT NULL, counted INTEGER NOT NULL, at INTEGER, model INTEGER NOT NULL,
  path INTEGER NOT NULL, line INTEGER NOT NULL, main INTEGER NOT NULL, kind TEXT NOT NULL, band INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL, reasoning_apart INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, web INTEGER NOT NULL,
  cost INTEGER, PRIMARY KEY(session, key)) WITHOUT ROWID;
CREATE INDEX requests_by_key ON requests(key);
CREATE TABLE repeats(
  session INTEGER NOT NULL, path INTEGER NOT NULL, line INTEGER NOT NULL, key INTEGER NOT NULL,
  PRIMARY KEY(session, path, line, key)) WITHOUT ROWID;
CREATE TABLE docs(kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, key)) WITHOUT ROWID;
CREATE TABLE receipts(session INTEGER NOT NULL, key TEXT NOT NULL, receipt BLOB NOT NULL, PRIMARY KEY(session, key)) WITHOUT ROWID;
"""

SECOND = """
DROP INDEX sessions_by_activity;
DELETE FROM meta WHERE key='revision';
CREATE TABLE tail(
  session INTEGER NOT NULL, first INTEGER NOT NULL, hashes BLOB NOT NULL, before BLOB, data BLOB NOT NULL,
  PRIMARY KEY(session, first)) WITHOUT ROWID;
ALTER TABLE blocks ADD COLUMN before BLOB;
ALTER TABLE sessions ADD COLUMN base INTEGER;
ALTER TABLE sessions ADD COLUMN base_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX sessions_by_base ON sessions(base) WHERE base IS NOT NULL;
"""
"""The clock is the last row of `changes`; small turns wait in `tail` for a block; a fork leans on its base up to a message."""

STEPS = (FIRST, SECOND)
"""Schema version n is what the first n steps make."""
OF_SESSION = ("blocks", "tail", "ids", "requests", "repeats", "receipts")
"""Tables whose rows belong to one session by its number."""
