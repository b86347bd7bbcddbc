"""A small Antigravity home: a conversation with its database, its sub-agent, one of two transcripts, one encrypted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

Record = dict[str, Any]

MAIN = "aaaaaaaa-1111-4222-8333-444444444444"
CHILD = "bbbbbbbb-1111-4222-8333-444444444444"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, CHILD],
    "prompts": ["Why does the build fail?", "Zażółć gęślą jaźń", "Look at the Makefile"],
    "tools": ["run_command", "invoke_subagent", "view_file"],
    "requests": {
        "requests": 3, "input": 900 + 300 + 46, "cache_read": 8000, "cache_write": 0, "output": 30 + 12 + 5,
        "reasoning": 20 + 4, "reasoning_apart": 0,
    },
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".gemini/antigravity-cli"),
    ({}, "darwin", ".gemini/antigravity"),
    ({}, "win32", ".gemini/antigravity-ide"),
)
SCHEMA = """
CREATE TABLE trajectory_meta(trajectory_id text, cascade_id text, PRIMARY KEY(trajectory_id));
CREATE TABLE steps(idx integer, step_type integer NOT NULL DEFAULT 0, metadata blob, step_payload blob, PRIMARY KEY(idx));
CREATE TABLE gen_metadata(idx integer, data blob, size integer NOT NULL DEFAULT 0, PRIMARY KEY(idx));
"""
SETTINGS = (
    "<USER_SETTINGS_CHANGE>\nThe user changed setting `Model Selection` from None to Gemini 3.1 Pro (High)."
    " No need to comment on this change.\n</USER_SETTINGS_CHANGE>"
)
CHECKPOINT = "{{ CHECKPOINT 0 }}\n\n# USER Objective:\nFix the build\n\n# User Requests\n1. Why does the build fail?"


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def pb(number: int, value: int | bytes | str) -> bytes:
    """Encode one field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def usage(name: str, *, model: int = 1016, read: int = 0, thinking: int = 0, prompt: int, output: int) -> bytes:
    counts = pb(1, model) + pb(2, prompt) + pb(3, output) + (pb(5, read) if read else b"")
    said = output - thinking
    return counts + pb(6, 24) + (pb(9, thinking) if thinking else b"") + (pb(10, said) if said else b"") + pb(11, name)


def generation(block: bytes, *retries: bytes, second: int = 0, shown: str = "Gemini 3.1 Pro (High)") -> bytes:
    start = pb(9, pb(4, pb(1, 1_767_600_000 + second) + pb(2, 929_111_000)))
    tried = b"".join(pb(17, pb(2, r) + pb(4, "trace")) for r in (*retries, block))
    return pb(2, b"\x03") + pb(
        1, pb(3, 1016) + pb(4, block) + start + tried + pb(19, "gemini-pro-default") + pb(21, shown)
    )


def step(number: int, kind: str, content: str = "", *, source: str = "SYSTEM", **more: Any) -> Record:
    at = f"2026-01-05T08:00:{number:02d}Z"
    record = {"step_index": number, "source": source, "type": kind, "status": "DONE", "created_at": at}
    return record | ({"content": content} if content else {}) | more


def asked(number: int, text: str, more: str = "") -> Record:
    return step(number, "USER_INPUT", f"<USER_REQUEST>\n{text}\n</USER_REQUEST>\n{more}", source="USER_EXPLICIT")


def called(number: int, name: str, **arguments: Any) -> Record:
    given = {k: json.dumps(v) for k, v in arguments.items()}
    return step(
        number,
        "PLANNER_RESPONSE",
        source="MODEL",
        thinking="Let me look.\n\n",
        tool_calls=[{"name": name, "args": given}],
    )


def main_steps() -> list[Record]:
    created = {
        "conversationId": CHILD,
        "logAbsoluteUri": f"file:///home/ada/.gemini/antigravity-cli/brain/{CHILD}/.system_generated/logs/transcript.jsonl",
        "workspaceUris": [f"file://{CWD}"],
    }
    return [
        asked(0, "Why does the build fail?", SETTINGS),
        step(1, "CONVERSATION_HISTORY"),
        step(2, "EPHEMERAL_MESSAGE", "a reminder"),
        called(3, "run_command", CommandLine="make", Cwd=CWD),
        step(4, "RUN_COMMAND", "make: *** [all]\nThe command failed with exit code: 2", source="MODEL"),
        called(5, "invoke_subagent", Subagents=[{"Prompt": "Look at the Makefile"}]),
        step(
            6, "INVOKE_SUBAGENT", f"Created the following subagents:\n{json.dumps(created, indent=2)}", source="MODEL"
        ),
        step(7, "CHECKPOINT", CHECKPOINT),
        asked(8, "Zażółć gęślą jaźń"),
        step(9, "PLANNER_RESPONSE", "It lacks a rule.", source="MODEL"),
    ]


def child_steps() -> list[Record]:
    return [
        asked(0, "Look at the Makefile"),
        called(1, "view_file", AbsolutePath=f"{CWD}/Makefile"),
        step(2, "VIEW_FILE", "all:", source="MODEL"),
        step(3, "PLANNER_RESPONSE", source="MODEL"),
    ]


def transcript(root: Path, name: str, steps: list[Record], *, file: str = "transcript.jsonl") -> Path:
    path = root / "brain" / name / ".system_generated" / "logs" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(s, ensure_ascii=False).encode() + b"\n" for s in steps))
    return path


def database(root: Path, name: str, generations: list[bytes], steps: dict[int, bytes]) -> Path:
    path = root / "conversations" / f"{name}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    db.execute(SCHEMA)
    db.executemany("INSERT INTO gen_metadata VALUES (?, ?, ?)", [(n, g, len(g)) for n, g in enumerate(generations)])
    db.executemany("INSERT INTO steps VALUES (?, 15, ?, NULL)", list(steps.items()))
    db.execute("INSERT INTO trajectory_meta VALUES ('t', ?)", (name,))
    db.close()
    return path


def build(root: Path) -> None:
    transcript(root, MAIN, main_steps()[:4])
    transcript(root, MAIN, main_steps(), file="transcript_full.jsonl")
    transcript(root, CHILD, child_steps())
    first = usage("resp-1", prompt=900, output=30, thinking=20)
    second = usage("resp-2", prompt=300, output=12, thinking=4, read=8000)
    other = usage("resp-3", prompt=46, output=5, model=1050)
    at = pb(1, pb(1, 1_767_600_004))
    generations = [generation(first), generation(second, second=8)]
    database(root, MAIN, generations, {3: at + pb(9, first), 7: at + pb(9, other)})
    (root / "history.jsonl").write_text(
        json.dumps({"display": "x", "timestamp": 1, "workspace": CWD, "conversationId": MAIN}) + "\n"
    )
