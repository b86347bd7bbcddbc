"""A small Hermes home: a session with a rewind and a compaction, its sub-agent, and an older one in a profile that counts as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

MAIN, CHILD, OLDER = "20260105_100000_a1b2c3", "20260105_100100_d4e5f6", "20250105_100000_778899"
CWD = "/home/ada/shop"
START = 1_767_607_200.25
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, CHILD, OLDER],
    "prompts": ["Why does the build fail?", "Rewrite it all", "And now?", "Count the files", "Zażółć gęślą jaźń"],
    "tools": ["terminal", "delegate_task"],
    "requests": {"requests": 4, "input": 171, "cache_read": 905, "cache_write": 30, "output": 62, "reasoning": 9},
}
JSON_LINES = ("never",)
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".hermes"),
    ({}, "darwin", ".hermes"),
    ({}, "win32", "AppData/Local/hermes"),
    ({"HERMES_HOME": "~/moved"}, "linux", "moved"),
)
COUNTERS = (
    "input_tokens INTEGER DEFAULT 0, output_tokens INTEGER DEFAULT 0, cache_read_tokens INTEGER DEFAULT 0,"
    " cache_write_tokens INTEGER DEFAULT 0, reasoning_tokens INTEGER DEFAULT 0"
)
SCHEMA = f"""
CREATE TABLE sessions(id TEXT PRIMARY KEY, source TEXT NOT NULL, session_key TEXT, model TEXT, model_config TEXT,
  parent_session_id TEXT, started_at REAL NOT NULL, ended_at REAL, end_reason TEXT, {COUNTERS}, cwd TEXT, git_branch TEXT,
  git_repo_root TEXT, billing_provider TEXT, estimated_cost_usd REAL, actual_cost_usd REAL, title TEXT, last_activity_at REAL,
  rewind_count INTEGER NOT NULL DEFAULT 0);
CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, role TEXT NOT NULL, content TEXT,
  tool_call_id TEXT, tool_calls TEXT, tool_name TEXT, timestamp REAL NOT NULL, finish_reason TEXT, reasoning TEXT,
  reasoning_content TEXT, _compressed_summary INTEGER NOT NULL DEFAULT 0, active INTEGER NOT NULL DEFAULT 1,
  compacted INTEGER NOT NULL DEFAULT 0, display_kind TEXT, display_identity BLOB);
CREATE TABLE session_model_usage(session_id TEXT NOT NULL, model TEXT NOT NULL, billing_provider TEXT NOT NULL DEFAULT '',
  billing_base_url TEXT NOT NULL DEFAULT '', billing_mode TEXT NOT NULL DEFAULT '', task TEXT NOT NULL DEFAULT '', {COUNTERS},
  estimated_cost_usd REAL NOT NULL DEFAULT 0, actual_cost_usd REAL NOT NULL DEFAULT 0, first_seen REAL, last_seen REAL,
  PRIMARY KEY (session_id, model, billing_provider, billing_base_url, billing_mode, task));
"""
OLDER_SCHEMA = f"""
CREATE TABLE sessions(id TEXT PRIMARY KEY, source TEXT NOT NULL, model TEXT, parent_session_id TEXT, started_at REAL NOT NULL,
  ended_at REAL, {COUNTERS}, title TEXT);
CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, role TEXT NOT NULL, content TEXT,
  tool_call_id TEXT, tool_calls TEXT, timestamp REAL NOT NULL, finish_reason TEXT, reasoning TEXT);
"""


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table}({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def said(db: apsw.Connection, session: str, role: str, content: str, number: int, **more: Any) -> None:
    more = {k: json.dumps(v) if k == "tool_calls" else v for k, v in more.items()}
    insert(db, "messages", session_id=session, role=role, content=content, timestamp=START + number, **more)


def call(name: str, ident: str, **given: Any) -> list[dict[str, Any]]:
    function = {"name": name, "arguments": json.dumps(given)}
    return [{"id": ident, "call_id": ident, "type": "function", "function": function}]


def used(db: apsw.Connection, session: str, model: str, counts: tuple[int, int, int, int, int], **more: Any) -> None:
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    given = dict(zip(names, counts, strict=True))
    insert(db, "session_model_usage", session_id=session, model=model, first_seen=START + 1, **given, **more)


def main_session(db: apsw.Connection) -> None:
    insert(
        db, "sessions", id=MAIN, source="cli", model="gpt-5.6-luna", started_at=START, ended_at=START + 300,
        end_reason="cli_close", cwd=CWD, git_branch="main", git_repo_root=CWD, title="Fix the build", input_tokens=120,
        billing_provider="openai", last_activity_at=START + 200,
    )  # fmt: skip
    failed = json.dumps({"output": "no rule", "exit_code": 2, "error": None})
    said(db, MAIN, "user", "Why does the build fail?", 1, active=0, compacted=1, display_identity=b"\x01")
    said(db, MAIN, "assistant", "", 2, tool_calls=call("terminal", "call-1", command="make"), finish_reason="tool_calls",
         reasoning="Look at it first.", active=0, compacted=1)  # fmt: skip
    said(db, MAIN, "tool", failed, 3, tool_call_id="call-1", tool_name="terminal", active=0, compacted=1)
    said(db, MAIN, "user", "[CONTEXT COMPACTION] The build failed.", 4, _compressed_summary=1)
    said(db, MAIN, "user", "Why does the build fail?", 5, display_identity=b"\x01")
    said(db, MAIN, "user", "Rewrite it all", 6, active=0)
    said(db, MAIN, "assistant", "Done.", 7, active=0, finish_reason="stop")
    said(db, MAIN, "user", "And now?", 8)
    said(
        db,
        MAIN,
        "assistant",
        "",
        9,
        tool_calls=call("delegate_task", "call-2", goal="Count"),
        finish_reason="tool_calls",
    )
    said(db, MAIN, "tool", '{"success": false, "error": "busy"}', 10, tool_call_id="call-2", tool_name="delegate_task")
    said(db, MAIN, "user", "[ASYNC DELEGATION BATCH COMPLETE] 3 files", 11)
    used(db, MAIN, "gpt-5.6-luna", (100, 40, 900, 30, 9), billing_provider="openai", actual_cost_usd=0.0125)
    used(db, MAIN, "gpt-5.6-mini", (20, 5, 5, 0, 0), task="title", estimated_cost_usd=0.000_5)


def child_session(db: apsw.Connection) -> None:
    insert(db, "sessions", id=CHILD, source="subagent", model="gpt-5.6-mini", parent_session_id=MAIN, started_at=START + 60,
           model_config=json.dumps({"_delegate_from": MAIN}), cwd=CWD)  # fmt: skip
    said(db, CHILD, "user", "Count the files", 61)
    said(db, CHILD, "assistant", "3", 62, finish_reason="stop")
    used(db, CHILD, "gpt-5.6-mini", (50, 10, 0, 0, 0))


def open_database(path: Path, schema: str) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    for statement in schema.split(";"):
        db.execute(statement)
    return db


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.hermes`."""
    db = open_database(root / "state.db", SCHEMA)
    main_session(db)
    child_session(db)
    db.close()
    db = open_database(root / "profiles" / "work" / "state.db", OLDER_SCHEMA)
    insert(
        db,
        "sessions",
        id=OLDER,
        source="telegram",
        model="hermes-4",
        started_at=START - 9e6,
        input_tokens=1,
        output_tokens=7,
    )
    insert(db, "messages", session_id=OLDER, role="user", content="Zażółć gęślą jaźń", timestamp=START - 9e6)
    db.close()
