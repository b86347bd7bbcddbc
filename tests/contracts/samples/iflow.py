"""A small iFlow home: an answer written three times while it streams, results in Gemini's wrapping, and a second session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
FIRST = "session-11111111-2222-4333-8444-555555555501"
SECOND = "session-11111111-2222-4333-8444-555555555502"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [FIRST, SECOND],
    "prompts": ["Mend the build", "And now?", "请修复"],
    "tools": ["read_file", "read_file", "replace"],
    "requests": {"requests": 1, "input": 16000, "cache_read": 0, "cache_write": 0, "output": 200, "reasoning": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".iflow"),
    ({}, "darwin", ".iflow"),
    ({}, "win32", ".iflow"),
)
UNKNOWN_RECORD = b'{"type":"never-heard-of-it","timestamp":"2026-01-21T05:56:34.812Z","data":{}}\n'


def record(kind: str, number: int, *, parent: int = 0, session: str = FIRST, **more: Any) -> Record:
    where = {"cwd": CWD, "gitBranch": "main", "version": "1.0.0"} if kind == "user" else {}
    return {
        "uuid": f"{session[-4:]}0000-0000-4000-8000-{number:012d}",
        "parentUuid": f"{session[-4:]}0000-0000-4000-8000-{parent:012d}" if parent else None,
        "sessionId": session,
        "timestamp": f"2026-01-21T05:56:{number:02d}.000Z",
        "type": kind,
        "isSidechain": False,
        "userType": "external",
        **more,
        **where,
    }


def prompt(words: str, number: int, *, session: str = FIRST, parent: int = 0) -> Record:
    return record("user", number, parent=parent, session=session, message={"role": "user", "content": words})


def answer(number: int, *content: Record, usage: tuple[int, int] = (0, 0), session: str = FIRST) -> Record:
    message = {
        "id": f"response-17689750124{number:02d}",
        "type": "message",
        "role": "assistant",
        "content": list(content),
        "model": "glm-4.7",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1]},
    }
    return record("assistant", number, parent=1, session=session, message=message)


def text(words: str) -> Record:
    return {"type": "text", "text": words}


def call(name: str, ident: str) -> Record:
    return {"type": "tool_use", "id": ident, "name": name, "input": {"absolute_path": f"{CWD}/{ident}.md"}}


def result(number: int, ident: str, response: Record, *, wrapped: bool = True, status: str = "success") -> Record:
    found = {"functionResponse": {"id": ident, "name": "read_file", "response": response}}
    content = {"callId": ident, "responseParts": found, "resultDisplay": "Read all 8 lines"} if wrapped else found
    block = {"tool_use_id": ident, "type": "tool_result", "content": content}
    outcome = {"status": status, "timestamp": 1768975012718, "toolName": "read_file"}
    return record("user", number, parent=4, message={"role": "user", "content": [block]}, toolUseResult=outcome)


def first() -> list[Record]:
    one, two, three = call("read_file", "call_1"), call("read_file", "call_2"), call("replace", "call_3")
    return [
        prompt("Mend the build", 1),
        answer(2, text("I will look."), one),
        answer(3, one, two),
        answer(4, two),
        result(5, "call_1", {"output": "all: shop"}),
        result(6, "call_2", {"output": "[package]"}, wrapped=False),
        answer(7, two, text("Now I mend it."), three),
        answer(8, three),
        result(9, "call_3", {"error": "no such text"}, status="error"),
        answer(10, text("It did not work."), usage=(16000, 200)),
        prompt("And now?", 11, parent=1),
    ]


def second() -> list[Record]:
    return [prompt("请修复", 1, session=SECOND), answer(2, text("好的"), session=SECOND)]


def write(root: Path, name: str, records: list[Record]) -> Path:
    path = root / "projects" / "-home-ada-shop" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    return path


def build(root: Path) -> None:
    write(root, FIRST, first())
    write(root, SECOND, second())
    (root / "config").mkdir()
    (root / "config" / "projects.json").write_text("{}", encoding="utf-8")
