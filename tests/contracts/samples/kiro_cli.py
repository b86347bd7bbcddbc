"""A small Kiro home: a session of each store, the database with an id under two directories and one of Amazon Q's shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

V2 = "468c8450-7153-4700-9ed0-1990a3311e27"
V3 = "sess_9c1f4c2e-6b0a-4f71-8a55-2f0d7b3ac914"
CLASSIC = "0a5376f2-7e2f-4981-bcbc-67195586604a"
PAIRED = "1b5376f2-7e2f-4981-bcbc-67195586604b"
CWD = "/home/ada/shop"
EXPECTED: dict[str, Any] = {
    "sessions": [V2, V3, CLASSIC, PAIRED],
    "prompts": [
        "Why does the build fail?",
        "And now?",
        "Add a route",
        "Read the Makefile",
        "Say hello",
        "wait, plan first",
    ],
    "tools": ["shell", "fs_write", "fs_read"],
    "requests": {"requests": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".kiro"),
    ({}, "linux", ".local/share/kiro-cli"),
    ({}, "linux", ".local/share/amazon-q"),
    ({"XDG_DATA_HOME": "~/xdg"}, "linux", "xdg/kiro-cli"),
    ({}, "darwin", "Library/Application Support/kiro-cli"),
    ({}, "darwin", "Library/Application Support/amazon-q"),
    ({}, "win32", "AppData/Local/kiro-cli"),
    ({"KIRO_HOME": "~/moved"}, "linux", "moved"),
)
JSON_LINES = (".jsonl",)


def entry(kind: str, number: int, *content: dict[str, Any], at: int | None = None, **more: Any) -> dict[str, Any]:
    """Write a record of the second engine."""
    data: dict[str, Any] = {"message_id": f"m-{number}", "content": list(content), **more}
    if at is not None:
        data["meta"] = {"timestamp": 1_767_607_200 + at}
    return {"version": "v1", "kind": kind, "data": data}


def text(words: str) -> dict[str, Any]:
    return {"kind": "text", "data": words}


def use(name: str, **given: Any) -> dict[str, Any]:
    return {"kind": "toolUse", "data": {"toolUseId": f"use-{name}", "name": name, "input": given}}


def result(name: str, status: str, **data: Any) -> dict[str, Any]:
    return {
        "kind": "toolResult",
        "data": {"toolUseId": f"use-{name}", "content": [{"kind": "json", "data": data}], "status": status},
    }


def v2_records() -> list[dict[str, Any]]:
    ran = result("shell", "success", exit_status="exit status: 2", stdout="out", stderr="no rule")
    return [
        entry("Prompt", 1, text("Why does the build fail?"), at=0),
        entry("AssistantMessage", 2, text(""), use("shell", command="make")),
        entry("ToolResults", 3, ran, results={}),
        entry("AssistantMessage", 4, text("Zażółć gęślą.")),
        entry("Compaction", 5, summary="The build failed.", strategy={}, messages_snapshot=[]),
        entry("Prompt", 6, text("And now?"), at=60),
    ]


def v2_side(**more: Any) -> dict[str, Any]:
    turn = {"metering_usage": [{"value": 0.5, "unit": "credit"}, {"value": 0.25, "unit": "credit"}]}
    model = {"model_id": "auto", "context_window_tokens": 200_000}
    return {
        "session_id": V2,
        "cwd": CWD,
        "created_at": "2026-01-05T10:00:00.931209Z",
        "updated_at": "2026-01-05T10:05:00.931209Z",
        "title": "Fix the build",
        "session_created_reason": "user",
        "session_state": {
            "conversation_metadata": {"user_turn_metadatas": [turn]},
            "rts_model_state": {"model_info": model, "context_usage_percentage": 1.5},
            "agent_name": "kiro_default",
        },
        **more,
    }


def event(kind: str, number: int, **payload: Any) -> dict[str, Any]:
    """Write a record of the third engine."""
    return {
        "id": f"e-{number}",
        "timestamp": f"2026-01-05T11:00:{number:02d}.000Z",
        "payload": {"type": kind, **payload},
    }


def v3_records() -> list[dict[str, Any]]:
    return [
        event("user", 1, content="Add a route"),
        event("turn_start", 2, executionId="x"),
        event("assistant", 3, operationType="Reasoning", content="..."),
        event(
            "tool_call",
            4,
            toolCallId="t1",
            toolName="fs_write",
            args={"path": "app.py", "text": "x"},
            status="approved",
        ),
        event("tool_result", 5, toolCallId="t1", success=False, content="denied"),
        event("assistant", 6, operationType="Say", content="Done."),
        event("session_metadata", 7, key="contextUsage", value={"usagePercentage": 42.4}),
        event("usage_summary", 8, promptTurnSummaries=[{"unit": "credit", "usage": 1.5}]),
        event("turn_end", 9, executionId="x"),
        event("session_start", 10, content="You are Kiro CLI."),
    ]


def v3_side() -> dict[str, Any]:
    times = {"createdAt": "2026-01-05T11:00:00Z", "lastModifiedAt": "2026-01-05T11:01:00Z"}
    return {
        "id": V3,
        "schemaVersion": "1.0.0",
        "workspacePaths": [CWD],
        "title": "Add a route",
        "modelId": "auto",
        **times,
    }


def asked(prompt: str) -> dict[str, Any]:
    place = {"env_state": {"current_working_directory": CWD}}
    return {"env_context": place, "content": {"Prompt": {"prompt": prompt}}, "timestamp": "2026-01-05T09:00:00Z"}


def returned(kind: str, words: str, **more: Any) -> dict[str, Any]:
    found = [{"tool_use_id": "t-1", "content": [{"Text": words}], "status": "Success"}]
    return {"content": {kind: {"tool_use_results": found, **more}}, "timestamp": "2026-01-05T09:00:05Z"}


def classic_value() -> dict[str, Any]:
    call = {"id": "t-1", "name": "fs_read", "args": {"path": "Makefile"}}
    request = {"model_id": "claude-sonnet-4.5", "stream_end_timestamp_ms": 1_767_603_603_000}
    used = {"message_id": "a-1", "content": "", "tool_uses": [call]}
    return {
        "conversation_id": CLASSIC,
        "latest_summary": ["Earlier: a Makefile.", {}],
        "history": [
            {"user": asked("Read the Makefile"), "assistant": {"ToolUse": used}, "request_metadata": request},
            {
                "user": returned("ToolUseResults", "all:"),
                "assistant": {"Response": {"message_id": "a-2", "content": "It has one rule."}},
            },
        ],
        "user_turn_metadata": {"usage_info": [{"value": 0.05, "unit": "credit"}]},
    }


def paired_value() -> dict[str, Any]:
    """Write turns as pairs, as Amazon Q CLI did."""
    cancelled = returned("CancelledToolUses", "Tool use was cancelled by the user", prompt="wait, plan first")
    return {
        "conversation_id": PAIRED,
        "history": [
            [asked("Say hello"), {"Response": {"message_id": "q-1", "content": "Hello."}}],
            [cancelled, {"Response": {"message_id": "q-2", "content": "Right."}}],
        ],
    }


def database(path: Path, rows: list[tuple[str, str, str, int, int]], older: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE conversations (key TEXT PRIMARY KEY, value TEXT)")
    connection.execute(
        "CREATE TABLE conversations_v2 (key TEXT, conversation_id TEXT, value TEXT, created_at INTEGER, updated_at INTEGER)"
    )
    connection.execute("CREATE TABLE auth_kv (key TEXT, value TEXT)")
    connection.executemany("INSERT INTO conversations_v2 VALUES (?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO conversations VALUES (?, ?)", older)
    connection.close()


def classic_rows() -> list[tuple[str, str, str, int, int]]:
    stale = {"conversation_id": CLASSIC, "history": [{"user": asked("an old copy"), "assistant": {}}]}
    return [
        (CWD, CLASSIC, json.dumps(classic_value()), 1_767_603_600_000, 1_767_603_700_000),
        ("/home/ada/elsewhere", CLASSIC, json.dumps(stale), 1_767_603_600_000, 1_767_603_600_000),
    ]


def lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.kiro` and for the folder of the database."""
    lines(root / "sessions" / "cli" / f"{V2}.jsonl", v2_records())
    (root / "sessions" / "cli" / f"{V2}.json").write_text(json.dumps(v2_side(), indent=2), encoding="utf-8")
    folder = root / "sessions" / "b550143462be8201" / V3
    lines(folder / "messages.jsonl", v3_records())
    (folder / "session.json").write_text(json.dumps(v3_side()), encoding="utf-8")
    database(root / "data.sqlite3", classic_rows(), [(CWD, json.dumps(paired_value()))])
