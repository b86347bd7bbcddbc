"""A small Zed home: a thread with a sub-agent, packed, and an older one with roles, as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import zstandard

MAIN = "6f1c0b2e-1111-4bbb-8ccc-000000000001"
HELPER = "6f1c0b2e-1111-4bbb-8ccc-000000000002"
OLD = "6f1c0b2e-1111-4bbb-8ccc-000000000003"
CWD = "/home/ada/shop"
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, HELPER, OLD],
    "prompts": ["Why does the build fail?", "And now?", "Look around", "Zażółć gęślą"],
    "tools": ["terminal", "grep"],
    "requests": {"requests": 3, "input": 100 + 10 + 30, "cache_read": 700, "cache_write": 50, "output": 40 + 5 + 12},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/zed"),
    ({}, "linux", ".var/app/dev.zed.Zed/data/zed"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/zed"),
    ({"FLATPAK_XDG_DATA_HOME": "~/flat", "XDG_DATA_HOME": "~/xdg"}, "linux", "flat/zed"),
    ({}, "darwin", "Library/Application Support/Zed"),
    ({}, "win32", "AppData/Local/Zed"),
    ({"LOCALAPPDATA": "~/local"}, "win32", "local/Zed"),
)

SCHEMA = """
CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL, data_type TEXT NOT NULL,
  data BLOB NOT NULL, parent_id TEXT, folder_paths TEXT, folder_paths_order TEXT, created_at TEXT)
"""
OLDER_SCHEMA = """
CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL, data_type TEXT NOT NULL,
  data BLOB NOT NULL)
"""


def user(name: str, *content: Any) -> dict[str, Any]:
    return {"User": {"id": name, "content": [{"Text": c} if isinstance(c, str) else c for c in content]}}


def agent(*content: Any, results: dict[str, Any] | None = None) -> dict[str, Any]:
    blocks = [{"Text": c} if isinstance(c, str) else c for c in content]
    return {"Agent": {"content": blocks, "tool_results": results or {}, "reasoning_details": None}}


def use(key: str, name: str, **given: Any) -> dict[str, Any]:
    raw = json.dumps(given)
    return {"ToolUse": {"id": key, "name": name, "raw_input": raw, "input": given, "is_input_complete": True}}


def result(key: str, *content: Any, **more: Any) -> dict[str, Any]:
    blocks = [{"Text": c} if isinstance(c, str) else c for c in content]
    values = {"tool_use_id": key, "tool_name": "terminal", "is_error": False, "content": blocks, "output": None}
    return {key: {**values, **more}}


def usage(given: int, output: int, read: int = 0, write: int = 0) -> dict[str, int]:
    sums = {"input_tokens": given, "output_tokens": output}
    return {**sums, "cache_read_input_tokens": read, "cache_creation_input_tokens": write}


def snapshot(path: str = CWD, branch: str = "main") -> dict[str, Any]:
    state = {"remote_url": None, "head_sha": "abc", "current_branch": branch, "diff": None}
    return {"worktree_snapshots": [{"worktree_path": path, "git_state": state}], "timestamp": "2026-01-05T09:59:00Z"}


def thread(*messages: Any, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "version": "0.3.0",
        "title": "Fix the build",
        "messages": list(messages),
        "updated_at": "2026-01-05T10:05:00Z",
        "cumulative_token_usage": {},
        "request_token_usage": {},
        "model": {"provider": "anthropic", "model": "claude-sonnet-4-5"},
        "profile": "write",
    }
    return {**values, **more}


def packed(found: Any) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(json.dumps(found).encode())


def database(root: Path, schema: str = SCHEMA) -> apsw.Connection:
    (root / "threads").mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(root / "threads" / "threads.db"))
    db.execute(schema)
    return db


def insert(db: apsw.Connection, native: str, data: bytes, **more: Any) -> None:
    values: dict[str, Any] = {
        "id": native,
        "summary": "Fix the build",
        "updated_at": "2026-01-05T10:05:00Z",
        "data_type": "zstd",
    }
    values = {**values, "data": data, **more}
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    db.execute(f"INSERT OR REPLACE INTO threads ({names}) VALUES ({marks})", tuple(values.values()))


def build(root: Path) -> None:
    db = database(root)
    main = thread(
        user(
            "u1", "Why does the build fail?", {"Mention": {"uri": "file:///home/ada/shop/Makefile", "content": "all:"}}
        ),
        agent(
            {"Thinking": {"text": "Hm.", "signature": None}},
            {"RedactedThinking": "x"},
            use("t1", "terminal", command="make"),
            results=result("t1", "no rule", is_error=True),
        ),
        {"Compaction": {"Summary": "The build failed."}},
        user("u2", "And now?"),
        "Resume",
        agent("Add a rule."),
        cumulative_token_usage=usage(100, 40, 700, 50),
        request_token_usage={"u1": usage(10, 20, 300, 50), "u2": usage(20, 10, 400)},
        initial_project_snapshot=snapshot(),
    )
    insert(
        db,
        MAIN,
        packed(main),
        folder_paths=f"/home/ada/lib\n{CWD}",
        folder_paths_order="1,0",
        created_at="2026-01-05T10:00:00Z",
    )
    helper = thread(
        user("u1", "Look around"), agent("Done."), title="New Thread", request_token_usage={"u1": usage(10, 5)}
    )
    insert(db, HELPER, packed(helper), summary="New Thread", parent_id=MAIN, folder_paths=CWD)
    old = {
        "version": "0.2.0",
        "summary": "Polish words",
        "updated_at": "2025-06-01T10:00:00Z",
        "messages": [
            {"id": 0, "role": "user", "segments": [{"type": "text", "text": "Zażółć gęślą"}], "context": "<context/>"},
            {
                "id": 1,
                "role": "assistant",
                "segments": [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "jaźń"}],
                "tool_uses": [{"id": "t1", "name": "grep", "input": {"regex": "x"}}],
                "tool_results": [{"tool_use_id": "t1", "is_error": True, "content": "no match", "output": None}],
            },
        ],
        "cumulative_token_usage": usage(30, 12),
        "request_token_usage": [usage(30, 12)],
        "initial_project_snapshot": snapshot(),
    }
    insert(db, OLD, json.dumps(old).encode(), data_type="json", summary="Polish words")
    db.close()


def reopened(root: Path) -> apsw.Connection:
    return apsw.Connection(str(root / "threads" / "threads.db"))
