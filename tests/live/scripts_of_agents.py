"""Scripts of the other agents alone: locks, open handles, sub-agents and what they ask."""

from __future__ import annotations

import os

from tests.live.labels import DONE, ENDED, LEFT, NOT_MINE, OPEN_CALL, QUESTION, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.pens_by_place import CursorCli, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import Stage, Steps, decoy, script, see
from tests.live.world import LONG_AGO


@script("question", Codex)
def a_question_of_codex_waits_for_me(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.call(tool="request_user_input", questions=[{"id": "colour", "question": "Which colour?"}])
    yield see(pen, QUESTION, "it asks")
    pen.result()
    yield see(pen, WORKING, "answered")


@script("error", ClaudeCode, Codex)
def failing_tools_are_the_agents_own_trouble(stage: Stage) -> Steps:
    pen = stage.kind(stage.world, stage.cwd)
    assert isinstance(pen, ClaudeCode | Codex)
    pen.launch()
    pen.prompt(40)
    for ago in range(36, 6, -6):
        pen.call(ago)
        pen.result(ago - 3, error=True)
    yield see(pen, WORKING, "five calls failed")
    pen.finish()
    yield see(pen, DONE, "it gave up and said so")


@script("sub-agent", Codex)
def a_sub_agents_thread_is_not_mine_to_answer(stage: Stage) -> Steps:
    pen, child = Codex(stage.world, stage.cwd), Codex(stage.world, stage.cwd)
    child.source = {
        "subagent": {"thread_spawn": {"parent_thread_id": pen.native, "depth": 1, "agent_role": "explorer"}}
    }
    pen.launch()
    pen.prompt(20)
    pen.call(18, tool="spawn_agent", message="Look around")
    child.prompt(12)
    child.finish(6)
    yield [*see(pen, OPEN_CALL, "it waits for its sub-agent"), *see(child, NOT_MINE, "the sub-agent is done")]
    child.prompt(9)
    child.fail(5)
    yield [*see(pen, OPEN_CALL, "it waits for its sub-agent"), *see(child, NOT_MINE, "the sub-agent failed")]
    pen.result()
    pen.finish()
    yield see(pen, DONE, "finished")


@script("sub-agent", CopilotCli)
def a_sub_agent_inside_the_events_leaves_its_parent_working(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(20)
    task = {"toolCallId": "call_task", "name": "task", "arguments": {"prompt": "Count the lines"}, "type": "function"}
    pen.answer("", 18, task)
    pen.event("tool.execution_start", 18, toolCallId="call_task", toolName="task", arguments=task["arguments"])
    pen.event("subagent.started", 17, agent_id="call_task", toolCallId="call_task", agentName="task")
    pen.event("user.message", 16, agent_id="call_task", content="Count the lines")
    yield see(pen, WORKING, "the sub-agent was asked")
    pen.event(
        "assistant.message",
        5,
        agent_id="call_task",
        messageId="ms",
        apiCallId="apis",
        model="gpt-5-mini",
        toolRequests=[],
        content="Twelve.",
    )
    pen.event("subagent.completed", 4, agent_id="call_task", toolCallId="call_task", totalTokens=99)
    yield see(pen, WORKING, "the sub-agent answered")
    pen.event("tool.execution_complete", 9, toolCallId="call_task", success=True, result={"content": "Twelve."})
    pen.event("assistant.turn_end", 8, turnId="0")
    yield see(pen, WORKING, "the round of calls is over, the turn is not")
    pen.event("assistant.turn_start", 8, turnId="1")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("sub-agent", OpenCode, OpenCodeTwo)
def a_child_session_is_not_mine_to_answer(stage: Stage) -> Steps:
    pen, child = stage.kind(stage.world, stage.cwd), stage.kind(stage.world, stage.cwd)
    assert isinstance(pen, OpenCode)
    assert isinstance(child, OpenCode)
    child.parent = pen.native
    pen.launch()
    pen.prompt(20)
    pen.call(18)
    child.prompt(15)
    child.finish(5)
    yield [*see(pen, OPEN_CALL, "it waits for its child"), *see(child, NOT_MINE, "the child is done")]
    pen.result()
    pen.finish()
    yield [*see(pen, DONE, "finished"), *see(child, NOT_MINE, "the child")]


@script("lock", CopilotCli)
def a_lock_of_a_dead_process_is_no_session(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    gone = stage.start("copilot")
    stage.world.standins.kill(gone)
    pen.prompt()
    pen.lock(gone)
    yield see(pen, ENDED, "a stale lock")


@script("reuse", CopilotCli)
def a_lock_whose_pid_is_another_program_now_is_no_session(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    editor = stage.start("vim", "copilot.md")
    pen.prompt()
    pen.lock(editor)
    yield [*see(pen, ENDED, "a reused pid"), *decoy(editor, "an editor with a reused pid")]


@script("reuse", CopilotCli)
def a_lock_older_than_its_process_is_no_session(stage: Stage) -> Steps:
    old, new = CopilotCli(stage.world, stage.cwd), CopilotCli(stage.world, stage.cwd)
    old.prompt(LONG_AGO)
    new.launch()
    old.lock(new.pid or 0, ago=LONG_AGO)
    new.prompt()
    yield [
        *see(new, WORKING, "the lock of this run"),
        *see(old, is_("ended", listed=False, joined=False), "the lock of a run before"),
    ]


@script("lock", CopilotCli)
def a_session_shut_down_in_good_order_has_ended(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.finish()
    yield see(pen, DONE, "finished")
    pen.event("session.shutdown", 3, shutdownType="routine", modelMetrics={})
    pen.kill()
    (pen.folder / f"inuse.{pen.pid}.lock").unlink()
    yield see(pen, ENDED, "shut down")


@script("lock", KiroCli)
def a_lock_of_kiro_outlives_nobody(stage: Stage) -> Steps:
    pen = KiroCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.kill()
    yield see(pen, ENDED, "the lock is still there")


@script("handle", Codex)
def a_reader_of_a_rollout_is_not_its_writer(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    handle = os.open(pen.path, os.O_RDONLY)
    reader = stage.start("tail", "-f", str(pen.path), fds=(handle,))
    os.close(handle)
    yield [*see(pen, WORKING, "asked"), *decoy(reader, "tail -f of a rollout")]
    pen.kill()
    yield [*see(pen, ENDED, "only a reader is left"), *decoy(reader, "tail -f of a rollout")]


@script("handle", Codex)
def a_rollout_nobody_writes_has_ended(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.prompt()
    yield see(pen, ENDED, "an open turn and no process")


@script("handle", Codex)
def a_server_with_two_rollouts_holds_two_sessions(stage: Stage) -> Steps:
    one, two = Codex(stage.world, stage.directory("one")), Codex(stage.world, stage.directory("two"))
    handles = (*one.handles(), *two.handles())
    pid = stage.start("codex", "app-server", fds=handles)
    for handle in handles:
        os.close(handle)
    one.pid = two.pid = pid
    one.prompt()
    two.prompt(9)
    two.finish(5)
    held = {"listed": None, "joined": None}
    yield [
        *see(one, is_("working", "unknown", "idle", "ended", **held), "the first"),
        *see(two, is_("done-unread", "unknown", "idle", "ended", **held), "the second"),
    ]


@script("place", *(p for p in (GeminiCli, OpenCode, OpenCodeTwo, Goose, QwenCode, Pi, FactoryDroid, CursorCli)))
def the_newest_session_of_a_directory_is_the_one_its_only_process_writes(stage: Stage) -> Steps:
    old, new = stage.pen(), stage.pen()
    old.prompt(LONG_AGO)
    old.finish(LONG_AGO - 60)
    new.launch()
    new.prompt()
    yield [*see(new, WORKING, "begun after the process"), *see(old, LEFT, "finished before it")]
    new.finish()
    yield [*see(new, DONE, "finished"), *see(old, LEFT, "finished before it")]


@script("limit", Codex)
def a_limit_that_is_near_is_not_reached(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    info = {
        "total_token_usage": {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10},
        "model_context_window": 258400,
    }
    info["last_token_usage"] = info["total_token_usage"]
    limits = {"primary": {"used_percent": 97.0, "window_minutes": 300, "resets_at": int(pen.at(-3600))}}
    pen.event("token_count", 5, info=info, rate_limits=limits)
    yield see(pen, WORKING, "97 of 100")
