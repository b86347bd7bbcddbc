"""A small Cline home: a task with both lists, a task with only what was shown, a session of 4.1 with a sub-agent and a fork."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

TASK, SHOWN = "1767600000000", "1767600500000"
LEAD, FORK, SUB = "1767601000000_ab1cd", "1767602000000_ef2gh", "agent_xyz"
CWD = "/home/ada/shop"
MODEL = "claude-sonnet-4-5"
EXPECTED: dict[str, Any] = {
    "sessions": [TASK, SHOWN, LEAD, FORK, f"{LEAD}/{SUB}"],
    "prompts": ["Why does the build fail?", "Use make instead", "Say hello", "Louder", "Look around", *["Zażółć gęślą jaźń"] * 2],
    "tools": ["execute_command", "read_file", "readFile", "execute_command", "read_files", "read_files", "attempt_completion"],
    "requests": {
        "requests": 2 + 1 + 2 + 1, "input": 100 + 50 + 20 + 60 + 10 + 30, "cache_read": 1000 + 30, "cache_write": 200 + 10,
        "output": 20 + 10 + 5 + 9 + 3 + 4,
    },
}  # fmt: skip
UNKNOWN_RECORD = None
STORAGE = "globalStorage/saoudrizwan.claude-dev"
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".cline/data"),
    ({}, "linux", f".config/Code/User/{STORAGE}"),
    ({}, "linux", f".config/VSCodium/User/{STORAGE}"),
    ({}, "linux", f".vscode-server/data/User/{STORAGE}"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", f"xdg/Cursor/User/{STORAGE}"),
    ({}, "darwin", f"Library/Application Support/Code - Insiders/User/{STORAGE}"),
    ({}, "win32", f"AppData/Roaming/Windsurf/User/{STORAGE}"),
    ({"APPDATA": "~/roaming"}, "win32", f"roaming/Code/User/{STORAGE}"),
    ({"CLINE_DIR": "~/moved"}, "linux", "moved/data"),
    ({"CLINE_DATA_DIR": "~/moved", "CLINE_DIR": "~/other"}, "linux", "moved"),
    ({"CLINE_SESSION_DATA_DIR": "~/sessions"}, "darwin", "sessions"),
)


def words(text: str) -> Record:
    return {"type": "text", "text": text}


def details(model: str = MODEL) -> Record:
    files = f"# Current Working Directory ({CWD}) Files\nMakefile"
    return words(f"<environment_details>\n# Current Mode\n<model>{model}</model>\n{files}\n</environment_details>")


def request(at: int, counts: Record, *, index: int = -1, **more: Any) -> Record:
    text = json.dumps({"request": "<task>...</task>", **counts})
    return {"ts": at, "type": "say", "say": "api_req_started", "text": text, "conversationHistoryIndex": index, **more}


def counts(sent: int, output: int, *, read: int = 0, write: int = 0, cost: float = 0.0) -> Record:
    return {"tokensIn": sent, "tokensOut": output, "cacheReads": read, "cacheWrites": write, "cost": cost}


def say(at: int, kind: str, text: str, **more: Any) -> Record:
    return {"ts": at, "type": "say", "say": kind, "text": text, **more}


def ask(at: int, kind: str, text: str, **more: Any) -> Record:
    return {"ts": at, "type": "ask", "ask": kind, "text": text, **more}


def shown_of_task() -> list[Record]:
    at = int(TASK)
    model = {"modelInfo": {"modelId": MODEL, "providerId": "anthropic", "mode": "act"}}
    return [
        say(at, "task", "Why does the build fail?", conversationHistoryIndex=-1),
        request(at + 100, counts(100, 20, read=1000, write=200, cost=0.0125), **model),
        say(at + 2000, "reasoning", "I will run it.", conversationHistoryIndex=0, partial=True),
        say(at + 2500, "text", "Let me run it.", conversationHistoryIndex=0),
        ask(at + 3000, "command", "make", conversationHistoryIndex=0),
        say(at + 4000, "command_output", "Error 2", conversationHistoryIndex=1),
        request(at + 5000, counts(50, 10, cost=0.001), index=1, **model),
        say(at + 6000, "error", "The model is overloaded", conversationHistoryIndex=2),
        say(at + 7000, "checkpoint_created", "", conversationHistoryIndex=3),
    ]


def sent_of_task() -> list[Record]:
    call = (
        "<execute_command>\n<command>make</command>\n<requires_approval>false</requires_approval>\n</execute_command>"
    )
    result = "Command failed with exit code 2.\nOutput:\nmake: *** no rule"
    read = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "Makefile"}}
    given = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [words("all:")]}
    return [
        {"role": "user", "content": [words("<task>\nWhy does the build fail?\n</task>"), details()]},
        {"role": "assistant", "content": [words(f"Let me run it.\n\n{call}")]},
        {
            "role": "user",
            "content": [
                words("[execute_command for 'make'] Result:"),
                words(f"{result}\n<feedback>\nUse make instead\n</feedback>"),
                details(),
            ],
        },
        {"role": "assistant", "content": [words("It lacks a rule."), read]},
        {"role": "user", "content": [given, details()]},
    ]


def shown_alone() -> list[Record]:
    at = int(SHOWN)
    return [
        say(at, "text", "Say hello"),
        request(at + 1000, counts(20, 5)),
        say(at + 2000, "text", "Hel...", partial=True),
        say(at + 2001, "text", "Hello.", partial=False),
        ask(at + 3000, "tool", json.dumps({"tool": "readFile", "path": "a.py"})),
        ask(at + 4000, "command", "ls"),
        ask(at + 5000, "command_output", "a.py"),
        say(at + 6000, "user_feedback", "Louder"),
        say(at + 7000, "completion_result", "HELLOHAS_CHANGES"),
    ]


def message(name: str, role: str, content: Any, number: int, **more: Any) -> Record:
    return {"id": name, "role": role, "content": content, "ts": int(LEAD[:13]) + number * 1000, **more}


def answered(name: str, content: list[Record], number: int, **metrics: Any) -> Record:
    info = {"id": MODEL, "provider": "anthropic"}
    return message(name, "assistant", content, number, modelInfo=info, metrics=metrics)


def lead_messages() -> list[Record]:
    call = {"type": "tool_use", "id": "call_1", "name": "read_files", "input": {"paths": ["Makefile"]}}
    result = {
        "type": "tool_result",
        "tool_use_id": "call_1",
        "name": "read_files",
        "content": "all:",
        "is_error": False,
    }
    thought = {"type": "thinking", "thinking": "Look first."}
    metrics = {"inputTokens": 100, "outputTokens": 9, "cacheReadTokens": 30, "cacheWriteTokens": 10, "cost": 0.002}
    return [
        message("m1", "user", '<user_input mode="act">Zażółć gęślą jaźń</user_input>', 0),
        answered("m2", [thought, call], 1, **metrics),
        message("m3", "user", [result], 2),
    ]


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")


def session(root: Path, name: str, messages: list[Record], **more: Any) -> None:
    folder = root / "sessions" / name
    manifest = {"version": 1, "session_id": name, "source": "cli", "pid": 1, "started_at": "2026-01-05T08:16:40.000Z"}
    facts = {"status": "completed", "provider": "anthropic", "model": MODEL, "cwd": CWD, "workspace_root": CWD}
    write(folder / f"{name}.json", {**manifest, **facts, **more})
    write(folder / f"{name}.messages.json", document(name, messages))


def document(name: str, messages: list[Record], agent: str = "lead") -> Record:
    updated = "2026-01-05T08:20:00.000Z"
    return {"version": 1, "updated_at": updated, "agent": agent, "sessionId": name, "messages": messages}


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.cline/data`."""
    listed = [{"id": TASK, "ts": int(TASK), "task": "Why does the build fail?", "cwdOnTaskInitialization": CWD}]
    write(root / "state" / "taskHistory.json", listed)
    write(root / "tasks" / TASK / "ui_messages.json", shown_of_task())
    write(root / "tasks" / TASK / "api_conversation_history.json", sent_of_task())
    write(root / "tasks" / TASK / "task_metadata.json", {"environment_history": [{"cline_version": "3.89.2"}]})
    write(root / "tasks" / SHOWN / "ui_messages.json", shown_alone())
    session(root, LEAD, lead_messages(), metadata={"title": "Polish letters"})
    done = {"type": "tool_use", "id": "call_8", "name": "attempt_completion", "input": {"result": "Done."}}
    sub = [message("s1", "user", "Look around", 3), answered("s2", [done], 4, inputTokens=10, outputTokens=3)]
    write(root / "sessions" / LEAD / f"{SUB}.messages.json", document(LEAD, sub, "subagent"))
    more = answered("m4", [words("Gotowe.")], 5, inputTokens=30, outputTokens=4)
    fork = {"fork": {"forkedFromSessionId": LEAD, "forkedAt": "2026-01-05T08:21:00.000Z", "source": "cli"}}
    session(root, FORK, [*lead_messages(), more], metadata=fork)
