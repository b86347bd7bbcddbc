"""A log that llm 0.36 wrote with a scripted model, going on with one of 0.31.1: rows as they were, without the search tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

DATA = Path(__file__).resolve().parents[2] / "data" / "llm"
BOTH = "01m7wrg3867wbcy9e2cztkhmjz"
TOOLS = "01m7wrg38fc82dr4jvsknsjv1z"
SINGLE = "01m7wrg3905pxt6jjk7adm943x"
THREAD = "01m7wrm7cge84b96gwezwadcgy"
FORK = "01m7wrm7cv41ffwnj6fyfy7d4x"
LAST = "01m7wrm7d7z9xgj3dtpn3mma7c"
EXPECTED: dict[str, Any] = {
    "sessions": [BOTH, TOOLS, SINGLE, THREAD, FORK, LAST],
    "prompts": [
        "Why does the build fail?",
        "Zażółć gęślą",
        "And in the new version?",
        "Look around",
        "Say hello",
        "Look at the new tables",
        "Look at the new tables",
        "Go another way",
        "Say hello again",
    ],
    "tools": ["version"] * 6,
    "requests": {
        "requests": 10,
        "input": 362,
        "cache_read": 668,
        "cache_write": 70,
        "output": 106,
        "reasoning": 26,
    },
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".config/io.datasette.llm"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", "xdg/io.datasette.llm"),
    ({}, "darwin", "Library/Application Support/io.datasette.llm"),
    ({}, "win32", "AppData/Roaming/io.datasette.llm"),
    ({"APPDATA": "~/roam"}, "win32", "roam/io.datasette.llm"),
    ({"LLM_USER_PATH": "~/moved"}, "linux", "moved"),
)


def database(root: Path, version: str = "0.36") -> apsw.Connection:
    db = apsw.Connection(str(root / "logs.db"))
    with db:  # one commit for all rows
        db.execute((DATA / version / "logs.sql").read_text(encoding="utf-8"))
    return db


def insert(db: apsw.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(f'"{n}"' for n in values), ", ".join("?" for _ in values)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def build(root: Path) -> None:
    database(root).close()
