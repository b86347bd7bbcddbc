"""Held out, a second time: labelled after the first run's misses were mended, and again before they were played."""

from __future__ import annotations

from tests.live.heldout import held
from tests.live.labels import DONE, ENDED, IDLE, LIMIT, OPEN_CALL, PERMISSION, QUIET, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.pens_by_place import Aider, CursorCli, GeminiCli, KiroCli, Pi
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import Stage, Steps, decoy, see
from tests.live.world import LONG_AGO

ABOUT: tuple[tuple[str, ...], ...] = (
    ("pi", "install", "npm:x"), ("pi", "list"), ("pi", "update"), ("droid", "update"), ("kiro-cli", "settings", "list"),
    ("kiro-cli", "translate"), ("kiro-cli", "update"), ("kiro-cli", "whoami"), ("cursor-agent", "ls"), ("cursor-agent", "update"),
    ("cursor-agent", "logout"), ("codex", "logout"), ("codex", "cloud", "list"), ("gemini", "extensions", "list"),
    ("goose", "schedule", "list"), ("goose", "session", "list"), ("goose", "session", "export"), ("goose", "session", "remove"),
    ("opencode", "session", "list"), ("opencode", "attach", "http://127.0.0.1:4096"), ("copilot", "plugin", "list"),
    ("qwen", "mcp", "list"), ("claude", "install"), ("claude", "setup-token"), ("claude", "plugin", "list"), ("claude", "auth", "status"),
    ("aider", "--upgrade"), ("aider", "--list-models", "gpt"), ("codex", "features", "list"), ("codex", "mcp", "list"),
)  # fmt: skip


@held("decoy", ClaudeCode)
def a_question_to_the_program_itself_is_no_session(stage: Stage) -> Steps:
    pids = [(stage.start(*argv), " ".join(argv)) for argv in ABOUT]
    yield [check for pid, note in pids for check in decoy(pid, note)]


@held("registry", ClaudeCode)
def a_transcript_that_was_deleted_leaves_the_registry(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(20)
    yield see(pen, WORKING, "asked")
    pen.path.unlink()
    yield see(pen, is_("working", "unknown"), "its transcript is gone")
    pen.status("idle", 10)
    yield see(pen, is_("idle", "done-unread", "unknown"), "at rest")


@held("registry", ClaudeCode)
def one_session_is_open_in_two_terminals(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    first = pen.launch()
    pen.prompt(40)
    pen.finish(30)
    yield see(pen, DONE, "in one terminal")
    second = pen.launch("--resume", pen.native)
    pen.prompt(20)
    pen.pid = None
    yield see(pen, WORKING, "in the second one")
    stage.world.standins.kill(second)
    pen.pid = first
    pen.abort(20)
    yield see(pen, QUIET, "the second one is closed")


@held("registry", ClaudeCode)
def a_claude_whose_registry_tells_no_status(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch("-p", "mend it")
    pen.registry(None, ago=30)
    pen.prompt(20)
    yield see(pen, WORKING, "asked")
    pen.call(20)
    yield see(pen, OPEN_CALL, "in a call")
    pen.result(20)
    pen.finish(10)
    yield see(pen, DONE, "finished")


@held("registry", ClaudeCode)
def a_shell_in_the_background_is_no_turn(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(40)
    pen.call(35, command="npm run dev", run_in_background=True)
    pen.result(34)
    pen.finish(30)
    pen.registry("shell", ago=29)
    yield see(pen, QUIET, "a server runs in the background")
    pen.prompt(20)
    yield see(pen, WORKING, "asked")


@held("together", ClaudeCode)
def an_agent_runs_another_one_in_a_tool(stage: Stage) -> Steps:
    pen, tool = ClaudeCode(stage.world, stage.cwd), Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(40)
    pen.call(35, command="codex exec 'look around'")
    tool.launch(argv=("codex", "exec", "look around"))
    tool.prompt(30)
    yield [*see(pen, WORKING, "it waits for its tool"), *see(tool, WORKING, "the tool is an agent")]
    tool.finish(30)
    tool.kill()
    pen.result(20)
    yield [*see(pen, WORKING, "it goes on"), *see(tool, ENDED, "the tool has ended")]
    pen.finish(20)
    yield [*see(pen, DONE, "finished"), *see(tool, ENDED, "the tool has ended")]


@held("sub-agent", CopilotCli)
def of_two_sub_agents_one_asks(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    for name in ("call_a", "call_b"):
        task = {"toolCallId": name, "name": "task", "arguments": {"prompt": "Count"}, "type": "function"}
        pen.answer("", 48, task)
        pen.event("tool.execution_start", 47, toolCallId=name, toolName="task", arguments=task["arguments"])
        pen.event("subagent.started", 46, agent_id=name, toolCallId=name, agentName="task")
    pen.event("permission.requested", 20, agent_id="call_a", toolCallId="inner", permissionRequest={"kind": "shell"})
    yield see(pen, PERMISSION, "the first one asks")
    pen.event("permission.completed", 30, agent_id="call_a", toolCallId="inner", result={"kind": "approved"})
    yield see(pen, WORKING, "granted")
    for name in ("call_b", "call_a"):
        pen.event("subagent.completed", 30, agent_id=name, toolCallId=name, totalTokens=9)
        pen.event("tool.execution_complete", 29, toolCallId=name, success=True, result={"content": "9"})
    pen.event("assistant.turn_end", 28, turnId="0")
    yield see(pen, WORKING, "both have answered")
    pen.event("assistant.turn_start", 28, turnId="1")
    pen.finish(20)
    yield see(pen, DONE, "finished")


@held("stale", KiroCli)
def a_lock_of_kiro_is_left_over_and_another_kiro_runs_elsewhere(stage: Stage) -> Steps:
    old, new = KiroCli(stage.world, stage.directory("old")), KiroCli(stage.world, stage.directory("new"))
    old.launch()
    old.prompt(30)
    yield see(old, WORKING, "asked")
    old.kill()
    new.launch()
    new.prompt(20)
    yield [*see(old, ENDED, "its lock is left"), *see(new, WORKING, "elsewhere")]
    new.finish(20)
    yield [*see(old, ENDED, "its lock is left"), *see(new, DONE, "elsewhere")]


@held("replaced", Aider)
def a_history_that_was_put_aside_begins_anew(stage: Stage) -> Steps:
    pen = Aider(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(40)
    pen.finish(30)
    yield see(pen, DONE, "finished")
    pen.kill()
    path = stage.cwd / ".aider.chat.history.md"
    path.rename(stage.cwd / "history.bak.md")
    new = Aider(stage.world, stage.cwd)
    new.launch()
    new.prompt(20)
    yield see(new, WORKING, "asked in a new file")
    new.finish(20)
    yield see(new, DONE, "finished in a new file")


@held("limit", Codex)
def a_limit_whose_end_was_written_down_is_over_then(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    window = {"used_percent": 100.0, "window_minutes": 300, "resets_at": int(pen.at(-150))}
    pen.event("token_count", 40, info=None, rate_limits={"primary": window, "secondary": None})
    pen.limit(30)
    yield see(pen, LIMIT, "limited")
    yield see(pen, LIMIT, "a minute left and a half")
    yield see(pen, LIMIT, "half a minute left")
    yield see(pen, is_("idle", "done-unread", "unknown"), "the window has begun anew")
    pen.prompt(20)
    yield see(pen, WORKING, "asked again")


@held("course", Codex, Pi, GeminiCli, OpenCode, OpenCodeTwo, CursorCli)
def broken_off_twice_and_finished_the_third_time(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    for number in ("first", "second"):
        pen.prompt(50)
        pen.call(40)
        pen.abort(30)
        yield see(pen, IDLE, f"the {number} try")
    pen.prompt(50)
    pen.call(40)
    pen.result(30)
    pen.finish(20)
    yield see(pen, DONE, "the third one")


@held("launch", OpenCode, OpenCodeTwo)
def a_server_and_a_window_on_it_are_one(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch("serve", "--port", "4096")
    window = stage.start("opencode", "attach", "http://127.0.0.1:4096")
    pen.prompt(30)
    yield [*see(pen, WORKING, "asked"), *decoy(window, "a window on the server")]
    pen.finish(30)
    yield [*see(pen, DONE, "finished"), *decoy(window, "a window on the server")]


@held("stale", Goose, Pi)
def a_broken_turn_of_yesterday_stays_yesterdays(stage: Stage) -> Steps:
    old = stage.pen()
    old.prompt(LONG_AGO)
    old.call(LONG_AGO - 10)
    yield see(old, ENDED, "nobody runs it")
    stage.start("vim", "notes.md")
    yield see(old, ENDED, "an editor in its directory")
