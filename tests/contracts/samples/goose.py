"""A small Goose home: a database with a ledger (a session, its sub-agent, one of older counters) and a file from before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

MAIN = "20260105_1"
HELPER = "20260105_2"
COUNTED = "20260105_3"
OLD = "20250101_120000"
CWD = "/home/ada/shop"
T0 = 1_767_607_200
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, HELPER, COUNTED, OLD],
    "prompts": ["Why does the build fail?", "And now?", "Look around", "Say hello", "Zażółć gęślą"],
    "tools": ["developer__shell", "developer__text_editor"],
    "requests": {
        "requests": 5,
        "input": 500 + 300 + 40 + 70 + 90,
        "cache_read": 8000,
        "cache_write": 1500,
        "output": 400 + 50 + 5 + 7 + 9,
    },
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/goose"),
    ({}, "darwin", ".local/share/goose"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/goose"),
    ({}, "win32", "AppData/Roaming/Block/goose/data"),
    ({"APPDATA": "~/roam"}, "win32", "roam/Block/goose/data"),
    ({"GOOSE_PATH_ROOT": "~/moved"}, "linux", "moved/data"),
)

SCHEMA = """
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
  user_set_name BOOLEAN DEFAULT FALSE, session_type TEXT NOT NULL DEFAULT 'user', working_dir TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  extension_data TEXT DEFAULT '{}', total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER,
  accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER,
  accumulated_cost REAL, schedule_id TEXT, provider_name TEXT, model_config_json TEXT, goose_mode TEXT,
  archived_at TIMESTAMP, project_id TEXT, parent_session_id TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT NOT NULL REFERENCES sessions(id),
  role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
  timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tokens INTEGER, metadata_json TEXT);
CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
  model TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cache_read_tokens INTEGER,
  cache_write_tokens INTEGER, cost REAL, cost_source TEXT, is_compaction INTEGER DEFAULT 0);
"""
VISIBLE = {"userVisible": True, "agentVisible": True}
ARCHIVED = {"userVisible": True, "agentVisible": False}
INJECTED = {"userVisible": False, "agentVisible": True}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(key: str, name: str, **given: Any) -> dict[str, Any]:
    value = {"name": name, "arguments": given}
    return {"type": "toolRequest", "id": key, "toolCall": {"status": "success", "value": value}}


def result(key: str, *content: dict[str, Any], **more: Any) -> dict[str, Any]:
    value = {"content": list(content), "isError": False, **more}
    return {"type": "toolResponse", "id": key, "toolResult": {"status": "success", "value": value}}


def for_(who: str, words: str) -> dict[str, Any]:
    return {**text(words), "annotations": {"audience": [who]}}


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def database(path: Path) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    db.execute(SCHEMA)
    return db


def session(db: apsw.Connection, native: str, **more: Any) -> None:
    config = json.dumps({"model_name": "claude-sonnet-4-5", "context_limit": 200_000})
    values = {
        "id": native,
        "name": "Fix the build",
        "working_dir": CWD,
        "created_at": "2026-01-05 10:00:00",
        "updated_at": "2026-01-05 10:05:00",
        "provider_name": "anthropic",
        "model_config_json": config,
    }
    insert(db, "sessions", **{**values, **more})


def message(db: apsw.Connection, native: str, name: str, role: str, *content: dict[str, Any], **more: Any) -> None:
    metadata = json.dumps(more.pop("metadata", VISIBLE))
    values = {"message_id": name, "session_id": native, "role": role, "content_json": json.dumps(list(content))}
    insert(db, "messages", **{"created_timestamp": T0, "metadata_json": metadata, **values, **more})


def ledger(db: apsw.Connection, native: str, given: int, output: int, **more: Any) -> None:
    values = {"session_id": native, "created_timestamp": T0, "model": "claude-sonnet-4-5", "input_tokens": given}
    insert(db, "usage_ledger", **{**values, "output_tokens": output, "total_tokens": given + output, **more})


def build(root: Path) -> None:
    db = database(root / "sessions" / "sessions.db")
    session(db, MAIN, total_tokens=10_400)
    message(db, MAIN, "m1", "user", text("Why does the build fail?"), metadata=ARCHIVED)
    message(
        db,
        MAIN,
        "m2",
        "assistant",
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
        call("c1", "developer__shell", command="make"),
        metadata=ARCHIVED,
    )
    message(
        db,
        MAIN,
        "m3",
        "user",
        result("c1", for_("assistant", "no rule"), for_("user", "no rule, in colours")),
        metadata=ARCHIVED,
    )
    message(db, MAIN, "m4", "user", text("The build failed for want of a rule."), metadata=INJECTED)
    message(db, MAIN, "m5", "user", text("And now?"), created_timestamp=T0 + 60)
    message(db, MAIN, "m6", "assistant", text("Add a rule."), created_timestamp=T0 + 61)
    ledger(db, MAIN, 10_000, 400, cache_read_tokens=8_000, cache_write_tokens=1_500, cost=0.05, cost_source="estimated")
    ledger(db, MAIN, 300, 50, model=None, cost=0.01, cost_source="carried_forward")
    session(db, HELPER, name="", session_type="sub_agent", parent_session_id=MAIN)
    message(db, HELPER, "m1", "user", text("Look around"))
    message(db, HELPER, "m2", "assistant", call("c1", "developer__text_editor", command="view", path="Makefile"))
    error = {"status": "error", "error": "no such file"}
    message(db, HELPER, "m3", "user", {"type": "toolResponse", "id": "c1", "toolResult": error})
    ledger(db, HELPER, 40, 5, is_compaction=1)
    session(db, COUNTED, name="CLI Session", accumulated_input_tokens=70, accumulated_output_tokens=7)
    message(db, COUNTED, "m1", "user", text("Say hello"))
    db.close()
    (root / "sessions" / f"{OLD}.jsonl").write_bytes(b"".join(json.dumps(r).encode() + b"\n" for r in old_records()))


def header(**more: Any) -> dict[str, Any]:
    """Write the first line of an older file."""
    sums = {"accumulated_total_tokens": 99, "accumulated_input_tokens": 90, "accumulated_output_tokens": 9}
    return {"working_dir": CWD, "description": "Polish words", "message_count": 2, "total_tokens": 50, **sums, **more}


def old_records() -> list[dict[str, Any]]:
    return [
        header(),
        {"role": "user", "created": 1_735_732_800, "content": [text("Zażółć gęślą")]},
        {"id": "b", "role": "assistant", "created": 1_735_732_801, "content": [text("jaźń")]},
    ]
