"""A small Copilot home: a resumed session with a sub-agent, a crashed one whose usage is in the database, a flat old file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast._sqlite import open_database

Record = dict[str, Any]
MAIN = "aaaaaaaa-1111-4222-8333-444444444444"
CRASHED = "bbbbbbbb-1111-4222-8333-444444444444"
FLAT = "cccccccc-1111-4222-8333-444444444444"
AGENT = "call_task"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, f"{MAIN}/{AGENT}", CRASHED, FLAT],
    "prompts": ["Run the tests", "Thanks", "Count the lines", "Oh no", "An old wish"],
    "tools": ["bash", "task", "github__lookup"],
    "requests": {"requests": 5, "input": 1230, "cache_read": 2400, "cache_write": 70, "output": 165, "reasoning": 40},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".copilot"),
    ({}, "darwin", ".copilot"),
    ({}, "win32", ".copilot"),
    ({"COPILOT_HOME": "~/moved"}, "linux", "moved"),
)


def event(kind: str, number: int, *, agent: str = "", **data: Any) -> Record:
    stamp = f"2026-01-05T10:{number // 60:02d}:{number % 60:02d}.000Z"
    found = {"type": kind, "data": data, "id": f"{number:08d}-{kind}", "timestamp": stamp, "parentId": None}
    return found | ({"agentId": agent} if agent else {})


def start(native: str, number: int = 0) -> Record:
    context = {"cwd": CWD, "gitRoot": CWD, "repository": "ada/shop", "branch": "main"}
    return event(
        "session.start",
        number,
        sessionId=native,
        version=1,
        copilotVersion="1.0.78",
        startTime="2026-01-05T10:00:00.000Z",
        context=context,
    )


def answer(number: int, text: str, output: int, **more: Any) -> Record:
    known = {"messageId": f"m{number}", "apiCallId": f"api{number}", "model": "gpt-5-mini", "toolRequests": []}
    return event("assistant.message", number, **(known | {"content": text, "outputTokens": output} | more))


def shutdown(number: int, count: int, tokens: list[int], **more: Any) -> Record:
    names = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")
    metrics = {"gpt-5-mini": {"requests": {"count": count, "cost": 0}, "usage": dict(zip(names, tokens, strict=True))}}
    return event(
        "session.shutdown",
        number,
        shutdownType="routine",
        totalNanoAiu=1000 * count,
        totalPremiumRequests=0.33,
        modelMetrics=metrics,
        currentTokens=900 + count,
        **more,
    )


def main() -> list[Record]:
    bash = {"toolCallId": "call_bash", "name": "bash", "arguments": {"command": "make test"}, "type": "function"}
    task = {"toolCallId": AGENT, "name": "task", "arguments": {"prompt": "Count the lines"}, "type": "function"}
    return [
        start(MAIN),
        event("session.permissions_changed", 1, allowAllPermissions=True),
        event("system.message", 2, role="system", content="You are Copilot."),
        event("user.message", 3, content="Run the tests", transformedContent="<now/>Run the tests", attachments=[{"type": "file", "path": "/a.txt"}]),
        event("assistant.turn_start", 4, turnId="0"),
        answer(5, "I will.", 50, toolRequests=[bash], reasoningText="They want tests.", reasoningOpaque="gAAA"),
        event("tool.execution_start", 6, toolCallId="call_bash", toolName="bash", arguments={"command": "make test"}),
        event("permission.requested", 6, toolCallId="call_bash"),
        event("tool.execution_complete", 7, toolCallId="call_bash", success=True, result={"content": "bad\n<shellId: 0 completed with exit code 2>"}),
        answer(8, "It failed.", 20, toolRequests=[task]),
        event("tool.execution_start", 8, toolCallId=AGENT, toolName="task", arguments={"prompt": "Count the lines"}),
        event("subagent.started", 9, agent=AGENT, toolCallId=AGENT, agentName="task", agentDisplayName="Task Agent"),
        event("user.message", 10, agent=AGENT, content="Count the lines", source=f"agent-{MAIN}"),
        {**answer(11, "Twelve.", 10), "agentId": AGENT},
        event("subagent.completed", 12, agent=AGENT, toolCallId=AGENT, totalTokens=99),
        event("tool.execution_complete", 13, toolCallId=AGENT, success=True, result={"content": "Twelve."}),
        event("assistant.turn_end", 14, turnId="0"),
        shutdown(20, 3, [2500, 80, 1700, 50, 30]),
        event("session.resume", 30, eventCount=18, context={"cwd": CWD, "branch": "feature"}),
        event("user.message", 31, content="Thanks"),
        answer(32, "Gern geschehen.", 40),
        event("session.compaction_complete", 33, success=True, summaryContent="They ran tests.", tokenLimit=128000, systemTokens=1, conversationTokens=2, toolDefinitionsTokens=3),
        event("session.usage_checkpoint", 34, totalNanoAiu=4000, totalPremiumRequests=0.33),
        shutdown(40, 4, [3100, 120, 2100, 50, 35]),
    ]  # fmt: skip


def crashed() -> list[Record]:
    return [
        start(CRASHED, 100),
        event("user.message", 101, content="Oh no"),
        answer(102, "Hm.", 45),
        event("session.error", 103, errorType="rate_limit", message="Too many requests", statusCode=429),
    ]


def flat() -> list[Record]:
    known = {"toolCallId": "call_mcp", "mcpServerName": "github", "mcpToolName": "lookup"}
    return [
        start(FLAT, 200),
        event("user.message", 201, content="An old wish"),
        event("tool.execution_start", 202, **known),
        event("tool.execution_complete", 203, toolCallId="call_mcp", success=False, error={"message": "no such thing"}),
    ]


def write(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for r in records)
    )


def build(root: Path) -> None:
    sessions = root / "session-state"
    write(sessions / MAIN / "events.jsonl", main())
    (sessions / MAIN / "workspace.yaml").write_text(
        f"id: {MAIN}\nname: Mend the Makefile\ncwd: {CWD}\n", encoding="utf-8"
    )
    write(sessions / CRASHED / "events.jsonl", crashed())
    write(sessions / f"{FLAT}.jsonl", flat())
    (sessions / "dddddddd-1111-4222-8333-444444444444").mkdir()
    database = open_database(root / "session-store.db", durability="derived")
    columns = "id INTEGER PRIMARY KEY, session_id TEXT, created_at TEXT, model TEXT, input_tokens INTEGER, output_tokens INTEGER"
    database.execute(
        f"CREATE TABLE assistant_usage_events ({columns}, cache_read_tokens INTEGER, cache_write_tokens INTEGER, reasoning_tokens INTEGER, initiator TEXT)"
    )
    rows = [
        (1, MAIN, 900, 20, 500, 50, 10, None),
        (2, CRASHED, 600, 45, 300, 20, 5, None),
        (3, CRASHED, 5, 5, 0, 0, 0, "compaction"),
    ]
    for number, session, *tokens, initiator in rows:
        created = "2026-01-05T10:00:08.500Z" if session == MAIN else "2026-01-05T10:01:42.500Z"
        values = (number, session, created, "gpt-5-mini", *tokens, initiator)
        database.execute("INSERT INTO assistant_usage_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.close()
