"""A small Roo Code home: a task with a sub-task, before and after its counts changed, and one after a condensation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contracts.samples.cline import Record, ask, counts, say, words, write

TASK, SUB, OLD = "0199a1b2-0000-7000-8000-000000000001", "0199a1b2-0000-7000-8000-000000000002", "0198a1b2-old"
CWD = "/home/ada/shop"
NEW_AT, OLD_AT = 1_767_600_000_000, 1_758_000_000_000
EXPECTED: dict[str, Any] = {
    "sessions": [TASK, SUB, OLD],
    "prompts": ["Why does the build fail?", "Read the Makefile", "Zażółć gęślą jaźń"],
    "tools": ["new_task", "read_file", "updateTodoList"],
    "requests": {
        "requests": 1 + 1 + 3, "input": 100 + 50 + 10 + 40, "cache_read": 1000 + 500 + 60, "cache_write": 200,
        "output": 20 + 9 + 5 + 6,
    },
}  # fmt: skip
UNKNOWN_RECORD = None
STORAGE = "globalStorage/rooveterinaryinc.roo-cline"
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", f".config/Code/User/{STORAGE}"),
    ({}, "linux", ".config/Cursor/User/globalStorage/zoocodeorganization.zoo-code"),
    ({}, "linux", f".cursor-server/data/User/{STORAGE}"),
    ({}, "darwin", f"Library/Application Support/VSCodium/User/{STORAGE}"),
    ({}, "win32", f"AppData/Roaming/Code/User/{STORAGE}"),
    ({"APPDATA": "~/roaming"}, "win32", f"roaming/Code - Insiders/User/{STORAGE}"),
    ({}, "linux", ".vscode-mock/global-storage"),
)


def details(model: str = "claude-sonnet-4-5") -> Record:
    mode = f"# Current Mode\n<slug>code</slug>\n<name>Code</name>\n<model>{model}</model>"
    return words(
        f"<environment_details>\n{mode}\n# Current Workspace Directory ({CWD}) Files\nMakefile\n</environment_details>"
    )


def request(at: int, protocol: str, used: Record) -> Record:
    return say(at, "api_req_started", json.dumps({"apiProtocol": protocol, **used}))


def sent(role: str, content: Any, at: int, **more: Any) -> Record:
    return {"role": role, "content": content, "ts": at, **more}


def task_files(folder: Path) -> None:
    """Write a task with native tool calls that hands work to a sub-task."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "new_task", "input": {"mode": "code", "message": "Read it"}}
    given = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Subtask done: no rule for all."}
    write(folder / "api_conversation_history.json", [
        sent("user", [words("<user_message>\nWhy does the build fail?\n</user_message>"), details()], NEW_AT + 200),
        sent("assistant", [{"type": "reasoning", "text": "Ask another."}, words("I will delegate."), call], NEW_AT + 3000),
        sent("user", [given, details()], NEW_AT + 9000),
    ])  # fmt: skip
    write(folder / "ui_messages.json", [
        say(NEW_AT, "text", "Why does the build fail?"),
        request(NEW_AT + 100, "anthropic", counts(1300, 20, read=1000, write=200, cost=0.0125)),
        say(NEW_AT + 2000, "text", "I will delegate.", partial=False),
        ask(NEW_AT + 2500, "tool", json.dumps({"tool": "newTask", "mode": "code", "content": "Read it"})),
        say(NEW_AT + 8000, "subtask_result", "Subtask done: no rule for all."),
    ])  # fmt: skip
    history = {"id": TASK, "number": 1, "ts": NEW_AT + 9000, "task": "Why does the build fail?", "workspace": CWD}
    write(folder / "history_item.json", {**history, "mode": "orchestrator"})


def sub_files(folder: Path) -> None:
    at = NEW_AT + 4000
    call = "<read_file>\n<args>\n  <file>\n    <path>Makefile</path>\n  </file>\n</args>\n</read_file>"
    result = words("[read_file for 'Makefile'] Result:\n\n<files><file><path>Makefile</path></file></files>")
    write(folder / "api_conversation_history.json", [
        sent("user", [words("<task>\nRead the Makefile\n</task>"), details("gpt-5")], at + 200),
        sent("assistant", [words(call)], at + 1000),
        sent("user", [result, details("gpt-5")], at + 1100),
    ])  # fmt: skip
    write(folder / "ui_messages.json", [request(at, "openai", counts(550, 9, read=500))])
    write(folder / "history_item.json", {"id": SUB, "ts": at, "task": "Read the Makefile", "parentTaskId": TASK})


def old_files(folder: Path) -> None:
    """Write a task of 2025 whose first messages a summary took the place of."""
    write(folder / "api_conversation_history.json", [
        sent("user", [words("<task>\nZażółć gęślą jaźń\n</task>"), details()], OLD_AT + 200),
        sent("assistant", "The letters were named.", OLD_AT + 9000, isSummary=True),
        sent("assistant", [words("Gotowe.")], OLD_AT + 12_000),
    ])  # fmt: skip
    condensed = {"summary": "The letters were named.", "cost": 0.01, "prevContextTokens": 900, "newContextTokens": 80}
    write(folder / "ui_messages.json", [
        say(OLD_AT, "text", "Zażółć gęślą jaźń"),
        request(OLD_AT + 100, "anthropic", counts(10, 5, read=60)),
        say(OLD_AT + 1000, "reasoning", "Nine letters.", partial=True),
        ask(OLD_AT + 2000, "tool", json.dumps({"tool": "updateTodoList", "todos": []})),
        {"ts": OLD_AT + 9000, "type": "say", "say": "condense_context", "contextCondense": condensed},
        request(OLD_AT + 10_000, "openai", counts(40, 6)),
        say(OLD_AT + 11_000, "text", "Gotowe.", partial=False),
    ])  # fmt: skip


def build(root: Path) -> None:
    """Write the home below `root`, which stands for the extension's folder."""
    task_files(root / "tasks" / TASK)
    sub_files(root / "tasks" / SUB)
    old_files(root / "tasks" / OLD)
