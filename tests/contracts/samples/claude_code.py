"""A small Claude Code home: a session with a tool call, its sub-agent, and a lost session's prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

MAIN = "11111111-2222-4333-8444-555555555555"
LOST = "99999999-2222-4333-8444-555555555555"
AGENT = "agent-a0b1c2d3"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, f"{MAIN}/{AGENT}", LOST],
    "prompts": ["Why does the build fail?", "Look at the Makefile", "an old question", "another old question"],
    "tools": ["Bash"],
    "requests": {"requests": 3, "input": 16, "cache_read": 3000, "cache_write": 700, "output": 90, "reasoning": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".claude"),
    ({}, "darwin", ".claude"),
    ({}, "win32", ".claude"),
    ({"CLAUDE_CONFIG_DIR": "~/moved"}, "linux", "moved"),
    ({}, "linux", ".config/Claude/local-agent-mode-sessions"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", "xdg/Claude/local-agent-mode-sessions"),
    ({}, "darwin", "Library/Application Support/Claude/local-agent-mode-sessions"),
    ({}, "win32", "AppData/Roaming/Claude/local-agent-mode-sessions"),
)


def record(kind: str, number: int, *, session: str = MAIN, **more: Any) -> Record:
    return {
        "type": kind,
        "uuid": f"{session[:8]}-0000-4000-8000-{number:012d}",
        "parentUuid": f"{session[:8]}-0000-4000-8000-{number - 1:012d}" if number > 1 else None,
        "sessionId": session,
        "timestamp": f"2026-01-05T10:00:{number:02d}.000Z",
        "cwd": CWD,
        "gitBranch": "main",
        "version": "2.1.143",
        "isSidechain": False,
        "userType": "external",
        **more,
    }


def answer(name: str, content: list[Any], output: int, **usage: int) -> Record:
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-7",
        "content": content,
        "stop_reason": None,
        "usage": {"input_tokens": 6, "output_tokens": output, **usage},
    }


def main_records() -> list[Record]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "make"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "make: *** [all] Error 2", "is_error": True}
    text = {"type": "text", "text": "I will run it."}
    cache = {"cache_creation_input_tokens": 500, "cache_read_input_tokens": 1000}
    return [
        {"type": "permission-mode", "permissionMode": "default", "sessionId": MAIN},
        record("user", 1, message={"role": "user", "content": "Why does the build fail?"}),
        record("assistant", 2, requestId="req_1", message=answer("msg_1", [text], 5, **cache)),
        record("assistant", 3, requestId="req_1", message=answer("msg_1", [call], 40, **cache)),
        record("user", 4, message={"role": "user", "content": [result]}),
        record("assistant", 5, requestId="req_2", message=answer("msg_2", [{"type": "text", "text": "Zażółć gęślą."}], 30, **cache | {"cache_creation_input_tokens": 0})),
        {"type": "ai-title", "aiTitle": "Fix the build", "sessionId": MAIN},
        record("system", 6, subtype="turn_duration", durationMs=1774),
    ]  # fmt: skip


def agent_records() -> list[Record]:
    said = [{"type": "text", "text": "It lacks a rule."}]
    usage = {"cache_creation_input_tokens": 200, "cache_read_input_tokens": 1000}
    reply = answer("msg_9", said, 20, **usage)
    reply["usage"] = {**usage, "input_tokens": 4, "output_tokens": 20}
    side: Record = {"isSidechain": True, "agentId": "a0b1c2d3"}
    return [
        record("user", 11, message={"role": "user", "content": "Look at the Makefile"}, **side),
        record("assistant", 12, requestId="req_9", message=reply, **side),
    ]


def prompts() -> list[Record]:
    return [
        {"display": said, "pastedContents": {}, "timestamp": 1_767_600_000_000 + n, "project": CWD, "sessionId": LOST}
        for n, said in enumerate(("an old question", "another old question"))
    ]


def lines(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for r in records)
    )


def build(root: Path) -> None:
    project = root / "projects" / "-home-ada-shop"
    lines(project / f"{MAIN}.jsonl", main_records())
    lines(project / MAIN / "subagents" / f"{AGENT}.jsonl", agent_records())
    lines(root / "history.jsonl", prompts())
