"""Scripts about the last lines of a transcript: what stands there that neither opens a turn nor ends one."""

from __future__ import annotations

import json

from tests.live.labels import DONE, ERROR, IDLE, QUIET, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Record, append
from tests.live.pens_by_place import Aider, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import HOOKED, Stage, Steps, script, see
from tests.live.world import iso


def text(words: str) -> Record:
    return {"type": "text", "text": words}


@script("tail", ClaudeCode)
def of_two_calls_at_once_one_is_still_out(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.call(8, tool="Read", file_path="a.py")
    first = pen.last
    pen.call(8, tool="Read", file_path="b.py")
    pen.result(6)
    yield see(pen, WORKING, "one of two has answered")
    pen.last = first
    pen.result(6)
    yield see(pen, WORKING, "both have answered")


@script("tail", ClaudeCode)
def words_before_a_call_end_no_turn(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch()
    pen.registry(None)
    pen.prompt(9)
    pen.said({"type": "thinking", "thinking": "Hm.", "signature": "x"}, stop="tool_use", ago=8)
    yield see(pen, WORKING, "it thinks")
    pen.said(text("I will look."), stop="tool_use", ago=7)
    yield see(pen, WORKING, "it says that it will look")
    pen.said(text("It builds."), stop="end_turn", ago=6)
    yield see(pen, DONE, "said, and no length of the turn written")


@script("tail", ClaudeCode)
def a_command_of_the_program_opens_no_turn(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    said = (
        "<command-name>/model</command-name>\n<command-message>model</command-message>\n<command-args></command-args>"
    )
    pen.write("user", 6, message={"role": "user", "content": said})
    out = "<local-command-stdout>Set model to opus</local-command-stdout>"
    pen.write("user", 5, message={"role": "user", "content": out})
    yield see(pen, QUIET, "the model was changed")
    caveat = "<local-command-caveat>Caveat: the messages below</local-command-caveat>"
    pen.write("user", 5, message={"role": "user", "content": caveat}, isMeta=True)
    yield see(pen, QUIET, "a caveat")


@script("tail", ClaudeCode)
def a_compaction_in_a_turn_is_work_and_after_it_is_none(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.result(15)
    pen.write("system", 6, subtype="compact_boundary", compactMetadata={"trigger": "auto", "preTokens": 20965})
    summary = {"role": "user", "content": "This session is being continued from a previous conversation."}
    pen.write("user", 5, message=summary, isCompactSummary=True, isVisibleInTranscriptOnly=True)
    yield see(pen, WORKING, "in a turn")
    pen.finish()
    yield see(pen, DONE, "finished")
    pen.write("system", 6, subtype="compact_boundary", compactMetadata={"trigger": "manual", "preTokens": 20965})
    pen.write("user", 5, message=summary, isCompactSummary=True, isVisibleInTranscriptOnly=True)
    pen.registry("idle", ago=4)
    yield see(pen, QUIET, "by hand, after the turn")


@script("tail", ClaudeCode)
def a_side_chain_in_the_same_file_ends_no_turn(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch()
    pen.registry(None)
    pen.prompt(30)
    pen.call(20, tool="Task", prompt="Look")
    pen.write("user", 9, message={"role": "user", "content": "Look"}, isSidechain=True)
    message: Record = {"id": "msg_s", "role": "assistant", "model": "claude-haiku-4-5", "content": [text("Seen.")]}
    message |= {"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
    pen.write("assistant", 5, message=message, isSidechain=True, requestId="req_s")
    yield see(pen, WORKING.but(states=frozenset({"working", "waiting-permission"})), "the side chain ended")


@script("tail", ClaudeCode)
def reports_after_the_end_change_nothing(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(9)
    pen.write("system", 8, subtype="stop_hook_summary", hookCount=1)
    pen.write("attachment", 7, attachment={"type": "task_reminder", "content": []})
    append(pen.path, {"type": "permission-mode", "permissionMode": "plan", "sessionId": pen.native}, at=pen.at(5))
    yield see(pen, DONE, "hooks, reminders and modes")
    pen.write("system", 5, subtype="away_summary", content="While you were away")
    yield see(pen, is_("done-unread"), "a summary for somebody who was away")


@script("tail", Codex)
def a_paginated_rollout_is_read_alike(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.event("task_started", 9, turn_id="t1", started_at=int(pen.at(9)), model_context_window=258400)
    ask = {"type": "UserMessage", "id": "u1", "content": [{"type": "text", "text": "Write hello.txt"}]}
    pen.event("item_completed", 8, item=ask)
    yield see(pen, WORKING, "asked")
    reply = {
        "type": "AgentMessage",
        "id": "m1",
        "content": [{"type": "Text", "text": "I will."}],
        "phase": "commentary",
    }
    pen.event("item_completed", 6, item=reply)
    yield see(pen, WORKING, "it says that it will")
    pen.event("task_complete", 4, turn_id="t1", last_agent_message="Done.")
    pen.event("token_count", 3, info=None, rate_limits={})
    yield see(pen, DONE, "finished, and counted after")


@script("tail", Codex)
def a_compaction_ends_no_turn_of_codex(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.result(9)
    pen.write("compacted", 6, message="So far.", replacement_history=[])
    pen.event("context_compacted", 5)
    yield see(pen, WORKING, "in a turn")
    pen.finish()
    pen.event("thread_name_updated", 1, thread_name="Tests")
    yield see(pen, DONE, "finished and named")
    pen.event("thread_rolled_back", 3, num_turns=1)
    yield see(pen, QUIET, "taken back by hand")


@script("tail", CopilotCli)
def changes_of_the_session_end_and_open_nothing(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.event("session.compaction_start", 9)
    yield see(pen, WORKING, "it compacts in a turn")
    pen.event("session.compaction_complete", 9, success=True, preCompactionTokens=9, tokenLimit=128000)
    yield see(pen, WORKING, "it has compacted")
    pen.finish(8)
    pen.event("session.usage_checkpoint", 7, totalNanoAiu=4000)
    pen.event("session.model_change", 5, newModel="gpt-5-mini")
    yield see(pen, DONE, "counted, and the model changed")


@script("tail", CopilotCli)
def a_second_permission_waits_like_the_first(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.ask(19)
    pen.result(15)
    pen.call(9)
    pen.ask(8)
    yield see(pen, is_("waiting-permission"), "the second asks")
    pen.result(5)
    yield see(pen, WORKING, "granted")


@script("tail", GeminiCli)
def notices_of_gemini_end_and_open_nothing(stage: Stage) -> Steps:
    pen = GeminiCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.put("info", 9, content="Loop detection is off.")
    yield see(pen, WORKING, "a notice in a turn")
    pen.finish(8)
    pen.put("info", 5, content="Update successful! The new version will be used on your next run.")
    yield see(pen, DONE, "a notice after it")
    append(pen.path, {"$set": {"summary": "Listing files"}}, at=pen.at(5))
    yield see(pen, DONE, "a title")


@script("tail", GeminiCli)
def a_rewind_opens_no_turn(stage: Stage) -> Steps:
    pen = GeminiCli(stage.world, stage.cwd)
    pen.launch()
    first = pen.put("user", 30, content=[{"text": "List the files"}])
    pen.finish(20)
    second = pen.put("user", 15, content=[{"text": "And now?"}])
    pen.finish(10)
    append(pen.path, {"$rewindTo": second}, at=pen.at(5))
    yield see(pen, QUIET, "the last turn is taken back")
    append(pen.path, {"$rewindTo": first}, at=pen.at(5))
    yield see(pen, is_("idle", "done-unread", "unknown"), "all is taken back")


@script("tail", OpenCode)
def a_call_that_is_not_begun_and_a_try_again_are_work(stage: Stage) -> Steps:
    pen = OpenCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(9)
    pen.put(8, pen.message(8, "assistant"), pen.part(8, 0, type="step-start"), pen.tool(8, status="pending"))
    yield see(pen, is_("working", "waiting-permission"), "pending")
    error = {"name": "APIError", "data": {"message": "Overloaded", "isRetryable": True}}
    pen.put(5, pen.part(5, 3, type="retry", attempt=1, error=error, time={"created": pen.ms(5)}))
    yield see(pen, is_("working", "waiting-permission"), "it tries again")


@script("tail", OpenCode, OpenCodeTwo)
def a_prompt_in_a_turn_is_part_of_the_work(stage: Stage) -> Steps:
    pen = stage.kind(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.prompt(5)
    yield see(pen, is_("working", "waiting-permission"), "typed while it works")


@script("tail", OpenCodeTwo)
def a_shell_of_mine_is_not_the_agents_work(stage: Stage) -> Steps:
    pen = OpenCodeTwo(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    pen.record(5, "shell", command="git status", exit=0, output={"output": "clean"}, status="exited")
    yield see(pen, QUIET, "a command by hand after the turn")


@script("tail", Pi)
def what_i_do_by_hand_is_not_pis_work(stage: Stage) -> Steps:
    pen = Pi(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    pen.write(9, role="bashExecution", command="ls", output="a\n", exitCode=0, cancelled=False)
    yield see(pen, QUIET, "a command by hand")
    for kind, more in (
        ("model_change", {"modelId": "x", "provider": "y"}),
        ("thinking_level_change", {"thinkingLevel": "low"}),
    ):
        entry = {
            "type": kind,
            "id": f"{pen.count():08x}",
            "parentId": f"{pen._count - 1:08x}",
            "timestamp": iso(pen.at(5)),
        }
        append(pen.path, entry | more, at=pen.at(5))
    yield see(pen, QUIET, "another model")


@script("tail", FactoryDroid)
def a_list_of_tasks_ends_no_turn_of_droid(stage: Stage) -> Steps:
    pen = FactoryDroid(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.result(9)
    append(pen.path, {"type": "todo_state", "id": "todo1", "timestamp": iso(pen.at(5)), "todos": []}, at=pen.at(5))
    yield see(pen, WORKING, "a list in a turn")
    pen.write(8, "assistant", text("It builds."), modelId="claude-opus-5")
    yield see(pen, DONE, "said, and no outcome written")


@script("tail", QwenCode)
def telemetry_and_commands_are_not_work(stage: Stage) -> Steps:
    pen = QwenCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.answer(20, {"text": "They want tests.", "thought": True})
    yield see(pen, WORKING, "it thinks")
    pen.finish(20)
    event = {"uiEvent": {"event.name": "qwen-code.api_response", "input_token_count": 9}}
    pen.write("system", 5, "user", subtype="ui_telemetry", systemPayload=event)
    yield see(pen, DONE, "telemetry after the end")
    pen.write(
        "system", 5, "user", subtype="slash_command", systemPayload={"phase": "invocation", "rawCommand": "/stats"}
    )
    yield see(pen, QUIET, "a command of the program")


@script("tail", KiroCli)
def a_conversation_that_was_cleared_is_not_work(stage: Stage) -> Steps:
    pen = KiroCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    pen.write(5, "Clear")
    yield see(pen, is_("idle", "done-unread", "unknown"), "cleared")


@script("tail", Goose)
def a_failed_call_of_goose_is_answered(stage: Stage) -> Steps:
    pen = Goose(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    error = {"type": "toolResponse", "id": "c1", "toolResult": {"status": "error", "error": "no such file"}}
    pen.put(5, "user", error)
    yield see(pen, WORKING, "the call failed, the turn goes on")


@script("tail", Aider)
def what_aider_does_after_its_answer_is_no_new_turn(stage: Stage) -> Steps:
    pen = Aider(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(30)
    pen.finish(20)
    pen.add("> Applied edit to shop.py  \n> Commit 1a2b3c4 feat: mend the build  \n", 9)
    yield see(pen, DONE, "applied and committed")
    pen.add("\n#### /add shop.py  \n> Added shop.py to the chat  \n", 5)
    yield see(pen, QUIET, "a file was added")
    pen.prompt(9)
    pen.add(">  \n>  \n> ^C again to exit  \n", 5)
    yield see(pen, IDLE.but(states=frozenset({"idle", "done-unread", "unknown"})), "broken off")


@script("tail", *HOOKED)
def a_damaged_spool_is_read_as_far_as_it_goes(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(30)
    pen.call(20)
    pen.hook("waiting-permission", ago=9)
    path = stage.world.data / "spool" / f"{pen.agent}.jsonl"
    with path.open("ab") as file:
        file.write(
            b"not json at all\n[]\n"
            + json.dumps({"v": 1, "at": "soon", "agent": pen.agent, "native_id": pen.native}).encode()
        )
        file.write(
            b'\n{"v":1,"agent":7}\n{"v":99,"at":1,"agent":"'
            + pen.agent.encode()
            + b'","native_id":"x","state":"dancing"}\n'
        )
    yield see(pen, is_("waiting-permission"), "good lines before bad ones")
    pen.hook("working", ago=5)
    yield see(pen, WORKING, "good lines after bad ones")


@script("tail", ClaudeCode)
def an_error_of_hours_ago_that_was_answered_is_over(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(300)
    pen.fail(290)
    pen.prompt(280)
    pen.finish(5)
    yield see(pen, DONE, "it failed once, then it was finished")
    pen.prompt(40)
    pen.fail(5)
    yield see(pen, ERROR, "it failed again")
