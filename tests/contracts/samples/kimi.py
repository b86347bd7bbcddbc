"""A small Kimi home of both generations: steps, undo, a sub-agent and a fork; events with a call in pieces; bare messages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
MAIN = "session_11111111-2222-4333-8444-555555555501"
FORK = "session_11111111-2222-4333-8444-555555555502"
CLASSIC = "11111111-2222-4333-8444-555555555503"
BARE = "11111111-2222-4333-8444-555555555504"
AGENT = "agent-0"
CWD = "/home/ada/shop"
EXPECTED = {
    "sessions": [MAIN, f"{MAIN}/{AGENT}", FORK, CLASSIC, BARE],
    "prompts": ["Mend the build", "A wrong turn", "Try again", "Look around", "Mend the build", "Run echo", "An old wish"],
    "tools": ["Bash", "Bash", "Read", "Shell", "ReadFile"],
    "requests": {"requests": 6, "input": 1500, "cache_read": 3000, "cache_write": 100, "output": 170, "reasoning": 0},
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".kimi-code"),
    ({}, "darwin", ".kimi-code"),
    ({}, "win32", ".kimi-code"),
    ({}, "linux", ".kimi"),
    ({"KIMI_CODE_HOME": "~/code"}, "linux", "code"),
    ({"KIMI_SHARE_DIR": "~/share"}, "linux", "share"),
)
BEGAN = 1_779_256_791_000


def record(kind: str, second: int, /, **more: Any) -> Record:
    return {"type": kind, **more, "time": BEGAN + second * 1000}


def text(words: str) -> Record:
    return {"type": "text", "text": words}


def asked(words: str, second: int, origin: str = "user") -> list[Record]:
    """Both records of one prompt: that of the turn and that of the context."""
    message = {"role": "user", "content": [text(words)], "toolCalls": [], "origin": {"kind": origin}}
    return [
        record("turn.prompt", second, input=[text(words)], origin={"kind": origin}),
        record("context.append_message", second, message=message),
    ]


def event(kind: str, second: int, /, **more: Any) -> Record:
    return record("context.append_loop_event", second, event={"type": kind, **more})


def part(second: int, **found: Any) -> Record:
    return event("content.part", second, stepUuid="s", uuid=f"c{second}", part=found)


def counted(number: str, second: int, *counts: int) -> list[Record]:
    """Both records of one request: the end of its step, and what it used."""
    names = ("inputOther", "inputCacheRead", "inputCacheCreation", "output")
    usage = dict(zip(names, counts, strict=True))
    return [
        event("step.end", second, uuid=number, turnId="0", step=1, usage=usage, finishReason="end_turn"),
        record("usage.record", second, model="moonshot-ai/kimi-k3", usage=usage, usageScope="turn"),
    ]


def main() -> list[Record]:
    result = {"output": "make: *** Error 2", "isError": True}
    request = record("llm.request", 3, kind="loop", provider="kimi", model="kimi-k3", toolSelect=False)
    aside = {"inputOther": 100, "inputCacheRead": 0, "inputCacheCreation": 0, "output": 10}
    return [
        {"type": "metadata", "protocol_version": "1.5", "created_at": BEGAN},
        record("config.update", 1, cwd=CWD, modelAlias="moonshot-ai/kimi-k3", systemPrompt="You are Kimi."),
        record("permission.set_mode", 1, mode="manual"),
        *asked("Mend the build", 2),
        record("context.append_message", 2, message={"role": "user", "content": [text("<system-reminder>x")], "toolCalls": [], "origin": {"kind": "injection"}}),
        request,
        event("step.begin", 3, uuid="s1", turnId="0", step=1),
        part(4, type="think", think="They want a build."),
        part(5, type="text", text="I will run it."),
        event("tool.call", 6, stepUuid="s1", toolCallId="Bash_0", name="Bash", args={"command": "make"}),
        event("tool.result", 7, parentUuid="x", toolCallId="Bash_0", result=result),
        *counted("s1", 8, 400, 1000, 100, 50),
        event("step.begin", 9, uuid="s2", turnId="0", step=2),
        part(10, type="text", text="Zażółć."),
        *counted("s2", 11, 300, 2000, 0, 40),
        record("turn.ended", 12, turnId=0, reason="completed", durationMs=10),
        *asked("A wrong turn", 13),
        event("step.begin", 14, uuid="s3", turnId="1", step=1),
        part(15, type="text", text="Lost."),
        *counted("s3", 16, 200, 0, 0, 20),
        record("context.undo", 17, count=1),
        *asked("Try again", 18),
        record("turn.ended", 19, turnId=2, reason="failed", error={"code": "x", "message": "rate limited", "retryable": True}),
        record("usage.record", 20, model="kimi-mini", usage=aside, usageScope="session"),
        record("context.apply_compaction", 21, summary="So far.", compactedCount=2, tokensBefore=100, tokensAfter=30),
    ]  # fmt: skip


def agent() -> list[Record]:
    return [
        {"type": "metadata", "protocol_version": "1.5", "created_at": BEGAN},
        *asked("Look around", 2, origin="system_trigger"),
        event("tool.call", 3, stepUuid="s9", toolCallId="Read_0", name="Read", args={"path": "Makefile"}),
        *counted("s9", 4, 400, 0, 0, 30),
    ]


def said(kind: str, second: float, /, **payload: Any) -> Record:
    return {"timestamp": 1_774_949_785.25 + second, "message": {"type": kind, "payload": payload}}


def classic() -> list[Record]:
    usage = {"input_other": 100, "input_cache_read": 0, "input_cache_creation": 0, "output": 20}
    status = {"context_tokens": 120, "max_context_tokens": 262144, "token_usage": usage, "message_id": "chatcmpl-1"}
    call = {"type": "function", "id": "Shell:0", "function": {"name": "Shell", "arguments": '{"comm'}}
    value = {"is_error": False, "output": "hi\n", "message": "Command executed successfully.", "display": []}
    return [
        {"type": "metadata", "protocol_version": "1.10"},
        said("TurnBegin", 0, user_input=[text("Run echo")]),
        said("StepBegin", 1, n=1),
        said("ContentPart", 2, type="think", think="Simple.", encrypted=None),
        said("ToolCall", 3, **call),
        said("ToolCallPart", 4, arguments_part='and":"echo hi"}'),
        said("StatusUpdate", 5, **status),
        said("ToolResult", 6, tool_call_id="Shell:0", return_value=value),
        said("StepBegin", 7, n=2),
        said("ContentPart", 8, type="text", text="It said hi."),
        said("TurnEnd", 9),
    ]


def bare() -> list[Record]:
    call = {"type": "function", "id": "ReadFile:0", "function": {"name": "ReadFile", "arguments": '{"path":"a"}'}}
    return [
        {"role": "_system_prompt", "content": "You are Kimi."},
        {"role": "_checkpoint", "id": 0},
        {"role": "user", "content": "An old wish"},
        {"role": "assistant", "content": [{"type": "think", "think": "Hm."}], "tool_calls": [call]},
        {"role": "tool", "content": [text("aaa")], "tool_call_id": "ReadFile:0"},
        {"role": "_usage", "token_count": 9133},
    ]


def write(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    return path


def describe(folder: Path, **known: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(json.dumps(known), encoding="utf-8")


def build(root: Path) -> None:
    folder = root / "sessions" / "wd_shop_057f5c09ee3f"
    write(folder / MAIN / "agents" / "main" / "wire.jsonl", main())
    write(folder / MAIN / "agents" / AGENT / "wire.jsonl", agent())
    agents = {"main": {"type": "main", "parentAgentId": None}, AGENT: {"type": "explore", "parentAgentId": "main"}}
    describe(folder / MAIN, title="Mend it", createdAt="2026-05-20T05:59:51.000Z", agents=agents)
    write(folder / FORK / "agents" / "main" / "wire.jsonl", [*main()[:17], record("forked", 30)])
    describe(folder / FORK, title="Fork: Mend it", createdAt=BEGAN, forkedFrom=MAIN)
    older = root / "sessions" / hashlib.md5(CWD.encode(), usedforsecurity=False).hexdigest()
    write(older / CLASSIC / "wire.jsonl", classic())
    write(older / CLASSIC / "context.jsonl", bare())
    describe(older / CLASSIC, version=1, custom_title="Say hi", archived=True)
    write(older / BARE / "context.jsonl", bare())
    write(root / "session_index.jsonl", [{"sessionId": FORK, "sessionDir": "x", "workDir": CWD}])
    (root / "kimi.json").write_text(json.dumps({"work_dirs": [{"path": CWD}]}), encoding="utf-8")
