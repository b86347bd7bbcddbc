"""A small home of Visual Studio's traces: two runs, with two conversations in the first and one of a solution's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

FIRST = "4a8f63f6-7626-4416-a874-fc7bd2c3f005"
SECOND = "c0aca2e3-d1f2-4d28-bd5e-5dab29e2be28"
THIRD = "5bc5f6d7-9a6e-4f9c-8f3c-b7be2e7d9f20"
SOLUTION = "77777777-9a6e-4f9c-8f3c-b7be2e7d9f20"
START = 1_767_600_000
EXPECTED = {
    "sessions": [FIRST, SECOND, THIRD, SOLUTION],
    "prompts": ["Why does the build fail?", "Zażółć gęślą jaźń", "Run the tests", "What is a monad?"],
    "tools": ["run_build", "get_file", "file_search"],
    "requests": {"requests": 4, "input": 900 + 1000 + 300 + 40, "cache_read": 100, "cache_write": 0,
                 "output": 20 + 30 + 7 + 9, "reasoning": 5},
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "win32", "AppData/Local/Temp/VSGitHubCopilotLogs/traces"),
    ({"LOCALAPPDATA": "~/local"}, "win32", "local/Temp/VSGitHubCopilotLogs/traces"),
    ({}, "darwin", "Library/Caches/VSGitHubCopilotLogs/traces"),
    ({}, "linux", ".cache/VSGitHubCopilotLogs/traces"),
    ({"XDG_CACHE_HOME": "~/cache"}, "linux", "cache/VSGitHubCopilotLogs/traces"),
)


def value(given: Any) -> Record:
    if isinstance(given, int):
        return {"intValue": str(given)}
    return {"stringValue": given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)}


def span(number: int, operation: str, conversation: str, *, status: Record | None = None, **said: Any) -> Record:
    """Return a span; `said` are attributes with dots written as underscores twice."""
    facts = {
        "gen_ai.operation.name": operation,
        "gen_ai.conversation.id": conversation,
        "gen_ai.request.model": "gpt-5.5",
    }
    facts |= {name.replace("__", "."): given for name, given in said.items()}
    start = (START + number * 10) * 10**9
    return {
        "traceId": "t" * 32, "spanId": f"{number:016x}", "parentSpanId": "", "name": f"{operation} x", "kind": 1,
        "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 5 * 10**9),
        "attributes": [{"key": k, "value": value(v)} for k, v in facts.items() if v != ""], **({"status": status} if status else {}),
    }  # fmt: skip


def part(words: str, kind: str = "text") -> Record:
    return {"type": kind, "content": words}


def call(key: str, name: str, **arguments: Any) -> Record:
    return {"type": "tool_call", "id": key, "name": name, "arguments": json.dumps(arguments)}


def chat(number: int, conversation: str, asked: list[str], *said: Record, turn: str = "", **more: Any) -> Record:
    """Return a request: all prompts so far go in, the answer's parts come out."""
    prompts = [{"role": "user", "parts": [part(words)]} for words in asked]
    answer = [{"role": "assistant", "parts": list(said)}]
    given = {
        "gen_ai__input__messages": prompts,
        "gen_ai__output__messages": answer,
        "copilot_chat__root_request_id": turn,
    }
    return span(number, "chat", conversation, **given, **more)


def ran(number: int, conversation: str, key: str, name: str, result: Any, **more: Any) -> Record:
    given = {"gen_ai__tool__call__id": key, "gen_ai__tool__name": name, "gen_ai__tool__call__result": result}
    return span(number, "execute_tool", conversation, **given, **more)


def used(prompt: int, output: int, **more: int) -> Record:
    given = {"gen_ai__usage__input_tokens": prompt, "gen_ai__usage__output_tokens": output}
    return given | {f"gen_ai__usage__{k}": v for k, v in more.items()}


def line(*spans: Record) -> bytes:
    facts = [{"key": "service.version", "value": {"stringValue": "18.6.11822.322"}}]
    scopes = [{"scope": {}, "spans": list(spans)}]
    record = {"resourceSpans": [{"resource": {"attributes": facts}, "scopeSpans": scopes}]}
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def trace(root: Path, name: str, *spans: Record) -> Path:
    path = root / f"{name}_VSGitHubCopilot_traces.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line(one) for one in spans))
    return path


def first_run() -> list[Record]:
    asked = ["Why does the build fail?"]
    build = call("c1", "run_build", configuration="Debug")
    cached = {"cache_read__input_tokens": 100, "reasoning__output_tokens": 5}
    arguments = {"gen_ai__tool__call__arguments": '{"filename":"a.cs"}'}
    return [
        span(0, "invoke_agent", FIRST, copilot_chat__mode="Agent", copilot_chat__client_id="VS"),
        chat(1, FIRST, asked, part("I build."), build, turn="turn1", **used(1000, 20, **cached)),
        ran(2, FIRST, "c1", "run_build", {"Value": "Error CS1002"}, status={"code": 2}),
        chat(3, FIRST, asked, part("A semicolon."), turn="turn1", **used(1000, 30)),
        chat(4, SECOND, ["Zażółć gęślą jaźń"], part("Gotowe."), **used(300, 7)),
        ran(5, SECOND, "c2", "get_file", "class App;", **arguments),
    ]


def build(root: Path) -> None:
    trace(root, "20260105T100000_a", *first_run())
    trace(
        root,
        "20260105T110000_b",
        chat(6, THIRD, ["Run the tests"], part("They pass.")),
        ran(7, THIRD, "c3", "file_search", "[]"),
    )
    own = root / ".vs" / "Shop" / "copilot-chat" / "thread" / "sessions" / SOLUTION
    own.parent.mkdir(parents=True)
    own.write_bytes(line(chat(8, SOLUTION, ["What is a monad?"], part("A burrito."), **used(40, 9))))
