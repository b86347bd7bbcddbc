"""A small Continue home: an editor session with a tool, one of the command line with totals, one that counts each answer."""  # noqa: N999 - named as the agent is, found by that name

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

EDITOR, TOTALS, COUNTED = "0f1e0001-0000-4000-8000-000000000001", "0f1e0002-cli", "0f1e0003-counted"
CWD = "/home/ada/my shop"
AT = 1_767_600_000_000
EXPECTED: dict[str, Any] = {
    "sessions": [EDITOR, TOTALS, COUNTED],
    "prompts": ["Rename foo", "Zażółć gęślą jaźń", "Say hello"],
    "tools": ["edit_existing_file", "run_terminal_command"],
    "requests": {
        "requests": 1 + 2, "input": 100 + 60 + 10, "cache_read": 50 + 40, "cache_write": 20, "output": 30 + 7 + 5,
        "reasoning": 4, "reasoning_apart": 0,
    },
}  # fmt: skip
UNKNOWN_RECORD = None
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".continue"),
    ({}, "darwin", ".continue"),
    ({}, "win32", ".continue"),
    ({"CONTINUE_GLOBAL_DIR": "~/moved"}, "linux", "moved"),
)


def item(role: str, content: Any, name: str = "", **more: Any) -> Record:
    """Make an item; `message` in `more` adds to the message, the rest stands beside it."""
    message = {"role": role, "content": content, **({"id": name} if name else {}), **more.pop("message", {})}
    return {"message": message, "contextItems": [], **more}


def words(text: str) -> list[Record]:
    return [{"type": "text", "text": text}]


def call(name: str, tool: str, **arguments: Any) -> Record:
    return {"id": name, "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}


def state(made: Record, status: str, *output: str) -> Record:
    found = [{"name": "Output", "description": "", "content": o} for o in output]
    return {"toolCallId": made["id"], "toolCall": made, "status": status, "parsedArgs": {}, "output": found}


def logs(model: str) -> list[Record]:
    return [{"modelTitle": model, "modelProvider": "openai", "prompt": "<everything>", "completion": ""}]


def usage(prompt: int, output: int, *, read: int = 0, write: int = 0, **more: Any) -> Record:
    details = {"cachedTokens": read, "cacheWriteTokens": write}
    return {"promptTokens": prompt, "completionTokens": output, "promptTokensDetails": details, **more}


def editor_history() -> list[Record]:
    edit = call("call_1", "edit_existing_file", filepath="a.py")
    clean = call("call_2", "run_terminal_command", command="rm -rf build")
    file = {
        "name": "a.py",
        "description": "a.py",
        "content": "def foo(): ...",
        "uri": {"type": "file", "value": "file:///a.py"},
    }
    thought = {"active": False, "text": "Look first.", "startAt": AT + 1000, "endAt": AT + 2000}
    return [
        item("user", words("Rename foo"), "u1", contextItems=[file], editorState={"type": "doc"}),
        item("assistant", "", "a1"),
        item("thinking", "Think aloud.", "t1", message={"signature": "c2ln"}),
        item("assistant", "Renaming.", "a2", message={"toolCalls": [edit]}, toolCallStates=[state(edit, "done", "ok")],
             reasoning=thought, promptLogs=logs("GPT-5.2")),
        item("tool", "ok", "r1", message={"toolCallId": "call_1"}),
        item("assistant", "Cleaning.", "a3", message={"toolCalls": [clean]}, toolCallStates=[state(clean, "canceled")]),
    ]  # fmt: skip


def write(root: Path, name: str, history: list[Record], **more: Any) -> None:
    document = {"sessionId": name, "title": "New Session", "workspaceDirectory": CWD, "history": history, **more}
    path = root / "sessions" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.continue`."""
    uri = "file:///home/ada/my%20shop"
    more = {"title": "Rename a function", "workspaceDirectory": uri, "mode": "agent", "chatModelTitle": "GPT-5.2"}
    write(root, EDITOR, editor_history(), **more)
    totals = usage(150, 30, read=50, totalCost=0.0125, completionTokensDetails={"reasoningTokens": 4})
    cli = [item("user", "Zażółć gęślą jaźń"), item("assistant", "Gotowe.")]
    write(root, TOTALS, cli, usage=totals, chatModelTitle="gpt-5.2")
    counted = [
        item("user", words("Say hello"), "u1"),
        item(
            "assistant",
            "Hello.",
            "a1",
            message={"usage": usage(60, 7, read=40, write=20)},
            promptLogs=logs("Claude 4.5"),
        ),
        item("assistant", "Bye.", "a2", message={"usage": usage(10, 5)}),
    ]
    write(root, COUNTED, counted, usage=usage(70, 12))
    index = [{"sessionId": EDITOR, "title": "Rename a function", "dateCreated": str(AT), "workspaceDirectory": uri}]
    (root / "sessions" / "sessions.json").write_text(json.dumps(index), encoding="utf-8")
