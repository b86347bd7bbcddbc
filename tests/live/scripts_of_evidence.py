"""Scripts in which two witnesses disagree: the stronger is right while it is fresh, the newer once it is not, and the dead say nothing."""

from __future__ import annotations

from tests.live.labels import ASLEEP, DONE, ENDED, IDLE, PERMISSION, QUESTION, QUIET, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.scripts import HOOKED, Stage, Steps, decoy, script, see
from tests.live.world import HOURS

QUIETLY_WAITING = is_("waiting-permission", "waiting-question", "idle", "unknown")


@script("order", *HOOKED)
def a_hook_is_believed_before_an_older_transcript_and_not_after_a_newer_one(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(20)
    pen.hook("working", ago=19)
    yield see(pen, WORKING, "hook and transcript agree")
    pen.call(20)
    pen.hook("waiting-permission", ago=12, detail="Bash: make")
    yield see(pen, PERMISSION, "the hook knows that it asks")
    pen.result(5)
    yield see(pen, WORKING, "the result is newer than the hook")
    pen.hook("done-unread", ago=2)
    yield see(pen, DONE, "the hook is newer than the transcript")
    pen.prompt(5)
    yield see(pen, WORKING, "the prompt is newer than the hook")
    pen.hook("waiting-question", ago=2)
    yield see(pen, QUESTION, "the hook knows that it asks")
    pen.kill()
    yield see(pen, ENDED, "no hook outlives its process")


@script("order", *HOOKED)
def a_hook_is_believed_where_the_transcript_lags(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(30)
    pen.finish(25)
    pen.hook("working", ago=4)
    yield see(pen, WORKING, "asked again, and not written yet")
    pen.prompt(20)
    pen.hook("idle", ago=2)
    yield see(pen, IDLE, "written, but broken off, and that is not written yet")
    pen.hook("error", ago=2)
    yield see(pen, is_("error"), "failed, and not written yet")
    pen.hook("waiting-limit", ago=2)
    yield see(pen, is_("waiting-limit"), "limited, and not written yet")


@script("order", *HOOKED)
def only_the_newest_report_of_a_hook_counts(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(40)
    pen.hook("waiting-permission", ago=30)
    pen.hook("working", ago=20)
    yield see(pen, WORKING, "granted")
    pen.hook("waiting-permission", ago=10)
    pen.hook("", ago=5, event="PreCompact")
    yield see(pen, PERMISSION, "an event that says nothing of the state changes none")


@script("order", *HOOKED)
def of_two_witnesses_of_one_moment_the_stronger_is_believed(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(30)
    pen.call(5)
    pen.hook("waiting-permission", ago=5)
    yield see(pen, PERMISSION, "the hook and the call are of one moment")
    pen.result(9)
    pen.call(4.6)
    pen.hook("waiting-permission", ago=5)
    yield see(pen, PERMISSION, "the call was written down a moment after the hook")


@script("order", ClaudeCode)
def of_registry_and_transcript_of_one_moment_the_registry_is_believed(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(5)
    pen.registry("waiting", ago=5)
    yield see(pen, PERMISSION, "the registry and the call are of one moment")
    pen.registry("busy", ago=5)
    pen.hook("waiting-question", ago=5)
    yield see(pen, QUESTION, "the registry and the hook are of one moment")


@script("stale", *HOOKED)
def a_report_of_hours_ago_makes_nothing_work(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9 * HOURS)
    pen.hook("working", ago=9 * HOURS - 5)
    yield see(pen, ASLEEP, "the hook is nine hours old")
    pen.finish()
    yield see(pen, DONE, "finished since")


@script("stale", *HOOKED)
def a_wait_that_was_answered_does_not_stick(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9 * HOURS)
    pen.hook("waiting-permission", ago=9 * HOURS - 5)
    yield see(pen, QUIETLY_WAITING, "asked nine hours ago")
    pen.call(20)
    pen.result(10)
    yield see(pen, WORKING, "answered since")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("stale", *HOOKED)
def a_report_about_a_process_that_is_gone_is_nothing(stage: Stage) -> Steps:
    pen = stage.pen()
    gone = stage.start("true-but-short")
    stage.world.standins.kill(gone)
    pen.prompt(9)
    pen.hook("working", ago=3, pid=gone)
    yield see(pen, ENDED, "working, says a hook of a dead process")
    pen.hook("waiting-permission", ago=3, pid=gone)
    yield see(pen, ENDED, "waiting, says a hook of a dead process")


@script("reuse", *HOOKED)
def a_report_about_a_pid_that_is_an_editors_now_is_nothing(stage: Stage) -> Steps:
    pen = stage.pen()
    editor = stage.start("vim", f"{pen.agent}.md")
    pen.prompt(9)
    pen.hook("working", ago=3, pid=editor)
    yield [*see(pen, ENDED, "working, says a hook"), *decoy(editor, "an editor with a reused pid")]
    pen.hook("done-unread", ago=3, pid=editor)
    yield [*see(pen, ENDED, "done, says a hook"), *decoy(editor, "an editor with a reused pid")]


@script("order", ClaudeCode)
def a_registry_is_believed_before_the_transcript(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(25)
    pen.registry("waiting", ago=20)
    yield see(pen, PERMISSION, "the registry knows that it waits")
    pen.registry("busy", ago=2)
    yield see(pen, WORKING, "granted")
    pen.registry("idle", ago=2)
    yield see(pen, is_("idle"), "broken off, and not written yet")
    pen.registry("busy", ago=2)
    yield see(pen, WORKING, "asked again, and not written yet")


@script("order", ClaudeCode)
def a_hook_is_believed_before_the_registry(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.registry("busy", ago=29)
    pen.call(25)
    pen.hook("waiting-permission", ago=10)
    yield see(pen, PERMISSION, "the registry still says busy")
    pen.registry("waiting", ago=20)
    pen.hook("working", ago=5)
    yield see(pen, WORKING, "the registry still says waiting")
    pen.registry("busy", ago=20)
    pen.hook("done-unread", ago=4)
    yield see(pen, DONE, "the registry still says busy")


@script("stale", ClaudeCode)
def a_registry_that_waits_does_not_stick_once_the_turn_goes_on(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(60)
    pen.call(55)
    pen.registry("waiting", ago=50)
    yield see(pen, PERMISSION, "it waits")
    pen.registered = False
    pen.result(20)
    pen.call(10)
    yield see(pen, is_("working"), "result and next call are newer")


@script("stale", ClaudeCode)
def a_registry_is_not_too_old_while_the_turn_goes_on(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(2 * HOURS)
    pen.registered = False
    pen.call(4)
    yield see(pen, WORKING, "busy for two hours, a call just now")
    pen.finish()
    pen.registry("idle", ago=1)
    yield see(pen, DONE, "finished")


@script("stale", ClaudeCode)
def a_busy_registry_of_hours_ago_makes_nothing_work(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9 * HOURS)
    pen.call(9 * HOURS - 5)
    yield see(pen, ASLEEP, "busy, says the registry of nine hours ago")


@script("stale", CopilotCli)
def a_permission_that_was_granted_does_not_stick(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.call()
    yield see(pen, WORKING, "it runs")
    pen.ask()
    yield see(pen, PERMISSION, "it asks")
    yield see(pen, PERMISSION, "it still asks")
    pen.result()
    yield see(pen, WORKING, "granted")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("order", ClaudeCode, Codex, CopilotCli)
def a_dead_process_overrules_every_witness(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(9)
    pen.hook("waiting-permission", ago=3)
    yield see(pen, PERMISSION, "it asks")
    pen.kill()
    pen.hook("working", ago=1)
    yield see(pen, ENDED, "a report that came late")


@script("stale", ClaudeCode)
def a_session_left_by_clear_has_ended_though_its_process_lives(stage: Stage) -> Steps:
    old, new = ClaudeCode(stage.world, stage.cwd), ClaudeCode(stage.world, stage.cwd)
    old.launch()
    old.prompt(30)
    old.finish(20)
    yield see(old, DONE, "finished")
    new.pid = old.pid
    new.registry("idle", ago=9)
    old.hook("ended", ago=9, event="SessionEnd")
    new.prompt(3)
    yield [
        *see(new, WORKING, "the process is the new session's"),
        *see(old, is_("ended", "idle", listed=None, joined=False), "the one that was left"),
    ]
    new.finish()
    yield see(new, QUIET.but(states=DONE.states), "finished")
