"""A small Grok Build home: a session with a rewind, tools and two billed models, its fork, and one of which only the history is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAIN = "019f6000-0000-7000-8000-00000000000a"
FORK = "019f6000-0000-7000-8000-00000000000b"
OLD = "019f6000-0000-7000-8000-00000000000c"
CWD = "/home/ada/shop"
GROUP = "%2Fhome%2Fada%2Fshop"
EXPECTED: dict[str, Any] = {
    "sessions": [MAIN, FORK, OLD],
    "prompts": ["Why does the build fail?", "Rewrite it all", "And now?", "And now?", "Read the Makefile"],
    "tools": ["run_terminal_command", "read_file"],
    "requests": {"requests": 3, "input": 320, "cache_read": 700, "cache_write": 30, "output": 95, "reasoning": 20},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".grok"),
    ({}, "darwin", ".grok"),
    ({}, "win32", ".grok"),
    ({"GROK_HOME": "~/moved"}, "linux", "moved"),
)


def line(session: str, number: int, kind: str, /, *, own: bool = False, **update: Any) -> dict[str, Any]:
    """Write one record; `own` for those that are Grok's addition to the protocol."""
    at = 1_767_607_200 + number
    return {
        "timestamp": at,
        "method": "_x.ai/session/update" if own else "session/update",
        "params": {
            "sessionId": session,
            "_meta": {"agentTimestampMs": at * 1000 + 5, "eventId": f"{session}-{number}"},
            "update": {"sessionUpdate": kind, **update},
        },
    }


def chunk(session: str, number: int, kind: str, words: str, **meta: Any) -> dict[str, Any]:
    return line(session, number, kind, content={"type": "text", "text": words}, **({"_meta": meta} if meta else {}))


def usage(whole: int, cached: int, written: int, output: int, **more: Any) -> dict[str, Any]:
    return {
        "inputTokens": whole,
        "cachedReadTokens": cached,
        "cacheCreationTokens": written,
        "outputTokens": output,
        "totalTokens": whole + output,
        **more,
    }


def first_lines() -> list[dict[str, Any]]:
    tool = {"x.ai/tool": {"kind": "execute", "name": "run_terminal_command", "namespace": "grok_build", "version": 1}}
    models = {
        "grok-4.5": usage(800, 600, 30, 60, reasoningTokens=20, costUsdTicks=200_000_000),
        "grok-4-mini": usage(200, 100, 0, 20, costUsdTicks=50_000_000),
    }
    return [
        chunk(MAIN, 1, "user_message_chunk", "Why does the ", modelId="grok-4.5", promptIndex=0),
        chunk(MAIN, 1, "user_message_chunk", "build fail?", modelId="grok-4.5", promptIndex=0),
        chunk(MAIN, 2, "agent_thought_chunk", "Look at it first."),
        chunk(MAIN, 3, "agent_message_chunk", "Zażółć "),
        line(MAIN, 3, "available_commands_update", availableCommands=[]),
        chunk(MAIN, 4, "agent_message_chunk", "gęślą."),
        line(MAIN, 5, "tool_call", toolCallId="call-1", title="run_terminal_command", rawInput={}, _meta=tool),
        line(MAIN, 5, "tool_call_update", toolCallId="call-1", kind="execute", rawInput={"command": "make"}),
        line(
            MAIN,
            6,
            "tool_call_update",
            toolCallId="call-1",
            status="failed",
            content=[{"type": "content", "content": {"type": "text", "text": "no rule"}}],
            rawOutput={"type": "Bash", "exit_code": 2},
        ),
        chunk(MAIN, 7, "agent_message_chunk", "There is no rule."),
        line(
            MAIN,
            8,
            "turn_completed",
            own=True,
            prompt_id="prompt-1",
            stop_reason="end_turn",
            usage={**usage(1000, 700, 30, 80), "modelUsage": models},
        ),
    ]


def later_lines() -> list[dict[str, Any]]:
    return [
        chunk(MAIN, 9, "user_message_chunk", "Rewrite it all", promptIndex=1),
        chunk(MAIN, 10, "agent_message_chunk", "Done."),
        line(MAIN, 11, "turn_completed", own=True, prompt_id="prompt-2", stop_reason="cancelled", usage=None),
        line(MAIN, 12, "rewind_marker", own=True, target_prompt_index=1),
        chunk(MAIN, 13, "user_message_chunk", "And now?", promptIndex=1),
        chunk(MAIN, 14, "agent_message_chunk", "Fixed."),
        line(MAIN, 15, "turn_completed", own=True, prompt_id="prompt-3", usage=usage(50, 0, 0, 15)),
        line(MAIN, 16, "auto_compact_completed", own=True, tokens_before=900, tokens_after=80),
    ]


def fork_lines() -> list[dict[str, Any]]:
    """Write what a fork copies, its requests included."""
    return [
        chunk(FORK, 13, "user_message_chunk", "And now?", promptIndex=0),
        line(FORK, 15, "turn_completed", own=True, prompt_id="prompt-3", usage=usage(50, 0, 0, 15)),
    ]


def old_lines() -> list[dict[str, Any]]:
    call = {"id": "call-9", "name": "read_file", "arguments": '{"target_file":"Makefile"}'}
    return [
        {"type": "system", "content": "You are Grok"},
        {
            "type": "user",
            "content": [{"type": "text", "text": "project policy"}],
            "synthetic_reason": "project_instructions",
        },
        {"type": "user", "content": [{"type": "text", "text": "<user_query>\nRead the Makefile\n</user_query>"}]},
        {"type": "reasoning", "id": "rs-1", "summary": [{"type": "summary_text", "text": "Open it"}]},
        {"type": "assistant", "content": "Reading.", "tool_calls": [call], "model_id": "grok-4.5"},
        {"type": "tool_result", "tool_call_id": "call-9", "content": "all:"},
    ]


def summary(name: str, **more: Any) -> dict[str, Any]:
    return {
        "info": {"id": name, "cwd": CWD},
        "session_summary": "Why the build fails",
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": "2026-01-05T10:05:00Z",
        "last_active_at": "2026-01-05T10:04:00Z",
        "current_model_id": "grok-4.5",
        "head_branch": "main",
        "generated_title": "Fix the build",
        "agent_name": "grok-build",
        **more,
    }


def write(folder: Path, name: str, lines: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    texts = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in lines)
    (folder / name).write_text(texts, encoding="utf-8")


def say(folder: Path, name: str, facts: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(facts, indent=2), encoding="utf-8")


def build(root: Path) -> None:
    """Write the home below `root`, which stands for `~/.grok`."""
    group = root / "sessions" / GROUP
    write(group / MAIN, "updates.jsonl", [*first_lines(), *later_lines()])
    write(group / MAIN, "chat_history.jsonl", [{"type": "user", "content": "Why does the build fail?"}])
    say(group / MAIN, "summary.json", summary(MAIN))
    say(group / MAIN, "signals.json", {"contextTokensUsed": 12_000, "contextWindowTokens": 200_000})
    write(group / FORK, "updates.jsonl", fork_lines())
    say(group / FORK, "summary.json", summary(FORK, parent_session_id=MAIN, session_kind="fork"))
    write(group / OLD, "chat_history.jsonl", old_lines())
