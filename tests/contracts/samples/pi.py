"""A small Pi home: a session with a tool call, a shell command and a compaction, its fork, and one of Oh My Pi's shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIRST = "019e6b65-84aa-72fd-9d53-8ed61df2ffa3"
FORK = "019e6b70-1111-72fd-9d53-8ed61df2ffa3"
OTHER = "019e6b71-2222-72fd-9d53-8ed61df2ffa3"
CWD = "/home/ada/shop"
EXPECTED: dict[str, Any] = {
    "sessions": [FIRST, FORK, OTHER],
    "prompts": ["Why does the build fail?", "And now?", "Why does the build fail?", "Try another way", "Say hello"],
    "tools": ["bash", "bashExecution"],
    "requests": {"requests": 4, "input": 630, "cache_read": 5000, "cache_write": 200, "output": 70, "reasoning": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".pi/agent"),
    ({}, "darwin", ".omp/agent"),
    ({}, "win32", ".prime/agent"),
    ({"PI_CODING_AGENT_DIR": "~/moved"}, "linux", "moved"),
    ({"PI_CODING_AGENT_SESSION_DIR": "~/kept"}, "linux", "kept"),
)


def entry(kind: str, number: int, *, parent: int | None = None, **more: object) -> dict[str, Any]:
    """Write an entry that answers the one before it."""
    above = number - 1 if parent is None else parent
    return {
        "type": kind,
        "id": f"{number:08x}",
        "parentId": f"{above:08x}" if above else None,
        "timestamp": f"2026-01-05T10:00:{number:02d}.000Z",
        **more,
    }


def header(name: str, **more: object) -> dict[str, Any]:
    return {"type": "session", "version": 3, "id": name, "timestamp": "2026-01-05T10:00:00.000Z", "cwd": CWD, **more}


def said(number: int, role: str, content: object, **more: object) -> dict[str, Any]:
    inner = {"role": role, "content": content, "timestamp": 1767607200000 + number * 1000, **more}
    parent = more.pop("parent", None)
    inner.pop("parent", None)
    return entry("message", number, parent=parent if isinstance(parent, int) else None, message=inner)


def answered(
    number: int, content: list[object], *, counts: tuple[int, int, int, int], **more: object
) -> dict[str, Any]:
    fresh, out, read, written = counts
    usage = {
        "input": fresh,
        "output": out,
        "cacheRead": read,
        "cacheWrite": written,
        "totalTokens": sum(counts),
        "cost": {"input": 0.001, "output": 0.002, "total": 0.003},
    }
    model = {"api": "anthropic-messages", "provider": "anthropic", "model": "claude-sonnet-4-5", "stopReason": "stop"}
    return said(number, "assistant", content, usage=usage, **model, **more)


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def first_entries() -> list[dict[str, Any]]:
    call = {"type": "toolCall", "id": "call_1", "name": "bash", "arguments": {"command": "make"}}
    thought = {"type": "thinking", "thinking": "Look at it first.", "thinkingSignature": "opaque"}
    ran = {"role": "bashExecution", "command": "echo hi", "output": "hi\n", "exitCode": 0, "cancelled": False}
    return [
        header(FIRST),
        entry("model_change", 1, provider="anthropic", modelId="claude-sonnet-4-5"),
        said(2, "user", [text("Why does the build fail?")]),
        answered(3, [thought, call], counts=(100, 20, 1000, 200)),
        said(4, "toolResult", [text("make: *** Error 2")], toolCallId="call_1", toolName="bash", isError=True),
        answered(5, [text("Zażółć gęślą.")], counts=(200, 10, 2000, 0)),
        entry("message", 6, message=ran),
        entry("compaction", 7, summary="The build failed.", firstKeptEntryId="00000005", tokensBefore=3000),
        said(8, "user", [text("And now?")]),
        entry("session_info", 9, name="Fix the build"),
    ]


def fork_entries() -> list[dict[str, Any]]:
    """Keep the parent's first entries, as a fork does, and go on from there."""
    copied = first_entries()[1:3]
    again = answered(11, [text("Like this.")], counts=(300, 30, 2000, 0))
    above = f"/home/ada/.pi/agent/sessions/--home-ada-shop--/2026-01-05T10-00-00-000Z_{FIRST}.jsonl"
    return [header(FORK, parentSession=above), *copied, said(10, "user", "Try another way", parent=2), again]


def other_entries() -> list[dict[str, Any]]:
    slot = {
        "type": "title",
        "v": 1,
        "title": "A greeting",
        "source": "auto",
        "updatedAt": "2026-01-05T10:00:00.000Z",
        "pad": " " * 80,
    }
    return [
        slot,
        header(OTHER),
        said(21, "user", "Say hello", parent=0),
        answered(22, [text("Hello.")], counts=(30, 10, 0, 0)),
    ]


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.pi/agent`."""
    folder = root / "sessions" / "--home-ada-shop--"
    folder.mkdir(parents=True)
    for name, entries in ((FIRST, first_entries()), (FORK, fork_entries()), (OTHER, other_entries())):
        lines = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entries)
        (folder / f"2026-01-05T10-00-00-000Z_{name}.jsonl").write_text(lines, encoding="utf-8")
