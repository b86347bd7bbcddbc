"""Scripts of Claude Code alone: its question tools, its registry of running sessions, its retries and its sub-agents."""

from __future__ import annotations

import json

from tests.live.labels import (
    ASKING,
    DONE,
    ENDED,
    ERROR,
    FRESH,
    IDLE,
    LIMIT,
    NOT_MINE,
    OPEN_CALL,
    PERMISSION,
    QUESTION,
    QUIET,
    WORKING,
    is_,
)
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Record, append
from tests.live.scripts import Stage, Steps, decoy, script, see
from tests.live.standins import start_ticks
from tests.live.world import iso


@script("question", ClaudeCode)
def a_question_of_the_agent_waits_for_me(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    choices = [{"question": "Which colour?", "header": "Colour", "options": [{"label": "red"}, {"label": "blue"}]}]
    pen.call(tool="AskUserQuestion", questions=choices)
    pen.registry("waiting", ago=3)
    yield see(pen, QUESTION, "it asks")
    yield see(pen, QUESTION, "it still asks")
    pen.result()
    yield see(pen, WORKING, "answered")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("question", ClaudeCode)
def a_plan_waits_for_me(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.call(tool="ExitPlanMode", plan="1. Mend the Makefile")
    pen.registry("waiting", ago=3)
    yield see(pen, ASKING, "it shows its plan")
    pen.result()
    yield see(pen, WORKING, "agreed")


@script("question", ClaudeCode)
def a_question_is_seen_without_a_registry(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch("--resume", pen.native)
    pen.prompt()
    pen.call(tool="AskUserQuestion", questions=[{"question": "Which colour?"}])
    yield see(pen, QUESTION, "it asks")
    pen.result()
    yield see(pen, WORKING, "answered")
    pen.call(tool="ExitPlanMode", plan="1. Mend the Makefile")
    yield see(pen, ASKING, "it shows its plan")


@script("reuse", ClaudeCode)
def a_registry_with_another_start_is_of_another_process(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pid = pen.launch(cwd=stage.directory("elsewhere"))
    pen.prompt()
    pen.registry("busy", ticks=str(int(start_ticks(pid)) - 4000))
    yield see(pen, ENDED, "busy, and the pid is another claude's now")
    pen.registry("waiting", ticks=str(int(start_ticks(pid)) - 4000))
    yield see(pen, ENDED, "waiting, and the pid is another claude's now")


@script("reuse", ClaudeCode)
def a_registry_whose_pid_is_now_an_editor_has_ended(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    editor = stage.start("vim", "claude.md")
    pen.prompt()
    pen.registry("busy", of=editor, ticks="12345")
    yield [*see(pen, ENDED, "busy, says the registry"), *decoy(editor, "an editor with a reused pid")]
    pen.registry("waiting", of=editor, ticks="12345")
    yield see(pen, ENDED, "waiting, says the registry")


@script("reuse", ClaudeCode)
def a_registry_whose_pid_is_now_a_session_of_another_directory_has_ended(stage: Stage) -> Steps:
    old, new = ClaudeCode(stage.world, stage.directory("old")), ClaudeCode(stage.world, stage.directory("new"))
    old.prompt()
    new.launch()
    new.registry("busy")
    (old.home / "sessions" / f"{new.pid}.json").rename(old.home / "sessions" / "kept.json")
    new.registry("busy")
    (old.home / "sessions" / "kept.json").unlink()
    new.prompt()
    yield [*see(new, WORKING, "the pid is its own"), *see(old, ENDED, "nobody's")]


@script("reuse", ClaudeCode)
def a_dead_pid_in_the_registry_has_ended(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    gone = stage.start("claude")
    ticks = start_ticks(gone)
    stage.world.standins.kill(gone)
    pen.prompt()
    pen.registry("busy", of=gone, ticks=ticks)
    yield see(pen, ENDED, "busy, says the registry")


@script("registry", ClaudeCode)
def registry_files_of_the_old_shape_are_passed_over(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    shell = stage.start("bash")
    pen.prompt()
    path = pen.home / "sessions" / f"pid-{shell}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": shell, "session_id": pen.native, "cwd": str(stage.cwd), "status": "busy"}))
    yield [*see(pen, ENDED, "an orphan"), *decoy(shell, "a shell in an old registry")]


@script("registry", ClaudeCode)
def a_registry_without_status_leaves_the_transcript_to_speak(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch("-p", "--output-format", "stream-json")
    pen.registry(None, entrypoint="sdk-cli")
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.call()
    yield see(pen, OPEN_CALL, "called")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("registry", ClaudeCode)
def a_shell_left_in_the_background_is_no_work(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.finish()
    pen.registry("shell")
    yield see(pen, QUIET, "idle with a shell in the background")


@script("registry", ClaudeCode)
def a_torn_registry_file_is_no_registry(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    path = pen.home / "sessions" / f"{pen.pid}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    yield see(pen, is_("working", "unknown", "idle", joined=None, listed=None), "torn")
    path.write_bytes(whole)
    pen.finish()
    yield see(pen, DONE, "whole again")


@script("limit", ClaudeCode)
def a_program_that_tries_again_by_itself_does_not_need_me(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.retry(1, 4)
    pen.retry(2, 3)
    yield see(pen, WORKING, "the second try of ten")
    pen.finish()
    yield see(pen, DONE, "it came through")


@script("error", ClaudeCode)
def errors_in_a_row_end_in_an_error(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    for attempt in range(1, 11):
        pen.retry(attempt, 30 - 2 * attempt, status=500)
    pen.fail()
    yield see(pen, ERROR, "ten tries and the last word")
    pen.prompt()
    pen.fail()
    yield see(pen, ERROR, "and again")


@script("sub-agent", ClaudeCode)
def a_sub_agent_that_is_done_is_not_mine_to_answer(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.call(8, tool="Task", description="look around", prompt="Look around")
    side = pen.path.parent / pen.native / "subagents" / "agent-a0b1c2d3.jsonl"
    message: Record = {"id": "msg_side", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn"}
    message |= {"content": [{"type": "text", "text": "All is well."}], "usage": {"input_tokens": 1, "output_tokens": 2}}
    record = {"type": "assistant", "uuid": "side-1", "parentUuid": None, "sessionId": pen.native, "isSidechain": True}
    record |= {"agentId": "a0b1c2d3", "timestamp": iso(pen.at(3)), "cwd": str(stage.cwd), "version": "2.1.143"}
    append(side, record | {"message": message, "requestId": "req_side"}, at=pen.at(3))
    child = ClaudeCode(stage.world, stage.cwd, native=f"{pen.native}/agent-a0b1c2d3")
    yield [*see(pen, WORKING, "its sub-agent is done, it is not"), *see(child, NOT_MINE, "the sub-agent")]
    pen.hook("", ago=2, event="SubagentStop")
    yield [*see(pen, WORKING, "the sub-agent's own report"), *see(child, NOT_MINE, "the sub-agent")]
    pen.result()
    pen.finish()
    yield [*see(pen, DONE, "finished"), *see(child, NOT_MINE, "the sub-agent")]


@script("sub-agent", ClaudeCode)
def a_sub_agent_in_a_call_is_not_mine_to_answer(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.call(8, tool="Agent", description="ask", prompt="Ask somebody")
    side = pen.path.parent / pen.native / "subagents" / "agent-b0b1c2d3.jsonl"
    block = {"type": "tool_use", "id": "toolu_side", "name": "AskUserQuestion", "input": {}}
    message = {
        "id": "msg_side2",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "stop_reason": None,
        "content": [block],
    }
    record = {"type": "assistant", "uuid": "side-2", "parentUuid": None, "sessionId": pen.native, "isSidechain": True}
    record |= {"agentId": "b0b1c2d3", "timestamp": iso(pen.at(3)), "cwd": str(stage.cwd), "version": "2.1.143"}
    append(side, record | {"message": message | {"usage": {"input_tokens": 1, "output_tokens": 2}}}, at=pen.at(3))
    child = ClaudeCode(stage.world, stage.cwd, native=f"{pen.native}/agent-b0b1c2d3")
    yield [*see(pen, WORKING, "it waits for its sub-agent"), *see(child, NOT_MINE, "the sub-agent")]


@script("course", ClaudeCode)
def a_prompt_typed_in_a_turn_waits_in_the_queue(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.call(8)
    queued = {"type": "queue-operation", "operation": "enqueue", "timestamp": iso(pen.at(4)), "sessionId": pen.native}
    append(pen.path, queued | {"content": "and the tests"}, at=pen.at(4))
    yield see(pen, WORKING, "queued")


@script("course", ClaudeCode)
def records_that_follow_the_end_of_a_turn_do_not_open_it(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.finish(8)
    for record in ({"type": "ai-title", "aiTitle": "Mend the build"}, {"type": "last-prompt", "lastPrompt": "Mend"}):
        append(pen.path, record | {"sessionId": pen.native}, at=pen.at(4))
    append(pen.path, {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}, at=pen.at(3))
    yield see(pen, DONE, "titles and snapshots came after")


@script("course", ClaudeCode)
def a_line_that_is_being_written_is_waited_for(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    with pen.path.open("ab") as file:
        file.write(b'{"type":"assistant","message":{"content":[{"type":"te')
    yield see(pen, WORKING, "half a line")


@script("abort", ClaudeCode)
def a_refused_call_goes_on_when_i_say_how(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt()
    pen.call()
    pen.registry("waiting", ago=3)
    yield see(pen, PERMISSION, "it asks")
    pen.result(error=True)
    pen.abort(ago=1)
    yield see(pen, IDLE, "refused and broken off")
    pen.prompt()
    yield see(pen, WORKING, "told how")


@script("course", ClaudeCode)
def a_session_without_a_word_is_listed_and_does_not_need_me(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    yield see(pen, FRESH, "no transcript yet")
    yield see(pen, FRESH, "still none")


@script("limit", Codex, CopilotCli, ClaudeCode)
def a_limit_that_nobody_lifted_still_waits(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt()
    pen.limit()
    yield see(pen, LIMIT, "limited")
    yield see(pen, LIMIT, "still limited")
