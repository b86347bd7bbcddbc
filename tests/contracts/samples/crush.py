"""A small folder with Crush's databases of two projects: a session with a sub-agent and a summary, and one of another project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

MAIN = "5f0c2d5e-0000-4000-8000-000000000001"
HELPER = "5f0c2d5e-0000-4000-8000-000000000002$$call-2"
OTHER = "5f0c2d5e-0000-4000-8000-000000000003"
T0 = 1_767_607_200
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, HELPER, OTHER],
    "prompts": ["Why does the build fail?", "Look around", "Say hello"],
    "tools": ["bash", "shell_command", "agent", "view"],
    "requests": {"requests": 2, "input": 0, "output": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/crush"),
    ({}, "darwin", ".local/share/crush"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/crush"),
    ({}, "win32", "AppData/Local/crush"),
    ({"LOCALAPPDATA": "~/local"}, "win32", "local/crush"),
    ({"CRUSH_GLOBAL_DATA": "~/moved"}, "linux", "moved"),
)

SCHEMA = """
CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT NOT NULL,
  message_count INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
  completion_tokens INTEGER NOT NULL DEFAULT 0, cost REAL NOT NULL DEFAULT 0.0, updated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL, summary_message_id TEXT, todos TEXT);
CREATE TABLE files (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT NOT NULL, parts TEXT NOT NULL default '[]',
  model TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, finished_at INTEGER, provider TEXT,
  is_summary_message INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE read_files (session_id TEXT NOT NULL, path TEXT NOT NULL, read_at INTEGER NOT NULL, PRIMARY KEY (path, session_id));
"""


def part(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def text(words: str) -> dict[str, Any]:
    return part("text", text=words)


def call(key: str, name: str, **given: Any) -> dict[str, Any]:
    return part("tool_call", id=key, name=name, input=json.dumps(given), provider_executed=False, finished=True)


def result(key: str, name: str, content: str, **more: Any) -> dict[str, Any]:
    values = {"tool_call_id": key, "name": name, "content": content, "data": "", "mime_type": "", "metadata": ""}
    return part("tool_result", **{**values, "is_error": False, **more})


def finish(reason: str, **more: Any) -> dict[str, Any]:
    return part("finish", reason=reason, time=T0, **more)


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def database(project: Path) -> apsw.Connection:
    path = project / ".crush" / "crush.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    db.execute(SCHEMA)
    return db


def session(db: apsw.Connection, native: str, **more: Any) -> None:
    insert(db, "sessions", **{"id": native, "title": "Fix the build", "created_at": T0, "updated_at": T0 + 300, **more})


def message(db: apsw.Connection, native: str, name: str, role: str, *parts: dict[str, Any], **more: Any) -> None:
    values = {"id": name, "session_id": native, "role": role, "parts": json.dumps(list(parts)), "model": ""}
    insert(db, "messages", **{"created_at": T0, "updated_at": T0, **values, **more})


def build(root: Path) -> None:
    db = database(root / "shop")
    model: dict[str, Any] = {"model": "claude-sonnet-4-5", "provider": "anthropic"}
    session(db, MAIN, prompt_tokens=9_000, completion_tokens=400, cost=0.5, summary_message_id="m6")
    message(db, MAIN, "m1", "user", text("Why does the build fail?"), finish("stop"))
    thought = part("reasoning", thinking="Hm.", signature="x")
    message(db, MAIN, "m2", "assistant", thought, call("c1", "bash", command="make"), finish("tool_use"), **model)
    message(
        db,
        MAIN,
        "m3",
        "tool",
        result("c1", "bash", "no rule\nExit code 2\n\n<cwd>/home/ada/shop</cwd>"),
        finish("stop"),
    )
    message(db, MAIN, "m4", "user", part("shell_command", command="ls", output="Makefile", exit_code=0), finish("stop"))
    message(db, MAIN, "m5", "assistant", call("call-2", "agent", prompt="Look around"), finish("tool_use"), **model)
    message(db, MAIN, "m6", "assistant", text("The build failed."), finish("end_turn"), is_summary_message=1, **model)
    insert(db, "files", id="f", session_id=MAIN, path="Makefile", content="all:", created_at=T0, updated_at=T0)
    insert(db, "read_files", session_id=MAIN, path="README", read_at=T0)
    session(db, HELPER, title="New Agent Session", parent_session_id=MAIN, cost=0.2)
    message(db, HELPER, "h1", "user", text("Look around"), finish("stop"))
    message(db, HELPER, "h2", "assistant", call("c1", "view", file_path="Makefile"), finish("tool_use"), **model)
    db.close()
    db = database(root / "garden")
    session(db, OTHER, title="Untitled Session")
    message(db, OTHER, "o1", "user", text("Say hello"), finish("stop"))
    db.close()
