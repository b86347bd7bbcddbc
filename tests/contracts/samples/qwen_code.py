"""A small Qwen Code home: tools, a command, a rewind, a branch of it, an archived session and a sub-agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
MAIN = "aaaaaaaa-1111-4000-8000-000000000001"
BRANCH = "aaaaaaaa-1111-4000-8000-000000000002"
ARCHIVED = "aaaaaaaa-1111-4000-8000-000000000003"
AGENT = "agent-explore-7f3c"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, BRANCH, ARCHIVED, f"{MAIN}/{AGENT}"],
    "prompts": ["Run the tests", "A wrong turn", "Try again", "Run the tests", "Another way", "An old wish", "Look around"],
    "tools": ["run_shell_command", "run_shell_command", "read_file"],
    "requests": {"requests": 7, "input": 1900, "cache_read": 900, "cache_write": 0, "output": 190, "reasoning": 45},
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".qwen"),
    ({}, "darwin", ".qwen"),
    ({}, "win32", ".qwen"),
    ({"QWEN_HOME": "~/moved"}, "linux", "moved"),
    ({"QWEN_RUNTIME_DIR": "~/output"}, "linux", "output"),
    ({"QWEN_RUNTIME_DIR": "~/output"}, "linux", ".qwen"),
)


def uuid(number: int) -> str:
    return f"bbbbbbbb-0000-4000-8000-{number:012d}"


def record(kind: str, number: int, *, parent: int | None = None, session: str = MAIN, **more: Any) -> Record:
    above = number - 1 if parent is None else parent
    return {
        "uuid": uuid(number),
        "parentUuid": uuid(above) if above else None,
        "sessionId": session,
        "timestamp": f"2026-04-23T10:{number // 60:02d}:{number % 60:02d}.000Z",
        "type": kind,
        "cwd": CWD,
        "version": "0.15.0",
        "gitBranch": "main",
        **more,
    }


def asked(number: int, words: str, **more: Any) -> Record:
    return record("user", number, message={"role": "user", "parts": [{"text": words}]}, **more)


def answered(number: int, *parts: Record, counts: tuple[int, ...], **more: Any) -> Record:
    names = ("promptTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    usage = dict(zip(names, counts, strict=False)) | {"totalTokenCount": counts[0] + counts[2]}
    message = {"role": "model", "parts": list(parts)}
    more = {"model": "qwen3.5-plus", "contextWindowSize": 1000000, **more}
    return record("assistant", number, message=message, usageMetadata=usage, **more)


def call(ident: str, name: str, **args: Any) -> Record:
    return {"functionCall": {"id": ident, "name": name, "args": args}}


def result(number: int, ident: str, name: str, response: Record, **outcome: Any) -> Record:
    message = {"role": "user", "parts": [{"functionResponse": {"id": ident, "name": name, "response": response}}]}
    found = {"callId": ident, "status": "success", "resultDisplay": "shown", **outcome}
    return record("tool_result", number, message=message, toolCallResult=found)


def system(number: int, subtype: str, payload: Record, **more: Any) -> Record:
    return record("system", number, subtype=subtype, systemPayload=payload, **more)


def main() -> list[Record]:
    thought, said = {"text": "They want tests.", "thought": True}, {"text": "I will run them."}
    event = {"event.name": "qwen-code.api_response", "input_token_count": 1000, "output_token_count": 50}
    return [
        asked(1, "Run the tests", promptId=f"{MAIN}########1"),
        system(2, "ui_telemetry", {"uiEvent": event}),
        answered(
            3, thought, said, call("call_1", "run_shell_command", command="make test"), counts=(1000, 600, 50, 20)
        ),
        result(4, "call_1", "run_shell_command", {"output": "2 failed\nExit Code: 2"}),
        answered(5, {"text": "Two fail."}, counts=(500, 300, 30, 5)),
        system(6, "slash_command", {"phase": "invocation", "rawCommand": "/stats"}),
        asked(7, "A wrong turn"),
        answered(8, {"text": "Lost."}, counts=(300, 0, 10, 0)),
        system(9, "rewind", {"truncatedCount": 2}, parent=6),
        asked(10, "Try again"),
        answered(11, {"text": "Zażółć."}, counts=(200, 0, 20, 0)),
        system(12, "custom_title", {"customTitle": "Mend the tests", "titleSource": "auto"}),
    ]


def branch() -> list[Record]:
    copied = [
        {**r, "sessionId": BRANCH, "forkedFrom": {"sessionId": MAIN, "messageUuid": r["uuid"]}} for r in main()[:5]
    ]
    return [
        *copied,
        asked(101, "Another way", parent=5, session=BRANCH),
        answered(102, {"text": "Well then."}, counts=(400, 0, 40, 0), session=BRANCH),
    ]


def archived() -> list[Record]:
    return [
        asked(201, "An old wish", parent=0, session=ARCHIVED),
        answered(202, {"text": "Granted."}, counts=(300, 0, 20, 0), session=ARCHIVED),
    ]


def agent() -> list[Record]:
    side: Record = {"agentId": "explore-7f3c", "agentName": "explore", "isSidechain": True}
    answer = answered(302, {"text": "Looking.", "thought": True}, counts=(100, 0, 20, 20), **side)
    calls = record("assistant", 303, message={"role": "model", "parts": [call("call_9", "read_file")]}, **side)
    for found in (answer, calls):
        found.pop("model", None)
    return [asked(301, "Look around", parent=0, **side), answer, calls]


def write(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    return path


def build(root: Path) -> None:
    project = root / "projects" / "-home-ada-shop"
    write(project / "chats" / f"{MAIN}.jsonl", main())
    write(project / "chats" / f"{BRANCH}.jsonl", branch())
    write(project / "chats" / "archive" / f"{ARCHIVED}.jsonl", archived())
    write(project / "chats" / f"{MAIN}.ledger.jsonl", [{"prompt": "no transcript"}])
    write(project / "subagents" / MAIN / f"{AGENT}.jsonl", agent())
    meta = {
        "agentId": "explore-7f3c",
        "agentType": "explore",
        "description": "Explore the shop",
        "model": "qwen3-coder",
    }
    (project / "subagents" / MAIN / f"{AGENT}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
