"""A small Open WebUI data folder: a chat that was branched, one with message rows, the oldest shape, and a copy made for sharing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

BRANCHED, ROWS, OLDEST = "chat-0001-branched", "chat-0002-rows", "chat-0003-oldest"
START = 1_767_607_200
EXPECTED: dict[str, Any] = {
    "sessions": [BRANCHED, ROWS, OLDEST],
    "prompts": ["What should I pack?", "And for the evening?", "Where does the key hang?", "Zażółć gęślą jaźń"],
    "tools": ["get_weather", "search"],
    "requests": {"requests": 4, "input": 20 + 30 + 70 + 5, "cache_read": 30, "output": 8 + 9 + 40 + 6, "reasoning": 4},
}
JSON_LINES = ("never",)
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".open-webui"),
    ({}, "linux", ".config/open-webui"),
    ({}, "darwin", "Library/Application Support/open-webui"),
    ({}, "win32", "AppData/Roaming/open-webui"),
    ({"DATA_DIR": "~/moved"}, "linux", "moved"),
    ({"DATABASE_URL": "sqlite:///~/db/other.db"}, "linux", "db/other.db"),
)
SCHEMA = """
CREATE TABLE chat(id TEXT PRIMARY KEY, user_id TEXT, title TEXT, chat JSON, created_at BIGINT, updated_at BIGINT, share_id TEXT,
  archived BOOLEAN, pinned BOOLEAN, meta JSON, folder_id TEXT);
CREATE TABLE chat_message(id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, user_id TEXT, role TEXT NOT NULL, parent_id TEXT,
  content JSON, output JSON, model_id TEXT, files JSON, sources JSON, meta JSON, done BOOLEAN, error JSON, usage JSON,
  context_summary TEXT, created_at BIGINT, updated_at BIGINT);
"""
WEATHER = (
    '<details type="reasoning" done="true" duration="2">\n<summary>Thought for 2 seconds</summary>\n> Ask for the weather.\n'
    '> It &gt; matters.\n</details>\n<details type="tool_calls" done="true" id="call_1" name="get_weather" '
    'arguments="{&quot;city&quot;: &quot;Vienna&quot;}" result="&quot;Sunny in Vienna&quot;">\n<summary>Tool Executed</summary>\n'
    "</details>\nIt is sunny."
)


def said(name: str, parent: str | None, role: str, content: str, second: int, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "parentId": parent,
        "childrenIds": [],
        "role": role,
        "content": content,
        "timestamp": START + second,
        **more,
    }


def tree(current: str, *messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "Packing",
        "models": ["small-4b"],
        "history": {"messages": {m["id"]: m for m in messages}, "currentId": current},
        "messages": [],
    }


def branched() -> dict[str, Any]:
    counted = {
        "prompt_tokens": 60,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 30},
        "completion_tokens_details": {"reasoning_tokens": 4},
        "cost": 0.0125,
    }
    return tree(
        "a2",
        said(
            "u1", None, "user", "What should I pack?", 1, files=[{"type": "image", "url": "data:image/png;base64,AAAA"}]
        ),
        said(
            "a1",
            "u1",
            "assistant",
            "An umbrella.",
            3,
            model="small-4b",
            info={"prompt_eval_count": 20, "eval_count": 8},
        ),
        said("a1b", "u1", "assistant", WEATHER, 4, model="big-70b", usage=counted),
        said("u2", "a1b", "user", "And for the evening?", 9),
        said("a2", "u2", "assistant", "", 10, model="big-70b", error={"content": "rate limited"}),
    )


def chat(db: apsw.Connection, name: str, title: str, document: dict[str, Any] | None, **more: Any) -> None:
    values = {
        "id": name,
        "user_id": "user-1",
        "title": title,
        "chat": None if document is None else json.dumps(document),
        "created_at": START,
        "updated_at": START + 60,
        **more,
    }
    insert(db, "chat", **values)


def row(db: apsw.Connection, chat_id: str, name: str, role: str, second: int, **more: Any) -> None:
    told = {k: json.dumps(v) if k in ("content", "output", "usage", "error", "files") else v for k, v in more.items()}
    insert(
        db, "chat_message", id=f"{chat_id}-{name}", chat_id=chat_id, role=role, created_at=START + second,
        updated_at=START + second, **told,
    )  # fmt: skip


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table}({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def with_rows(db: apsw.Connection) -> None:
    output = [
        {"type": "reasoning", "content": [{"type": "output_text", "text": "Look it up."}]},
        {"type": "function_call", "call_id": "call_2", "name": "search", "arguments": '{"q": "key"}'},
        {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "blue door"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Behind the blue door."}]},
    ]
    counted = {"input_tokens": 70, "output_tokens": 40, "total_tokens": 110}
    chat(
        db, ROWS, "Lighthouse key", tree("a9", said("u9", None, "user", "Where?", 1)), meta='{"tags": ["trip", "key"]}'
    )
    row(db, ROWS, "u9", "user", 1, content="Where does the key hang?")
    row(db, ROWS, "a9", "assistant", 5, parent_id="u9", content="Behind the blue door.", output=output, model_id="big-70b",
        usage=counted, context_summary="They look for a key.")  # fmt: skip


def open_database(path: Path) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    for statement in SCHEMA.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").split(";"):
        db.execute(statement)
    return db


def build(root: Path) -> None:
    """Write the database below `root`, which stands for the data folder."""
    db = open_database(root / "webui.db")
    chat(db, BRANCHED, "Packing for Vienna", branched(), folder_id="folder-1", pinned=1)
    with_rows(db)
    listed = [
        {"role": "user", "content": "Zażółć gęślą jaźń"},
        {
            "role": "assistant",
            "content": "Dobrze.",
            "model": "small-4b",
            "info": {"prompt_eval_count": 5, "eval_count": 6},
        },
    ]
    chat(db, OLDEST, "New Chat", {"messages": listed}, archived=1)
    chat(db, "share-0001", "Packing for Vienna", branched(), user_id=f"shared-{BRANCHED}")
    db.close()
