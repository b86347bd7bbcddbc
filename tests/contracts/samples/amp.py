"""A small Amp home: a thread whose answers count themselves, and an older one with a ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NEWER = "T-019cc922-3fd6-706b-9950-00000000000a"
OLDER = "T-019a0000-3fd6-706b-9950-00000000000b"
CWD = "/home/ada/shop"
START = 1_767_607_200_000
EXPECTED: dict[str, Any] = {
    "sessions": [NEWER, OLDER],
    "prompts": ["Why does the build fail?", "And now?", "Zażółć gęślą jaźń"],
    "tools": ["Bash"],
    "requests": {
        "requests": 5,
        "input": 10 + 700 + 150 + 20 + 5,
        "cache_read": 900 + 50,
        "cache_write": 30,
        "output": 48,
    },
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".local/share/amp"),
    ({}, "darwin", ".local/share/amp"),
    ({}, "win32", ".local/share/amp"),
    ({}, "win32", "AppData/Local/amp"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/amp"),
    ({"AMP_DATA_DIR": "~/one,~/two"}, "linux", "one"),
    ({"AMP_DATA_DIR": "~/one,~/two"}, "linux", "two"),
)


def words(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def message(role: str, number: int, *content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": role, "messageId": number, "content": list(content), **more}


def usage(model: str, fresh: int, output: int, *, read: int = 0, write: int = 0, second: int = 0) -> dict[str, Any]:
    return {
        "model": model,
        "inputTokens": fresh,
        "outputTokens": output,
        "cacheCreationInputTokens": write,
        "cacheReadInputTokens": read,
        "totalInputTokens": fresh + read + write,
        "maxInputTokens": 168_000,
        "timestamp": f"2026-01-05T10:00:{second:02d}.000Z",
    }


def result(ident: str, status: str, **run: Any) -> dict[str, Any]:
    return {"type": "tool_result", "toolUseID": ident, "run": {"status": status, **run}}


def newer() -> dict[str, Any]:
    call = {"type": "tool_use", "complete": True, "id": "toolu-1", "name": "Bash", "input": {"cmd": "make", "cwd": CWD}}
    thought = {"type": "thinking", "thinking": "Look at it first.", "signature": "x", "provider": "anthropic"}
    return {
        "v": 7,
        "id": NEWER,
        "created": START,
        "title": "Fix the build",
        "agentMode": "smart",
        "nextMessageId": 6,
        "env": {
            "initial": {
                "trees": [
                    {
                        "displayName": "shop",
                        "uri": f"file://{CWD}",
                        "repository": {"type": "git", "ref": "refs/heads/main", "sha": "1" * 40},
                    }
                ],
                "platform": {"os": "linux", "client": "CLI", "clientVersion": "0.0.1767"},
            }
        },
        "messages": [
            message("info", 0, words("AGENTS.md")),
            message("user", 1, words("Why does the build fail?"), meta={"sentAt": START + 1000}),
            message(
                "assistant",
                2,
                thought,
                words("Running it."),
                call,
                state={"type": "complete", "stopReason": "tool_use"},
                usage=usage("claude-sonnet-4-5", 10, 20, read=900, write=30, second=4),
            ),
            message("user", 3, result("toolu-1", "done", result={"output": "no rule", "exitCode": 2})),
            message("user", 4, words("And now?"), meta={"sentAt": START + 9000}),
            message("assistant", 5, words("Fixed."), usage=usage("gpt-5.2", 0, 15, read=50, write=700, second=20)),
        ],
        "meta": {"traces": [{"name": "inference", "endTime": "2026-01-05T10:00:25.000Z"}]},
    }


def older() -> dict[str, Any]:
    tokens = {"input": 150, "output": 8}
    return {
        "id": OLDER,
        "created": START - 9_000_000,
        "messages": [
            message("user", 1, words("Zażółć gęślą jaźń")),
            message("assistant", 2, words("Done."), {"type": "provider", "provider": "anthropic"}),
            message("assistant", 3, words("And later.")),
        ],
        "usageLedger": {
            "events": [
                {
                    "model": "claude-sonnet-4",
                    "credits": 5,
                    "tokens": tokens,
                    "operationType": "inference",
                    "toMessageId": 2,
                },
                {
                    "model": "claude-haiku-4-5",
                    "credits": 0.5,
                    "tokens": {"input": 20, "output": 2},
                    "operationType": "title-generation",
                    "toMessageId": 1,
                },
                {"model": "claude-sonnet-4", "credits": 1, "tokens": {"input": 5, "output": 3}, "toMessageId": 3},
            ]
        },
    }


def write(root: Path, thread: dict[str, Any]) -> None:
    folder = root / "threads"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{thread['id']}.json").write_text(json.dumps(thread, indent=2, ensure_ascii=False), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.local/share/amp`."""
    write(root, newer())
    write(root, older())
