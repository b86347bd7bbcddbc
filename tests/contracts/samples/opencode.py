"""A small OpenCode home: a database with both generations of tables, and a session of the JSON tree before them.

The session of the new tables also stands, stale, in the old ones; the tree's second session is in the database too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

Record = dict[str, Any]

NEW, CHILD, OLD = "ses_new0001", "ses_child01", "ses_old0001"
CWD = "/home/ada/shop"
START = 1_767_600_000_000
EXPECTED = {
    "sessions": [NEW, CHILD, OLD],
    "prompts": ["Why does the build fail?", "Look at the Makefile", "Zażółć gęślą jaźń"],
    "tools": ["bash", "read", "shell"],
    "requests": {
        "requests": 4, "input": 100 + 150 + 60 + 30, "cache_read": 1000 + 5, "cache_write": 50, "output": 20 + 9 + 8 + 7,
        "reasoning": 4, "reasoning_apart": 4,
    },
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/opencode"),
    ({}, "darwin", ".local/share/opencode"),
    ({}, "win32", ".local/share/opencode"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/opencode"),
    ({"OPENCODE_DB": "~/moved/oc.db"}, "linux", "moved/oc.db"),
    ({"OPENCODE_DB": "other.db"}, "linux", ".local/share/opencode/other.db"),
)
SESSION = (
    "id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL, directory text NOT NULL, title text,"
    " version text NOT NULL, share_url text, cost real NOT NULL DEFAULT 0, revert text, agent text, model text,"
    " time_created integer NOT NULL, time_updated integer NOT NULL, time_compacting integer, time_archived integer"
)
TIMES = "time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL"
SCHEMA = f"""
CREATE TABLE session({SESSION});
CREATE TABLE message(id text PRIMARY KEY, session_id text NOT NULL, {TIMES});
CREATE TABLE part(id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, {TIMES});
"""
SCHEMA_V2 = f"""
CREATE TABLE session_v2({SESSION}, fork_session_id text, fork_message_id text);
CREATE TABLE session_message(id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, seq integer NOT NULL, {TIMES});
"""


def tokens(prompt: int, output: int, *, reasoning: int = 0, read: int = 0, write: int = 0) -> Record:
    return {"input": prompt, "output": output, "reasoning": reasoning, "cache": {"read": read, "write": write}}


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    for name, value in values.items():
        values[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT OR REPLACE INTO {table}({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def session(db: apsw.Connection, name: str, *, table: str = "session", **more: Any) -> None:
    row = {"project_id": "p", "slug": "s", "directory": CWD, "title": f"New session - {name}", "version": "1.18.0"}
    insert(db, table, id=name, time_created=START, time_updated=START, **(row | more))


def message(db: apsw.Connection, name: str, number: int, *parts: Record, **data: Any) -> None:
    """Write a message of the first tables with its parts."""
    at, key = START + number * 1000, f"msg_{name}{number:03d}"
    created = {"time": {"created": at}, **data}
    insert(db, "message", id=key, session_id=name, time_created=at, time_updated=at, data=created)
    for place, part in enumerate(parts):
        row = f"prt_{name}{number:03d}{place}"
        insert(db, "part", id=row, message_id=key, session_id=name, time_created=at, time_updated=at, data=part)


def record(db: apsw.Connection, name: str, number: int, kind: str, **data: Any) -> None:
    """Write a message of the new tables."""
    at = START + number * 1000
    row = {"id": f"msg_{name}{number:03d}", "session_id": name, "type": kind, "seq": number}
    insert(db, "session_message", **row, time_created=at, time_updated=at, data={"time": {"created": at}, **data})


def answered(prompt: int, output: int, *, cost: float = 0.0, **more: Any) -> Record:
    used = tokens(prompt, output, **more)
    return {"role": "assistant", "modelID": "kimi-k3", "providerID": "moonshot", "cost": cost, "tokens": used}


def new_session(db: apsw.Connection) -> None:
    """Write a session of the new tables, and what the old ones still have of it."""
    session(db, NEW, title="Stale title")
    message(db, NEW, 0, {"type": "text", "text": "Why does the build fail?"}, role="user")
    session(db, NEW, table="session_v2", title="Fix the build", version="2.0.12", agent="build")
    model = {"id": "kimi-k3", "providerID": "moonshot"}
    state = {
        "status": "completed", "input": {"command": "make"}, "content": [{"type": "text", "text": "Error 2"}],
        "metadata": {"exit": 2},
    }  # fmt: skip
    called = {"type": "tool", "id": "call_1", "name": "bash", "state": state, "time": {"created": START}}
    thought = {"type": "reasoning", "text": "I will run it."}
    record(db, NEW, 0, "user", text="Why does the build fail?")
    used = tokens(100, 20, reasoning=4, read=1000, write=50)
    record(db, NEW, 1, "assistant", agent="build", model=model, content=[thought, called], tokens=used, cost=0.0125)
    said = {"type": "text", "text": "It lacks a rule."}
    record(db, NEW, 2, "assistant", agent="build", model=model, content=[said], tokens=tokens(150, 9), cost=0.001)
    record(db, NEW, 3, "idle", outcome="succeeded")
    record(db, NEW, 4, "shell", command="git status", exit=0, output={"output": "clean"}, status="exited")


def child_session(db: apsw.Connection) -> None:
    """Write a session that only the old tables have: the migration missed it."""
    session(db, CHILD, parent_id=NEW)
    message(db, CHILD, 20, {"type": "text", "text": "Look at the Makefile"}, role="user")
    state = {
        "status": "completed",
        "input": {"filePath": "Makefile"},
        "output": "all:",
        "metadata": {},
        "title": "Makefile",
    }
    read = {"type": "tool", "tool": "read", "callID": "call_9", "state": state}
    message(db, CHILD, 21, {"type": "step-start"}, read, {"type": "step-finish"}, **answered(60, 8, cost=0.002))


def tree(root: Path) -> None:
    """Write a session of the JSON tree, and a stale one that the database knows better."""
    storage = root / "storage"
    for name, title in ((OLD, "Old"), (CHILD, "Stale")):
        info = {
            "id": name,
            "directory": CWD,
            "title": title,
            "version": "1.0.1",
            "time": {"created": START, "updated": START},
        }
        write(storage / "session" / "p" / f"{name}.json", info)
    asked = {"id": "msg_o1", "role": "user", "time": {"created": START + 40_000}}
    write(storage / "message" / OLD / "msg_o1.json", asked)
    write(storage / "part" / "msg_o1" / "prt_o1.json", {"type": "text", "text": "Zażółć gęślą jaźń"})
    reply = {"id": "msg_o2", "time": {"created": START + 41_000}, **answered(30, 7, read=5)}
    write(storage / "message" / OLD / "msg_o2.json", reply)
    write(storage / "part" / "msg_o2" / "prt_o2.json", {"type": "text", "text": "Gotowe."})
    write(storage / "message" / CHILD / "msg_c9.json", {"id": "msg_c9", "role": "user", "time": {"created": START}})
    write(storage / "part" / "msg_c9" / "prt_c9.json", {"type": "text", "text": "stale"})


def write(path: Path, value: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")


def database(path: Path, *, modern: bool = True) -> apsw.Connection:
    """Create an empty database of the first tables, or of both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    db.execute(SCHEMA + (SCHEMA_V2 if modern else ""))
    return db


def build(root: Path) -> None:
    db = database(root / "opencode.db")
    new_session(db)
    child_session(db)
    db.close()
    tree(root)
