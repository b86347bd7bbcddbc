"""A small Droid home: tools, injected context, a rewind, a hook, a compaction, a sub-agent, an old session at the root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
MAIN = "cccccccc-1111-4000-8000-000000000001"
CHILD = "cccccccc-1111-4000-8000-000000000002"
OLD = "cccccccc-1111-4000-8000-000000000003"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, CHILD, OLD],
    "prompts": ["Mend the build", "A wrong turn", "Try again", "Read the Makefile", "An old wish"],
    "tools": ["Execute", "Read"],
    "requests": {"requests": 2, "input": 1100, "cache_read": 4000, "cache_write": 500, "output": 250, "reasoning": 40},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".factory"),
    ({}, "darwin", ".factory"),
    ({}, "win32", ".factory"),
)


def start(native: str, **more: Any) -> Record:
    known = {"title": "New Session", "owner": "ada", "version": 2, "cwd": CWD}
    return {"type": "session_start", "id": native, **(known | more)}


def message(number: int, role: str, content: Any, *, parent: int | None = None, **more: Any) -> Record:
    above = number - 1 if parent is None else parent
    found: Record = {
        "type": "message",
        "id": f"m{number}",
        "timestamp": f"2026-09-29T03:00:{number:02d}.000Z",
        "message": {"role": role, "content": content, **more},
    }
    return found | ({"parentId": f"m{above}"} if above else {})


def text(words: str) -> Record:
    return {"type": "text", "text": words}


def main() -> list[Record]:
    call = {"type": "tool_use", "id": "call_1", "name": "Execute", "input": {"command": "make"}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "Error: no rule", "is_error": True}
    thought = {"type": "thinking", "thinking": "They want a build.", "signature": "xx", "durationMs": 4}
    hook = {"hookEventName": "Stop", "hookResults": [{"exitCode": 0, "stdout": "checked", "stderr": ""}]}
    return [
        start(MAIN, sessionTitle="Mend it"),
        message(1, "user", [text("<system-reminder>\nToday\n</system-reminder>")], visibility="llm_only"),
        message(2, "user", [text("<system-reminder>skills</system-reminder>"), text("Mend the build")]),
        message(3, "assistant", [thought, text("I will."), call], modelId="claude-opus-5"),
        message(4, "user", [result]),
        {"type": "todo_state", "id": "todo1", "timestamp": "2026-09-29T03:00:05.000Z", "todos": []},
        message(5, "assistant", [text("Zażółć.")], modelId="claude-opus-5"),
        message(6, "user", [], visibility="user_only", **hook),
        {"type": "agent_turn_outcome", "turnId": "m2", "reason": "completed", "resultKind": "text"},
        message(7, "user", "A wrong turn", parent=6),
        message(8, "assistant", [text("Lost.")], modelId="claude-opus-5"),
        {"type": "agent_turn_outcome", "turnId": "m7", "reason": "error"},
        message(9, "user", "Try again", parent=6),
        message(10, "assistant", [text("Found.")], modelId="gpt-5.5"),
        {"type": "compaction_state", "id": "c1", "timestamp": "2026-09-29T03:00:11.000Z", "summaryText": "So far."},
    ]


def child() -> list[Record]:
    call = {"type": "tool_use", "id": "call_2", "name": "Read", "input": {"file_path": "Makefile"}}
    return [
        start(CHILD, callingSessionId=MAIN, callingToolUseId="call_1"),
        message(1, "user", "Read the Makefile", parent=0),
        message(2, "assistant", [call], modelId="claude-haiku-4-5"),
    ]


def old() -> list[Record]:
    begin = {"type": "session_start", "id": OLD, "title": "An old title", "workspace_root": CWD}
    return [begin, message(1, "user", [text("An old wish")], parent=0)]


def usage(given: int, output: int, written: int, read: int, thinking: int) -> Record:
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens", "thinkingTokens")
    return dict(zip(names, (given, output, written, read, thinking), strict=True))


def write(folder: Path, native: str, records: list[Record], settings: Record | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{native}.jsonl"
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    if settings is not None:
        (folder / f"{native}.settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return path


def settings(**more: Any) -> Record:
    last = {"inputTokens": 10, "cacheReadTokens": 900, "outputTokens": 90}
    known = {"model": "claude-opus-5", "providerLock": "anthropic", "lastCallTokenUsage": last}
    return {**known, "tokenUsage": usage(1000, 200, 500, 4000, 40), **more}


def build(root: Path) -> None:
    folder = root / "sessions" / "-home-ada-shop"
    counted = usage(100, 50, 0, 0, 0)
    whole = usage(1100, 250, 500, 4000, 40)
    write(folder, MAIN, main(), settings(inclusiveTokenUsage=whole))
    write(folder, CHILD, child(), {"model": "auto", "tokenUsage": counted})
    write(root / "sessions", OLD, old())
    (folder / f"{MAIN}.settings.json.bak").write_text("{}", encoding="utf-8")
