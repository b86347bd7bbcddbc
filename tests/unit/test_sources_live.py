"""Which processes are agents, which sessions they hold, and what the end of a transcript says of the last turn."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from holdfast import registry
from holdfast.model.process import Process
from holdfast.sources.base import Scene, SupportsLive

STARTED = 1_790_000_000_000
LIVE = tuple(n for n in registry.names("sources") if isinstance(registry.load("sources", n)(), SupportsLive))
IDENT = "a69e350e-140e-489b-a707-94dac7b9ac1d"


def process(*argv, name=None, cwd="/work/shop", pid=4242, executable=""):
    shown = Path(argv[0]).name[:15] if name is None else name
    return Process(pid=pid, started=STARTED, name=shown, argv=argv, cwd=cwd, executable=executable)


def scene(*roots, written=(), birth=""):
    return Scene(roots=roots, written=lambda _: tuple(written), birth=lambda _: birth)


def holders(found, *roots, **known):
    """Return the claims on a process by the agents that make any."""
    claims = {name: registry.load("sources", name)().claims(found, scene(*roots, **known)) for name in LIVE}
    return {name: c for name, c in claims.items() if c}


def tail_of(agent, path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return registry.load("sources", agent)().tail(str(path))


LAUNCHES: dict[str, list[tuple[str, ...]]] = {
    "claude-code": [
        ("claude",), ("/usr/local/bin/claude", "--continue"), ("node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"),
        ("/home/me/.local/share/claude/versions/2.1.261", "-p", "do it"),
    ],
    "codex": [("codex", "exec", "fix it"), ("/opt/homebrew/bin/codex",), ("node", "/usr/lib/node_modules/@openai/codex/bin/codex.js")],
    "gemini-cli": [("node", "/usr/local/bin/gemini"), ("node", "--max-old-space-size=8192", "/x/@google/gemini-cli/dist/index.js")],
    "copilot-cli": [("copilot",), ("node", "/usr/lib/node_modules/@github/copilot/index.js")],
    "cursor": [("cursor-agent",), ("/home/me/.local/share/cursor-agent/versions/1/node", "/home/me/.local/share/cursor-agent/versions/1/index.js"),
               ("cursor", "agent")],
    "opencode": [("opencode",), ("bun", "run", "/x/opencode-ai/bin/opencode")],
    "aider": [("python3", "-m", "aider"), ("/home/me/venv/bin/python3.12", "/home/me/venv/bin/aider", "--model", "x")],
    "goose": [("goose", "session"), ("goose",)],
    "qwen-code": [("node", "/usr/local/bin/qwen"), ("qwen",)],
    "kiro-cli": [("kiro-cli", "chat"), ("kiro-cli-chat", "chat")],
    "pi": [("pi",), ("node", "/x/@mariozechner/pi-coding-agent/dist/cli.js")],
    "factory-droid": [("droid",), ("/home/me/.local/bin/droid", "exec", "hello")],
    "crush": [("crush",)],
    "amp": [("amp",), ("node", "/usr/local/bin/amp")],
    "kimi": [("kimi",), ("python", "-m", "kimi_cli")],
    "mistral-vibe": [("vibe",), ("python3", "/home/me/.local/bin/vibe")],
    "hermes": [("hermes",)],
    "kilo": [("kilo",)],
}  # fmt: skip


@pytest.mark.parametrize(("agent", "argv"), [(a, argv) for a, many in LAUNCHES.items() for argv in many])
def test_an_agent_is_known_however_it_was_launched_and_by_its_source_alone(agent, argv):
    assert set(holders(process(*argv))) == {agent}


DECOYS = (
    ("vim", "notes-about-claude.md"), ("vim", "claude"), ("tail", "-f", "/home/me/.claude/log"), ("grep", "-r", "codex", "."),
    ("python", "claude.py"), ("python3", "/home/me/claude/train.py"), ("node", "/home/me/gemini/server.js"), ("node", "codex.js"),
    ("python", "-c", "print('claude')"), ("bash", "-c", "claude"), ("ssh", "box", "claude"), ("tmux", "new", "-s", "claude"),
    ("npx", "@google/gemini-cli"), ("npm", "exec", "@google/gemini-cli"), ("/home/me/claude/bin/server",),
    ("/usr/share/cursor/cursor", "--type=zygote"), ("/usr/share/code/code", "--type=renderer"), ("claude", "daemon", "run"),
    ("claude", "--bg-pty-host"), ("claude", "--bg-spare"), ("claude", "mcp", "serve"), ("claude", "--version"), ("codex", "mcp-server"),
    ("node", "/usr/share/code/resources/app/extensions/ms-vscode.js"), ("agent",), ("datadog-agent", "run"), ("ssh-agent",),
    ("goose", "-dir", "db", "up"), ("rg", "--files", "/x/@anthropic-ai/claude-code"), ("electron", "/opt/Claude/app.asar"),
    ("/x/@anthropic-ai/claude-code/vendor/ripgrep/x64-linux/rg", "word"), ("cat", "/usr/bin/copilot"), ("sudo", "-u", "me", "codex"),
    ("/bin/sh", "/home/me/bin/claude"), ("bash", "/home/me/bin/aider"), ("copilot", "svc", "deploy"), ("copilot", "env", "ls"),
    ("opencode", "attach", "http://127.0.0.1:4096"), ("goose", "session", "list"), ("kiro-cli", "whoami"), ("codex", "cloud", "list"),
    ("python3", "-m", "pytest", "aider"), ("less", "pi"), ("man", "opencode"), ("watch", "-n1", "claude"), ("gemini-server",),
)  # fmt: skip


def test_what_is_said_to_an_agent_is_no_command_of_its_program():
    assert set(holders(process("copilot", "-p", "deploy"))) == {"copilot-cli"}
    assert set(holders(process("claude", "-p", "doctor"))) == {"claude-code"}


def test_an_aider_below_the_root_of_its_repository_writes_at_the_root(tmp_path):
    (tmp_path / ".git").mkdir()
    below = str(tmp_path / "src" / "app")
    (claim,) = holders(process("aider", cwd=below))["aider"]
    assert claim.cwd == str(tmp_path)
    (claim,) = holders(process("aider", "--no-git", cwd=below))["aider"]
    assert claim.cwd == below


@pytest.mark.parametrize("argv", DECOYS, ids=" ".join)
def test_what_only_speaks_of_an_agent_is_none(argv):
    assert holders(process(*argv)) == {}


@pytest.mark.parametrize(
    ("agent", "command"), [("vscode-copilot-chat", "/usr/share/code/code"), ("cursor", "/usr/share/cursor/cursor")]
)
def test_an_editor_is_no_agent_but_shows_sessions_of_its_store(agent, command):
    (claim,) = holders(process(command, "."))[agent]
    assert claim.editor


def test_cursors_agent_is_told_from_others_of_its_name_by_the_sessions_of_its_folder(tmp_path):
    (tmp_path / "projects" / "work-shop" / "agent-transcripts").mkdir(parents=True)
    assert set(holders(process("agent"), tmp_path)) == {"cursor"}


def claude_entry(root, pid=4242, **fields):
    (root / "sessions").mkdir(exist_ok=True)
    entry = {
        "pid": pid,
        "sessionId": IDENT,
        "cwd": "/work/shop",
        "startedAt": STARTED + 900,
        "procStart": "771",
        **fields,
    }
    (root / "sessions" / f"{pid}.json").write_text(json.dumps(entry))


@pytest.mark.parametrize(
    ("status", "state"), [("busy", "working"), ("idle", "idle"), ("waiting", "waiting-permission"), ("shell", "idle")]
)
def test_claude_codes_registry_says_session_and_state(tmp_path, status, state):
    claude_entry(tmp_path, status=status, statusUpdatedAt=STARTED + 5000)
    (claim,) = holders(process("claude"), tmp_path, birth="771")["claude-code"]
    assert (claim.native_id, claim.evidence.state, claim.evidence.at) == (IDENT, state, STARTED + 5000)


def test_claude_codes_registry_of_an_earlier_process_with_the_same_pid_says_nothing(tmp_path):
    claude_entry(tmp_path, status="busy")
    (claim,) = holders(process("claude"), tmp_path, birth="772")["claude-code"]
    assert (claim.native_id, claim.evidence) == ("", None)


def test_where_no_mark_of_the_start_is_written_down_an_older_registry_says_nothing(tmp_path):
    claude_entry(tmp_path, procStart=None, startedAt=STARTED - 60_000, status="busy")
    assert holders(process("claude"), tmp_path, birth="772")["claude-code"][0].native_id == ""
    claude_entry(tmp_path, procStart=None, startedAt=STARTED + 700, status="busy")
    assert holders(process("claude"), tmp_path, birth="772")["claude-code"][0].native_id == IDENT


def test_a_registry_entry_of_a_process_that_is_no_claude_is_never_read(tmp_path):
    claude_entry(tmp_path, status="busy")
    assert holders(process("vim", "x"), tmp_path, birth="771") == {}


def test_codex_holds_the_rollouts_that_it_keeps_open():
    path = f"/home/me/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{IDENT}.jsonl"
    (claim,) = holders(process("codex"), written=(path, "/tmp/log"))["codex"]
    assert (claim.native_id, claim.path, claim.host) == (IDENT, path, False)


def test_codexs_server_holds_many_rollouts_and_none_by_its_folder():
    paths = [f"/x/rollout-2026-11-20T10-00-00-{i}{IDENT[1:]}.jsonl" for i in "abc"]
    claims = holders(process("codex", "app-server"), written=paths)["codex"]
    assert [c.host for c in claims] == [True] * 3
    (idle,) = holders(process("codex", "app-server"))["codex"]
    assert (idle.host, idle.native_id) == (True, "")


def copilot_lock(root, pid, *, at=STARTED + 1000, events=True, name=IDENT):
    folder = root / "session-state" / name
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f"inuse.{pid}.lock"
    lock.touch()
    os.utime(lock, (at / 1000, at / 1000))
    if events:
        (folder / "events.jsonl").touch()


def test_copilots_lock_counts_only_for_a_live_copilot_that_could_have_made_it(tmp_path):
    copilot_lock(tmp_path, 4242)
    assert holders(process("copilot"), tmp_path)["copilot-cli"][0].native_id == IDENT
    assert holders(process("vim", "x"), tmp_path) == {}
    assert holders(process("copilot", pid=9), tmp_path)["copilot-cli"][0].native_id == ""


def test_copilots_lock_from_before_the_process_began_or_without_events_says_nothing(tmp_path):
    copilot_lock(tmp_path, 4242, at=STARTED - 60_000)
    copilot_lock(tmp_path, 4242, events=False, name="b" + IDENT[1:])
    assert holders(process("copilot"), tmp_path)["copilot-cli"][0].native_id == ""


@pytest.mark.parametrize(
    ("agent", "argv"),
    [
        ("claude-code", ("claude", "--resume", IDENT)), ("claude-code", ("claude", f"--session-id={IDENT}")),
        ("codex", ("codex", "resume", IDENT)), ("gemini-cli", ("node", "/usr/local/bin/gemini", f"--resume={IDENT}")),
        ("copilot-cli", ("copilot", f"--resume={IDENT}")), ("cursor", ("cursor-agent", "--resume", IDENT)),
        ("opencode", ("opencode", "--session", IDENT)), ("goose", ("goose", "session", "--resume", "--session-id", IDENT)),
        ("qwen-code", ("qwen", "--resume", IDENT)), ("kiro-cli", ("kiro-cli", "chat", "--resume-id", IDENT)),
        ("pi", ("pi", "--session", IDENT)), ("factory-droid", ("droid", "--resume", IDENT)), ("crush", ("crush", "--session", IDENT)),
        ("amp", ("amp", "threads", "continue", IDENT)), ("kimi", ("kimi", "--session", IDENT)),
    ],
)  # fmt: skip
def test_a_session_named_on_the_command_line_is_the_one(agent, argv):
    (claim,) = holders(process(*argv))[agent]
    assert (claim.native_id, claim.resumes) == (IDENT, False)


@pytest.mark.parametrize(
    "argv", [("claude", "--continue"), ("codex", "resume", "--last"), ("node", "/usr/bin/gemini", "--resume", "latest")]
)
def test_going_on_with_the_newest_session_is_told_apart(argv):
    ((claim,),) = holders(process(*argv)).values()
    assert (claim.native_id, claim.resumes) == ("", True)


def at(second):
    return f"2026-11-20T10:00:{second:02}.000Z"


def claude(kind, second, content, **more):
    message = {"role": kind, "content": content}
    message |= {k: more.pop(k) for k in ("stop_reason", "model") if k in more}
    return {"type": kind, "timestamp": at(second), "message": message, **more}


def use(name="Bash", **given):
    return [{"type": "tool_use", "id": "t1", "name": name, "input": given}]


RESULT = [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}]
FAILURE = [{**RESULT[0], "is_error": True}]
SAID = [{"type": "text", "text": "Done."}]
CLAUDE = {
    "prompt alone": ([claude("user", 1, "hi")], ("open", "", ())),
    "a tool is open": ([claude("user", 1, "hi"), claude("assistant", 2, use())], ("open", "", ("Bash",))),
    "a tool answered": ([claude("assistant", 2, use()), claude("user", 3, RESULT)], ("open", "", ())),
    "a question": ([claude("assistant", 2, use("AskUserQuestion", questions=[{"question": "Which?"}]))], ("open", "question", ("AskUserQuestion",))),
    "a plan": ([claude("assistant", 2, use("ExitPlanMode", plan="x"))], ("open", "permission", ("ExitPlanMode",))),
    "the end": ([claude("user", 1, "hi"), claude("assistant", 2, SAID, stop_reason="end_turn")], ("done", "", ())),
    "the end by its length": ([claude("assistant", 2, SAID), {"type": "system", "subtype": "turn_duration", "timestamp": at(3)}], ("done", "", ())),
    "words without an end": ([claude("assistant", 2, SAID)], ("said", "", ())),
    "a stop by hand": ([claude("assistant", 2, use()), claude("user", 3, "[Request interrupted by user for tool use]")], ("interrupted", "", ())),
    "an error": ([claude("assistant", 2, [{"type": "text", "text": "API Error: 500"}], isApiErrorMessage=True, model="<synthetic>")], ("failed", "", ())),
    "a sub-agent's call": ([claude("assistant", 2, SAID, stop_reason="end_turn"), claude("assistant", 3, use(), isSidechain=True)], ("done", "", ())),
    "a slash command": ([claude("assistant", 2, SAID, stop_reason="end_turn"), claude("user", 3, "<command-name>/cost</command-name>")], ("done", "", ())),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAUDE)
def test_claude_codes_last_turn(tmp_path, name):
    records, expected = CLAUDE[name]
    tail = tail_of("claude-code", tmp_path / "s.jsonl", *records)
    assert (tail.turn, tail.asks, tail.calls) == expected


def test_a_limit_is_told_from_other_errors(tmp_path):
    record = claude(
        "assistant", 2, [{"type": "text", "text": "You've hit your limit"}], isApiErrorMessage=True, error="rate_limit"
    )
    assert tail_of("claude-code", tmp_path / "s.jsonl", record).limited
    record = claude(
        "assistant",
        2,
        [{"type": "text", "text": "API Error: overloaded"}],
        isApiErrorMessage=True,
        error="server_error",
    )
    assert not tail_of("claude-code", tmp_path / "s.jsonl", record).limited


def test_failures_in_a_row_are_counted(tmp_path):
    pair = [claude("assistant", 2, use()), claude("user", 3, FAILURE)]
    assert tail_of("claude-code", tmp_path / "s.jsonl", *pair * 4).errors == 4
    assert (
        tail_of(
            "claude-code", tmp_path / "s.jsonl", *pair * 4, claude("assistant", 4, use()), claude("user", 5, RESULT)
        ).errors
        == 0
    )


def test_a_line_that_is_still_being_written_and_a_record_larger_than_a_tail_are_survived(tmp_path):
    path = tmp_path / "s.jsonl"
    big = claude("assistant", 2, [{"type": "text", "text": "x" * 400_000}], stop_reason="end_turn")
    path.write_text(json.dumps(claude("user", 1, "hi")) + "\n" + json.dumps(big) + "\n" + '{"type": "user", "mess')
    assert registry.load("sources", "claude-code")().tail(str(path)).turn == "done"


def codex(kind, second, **payload):
    return {"timestamp": at(second), "type": kind, "payload": payload}


def event(name, second, **more):
    return codex("event_msg", second, type=name, **more)


CODEX = {
    "a turn began": ([event("task_started", 1)], ("open", "", False)),
    "it ended": ([event("task_started", 1), event("task_complete", 2)], ("done", "", False)),
    "it was stopped": ([event("task_started", 1), event("turn_aborted", 2, reason="interrupted")], ("interrupted", "", False)),
    "it failed": ([event("task_started", 1), event("error", 2, message="stream lost"), event("task_complete", 3)], ("failed", "", False)),
    "the plan is used up": ([event("task_started", 1), event("error", 2, message="x", codex_error_info="usage_limit_exceeded")], ("failed", "", True)),
    "a call is open": ([event("task_started", 1), codex("response_item", 2, type="function_call", call_id="c", name="shell", arguments="{}")], ("open", "", False)),
    "it asks": ([event("task_started", 1), event("exec_approval_request", 2, command=["rm", "x"])], ("open", "permission", False)),
    "a question": ([event("task_started", 1), codex("response_item", 2, type="function_call", call_id="c", name="request_user_input", arguments='{"questions":[{"question":"Which?"}]}')], ("open", "question", False)),
    "compacted in a turn": ([event("task_started", 1), codex("compacted", 2, message="x")], ("open", "", False)),
    "compacted by hand": ([event("task_started", 1), event("task_complete", 2), codex("compacted", 3, message="x")], ("done", "", False)),
    "words are no end": ([event("task_started", 1), event("agent_message", 2, message="so far")], ("said", "", False)),
}  # fmt: skip


@pytest.mark.parametrize("name", CODEX)
def test_codexs_last_turn(tmp_path, name):
    records, expected = CODEX[name]
    tail = tail_of("codex", tmp_path / "rollout.jsonl", *records)
    assert (tail.turn, tail.asks, tail.limited) == expected


def test_codexs_windows_are_read(tmp_path):
    limits = {
        "primary": {"used_percent": 25.0, "window_minutes": 300, "resets_at": 1_790_000_000},
        "secondary": {"used_percent": 50.0, "window_minutes": 10080},
    }
    tail = tail_of("codex", tmp_path / "rollout.jsonl", event("token_count", 1, rate_limits=limits))
    assert [(w.name, w.used, w.resets) for w in tail.windows] == [("5h", 0.25, 1_790_000_000_000), ("week", 0.5, None)]


def copilot(kind, second, **data):
    return {"type": kind, "timestamp": at(second), "data": data}


COPILOT = {
    "a turn began": ([copilot("user.message", 1), copilot("assistant.turn_start", 2)], ("open", "", False)),
    "it ended": ([copilot("user.message", 1), copilot("assistant.message", 2), copilot("assistant.turn_end", 3)], ("done", "", False)),
    "between two requests": ([copilot("assistant.message", 2, toolRequests=[{"toolCallId": "a"}]), copilot("tool.execution_start", 3, toolCallId="a", toolName="bash"), copilot("tool.execution_complete", 4, toolCallId="a", success=True), copilot("assistant.turn_end", 5)], ("open", "", False)),
    "it asks": ([copilot("tool.execution_start", 3, toolCallId="a", toolName="bash"), copilot("permission.requested", 4, permissionRequest={"fullCommandText": "rm x"})], ("open", "permission", False)),
    "its task is complete": ([copilot("assistant.message", 2, toolRequests=[{"toolCallId": "a"}]), copilot("session.task_complete", 3), copilot("assistant.turn_end", 4)], ("done", "", False)),
    "it was allowed": ([copilot("permission.requested", 4), copilot("permission.completed", 5)], ("open", "", False)),
    "the quota is used up": ([copilot("assistant.turn_end", 1), copilot("session.error", 2, errorType="rate_limit", message="429")], ("failed", "", True)),
}  # fmt: skip


@pytest.mark.parametrize("name", COPILOT)
def test_copilots_last_turn(tmp_path, name):
    records, expected = COPILOT[name]
    tail = tail_of("copilot-cli", tmp_path / "events.jsonl", *records)
    assert (tail.turn, tail.asks, tail.limited) == expected


OTHERS: dict[tuple[str, Any], Any] = {
    ("gemini-cli", "done"): [{"id": "1", "timestamp": at(1), "type": "user", "content": "hi"}, {"id": "2", "timestamp": at(2), "type": "gemini", "content": "ok"}],
    ("gemini-cli", "open"): [{"id": "2", "timestamp": at(2), "type": "gemini", "content": "", "toolCalls": [{"id": "a", "name": "ls", "status": "executing"}]}],
    ("gemini-cli", "interrupted"): [{"id": "1", "timestamp": at(1), "type": "user", "content": "hi"}, {"id": "3", "timestamp": at(2), "type": "info", "content": "Request cancelled."}],
    ("gemini-cli", "failed"): [{"id": "1", "timestamp": at(1), "type": "user", "content": "hi"}, {"id": "3", "timestamp": at(2), "type": "error", "content": "no key"}],
    ("cursor", "done"): [{"role": "user", "message": {"content": "hi"}}, {"role": "assistant", "message": {"content": SAID}}, {"type": "turn_ended", "status": "success"}],
    ("cursor", "open"): [{"role": "user", "message": {"content": "hi"}}, {"role": "assistant", "message": {"content": use()}}],
    ("cursor", "failed"): [{"role": "user", "message": {"content": "hi"}}, {"type": "turn_ended", "status": "error"}],
    ("qwen-code", "done"): [{"type": "user", "timestamp": at(1)}, {"type": "assistant", "timestamp": at(2), "message": {"parts": [{"text": "ok"}]}}, {"type": "system", "subtype": "ui_telemetry"}],
    ("qwen-code", "open"): [{"type": "assistant", "timestamp": at(2), "message": {"parts": [{"functionCall": {"id": "a", "name": "ls"}}]}}, {"type": "tool_result", "timestamp": at(3), "toolCallResult": {"callId": "a", "status": "success"}}],
    ("pi", "done"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": SAID, "stopReason": "stop"}}],
    ("pi", "open"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": [{"type": "toolCall", "id": "a", "name": "bash"}], "stopReason": "toolUse"}}],
    ("pi", "failed"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": [], "stopReason": "error", "errorMessage": "no"}}],
    ("pi", "interrupted"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": [], "stopReason": "aborted"}}],
    ("factory-droid", "done"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": SAID}}],
    ("factory-droid", "open"): [{"type": "message", "timestamp": at(1), "message": {"role": "assistant", "content": use()}}],
    ("kiro-cli", "done"): [{"kind": "Prompt", "data": {"content": [{"kind": "text", "data": "hi"}]}}, {"kind": "AssistantMessage", "data": {"content": [{"kind": "text", "data": "ok"}]}}],
    ("kiro-cli", "open"): [{"kind": "AssistantMessage", "data": {"content": [{"kind": "toolUse", "data": {"toolUseId": "a", "name": "shell"}}]}}],
}  # fmt: skip


@pytest.mark.parametrize(("agent", "turn"), OTHERS)
def test_the_last_turn_of_other_agents(tmp_path, agent, turn):
    assert tail_of(agent, tmp_path / "cli" / "s.jsonl", *OTHERS[agent, turn]).turn == turn


def test_a_transcript_that_is_gone_says_nothing(tmp_path):
    assert registry.load("sources", "claude-code")().tail(str(tmp_path / "gone.jsonl")).turn == "none"
