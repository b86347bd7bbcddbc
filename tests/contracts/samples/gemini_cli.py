"""A small Gemini CLI home: a log with a tool call, a rewind and a checkpoint, a sub-agent's log, and a legacy file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

MAIN = "aaaaaaaa-1111-4222-8333-444444444444"
CHILD = "codebase_investigator-1a2b3c"
LEGACY = "bbbbbbbb-1111-4222-8333-444444444444"
CWD = "/home/ada/shop"
CONTEXT = f"""<session_context>
This is the Gemini CLI. We are setting up the context for our chat.
- **Workspace Directories:**
  - {CWD}
- **Directory Structure:**
</session_context>"""
EXPECTED = {
    "sessions": [MAIN, f"{MAIN}/{CHILD}", LEGACY],
    "prompts": ["List the files", "Reply with two", "Reply with three", "Where is the cart?", "Fix the login bug"],
    "tools": ["run_shell_command"],
    "requests": {
        "requests": 5, "input": 1000 - 400 + 1100 + 1150 + 500 + 90, "cache_read": 400 + 10, "cache_write": 0,
        "output": 20 + 5 + 6 + 9 + 20, "reasoning": 7 + 8 + 0 + 3 + 5, "reasoning_apart": 23,
    },
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".gemini"),
    ({}, "darwin", ".gemini"),
    ({}, "win32", ".gemini"),
    ({"GEMINI_CLI_HOME": "~/moved"}, "linux", "moved/.gemini"),
)


def name(number: int, *, session: str = MAIN) -> str:
    return f"{session[:8]}-0000-4000-8000-{number:012d}"


def said(number: int, text: str) -> Record:
    return message(number, "user", content=[{"text": text}])


def message(number: int, kind: str, **more: Any) -> Record:
    return {"id": name(number), "timestamp": f"2026-01-05T10:00:{number:02d}.000Z", "type": kind, **more}


def tokens(prompt: int, output: int, *, cached: int = 0, thoughts: int = 0) -> Record:
    total = prompt + output + thoughts
    return {"input": prompt, "output": output, "cached": cached, "thoughts": thoughts, "tool": 0, "total": total}


def header(session: str, *, kind: str = "main", **more: Any) -> Record:
    at = "2026-01-05T10:00:00.000Z"
    return {"sessionId": session, "projectHash": "c0ffee", "startTime": at, "lastUpdated": at, "kind": kind, **more}


def updated(number: int) -> Record:
    return {"$set": {"lastUpdated": f"2026-01-05T10:00:{number:02d}.500Z"}}


def response(text: str) -> Record:
    given = {"id": "run_shell_command__1", "name": "run_shell_command", "response": {"output": text}}
    return {"functionResponse": given}


def answers() -> list[Record]:
    """Return the model's answers; the first is written again with its tool call once that has run."""
    thoughts = [{"subject": "Looking", "description": "I should list them.", "timestamp": "2026-01-05T10:00:02.000Z"}]
    usage = tokens(1000, 20, cached=400, thoughts=7)
    first = message(3, "gemini", content="", thoughts=thoughts, tokens=usage, model="gemini-3.5-flash")
    call = {
        "id": "run_shell_command__1", "name": "run_shell_command", "args": {"command": "ls"},
        "result": [response("Makefile\nExit Code: 2")], "status": "error", "timestamp": "2026-01-05T10:00:04.000Z",
    }  # fmt: skip
    two = message(6, "gemini", content="two", tokens=tokens(1100, 5, thoughts=8), model="gemini-3.5-flash")
    three = message(8, "gemini", content="three", tokens=tokens(1150, 6), model="gemini-2.5-pro")
    return [first, {**first, "toolCalls": [call]}, two, three]


def main_records() -> list[Record]:
    first, called, two, three = answers()
    return [
        header(MAIN),
        {"$set": {"messages": [message(1, "user", content=[{"text": CONTEXT}])]}},
        said(2, "List the files"),
        updated(2),
        first,
        updated(3),
        called,
        message(4, "user", content=[response("Makefile\nExit Code: 2")]),
        said(5, "Reply with two"),
        two,
        {"$rewindTo": name(5)},
        {"$set": {"messages": [said(2, "List the files"), called], "lastUpdated": "2026-01-05T10:00:06.500Z"}},
        said(7, "Reply with three"),
        three,
        message(9, "info", content="Zażółć gęślą jaźń."),
    ]


def child_records() -> list[Record]:
    reply = message(21, "gemini", content="In cart.py.", tokens=tokens(500, 9, thoughts=3), model="gemini-2.5-pro")
    return [header(CHILD, kind="subagent", directories=[CWD]), said(20, "Where is the cart?"), reply]


def legacy_document() -> Record:
    asked = {"id": "u1", "timestamp": "2026-01-02T10:00:00.000Z", "type": "user", "content": "Fix the login bug"}
    usage = tokens(100, 20, cached=10, thoughts=5)
    reply = {"id": "a1", "timestamp": "2026-01-02T10:00:05.000Z", "type": "gemini", "content": "Done.", "tokens": usage}
    return {**header(LEGACY), "messages": [asked, reply]}


def lines(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))


def build(root: Path) -> None:
    chats = root / "tmp" / "shop" / "chats"
    lines(chats / "session-2026-01-05T10-00-aaaaaaaa.jsonl", main_records())
    lines(chats / MAIN / f"{CHILD}.jsonl", child_records())
    (chats / "session-2026-01-02T10-00-bbbbbbbb.json").write_text(json.dumps(legacy_document(), indent=2))
    (root / "projects.json").write_text(json.dumps({"projects": {CWD: "shop"}}))
