"""Where OpenCode keeps messages and parts: the tables of its databases, and the files of the tree before them."""

from __future__ import annotations

from _mix.files import stamp
from _mix.words import ENCODE

COLUMNS = """
 directory text NOT NULL, title text, version text NOT NULL, cost real NOT NULL DEFAULT 0,
 tokens_input integer NOT NULL DEFAULT 0, tokens_output integer NOT NULL DEFAULT 0, tokens_reasoning integer NOT NULL DEFAULT 0,
 tokens_cache_read integer NOT NULL DEFAULT 0, tokens_cache_write integer NOT NULL DEFAULT 0,
 revert text, agent text, model text, time_created integer NOT NULL, time_updated integer NOT NULL,
 time_compacting integer, time_archived integer"""
OLDER = f"""
CREATE TABLE project(id text PRIMARY KEY, worktree text NOT NULL, vcs text, name text, time_created integer, time_updated integer);
CREATE TABLE session(id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL, {COLUMNS});
CREATE TABLE message(id text PRIMARY KEY, session_id text NOT NULL, time_created integer, time_updated integer, data text NOT NULL);
CREATE TABLE part(id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer,
 time_updated integer, data text NOT NULL);
CREATE INDEX message_session_idx ON message(session_id, time_created, id);
CREATE INDEX part_message_idx ON part(message_id, id);
CREATE INDEX part_session_idx ON part(session_id);
"""
NEWER = f"""
CREATE TABLE session_v2(id text PRIMARY KEY, project_id text NOT NULL, parent_id text, fork_session_id text, fork_message_id text,
 slug text NOT NULL, {COLUMNS});
CREATE TABLE session_message(id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, seq integer NOT NULL,
 time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE UNIQUE INDEX session_message_session_seq_idx ON session_message(session_id, seq);
"""


class Rows:
    """Messages and parts as rows of the first tables."""

    def __init__(self, writer, database):
        self.writer, self.database = writer, database

    def session(self, row):
        """Add the session's row."""
        insert(self.database, "session", row | ({"revert": ENCODE(row["revert"])} if row.get("revert") else {}))

    def message(self, session, name, data, at):
        """Add a message's row; return its size."""
        text = ENCODE(data)
        self.database.execute("INSERT INTO message VALUES (?,?,?,?,?)", (name, session, at, at, text))
        return len(text.encode()) + 70

    def part(self, session, message, data, at):
        """Add a part's row; return its size."""
        text = ENCODE(data)
        self.database.execute(
            "INSERT INTO part VALUES (?,?,?,?,?,?)", (self.writer.name("prt", at), message, session, at, at, text)
        )
        return len(text.encode()) + 110

    def damaged(self, session, name, at):
        """Add a row that is no record."""
        self.database.execute("INSERT INTO message VALUES (?,?,?,?,?)", (name, session, at, at, '{"role":"assist'))


class Files:
    """Messages and parts as files of the tree."""

    def __init__(self, writer):
        self.writer, self.storage = writer, writer.root / "storage"

    def session(self, row):
        """Write the session's file."""
        time = {"created": row["time_created"], "updated": row["time_updated"]}
        found = {
            "id": row["id"],
            "directory": row["directory"],
            "title": row["title"],
            "version": row["version"],
            "time": time,
        }
        found |= {"parentID": row["parent_id"]} if row["parent_id"] else {}
        found |= {"revert": row["revert"]} if row.get("revert") else {}
        self._write(f"session/global/{row['id']}", ENCODE(found), row["time_updated"])

    def message(self, session, name, data, at):
        """Write a message's file; return its size."""
        return self._write(f"message/{session}/{name}", ENCODE({"id": name, "sessionID": session, **data}), at)

    def part(self, session, message, data, at):
        """Write a part's file; return its size."""
        name = self.writer.name("prt", at)
        return self._write(
            f"part/{message}/{name}", ENCODE({"id": name, "messageID": message, "sessionID": session, **data}), at
        )

    def damaged(self, session, name, at):
        """Write a file that is no record."""
        self._write(f"message/{session}/{name}", '{"role":"assist', at)

    def _write(self, place, text, at):
        path = self.storage / f"{place}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        path.write_bytes(data)
        stamp(path, at)
        return len(data)


def insert(database, table, row):
    """Add a row by the names of its columns."""
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
