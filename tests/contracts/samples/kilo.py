"""A small Kilo home: a database with a session, its sub-agent and a task it took over, that task, and one it did not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast.sources.kilo import taken_over
from tests.contracts.samples import opencode
from tests.contracts.samples.cline import Record, ask, counts, say, words, write

NEW, CHILD = "ses_kilo0001", "ses_kilo0002"
OVER, ALONE = "1758000000000", "0199a1b2-0000-7000-8000-000000000009"
CWD = opencode.CWD
AT = int(OVER)
EXPECTED: dict[str, Any] = {
    "sessions": [NEW, CHILD, taken_over(OVER), taken_over(ALONE)],
    "prompts": ["Why does the build fail?", "Look at the Makefile", "Say hello", "Zażółć gęślą jaźń"],
    "tools": ["read", "execute_command"],
    "requests": {
        "requests": 2 + 1 + 1, "input": 100 + 60 + 10 + 40, "cache_read": 1000 + 300 + 20, "cache_write": 50 + 100,
        "output": 20 + 8 + 7 + 6, "reasoning": 4, "reasoning_apart": 4,
    },
}  # fmt: skip
UNKNOWN_RECORD = None
STORAGE = "globalStorage/kilocode.kilo-code"
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/kilo"),
    ({}, "darwin", ".local/share/kilo"),
    ({}, "win32", ".local/share/kilo"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/kilo"),
    ({"KILO_DB": "~/moved/k.db"}, "linux", "moved/k.db"),
    ({"KILO_DB": "other.db"}, "linux", ".local/share/kilo/other.db"),
    ({}, "linux", f".config/Code/User/{STORAGE}"),
    ({}, "darwin", f"Library/Application Support/Cursor/User/{STORAGE}"),
    ({}, "win32", f"AppData/Roaming/Code/User/{STORAGE}"),
    ({}, "linux", ".kilocode/cli/global"),
)


def request(at: int, protocol: str, used: Record) -> Record:
    return say(at, "api_req_started", json.dumps({"apiProtocol": protocol, **used}))


def database(path: Path) -> None:
    """Write the database, as versions before and after the change of tables have it."""
    db = opencode.database(path, modern=False)
    opencode.session(db, NEW, title="Fix the build", version="7.8.3")
    opencode.message(db, NEW, 0, {"type": "text", "text": "Why does the build fail?"}, role="user")
    said = {"type": "text", "text": "It lacks a rule."}
    used = opencode.answered(100, 20, cost=0.0125, reasoning=4, read=1000, write=50)
    opencode.message(db, NEW, 1, said, **used)
    opencode.session(db, CHILD, parent_id=NEW)
    opencode.message(db, CHILD, 20, {"type": "text", "text": "Look at the Makefile"}, role="user")
    state = {"status": "completed", "input": {"filePath": "Makefile"}, "output": "all:", "metadata": {}, "title": "M"}
    call = {"type": "tool", "tool": "read", "callID": "call_9", "state": state}
    opencode.message(db, CHILD, 21, call, **opencode.answered(60, 8, cost=0.002))
    old = taken_over(OVER)
    opencode.session(db, old, title="Say hello", slug=OVER)
    legacy = {"modelID": "legacy", "providerID": "legacy", "cost": 0, "tokens": opencode.tokens(0, 0)}
    opencode.message(db, old, 30, {"type": "text", "text": "Say hello"}, role="user")
    opencode.message(db, old, 31, {"type": "text", "text": "Hello."}, role="assistant", **legacy)
    db.close()


def task_taken_over(folder: Path) -> None:
    sent = [
        {"role": "user", "content": [words("<task>\nSay hello\n</task>")], "ts": AT},
        {"role": "assistant", "content": [words("Hello.")], "ts": AT + 2000},
    ]
    write(folder / "api_conversation_history.json", sent)
    shown = [
        say(AT, "text", "Say hello"),
        request(AT + 100, "anthropic", counts(10, 7, read=300, write=100, cost=0.001)),
    ]
    write(folder / "ui_messages.json", shown)


def task_alone(folder: Path) -> None:
    at = AT + 1_000_000
    shown = [
        say(at, "text", "Zażółć gęślą jaźń"),
        request(at + 100, "openai", counts(60, 6, read=20)),
        ask(at + 1000, "command", "ls"),
        say(at + 2000, "completion_result", "Gotowe."),
    ]
    write(folder / "ui_messages.json", shown)


def build(root: Path) -> None:
    """Write the home below `root`, which stands for the data folder and for the extension's folder."""
    root.mkdir(parents=True, exist_ok=True)
    database(root / "kilo.db")
    task_taken_over(root / "tasks" / OVER)
    task_alone(root / "tasks" / ALONE)
