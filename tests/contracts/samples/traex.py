"""A small TraeX home: a session with a tool call, its sub-agent, and an archived one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
MAIN = "019b8d00-0000-7000-8000-000000000101"
CHILD = "019b8d10-0000-7000-8000-000000000102"
ARCHIVED = "019b8d20-0000-7000-8000-000000000103"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, CHILD, ARCHIVED],
    "prompts": ["Mend the build", "Explore the parser", "An old wish"],
    "tools": ["exec_command"],
    "requests": {"requests": 3, "input": 700, "cache_read": 1100, "cache_write": 0, "output": 70, "reasoning": 20},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".trae/cli"),
    ({}, "darwin", ".trae/cli"),
    ({}, "win32", ".trae/cli"),
)


def line(kind: str, second: int, **payload: Any) -> Record:
    return {"timestamp": f"2026-01-05T10:00:{second:02d}.000Z", "type": kind, "payload": payload}


def meta(native: str, **more: Any) -> Record:
    known = {
        "id": native,
        "timestamp": "2026-01-05T10:00:00.000Z",
        "cwd": CWD,
        "originator": "codex-tui",
        "cli_version": "0.200.19",
        "model_provider": "trae",
        "git": {"commit_hash": "0" * 40, "branch": "main", "repository_url": None},
    }
    return line("session_meta", 0, **(known | more))


def turn(number: int) -> list[Record]:
    name = f"turn-{number}"
    started = {"type": "task_started", "turn_id": name, "started_at": 1767607201, "model_context_window": 272000}
    return [
        line("event_msg", 1, **started),
        line("turn_context", 1, turn_id=name, cwd=CWD, model="gpt-5-codex", model_provider="trae"),
    ]


def said(role: str, words: str, second: int) -> list[Record]:
    kind = "output_text" if role == "assistant" else "input_text"
    return [
        line("response_item", second, type="message", role=role, content=[{"type": kind, "text": words}]),
        line("event_msg", second, type="user_message" if role == "user" else "agent_message", message=words),
    ]


def thought(words: str, second: int) -> list[Record]:
    return [
        line("response_item", second, type="reasoning", summary=[], content=None, encrypted_content="gAAA"),
        line("event_msg", second, type="agent_reasoning_raw_content", text=words),
    ]


def tokens(given: int, cached: int, output: int, reasoning: int) -> Record:
    counts = {
        "input_tokens": given,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": given + output,
    }
    info = {"total_token_usage": counts, "last_token_usage": counts, "model_context_window": 272000}
    return line("event_msg", 9, type="token_count", info=info, rate_limits=None)


def main() -> list[Record]:
    call = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"make"}', "call_id": "call_1"}
    return [
        meta(MAIN, source="cli"),
        *turn(1),
        *said("user", "Mend the build", 2),
        *thought("They want a build.", 3),
        line("response_item", 4, **call),
        line("response_item", 5, type="function_call_output", call_id="call_1", output="make: done\n"),
        *said("assistant", "Done.", 6),
        tokens(1000, 600, 50, 20),
    ]


def child() -> list[Record]:
    spawn = {"parent_thread_id": MAIN, "depth": 1, "agent_nickname": "Noether", "agent_role": "explorer"}
    return [
        meta(CHILD, source={"subagent": {"thread_spawn": spawn}}, thread_source="subagent", agent_nickname="Noether"),
        *turn(2),
        *said("user", "Explore the parser", 2),
        tokens(500, 300, 10, 0),
    ]


def archived() -> list[Record]:
    return [meta(ARCHIVED), *turn(3), *said("user", "An old wish", 2), tokens(300, 200, 10, 0)]


def write(folder: Path, native: str, records: list[Record]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-2026-01-05T10-00-00-{native}.jsonl"
    path.write_bytes(b"".join(json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in records))
    return path


def build(root: Path) -> None:
    day = root / "sessions" / "2026" / "01" / "05"
    write(day, MAIN, main())
    write(day, CHILD, child())
    write(root / "archived_sessions", ARCHIVED, archived())
    (root / "history.jsonl").write_bytes(b'{"session_id":"x","ts":1767607200,"text":"Mend the build"}\n')
