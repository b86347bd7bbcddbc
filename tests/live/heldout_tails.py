"""Held out: clocks that are wrong, transcripts that are replaced, compactions, sub-agents at once and questions by tool."""

from __future__ import annotations

import os
from typing import Any

from tests.live.heldout import held
from tests.live.labels import DONE, IDLE, NOT_MINE, OPEN_CALL, PERMISSION, QUESTION, QUIET, WORKING, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Record, append
from tests.live.pens_by_place import FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import HOOKED, PENS, Stage, Steps, see
from tests.live.world import iso

TOLD = is_("working", "waiting-permission")


@held("clock", *PENS)
def an_agent_whose_clock_is_three_minutes_fast(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(-170)
    yield see(pen, WORKING, "asked, in three minutes")
    pen.finish(-175)
    yield see(pen, DONE, "finished, in three minutes")
    pen.prompt(-178)
    yield see(pen, WORKING, "asked again")


@held("clock", *PENS)
def an_agent_whose_clock_is_four_minutes_slow(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(245)
    yield see(pen, WORKING, "asked, four minutes ago")
    pen.finish(243)
    yield see(pen, is_("done-unread"), "finished, four minutes ago")
    pen.prompt(242)
    yield see(pen, WORKING, "asked again")


@held("clock", *HOOKED)
def a_clock_that_was_put_back_between_two_reports(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(-120)
    pen.hook("waiting-permission", ago=-125)
    pen.hook("working", ago=30)
    yield see(pen, WORKING, "granted, after the clock was put right")
    pen.finish(20)
    pen.hook("done-unread", ago=19)
    yield see(pen, DONE, "the last report is the last word")


@held("replaced", ClaudeCode, Codex, QwenCode, Pi, FactoryDroid)
def a_transcript_that_is_copied_over_itself(stage: Stage) -> Steps:
    pen: Any = stage.pen()
    if isinstance(pen, Codex):
        pen.holds = False
    pen.prompt(50)
    pen.finish(45)
    pen.launch()
    pen.prompt(40)
    if isinstance(pen, Codex):
        pen.hook("working", ago=39)
    yield see(pen, WORKING, "asked")
    copy = pen.path.with_suffix(".tmp")
    copy.write_bytes(pen.path.read_bytes())
    copy.replace(pen.path)
    yield see(pen, WORKING, "the same words in another file")
    pen.finish(30)
    if isinstance(pen, Codex):
        pen.hook("done-unread", ago=29)
    yield see(pen, DONE, "finished")


@held("replaced", ClaudeCode, QwenCode, Pi, FactoryDroid, CopilotCli)
def a_transcript_that_was_put_back_to_an_older_copy(stage: Stage) -> Steps:
    pen: Any = stage.pen()
    path = pen.folder / "events.jsonl" if isinstance(pen, CopilotCli) else pen.path
    pen.launch()
    pen.prompt(50)
    pen.finish(45)
    yield see(pen, DONE, "finished")
    kept, counted = path.read_bytes(), pen._count
    pen.prompt(30)
    yield see(pen, WORKING, "asked")
    path.write_bytes(kept)
    os.utime(path, (pen.at(20), pen.at(20)))
    pen._count = counted
    if isinstance(pen, ClaudeCode):
        pen.registry("idle", ago=20)
    yield see(pen, QUIET, "put back to where the turn had ended")
    pen.prompt(20)
    yield see(pen, WORKING, "asked once more")


@held("compaction", GeminiCli)
def a_checkpoint_of_gemini_in_a_turn(stage: Stage) -> Steps:
    pen = GeminiCli(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    pen.finish(45)
    pen.prompt(40)
    asked = {"id": "kept-1", "timestamp": iso(pen.at(30)), "type": "user", "content": [{"text": "So far. Go on."}]}
    append(pen.path, {"$set": {"messages": [asked]}}, at=pen.at(30))
    yield see(pen, WORKING, "compacted in a turn")
    pen.finish(30)
    yield see(pen, DONE, "finished")


@held("compaction", Pi)
def a_compaction_of_pi(stage: Stage) -> Steps:
    pen = Pi(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    pen.call(45)
    pen.result(40)

    def compact(ago: float) -> None:
        number = pen.count()
        entry: Record = {
            "type": "compaction",
            "id": f"{number:08x}",
            "parentId": f"{number - 1:08x}",
            "timestamp": iso(pen.at(ago)),
        }
        append(
            pen.path,
            entry | {"summary": "So far.", "firstKeptEntryId": "00000001", "tokensBefore": 190000},
            at=pen.at(ago),
        )

    compact(30)
    yield see(pen, WORKING, "in a turn")
    pen.finish(30)
    yield see(pen, DONE, "finished")
    compact(30)
    yield see(pen, QUIET, "by hand, after the turn")


@held("compaction", QwenCode, KiroCli, FactoryDroid, OpenCodeTwo, Codex, ClaudeCode)
def a_compaction_in_the_middle_and_at_the_end(stage: Stage) -> Steps:
    pen: Any = stage.pen()

    def compact(ago: float) -> None:
        if isinstance(pen, QwenCode):
            pen.write(
                "system", ago, "user", subtype="chat_compression", systemPayload={"info": {"originalTokenCount": 9}}
            )
        elif isinstance(pen, KiroCli):
            pen.write(ago, "Compaction", {"kind": "text", "data": "So far."})
        elif isinstance(pen, FactoryDroid):
            state = {
                "type": "compaction_state",
                "id": f"c{pen.number}",
                "timestamp": iso(pen.at(ago)),
                "summaryText": "So far.",
            }
            append(pen.path, state, at=pen.at(ago))
        elif isinstance(pen, OpenCodeTwo):
            pen.record(ago, "compaction", status="completed", reason="auto", summary="So far.", recent="")
        elif isinstance(pen, Codex):
            pen.write("compacted", ago, message="So far.", replacement_history=[])
            pen.event("context_compacted", ago)
        else:
            pen.write("system", ago, subtype="compact_boundary", compactMetadata={"trigger": "auto", "preTokens": 9})

    pen.launch()
    pen.prompt(50)
    pen.call(48)
    pen.result(46)
    compact(40)
    yield see(pen, WORKING, "in a turn")
    pen.call(30)
    yield see(pen, pen.open_call, "it goes on with a tool")
    pen.result(30)
    pen.finish(20)
    yield see(pen, DONE, "finished")
    compact(30)
    yield see(pen, QUIET, "after the turn")


def side(pen: ClaudeCode, name: str, stop: str | None, ago: float, *content: Record) -> ClaudeCode:
    """Write a record of a sub-agent and return its session."""
    path = pen.path.parent / pen.native / "subagents" / f"agent-{name}.jsonl"
    message = {
        "id": f"msg_{name}{ago}",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "stop_reason": stop,
        "content": list(content),
    }
    record = {
        "type": "assistant",
        "uuid": f"{name}-{ago}",
        "parentUuid": None,
        "sessionId": pen.native,
        "isSidechain": True,
    }
    record |= {
        "agentId": name,
        "timestamp": iso(pen.at(ago)),
        "cwd": str(pen.cwd),
        "version": "2.1.143",
        "requestId": f"req_{name}",
    }
    append(path, record | {"message": message | {"usage": {"input_tokens": 1, "output_tokens": 2}}}, at=pen.at(ago))
    return ClaudeCode(pen.world, pen.cwd, native=f"{pen.native}/agent-{name}")


@held("sub-agent", ClaudeCode)
def three_sub_agents_at_once(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    asked = []
    for number in range(3):
        pen.call(40 - number, tool="Task", description="look", prompt=f"Part {number}")
        asked.append(pen.last)
    text, use = (
        {"type": "text", "text": "Done."},
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "make"}},
    )
    children = [
        side(pen, "a1", "end_turn", 20, text), side(pen, "a2", "tool_use", 15, use),
        side(pen, "a3", "end_turn", 10, {"type": "text", "text": "I could not."}),
    ]  # fmt: skip

    def of_children(note: str) -> list[Any]:
        return [check for child in children for check in see(child, NOT_MINE, note)]

    yield [*see(pen, WORKING, "one runs, two are done"), *of_children("a sub-agent")]
    for last in (asked[2], asked[0]):
        pen.last = last
        pen.result(30)
    yield [*see(pen, WORKING, "two have answered"), *of_children("a sub-agent")]
    pen.hook("waiting-permission", ago=20, detail="Bash: make")
    yield [*see(pen, PERMISSION, "the third asks, and its parent shows it"), *of_children("a sub-agent")]
    side(pen, "a2", "end_turn", 30, text)
    pen.last = asked[1]
    pen.result(20)
    yield [*see(pen, WORKING, "all have answered"), *of_children("a sub-agent")]
    pen.finish(20)
    yield [*see(pen, DONE, "finished"), *of_children("a sub-agent")]


@held("sub-agent", OpenCode, OpenCodeTwo)
def two_children_at_once(stage: Stage) -> Steps:
    pen: Any = stage.pen()
    children: list[Any] = [stage.pen(), stage.pen()]
    pen.launch()
    pen.prompt(50)
    pen.call(45)
    for child in children:
        child.parent = pen.native
        child.prompt(40)
    children[0].finish(20)
    children[1].fail(10)
    yield [*see(pen, TOLD, "it waits"), *see(children[0], NOT_MINE, "done"), *see(children[1], NOT_MINE, "failed")]
    pen.result(30)
    yield [*see(pen, WORKING, "it goes on"), *see(children[0], NOT_MINE, "done"), *see(children[1], NOT_MINE, "failed")]
    pen.finish(30)
    yield [*see(pen, DONE, "finished"), *see(children[0], NOT_MINE, "done"), *see(children[1], NOT_MINE, "failed")]


@held("sub-agent", Codex)
def two_threads_below_a_thread(stage: Stage) -> Steps:
    pen, one, two = (Codex(stage.world, stage.cwd) for _ in range(3))
    for child in (one, two):
        child.source = {
            "subagent": {"thread_spawn": {"parent_thread_id": pen.native, "depth": 1, "agent_role": "explorer"}}
        }
    pen.launch()
    pen.prompt(50)
    pen.call(45, tool="spawn_agent", message="Look around")
    one.prompt(40)
    two.prompt(39)
    one.limit(20)
    yield [*see(pen, OPEN_CALL, "it waits"), *see(one, NOT_MINE, "limited"), *see(two, NOT_MINE, "at work")]
    two.finish(30)
    pen.result(29)
    yield [*see(pen, WORKING, "it goes on"), *see(one, NOT_MINE, "limited"), *see(two, NOT_MINE, "done")]
    pen.finish(20)
    yield [*see(pen, DONE, "finished"), *see(two, NOT_MINE, "done")]


@held("question", Codex, CopilotCli, OpenCode, OpenCodeTwo, QwenCode, FactoryDroid)
def a_question_by_tool_is_answered_later(stage: Stage) -> Steps:
    pen: Any = stage.pen()
    pen.launch()
    pen.prompt(50)
    pen.call(48)
    pen.result(46)
    if isinstance(pen, Codex):
        pen.call(30, tool="request_user_input", questions=[{"question": "Which?"}])
    elif isinstance(pen, CopilotCli):
        pen.last = "call_ask"
        asked = {"question": "Which?"}
        pen.answer("", 30, {"toolCallId": pen.last, "name": "ask_user", "arguments": asked, "type": "function"})
        pen.event("tool.execution_start", 30, toolCallId=pen.last, toolName="ask_user", arguments=asked)
    elif isinstance(pen, OpenCodeTwo):
        state = {"status": "running", "input": {"questions": []}, "content": [], "metadata": {}}
        tool = {"type": "tool", "id": "call_2", "name": "question", "state": state, "time": {"created": pen.ms(30)}}
        pen.said(30, tool, done=False)
    elif isinstance(pen, OpenCode):
        state = {"status": "running", "input": {"questions": []}, "time": {"start": pen.ms(30)}}
        start = pen.message(30, "assistant"), pen.part(30, 0, type="step-start")
        pen.put(30, *start, pen.part(30, 1, type="tool", tool="question", callID="call_2", state=state))
    elif isinstance(pen, QwenCode):
        pen.answer(30, {"functionCall": {"id": "call_1", "name": "ask_user_question", "args": {"questions": []}}})
    else:
        use = {"type": "tool_use", "id": "call_1", "name": "AskUser", "input": {"questionnaire": "Which?"}}
        pen.write(30, "assistant", use, modelId="claude-opus-5")
    yield see(pen, QUESTION, "it asks")
    yield see(pen, QUESTION, "nobody has answered for a minute")
    pen.result(20)
    yield see(pen, WORKING, "answered")
    pen.finish(20)
    yield see(pen, DONE, "finished")


@held("tail", OpenCodeTwo)
def a_shell_of_mine_runs_and_ends_after_a_turn(stage: Stage) -> Steps:
    pen = OpenCodeTwo(stage.world, stage.cwd)
    pen.launch()
    pen.prompt(50)
    pen.finish(40)
    pen.record(30, "shell", command="make", status="running")
    yield see(pen, QUIET, "it runs")
    pen.record(20, "shell", key=pen.key, command="make", exit=0, output={"output": "ok"}, status="exited")
    yield see(pen, QUIET, "it has ended")
    pen.prompt(10)
    yield see(pen, WORKING, "asked")
    pen.abort(10)
    yield see(pen, IDLE, "broken off")


@held("tail", Goose, GeminiCli, QwenCode, KiroCli)
def three_rounds_of_tools_in_one_turn(stage: Stage) -> Steps:
    pen = stage.pen()
    pen.launch()
    pen.prompt(50)
    for number in ("first", "second", "third"):
        pen.call(30)
        yield see(pen, pen.open_call, f"the {number} call")
        pen.result(10)
        yield see(pen, WORKING, f"the {number} result")
    pen.finish(10)
    yield see(pen, DONE, "finished")
