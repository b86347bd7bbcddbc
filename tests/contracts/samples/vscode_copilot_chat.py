"""A small home of VS Code's chat: a log of changes with a tool call and a turn cut off, a whole file, and a stale twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

LOG = "11111111-cccc-4ccc-8ccc-111111111111"
WHOLE = "22222222-cccc-4ccc-8ccc-222222222222"
CWD = "/home/ada/my shop"
START = 1_767_600_000_000
EXPECTED = {
    "sessions": [LOG, WHOLE],
    "prompts": ["Why does the build fail?", "Never mind", "And now?", "Zażółć gęślą jaźń"],
    "tools": ["run_in_terminal", "copilot_readFile"],
    "requests": {"requests": 2, "input": 1500, "cache_read": 0, "cache_write": 0, "output": 75, "reasoning": 0},
}  # fmt: skip
UNKNOWN_RECORD = b'{"kind":17,"k":["x"],"v":1}\n'
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".config/Code/User"),
    ({}, "linux", ".config/Code - Insiders/User"),
    ({}, "linux", ".config/VSCodium/User"),
    ({}, "linux", ".vscode-server/data/User"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", "xdg/Code/User"),
    ({"VSCODE_PORTABLE": "~/stick"}, "linux", "stick/user-data/User"),
    ({}, "darwin", "Library/Application Support/Code/User"),
    ({}, "win32", "AppData/Roaming/Code/User"),
    ({"APPDATA": "~/roaming"}, "win32", "roaming/Code - Insiders/User"),
)


def turn(number: int, words: str, *response: Record, **more: Any) -> Record:
    facts = {"requestId": name(number), "timestamp": START + number * 60_000, "modelId": "copilot/claude-sonnet-4"}
    return {**facts, "message": {"text": words, "parts": []}, "response": list(response), **more}


def name(number: int) -> str:
    return f"request_0000000{number}-dddd-4ddd-8ddd-dddddddddddd"


def shown(tool: str, call: str, **more: Any) -> Record:
    told = {"value": f"Ran {tool}", "isTrusted": False}
    return {"kind": "toolInvocationSerialized", "toolId": tool, "toolCallId": call, "pastTenseMessage": told, **more}


def ran(call: str, command: str, output: str, code: int) -> Record:
    data = {"kind": "terminal", "commandLine": {"original": command}, "terminalCommandState": {"exitCode": code}}
    return shown("run_in_terminal", call, toolSpecificData={**data, "terminalCommandOutput": {"text": output}})


def done(*rounds: Record, results: Record | None = None, **metadata: Any) -> Record:
    facts = {"toolCallRounds": list(rounds), "toolCallResults": results or {}, **metadata}
    return {"timings": {"totalElapsed": 5000}, "metadata": facts}


def round_(words: str, *calls: tuple[str, str, Record]) -> Record:
    listed = [{"id": i, "name": n, "arguments": json.dumps(a)} for i, n, a in calls]
    return {"response": words, "toolCalls": listed, "id": f"round {words}"}


def chat(native: str, *requests: Record, **more: Any) -> Record:
    return {"version": 3, "sessionId": native, "creationDate": START, "requests": list(requests), **more}


def log_records() -> list[Record]:
    first = turn(1, "Why does the build fail?", {"value": "I will "})
    return [
        {"kind": 0, "v": chat(LOG, responderUsername="GitHub Copilot")},
        {"kind": 2, "k": ["requests"], "v": [first]},
        {"kind": 2, "k": ["requests", 0, "response"], "v": [{"value": "run it."}, {"kind": "undoStop", "id": "u"}]},
        {"kind": 2, "k": ["requests", 0, "response"], "v": [ran("call_1", "make", "Error 2", 2), {"value": "A rule is missing."}]},
        {"kind": 1, "k": ["requests", 0, "result"], "v": done(promptTokens=1000, outputTokens=50, resolvedModel="claude-sonnet-4.5")},
        {"kind": 1, "k": ["customTitle"], "v": "Build fails"},
        {"kind": 2, "k": ["requests"], "v": [turn(2, "Never mind", {"value": "Fine."}, result=done(promptTokens=500, outputTokens=25))]},
        {"kind": 2, "k": ["requests"], "i": 1, "v": [turn(3, "And now?", {"kind": "thinking", "value": "Look."}, {"value": "Done."})]},
        {"kind": 3, "k": ["inputState"]},
    ]  # fmt: skip


def whole_document() -> Record:
    read = round_("Reading.", ("toolu_1__vscode-17", "read_file", {"filePath": "a.py"}))
    result = done(read, results={"toolu_1__vscode-17": {"content": [{"value": "print(1)"}]}})
    response = [{"value": "Reading "}, {"kind": "inlineReference", "inlineReference": {"path": "/a.py"}}]
    said = turn(
        5, "Zażółć gęślą jaźń", *response, shown("copilot_readFile", "uuid"), {"value": "Gotowe."}, result=result
    )
    return chat(WHOLE, said, lastMessageDate=START + 400_000)


def lines(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    return path


def document(path: Path, value: Record) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def build(root: Path) -> None:
    workspace = root / "workspaceStorage" / "0123abcd"
    lines(workspace / "chatSessions" / f"{LOG}.jsonl", log_records())
    document(workspace / "chatSessions" / f"{LOG}.json", chat(LOG, turn(9, "Stale")))
    document(workspace / "workspace.json", {"folder": "file:///home/ada/my%20shop"})
    document(root / "globalStorage" / "emptyWindowChatSessions" / f"{WHOLE}.json", whole_document())
