"""Held out: long courses of a working day, with interruptions, waits, limits, errors and restarts in between."""

from __future__ import annotations

from tests.live.heldout import held
from tests.live.labels import (
    DONE,
    ENDED,
    FRESH,
    IDLE,
    LEFT,
    OPEN_CALL,
    PERMISSION,
    QUESTION,
    QUIET,
    WORKING,
    is_,
)
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.pens_by_place import Aider, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import HOOKED, PENS, Stage, Steps, see
from tests.live.world import HOURS, LONG_AGO

CALLING = tuple(p for p in PENS if p.calls)
FAILING = tuple(p for p in PENS if p.on_error is not None)
LIMITED = tuple(p for p in PENS if p.on_limit is not None)
UNHEARD = is_("working", "waiting-permission", "unknown")
"""A call that has been out for long: the stand-in has no process below it that would tell whether it runs."""
STOPPED = is_("working", "idle", "unknown")
AT_THE_PROMPT = is_("idle", "unknown", "done-unread")
"""Taken up again after a crash in an open turn: nothing goes on until somebody types."""


@held("course", *PENS)
def a_day_with_interruptions(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(4 * HOURS)
    pen.finish(3.9 * HOURS)
    yield see(pen, QUIET, "the morning's turn")
    pen.prompt(40)
    pen.finish(30)
    pen.prompt(10)
    yield see(pen, WORKING, "asked twice, answered once")
    if pen.aborts:
        pen.abort(20)
        yield see(pen, IDLE, "broken off")
        pen.prompt(15)
        yield see(pen, WORKING, "told otherwise")
    if pen.calls:
        pen.call(50)
        pen.result(40)
        pen.call(30)
        pen.result(20)
        yield see(pen, WORKING, "two rounds of tools")
    pen.finish(5)
    yield see(pen, DONE, "finished")
    yield see(pen, DONE, "nobody has looked for a minute")
    pen.prompt(1)
    yield see(pen, WORKING, "the last wish of the day")
    pen.finish(40)
    pen.kill()
    yield see(pen, ENDED, "closed")


@held("error", *FAILING)
def an_error_that_is_followed_by_success(stage: Stage) -> Steps:
    pen = stage.pen()
    assert pen.on_error is not None
    pen.launch()
    pen.prompt(50)
    pen.finish(45)
    pen.prompt(30)
    pen.fail(20)
    yield see(pen, pen.on_error, "failed")
    yield see(pen, pen.on_error, "nobody came")
    pen.prompt(9)
    yield see(pen, WORKING, "asked again")
    pen.fail(30)
    yield see(pen, pen.on_error, "failed again")
    pen.prompt(50)
    if pen.calls:
        pen.call(40)
        pen.result(30)
        yield see(pen, WORKING, "this time it gets on")
    pen.finish(3)
    yield see(pen, DONE, "and ends well")


@held("limit", *LIMITED)
def a_limit_that_passes(stage: Stage) -> Steps:
    pen = stage.pen()
    assert pen.on_limit is not None
    pen.launch()
    pen.prompt(30)
    if pen.calls:
        pen.call(25)
        pen.result(20)
    pen.limit(10)
    yield see(pen, pen.on_limit, "limited in the middle of a turn")
    yield see(pen, pen.on_limit, "a minute later")
    pen.prompt(8)
    yield see(pen, WORKING, "the limit has passed")
    pen.finish(30)
    yield see(pen, DONE, "finished")


@held("course", *CALLING)
def a_build_of_half_an_hour_is_work(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(1900)
    pen.call(1890)
    yield see(pen, WORKING if isinstance(pen, ClaudeCode) else UNHEARD, "the tool has run for half an hour")
    pen.result(30)
    yield see(pen, WORKING, "it has answered")
    pen.finish(10)
    yield see(pen, DONE, "finished")


@held("hook", *HOOKED)
def a_permission_by_hook_is_granted_and_the_turn_ends(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(30)
    pen.hook("working", ago=30)
    pen.call(20)
    pen.hook("waiting-permission", ago=19, detail="make install")
    yield see(pen, PERMISSION, "it asks")
    yield see(pen, PERMISSION, "it has asked for a minute")
    pen.hook("working", ago=30, event="PostToolUse")
    yield see(pen, WORKING, "granted, the tool runs")
    pen.result(40)
    pen.call(30)
    pen.hook("waiting-permission", ago=29)
    yield see(pen, PERMISSION, "it asks once more")
    pen.result(20)
    yield see(pen, WORKING, "granted, and only the transcript tells")
    pen.finish(30)
    pen.hook("done-unread", ago=30, event="Stop")
    yield see(pen, DONE, "finished")
    pen.prompt(30)
    pen.hook("working", ago=30)
    pen.call(25)
    pen.hook("waiting-question", ago=24)
    yield see(pen, QUESTION, "it asks a question")
    pen.result(30)
    pen.hook("working", ago=29)
    yield see(pen, WORKING, "answered a minute later")
    pen.kill()
    yield see(pen, ENDED, "closed in a turn")


@held("stopped", ClaudeCode, Codex, QwenCode, Pi, Goose, Aider, OpenCodeTwo, FactoryDroid)
def a_stopped_process_goes_on_where_it_was(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(50)
    pen.finish(45)
    pen.prompt(20)
    stage.world.standins.stop(pen.pid or 0)
    yield see(pen, STOPPED, "stopped in a turn")
    yield see(pen, STOPPED, "still stopped")
    stage.world.standins.resume(pen.pid or 0)
    pen.prompt(20)
    yield see(pen, WORKING, "it goes on")
    pen.finish(30)
    yield see(pen, DONE, "finished")
    stage.world.standins.stop(pen.pid or 0)
    yield see(pen, QUIET, "stopped after its turn")


RESUME: dict[str, tuple[str, ...]] = {
    "claude-code": ("--resume",), "codex": ("resume",), "gemini-cli": ("--resume",), "qwen-code": ("--resume",),
    "pi": ("--session",), "factory-droid": ("--resume",), "opencode": ("--session",), "kiro-cli": ("--resume-id",),
    "goose": ("--resume", "--session-id"),
}  # fmt: skip


@held(
    "resume",
    ClaudeCode,
    Codex,
    CopilotCli,
    GeminiCli,
    QwenCode,
    Pi,
    FactoryDroid,
    OpenCode,
    OpenCodeTwo,
    Goose,
    KiroCli,
)
def a_session_that_crashed_in_a_turn_is_taken_up_again(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.prompt(LONG_AGO + 900)
    pen.finish(LONG_AGO + 800)
    pen.prompt(LONG_AGO)
    if pen.calls:
        pen.call(LONG_AGO - 5)
    yield see(pen, ENDED, "crashed two days ago")
    words = (f"--resume={pen.native}",) if pen.agent == "copilot-cli" else (*RESUME[pen.agent], pen.native)
    pen.launch(*words)
    if isinstance(pen, CopilotCli):
        pen.event("session.resume", 9, eventCount=6, context={"cwd": str(stage.cwd)})
    yield see(pen, AT_THE_PROMPT, "resumed, and nobody has typed")
    pen.prompt(20)
    yield see(pen, WORKING, "go on")
    pen.finish(20)
    yield see(pen, DONE, "finished")


NEWEST: dict[str, tuple[str, ...]] = {
    "gemini-cli": ("--resume", "latest"), "qwen-code": ("--continue",), "pi": ("--continue",),
    "opencode": ("--continue",), "goose": ("--resume",),
}  # fmt: skip


@held("resume", GeminiCli, QwenCode, Pi, OpenCode, OpenCodeTwo, Goose)
def the_newest_of_three_is_taken_up_again(stage: Stage) -> Steps:
    pens = [stage.pen() for _ in range(3)]
    for number, pen in enumerate(pens):
        pen.prompt(LONG_AGO + 3000 - 1000 * number)
        pen.finish(LONG_AGO + 2900 - 1000 * number)
    first, second, third = pens
    third.launch(*NEWEST[third.agent])
    yield [*see(third, QUIET, "the newest"), *see(first, LEFT, "the oldest"), *see(second, LEFT, "the second")]
    third.prompt(9)
    yield [*see(third, WORKING, "asked"), *see(first, LEFT, "the oldest"), *see(second, LEFT, "the second")]
    third.finish(9)
    yield see(third, DONE, "finished")


@held("restart", ClaudeCode)
def a_claude_is_killed_in_a_turn_and_started_again_on_the_same_session(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.hook("working", ago=30)
    pen.call(20)
    yield see(pen, WORKING, "in a call")
    pen.kill()
    yield see(pen, ENDED, "killed")
    pen.registered = False
    pen.launch("--resume", pen.native)
    pen.registry("idle", ago=5)
    yield see(pen, AT_THE_PROMPT, "resumed; the report is of the process before")
    pen.registered = True
    pen.prompt(9)
    yield see(pen, WORKING, "asked")
    pen.call(30)
    pen.registry("waiting", ago=28)
    yield see(pen, PERMISSION, "it asks")
    pen.result(20)
    pen.finish(10)
    yield see(pen, DONE, "finished")


@held("restart", Codex, CopilotCli)
def a_session_is_closed_and_taken_up_twice(stage: Stage) -> Steps:
    pen = stage.pen()
    word = {"codex": ("resume", pen.native)}.get(pen.agent, (f"--resume={pen.native}",))
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    yield see(pen, DONE, "finished")
    for turn in ("second", "third"):
        pen.kill()
        yield see(pen, ENDED, f"closed before the {turn}")
        pen.launch(*word)
        yield see(pen, QUIET, f"taken up for the {turn}")
        pen.prompt(30)
        pen.call(20)
        yield see(pen, pen.open_call, f"in a call of the {turn}")
        pen.result(30)
        pen.finish(20)
        yield see(pen, DONE, f"finished the {turn}")


@held("restart", Aider)
def an_aider_that_is_started_again_writes_a_new_session_into_the_same_file(stage: Stage) -> Steps:
    one = Aider(stage.world, stage.cwd)
    one.launch()
    one.prompt(50)
    one.finish(40)
    yield see(one, DONE, "finished")
    one.kill()
    yield see(one, ENDED, "closed")
    two = Aider(stage.world, stage.cwd)
    two.launch(argv=("/opt/venv/bin/python", "-m", "aider", "--restore-chat-history"), program="python")
    two.prompt(20)
    yield see(two, WORKING, "asked in a new one")
    two.finish(20)
    two.add("> Applied edit to Makefile  \n> Commit 1a2b3c4 fix: build  \n", 10)
    yield see(two, DONE, "edited and committed")
    two.add("\n#### /add src/main.c  \n\n> Added src/main.c to the chat  \n", 20)
    yield see(two, QUIET, "a file was added, no turn was begun")
    two.add("\n#### /run make test  \n\n> ok  \n", 20)
    yield see(two, QUIET, "a command by hand")


@held("clear", ClaudeCode)
def a_conversation_is_cleared_and_the_registry_lags(stage: Stage) -> Steps:
    old = ClaudeCode(stage.world, stage.cwd)
    old.launch()
    old.prompt(40)
    old.finish(30)
    yield see(old, DONE, "finished")
    new = ClaudeCode(stage.world, stage.cwd, pid=old.pid)
    new.registered = False
    new.prompt(10)
    yield see(old, LEFT.but(joined=None), "cleared; its registry still names it")
    new.registered = True
    new.registry("busy", ago=20)
    yield [*see(new, WORKING, "the registry has followed"), *see(old, ENDED.but(listed=None), "nobody holds it")]
    new.finish(10)
    yield [*see(new, DONE, "finished"), *see(old, ENDED.but(listed=None), "nobody holds it")]


@held("permission", CopilotCli)
def permissions_of_copilot_come_one_after_another(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    yield see(pen, FRESH, "nothing said")
    pen.prompt(50)
    for number in ("first", "second", "third"):
        pen.call(40)
        pen.ask(39)
        yield see(pen, PERMISSION, f"the {number} asks")
        yield see(pen, PERMISSION, f"the {number} has waited for a minute")
        pen.event("permission.completed", 30, toolCallId=pen.last, result={"kind": "approved"})
        yield see(pen, WORKING, f"the {number} is granted and runs")
        pen.result(30)
    pen.finish(20)
    yield see(pen, DONE, "finished")


@held("question", ClaudeCode)
def a_question_is_answered_after_minutes_and_the_next_is_refused(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch("--resume", pen.native)
    pen.prompt(40)
    pen.call(30, tool="Read", file_path="a.c")
    pen.result(29)
    pen.call(20, tool="AskUserQuestion", questions=[{"question": "Which one?"}])
    for minutes in range(4):
        yield see(pen, QUESTION, f"asked {minutes} minutes ago")
    pen.result(10)
    yield see(pen, OPEN_CALL.but(states=frozenset({"working"})), "answered")
    pen.call(20, tool="AskUserQuestion", questions=[{"question": "And now?"}])
    pen.result(10, error=True)
    pen.abort(9)
    yield see(pen, IDLE, "refused")
