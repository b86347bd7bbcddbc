"""A small Codex home: both ways of writing history, a fork, a sub-agent, bare lines of old, an archived and packed rollout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import zstandard

from holdfast._sqlite import open_database

Record = dict[str, Any]
MAIN = "019b8d00-0000-7000-8000-000000000001"
PAGED = "019b8d10-0000-7000-8000-000000000002"
FORK = "019b8d20-0000-7000-8000-000000000003"
CHILD = "019b8d30-0000-7000-8000-000000000004"
OLD = "5973b6c0-94b8-487b-a530-2aeb6098ae0e"
PACKED = "019b8d40-0000-7000-8000-000000000005"
TURN = "019b8d0{}-1111-7000-8000-00000000000a"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, PAGED, FORK, CHILD, OLD, PACKED],
    "prompts": ["Run the tests", "Thanks", "Write hello.txt", "Try another way", "Count the lines", "An old wish", "A packed wish"],
    "tools": ["exec_command", "apply_patch", "exec", "shell"],
    "requests": {"requests": 7, "input": 1400, "cache_read": 4100, "cache_write": 100, "output": 210, "reasoning": 60},
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".codex"),
    ({}, "darwin", ".codex"),
    ({}, "win32", ".codex"),
    ({"CODEX_HOME": "~/moved"}, "linux", "moved"),
)


def line(kind: str, second: int, **payload: Any) -> Record:
    return {"timestamp": f"2026-01-05T10:{second // 60:02d}:{second % 60:02d}.000Z", "type": kind, "payload": payload}


def meta(native: str, second: int, **more: Any) -> Record:
    known = {
        "cwd": CWD,
        "originator": "codex-tui",
        "cli_version": "0.130.0",
        "source": "cli",
        "model_provider": "openai",
    }
    git = {"commit_hash": "0" * 40, "branch": "main", "repository_url": "https://example.org/shop.git"}
    stamp = f"2026-01-05T10:{second // 60:02d}:{second % 60:02d}.000Z"
    return line("session_meta", second, **(known | {"id": native, "timestamp": stamp, "git": git} | more))


def turn(name: str, second: int, model: str = "gpt-5.5") -> list[Record]:
    started = line(
        "event_msg",
        second,
        type="task_started",
        turn_id=name,
        started_at=1767607200 + second,
        model_context_window=258400,
    )
    return [started, line("turn_context", second, turn_id=name, cwd=CWD, model=model, approval_policy="never")]


def said(role: str, text: str, second: int) -> list[Record]:
    kind = "output_text" if role == "assistant" else "input_text"
    item = line("response_item", second, type="message", role=role, content=[{"type": kind, "text": text}])
    if role not in ("user", "assistant"):
        return [item]
    event = line("event_msg", second, type="user_message" if role == "user" else "agent_message", message=text)
    return [item, event] if role == "user" else [event, item]


def tokens(total: list[int], last: list[int], second: int) -> Record:
    names = (
        "input_tokens",
        "cached_input_tokens",
        "cache_write_input_tokens",
        "output_tokens",
        "reasoning_output_tokens",
    )
    whole, step = (dict(zip(names, v, strict=True)) | {"total_tokens": v[0] + v[3]} for v in (total, last))
    info = {"total_token_usage": whole, "last_token_usage": step, "model_context_window": 258400}
    return line("event_msg", second, type="token_count", info=info, rate_limits={"primary": {"used_percent": 2.0}})


def main() -> list[Record]:
    context = f"# AGENTS.md instructions for {CWD}\n\n<INSTRUCTIONS>Be kind.</INSTRUCTIONS>"
    injected = line("response_item", 1, type="message", role="user", content=[{"type": "input_text", "text": context}])
    first = tokens([1000, 600, 100, 50, 20], [1000, 600, 100, 50, 20], 8)
    arguments = json.dumps({"cmd": "make test", "workdir": CWD})
    output = "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 2\nOutput:\nmake: *** Error 2\n"
    patch = "*** Begin Patch\n*** Update File: Makefile\n@@\n-a\n+b\n*** End Patch"
    return [
        meta(MAIN, 0),
        *turn(TURN.format(1), 1),
        *said("developer", "<permissions instructions>\nall\n</permissions instructions>", 1),
        injected,
        *said("user", "Run the tests", 2),
        line("event_msg", 3, type="token_count", info=None, rate_limits={}),
        line("response_item", 3, type="reasoning", summary=[{"type": "summary_text", "text": "They want tests."}], encrypted_content="gAAA"),
        line("response_item", 4, type="function_call", name="exec_command", arguments=arguments, call_id="call_1"),
        line("event_msg", 5, type="exec_command_end", call_id="call_1", command=["make", "test"], exit_code=2),
        line("response_item", 5, type="function_call_output", call_id="call_1", output=output),
        first,
        line("response_item", 9, type="custom_tool_call", name="apply_patch", input=patch, call_id="call_2", status="completed"),
        line("event_msg", 9, type="patch_apply_end", call_id="call_2", success=True, stdout="Success.", stderr=""),
        line("response_item", 9, type="custom_tool_call_output", call_id="call_2", output="Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.\n"),
        *said("assistant", "The Makefile was wrong.", 10),
        tokens([2000, 1500, 100, 100, 30], [1000, 900, 0, 50, 10], 11),
        line("event_msg", 11, type="task_complete", turn_id=TURN.format(1), last_agent_message="The Makefile was wrong."),
        *turn(TURN.format(2), 20),
        tokens([2000, 1500, 100, 100, 30], [1000, 900, 0, 50, 10], 21),
        *said("user", "Thanks", 22),
        *said("assistant", "Gern geschehen.", 23),
        tokens([3100, 2500, 100, 120, 30], [1100, 1000, 0, 20, 0], 24),
        line("compacted", 30, message="They fixed the Makefile.", replacement_history=[]),
        line("event_msg", 30, type="context_compacted"),
    ]  # fmt: skip


def paged() -> list[Record]:
    ask = {
        "type": "UserMessage",
        "id": "u1",
        "content": [{"type": "text", "text": "Write hello.txt", "text_elements": []}],
    }
    reply = {
        "type": "AgentMessage",
        "id": "msg_1",
        "content": [{"type": "Text", "text": "I will."}],
        "phase": "commentary",
    }
    items = said("user", "Write hello.txt", 2)[:1], said("assistant", "I will.", 3)[1:]
    failed = [
        {"type": "input_text", "text": "Script failed\nWall time 0.2 seconds\nOutput:\n"},
        {"type": "input_text", "text": "no"},
    ]
    return [
        meta(PAGED, 0, cli_version="0.147.0", history_mode="paginated"),
        *turn(TURN.format(3), 1, "gpt-5.6-sol"),
        line("world_state", 1, full=True, state={}),
        *items[0],
        line("event_msg", 2, type="item_completed", item=ask),
        line("event_msg", 3, type="item_completed", item=reply),
        *items[1],
        line("response_item", 4, type="custom_tool_call", name="exec", input="tools.exec_command()", call_id="call_3"),
        line("response_item", 5, type="custom_tool_call_output", call_id="call_3", output=failed),
        tokens([500, 400, 0, 40, 10], [500, 400, 0, 40, 10], 6),
    ]


def fork() -> list[Record]:
    copied = [{**r, "timestamp": "2026-01-05T10:10:00.001Z"} for r in main()[:23]]
    return [
        meta(FORK, 600, forked_from_id=MAIN),
        *copied,
        *turn("019b8d21-1111-7000-8000-00000000000a", 610),
        *said("user", "Try another way", 611),
        *said("assistant", "Well then.", 612),
        tokens([2600, 2000, 100, 130, 50], [600, 500, 0, 30, 20], 613),
    ]


def child() -> list[Record]:
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": MAIN, "depth": 1, "agent_nickname": "Noether"}}}
    return [
        meta(CHILD, 700, source=spawn, parent_thread_id=MAIN, agent_nickname="Noether"),
        *turn("019b8d31-1111-7000-8000-00000000000a", 701),
        *said("user", "Count the lines", 702),
        *said("assistant", "Twelve.", 703),
        tokens([800, 600, 0, 10, 0], [800, 600, 0, 10, 0], 704),
    ]


def old() -> list[Record]:
    env = f"<environment_context>\n  <cwd>{CWD}</cwd>\n</environment_context>"
    output = json.dumps({"output": "12 Makefile\n", "metadata": {"exit_code": 0, "duration_seconds": 0.1}})
    return [
        {"id": OLD, "timestamp": "2025-08-05T10:00:00.000Z", "instructions": None, "git": {"branch": "main"}},
        {"record_type": "state"},
        {"type": "message", "id": None, "role": "user", "content": [{"type": "input_text", "text": env}]},
        {"type": "message", "id": None, "role": "user", "content": [{"type": "input_text", "text": "An old wish"}]},
        {
            "type": "function_call",
            "id": "fc_1",
            "name": "shell",
            "arguments": '{"command":["wc","-l"]}',
            "call_id": "call_9",
        },
        {"type": "function_call_output", "call_id": "call_9", "output": output},
        {
            "type": "message",
            "id": "msg_9",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Twelve."}],
        },
    ]


def packed() -> list[Record]:
    return [
        meta(PACKED, 800),
        *turn("019b8d41-1111-7000-8000-00000000000a", 801),
        *said("user", "A packed wish", 802),
        tokens([600, 100, 0, 10, 0], [600, 100, 0, 10, 0], 803),
    ]


def encoded(records: list[Record]) -> bytes:
    return b"".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for r in records)


def rollout(root: Path, native: str, records: list[Record]) -> Path:
    folder = root / "sessions" / "2026" / "01" / "05"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-2026-01-05T10-00-00-{native}.jsonl"
    path.write_bytes(encoded(records))
    return path


def build(root: Path) -> None:
    for native, records in ((MAIN, main()), (PAGED, paged()), (FORK, fork()), (CHILD, child()), (OLD, old())):
        rollout(root, native, records)
    archive = root / "archived_sessions"
    archive.mkdir()
    (archive / f"rollout-2026-01-05T10-13-20-{PACKED}.jsonl.zst").write_bytes(zstandard.compress(encoded(packed())))
    names = [{"id": CHILD, "thread_name": "Counting", "updated_at": "2026-01-05T10:00:00Z"}]
    (root / "session_index.jsonl").write_bytes(encoded(names))
    (root / "history.jsonl").write_bytes(encoded([{"session_id": MAIN, "ts": 1767607200, "text": "Run the tests"}]))
    database = open_database(root / "state_5.sqlite", durability="derived")
    database.execute("CREATE TABLE threads (id TEXT PRIMARY KEY, rollout_path TEXT, title TEXT, name TEXT)")
    database.execute("INSERT INTO threads VALUES (?, '', 'Run the tests', 'Mend the Makefile')", (MAIN,))
    database.close()
