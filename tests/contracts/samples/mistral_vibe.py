"""A small Mistral Vibe home: a session with tools, the one after its compaction, a sub-agent, and one that counts each answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIRST = "abc123de-0000-4000-8000-000000000001"
AFTER = "bcd234ef-0000-4000-8000-000000000002"
AGENT = "cde345f0-0000-4000-8000-000000000003"
NEWER = "def45601-0000-4000-8000-000000000004"
CWD = "/home/ada/shop"
EXPECTED: dict[str, Any] = {
    "sessions": [FIRST, AFTER, AGENT, NEWER],
    "prompts": ["Why does the build fail?", "And now?", "Read the Makefile", "Say hello", "Again"],
    "tools": ["bash", "read_file"],
    "requests": {"requests": 5, "input": 460, "cache_read": 120, "output": 95},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".vibe"),
    ({}, "darwin", ".vibe"),
    ({}, "win32", ".vibe"),
    ({"VIBE_HOME": "~/moved"}, "linux", "moved"),
)


def said(role: str, words: str | None, number: int, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"role": role, "content": words, "injected": False, "message_id": f"msg-{number}", **more}
    return {k: v for k, v in found.items() if v is not None}


def calling(name: str, arguments: dict[str, Any], number: int, **more: Any) -> dict[str, Any]:
    call = {
        "id": f"call{number}",
        "index": 0,
        "function": {"name": name, "arguments": json.dumps(arguments)},
        "type": "function",
    }
    return said("assistant", None, number, tool_calls=[call], **more)


def returned(words: str, number: int) -> dict[str, Any]:
    return {"role": "tool", "content": words, "injected": False, "name": "bash", "tool_call_id": f"call{number}"}


def meta(name: str, prompt: int, cached: int, output: int, **more: Any) -> dict[str, Any]:
    stats = {
        "session_prompt_tokens": prompt,
        "session_cached_tokens": cached,
        "session_completion_tokens": output,
        "context_tokens": 150,
    }
    return {
        "session_id": name,
        "parent_session_id": None,
        "start_time": "2026-01-05T10:00:00+00:00",
        "end_time": "2026-01-05T10:05:00+00:00",
        "git_commit": "1" * 40,
        "git_branch": "main",
        "environment": {"working_directory": CWD},
        "title": "Fix the build",
        "title_source": "manual",
        "config": {"active_model": "devstral-2"},
        "stats": {**stats, "session_cost": 0.001 * output},
        **more,
    }


def counted(number: int, prompt: int, cached: int, output: int) -> dict[str, Any]:
    usage = {"prompt_tokens": prompt, "cached_tokens": cached, "completion_tokens": output}
    return said(
        "assistant",
        f"Answer {number}.",
        number,
        usage=usage,
        model="devstral-2",
        timestamp=f"2026-01-05T10:01:0{number % 10}+00:00",
    )


def first_messages() -> list[dict[str, Any]]:
    return [
        said("user", "Why does the build fail?", 1),
        calling("bash", {"command": "make"}, 2, reasoning_content="Look at it first."),
        returned("command: make\nstdout: \nstderr: no rule\nreturncode: 2", 2),
        said("assistant", "Zażółć gęślą.", 3),
    ]


def after_messages() -> list[dict[str, Any]]:
    words = "You are continuing.\n<compaction_summary>\nThe build failed.\n</compaction_summary>"
    return [said("user", words, 11, injected=True), said("user", "And now?", 12), said("assistant", "Fixed.", 13)]


def agent_messages() -> list[dict[str, Any]]:
    return [said("user", "Read the Makefile", 21), calling("read_file", {"path": "Makefile"}, 22)]


def newer_messages() -> list[dict[str, Any]]:
    return [
        said("user", "Say hello", 31),
        counted(32, 100, 20, 15),
        said("user", "Again", 33),
        counted(34, 100, 60, 10),
    ]


def session(folder: Path, messages: list[dict[str, Any]], facts: dict[str, Any] | None) -> None:
    folder.mkdir(parents=True)
    lines = "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in messages)
    (folder / "messages.jsonl").write_text(lines, encoding="utf-8")
    if facts is not None:
        (folder / "meta.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.vibe`."""
    logs = root / "logs" / "session"
    first = logs / f"session_20260105_100000_{FIRST[:8]}"
    session(first, first_messages(), meta(FIRST, 200, 40, 50))
    session(
        logs / f"session_20260105_100600_{AFTER[:8]}",
        after_messages(),
        meta(AFTER, 300, 40, 60, parent_session_id=FIRST),
    )
    session(first / "agents" / f"explore_20260105_100100_{AGENT[:8]}", agent_messages(), meta(AGENT, 80, 0, 10))
    session(logs / f"session_20260105_110000_{NEWER[:8]}", newer_messages(), meta(NEWER, 200, 80, 25))
