"""Scripts that every agent plays: turns, ends, kills, sleep, errors, limits, and who holds which session."""

from __future__ import annotations

from tests.live.labels import AMBIGUOUS, ASLEEP, DONE, ENDED, FRESH, IDLE, LEFT, QUIET, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.pens_by_place import Aider, CursorCli, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import BY_PLACE, PENS, Stage, Steps, script, see
from tests.live.world import AHEAD, HOURS

FAILING = tuple(p for p in PENS if p.on_error is not None)
LIMITED = tuple(p for p in PENS if p.on_limit is not None)
ABORTING = tuple(p for p in PENS if p.aborts)
CALLING = tuple(p for p in PENS if p.calls)
TOLD_APART = (ClaudeCode, Codex, CopilotCli)
SHARED = (GeminiCli, QwenCode, OpenCode, OpenCodeTwo, Goose, Pi, FactoryDroid, CursorCli)


@script("course", *PENS)
def a_session_is_followed_from_its_start_to_its_end(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    yield see(pen, FRESH, "started")
    pen.prompt()
    yield see(pen, WORKING, "asked")
    if pen.calls:
        pen.call()
        yield see(pen, pen.open_call, "called")
        pen.result()
        yield see(pen, WORKING, "result")
    pen.finish()
    yield see(pen, DONE, "finished")
    pen.prompt()
    yield see(pen, WORKING, "asked again")
    pen.finish()
    yield see(pen, DONE, "finished again")
    pen.kill()
    yield see(pen, ENDED, "gone")


@script("kill", *PENS)
def a_process_killed_in_an_open_turn_has_ended(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.kill()
    yield see(pen, ENDED, "killed")
    yield see(pen, ENDED, "a minute later")


@script("kill", *CALLING)
def a_process_killed_in_a_call_has_ended(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    pen.call()
    pen.kill()
    yield see(pen, ENDED, "killed before anybody looked")


@script("kill", ClaudeCode, Codex, CopilotCli, GeminiCli, OpenCode)
def a_killed_process_that_nobody_reaped_has_ended(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.kill(reap=False)
    yield see(pen, ENDED, "a zombie")


@script("sleep", *PENS)
def a_machine_that_slept_in_a_turn_does_not_work(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9 * HOURS)
    yield see(pen, ASLEEP, "nothing for nine hours")
    yield see(pen, ASLEEP, "and another minute")
    pen.prompt(3)
    yield see(pen, WORKING, "awake")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("sleep", *CALLING)
def a_machine_that_slept_in_a_call_does_not_work(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9 * HOURS)
    pen.call(9 * HOURS - 2)
    yield see(pen, ASLEEP, "the call is nine hours old")
    pen.result()
    yield see(pen, WORKING, "the result came")


@script("sleep", *PENS)
def a_turn_that_ended_hours_ago_does_not_work(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9 * HOURS)
    pen.finish(9 * HOURS - 60)
    yield see(pen, QUIET, "finished nine hours ago")
    pen.prompt()
    yield see(pen, WORKING, "asked again")


@script("abort", *ABORTING)
def a_turn_that_i_broke_off_does_not_need_me(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.abort()
    yield see(pen, IDLE, "broken off")
    pen.prompt()
    yield see(pen, WORKING, "asked again")


@script("error", *FAILING)
def an_error_needs_me_until_i_ask_again(stage: Stage) -> Steps:
    pen = stage.pen()
    assert pen.on_error is not None
    pen.launch()
    pen.prompt()
    pen.fail()
    yield see(pen, pen.on_error, "failed")
    pen.prompt()
    yield see(pen, WORKING, "asked again")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("limit", *LIMITED)
def a_limit_needs_me_until_it_is_over(stage: Stage) -> Steps:
    pen = stage.pen()
    assert pen.on_limit is not None
    pen.launch()
    pen.prompt()
    pen.limit()
    yield see(pen, pen.on_limit, "limited")
    pen.prompt()
    yield see(pen, WORKING, "asked again")


@script("suspend", *PENS)
def a_suspended_process_is_still_there(stage: Stage) -> Steps:
    pen = stage.pen()
    assert pen.launch()
    pen.prompt()
    stage.world.standins.stop(pen.pid or 0)
    yield see(pen, is_("working", "idle", "unknown"), "suspended")
    stage.world.standins.resume(pen.pid or 0)
    pen.finish()
    yield see(pen, DONE, "resumed")


@script("place", *(p for p in PENS if p is not CursorCli))  # its folder names cannot be read backwards
def a_directory_reached_by_a_symlink_is_the_same(stage: Stage) -> Steps:
    real = stage.directory("real")
    link = stage.cwd / "link"
    link.symlink_to(real)
    pen = stage.pen(link)
    pen.launch(cwd=real)
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("stale", *(p for p in BY_PLACE if p is not Aider))
def a_fresh_process_is_not_given_the_broken_turn_of_an_older_one(stage: Stage) -> Steps:
    old, new = stage.pen(), stage.pen()
    old.prompt(AHEAD + 2 * HOURS)
    new.launch()
    yield see(old, LEFT, "older than the process")
    new.prompt()
    yield [*see(new, WORKING, "asked"), *see(old, LEFT, "still older")]
    new.finish()
    yield [*see(new, DONE, "finished"), *see(old, LEFT, "still older")]


@script("ambiguous", *SHARED)
def two_processes_in_one_directory_are_not_guessed_at(stage: Stage) -> Steps:
    one, two = stage.pen(), stage.pen()
    one.launch()
    two.launch()
    one.prompt(9)
    two.prompt(6)
    yield [*see(one, AMBIGUOUS, "the first"), *see(two, AMBIGUOUS, "the second")]
    one.finish()
    yield [*see(one, AMBIGUOUS, "the first"), *see(two, AMBIGUOUS, "the second")]


@script("ambiguous", GeminiCli, OpenCode, CursorCli)
def hooks_tell_two_processes_in_one_directory_apart(stage: Stage) -> Steps:
    one, two = stage.pen(), stage.pen()
    one.launch()
    two.launch()
    one.prompt(9)
    two.prompt(9)
    one.hook("working", ago=8)
    two.hook("waiting-permission", ago=6)
    yield [*see(one, WORKING, "the first"), *see(two, is_("waiting-permission"), "the second")]
    two.hook("working", ago=3)
    one.hook("done-unread", ago=2)
    yield [*see(one, DONE, "the first"), *see(two, WORKING, "the second")]


@script("ambiguous", *TOLD_APART)
def two_processes_in_one_directory_are_told_apart_by_the_agents_own_files(stage: Stage) -> Steps:
    one, two = stage.pen(), stage.pen()
    one.launch()
    two.launch()
    one.prompt(9)
    two.prompt(8)
    yield [*see(one, WORKING, "the first"), *see(two, WORKING, "the second")]
    one.finish()
    yield [*see(one, DONE, "the first"), *see(two, WORKING, "the second")]
    two.kill()
    yield [*see(one, DONE, "the first"), *see(two, ENDED, "the second is killed")]


@script("ambiguous", *(p for p in PENS if p not in (Aider, KiroCli)))
def two_directories_are_two_places(stage: Stage) -> Steps:
    one, two = stage.pen(stage.directory("shop")), stage.pen(stage.directory("shop-2"))
    one.launch()
    two.launch()
    one.prompt()
    two.prompt(9)
    two.finish()
    yield [*see(one, WORKING, "the first"), *see(two, DONE, "the second")]
    one.kill()
    yield [*see(one, ENDED, "the first is killed"), *see(two, is_("done-unread", "idle"), "the second stays")]


@script("kill", *(p for p in BY_PLACE if p is not Aider))
def another_program_in_the_directory_keeps_no_session_alive(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    stage.start("bash")
    stage.start("vim", f"notes-about-{pen.agent}.md")
    pen.kill()
    yield see(pen, ENDED, "a shell and an editor are left")
