"""A small LM Studio home: a conversation with a regenerated answer and a tool in a folder, and one of the oldest shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAIN, PLAIN = "1767607200000", "1767000000000"
START = 1_767_607_200_000
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, PLAIN],
    "prompts": ["What is in the folder?", "Zażółć gęślą jaźń"],
    "tools": ["list_directory"],
    "requests": {"requests": 3, "input": 20 + 20 + 90, "output": 5 + 7 + 11},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".lmstudio"),
    ({}, "linux", ".cache/lm-studio"),
    ({}, "darwin", ".lmstudio"),
    ({}, "win32", ".lmstudio"),
)


def words(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def asked(*content: dict[str, Any]) -> dict[str, Any]:
    return {"versions": [{"type": "singleStep", "role": "user", "content": list(content)}], "currentlySelected": 0}


def generated(prompt: int, output: int) -> dict[str, Any]:
    return {
        "indexedModelIdentifier": "maker/Small-4B-GGUF/small-4b-q4.gguf",
        "identifier": "small-4b",
        "loadModelConfig": {"fields": [{"key": "llm.load.contextLength", "value": 80_000}]},
        "predictionConfig": {"fields": []},
        "stats": {
            "stopReason": "eosFound",
            "promptTokensCount": prompt,
            "predictedTokensCount": output,
            "totalTokensCount": prompt + output,
        },
    }


def step(second: int, *content: dict[str, Any], kind: str = "contentBlock", **more: Any) -> dict[str, Any]:
    name = f"{START + second * 1000}-0.{second}56"
    return {"type": kind, "stepIdentifier": name, **({"content": list(content)} if content else {}), **more}


def answer(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "multiStep", "role": "assistant", "senderInfo": {"senderName": "small-4b"}, "steps": list(steps)}


def main() -> dict[str, Any]:
    call = {"type": "toolCallRequest", "callId": 7, "toolCallRequestId": "req-1", "name": "list_directory"}
    result = {"type": "toolCallResult", "callId": 7, "toolCallRequestId": "req-1", "content": "a.txt"}
    first = answer(step(1, words("No idea."), genInfo=generated(20, 5)))
    second = answer(
        step(2, words("<think>", isStructural=True), words("Look at it first."), style={"type": "thinking"}),
        step(
            3,
            words("Listing."),
            {**call, "parameters": {"path": "."}, "pluginIdentifier": "mcp/files"},
            genInfo=generated(20, 7),
        ),
        step(4, kind="toolStatus"),
        step(5, result),
        step(6, words("One file."), genInfo=generated(90, 11)),
        step(7, kind="debugInfoBlock"),
    )
    return {
        "name": "The folder",
        "createdAt": START,
        "tokenCount": 101,
        "userLastMessagedAt": START + 500,
        "assistantLastMessagedAt": START + 6_500,
        "systemPrompt": "Be brief.",
        "messages": [
            asked(words("What is in the folder?"), {"type": "file", "fileIdentifier": "1-note.txt", "sizeBytes": 12}),
            {"versions": [first, second], "currentlySelected": 1},
        ],
        "lastUsedModel": {"identifier": "small-4b"},
    }


def plain() -> dict[str, Any]:
    said = {"type": "singleStep", "role": "assistant", "content": "Dobrze."}
    return {
        "name": "",
        "createdAt": 1_767_000_000_000,
        "messages": [asked(words("Zażółć gęślą jaźń")), {"versions": [said], "currentlySelected": 0}],
    }


def write(folder: Path, name: str, found: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.conversation.json").write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.lmstudio`."""
    write(root / "conversations" / "work", MAIN, main())
    write(root / "conversations", PLAIN, plain())
