"""Visual Studio's traces: conversations out of spans, prompts once a turn, calls once, one conversation over several runs."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.model import Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.visualstudio_copilot import VisualStudioCopilot
from holdfast.testing._readings import Gathered
from tests.contracts.samples import visualstudio_copilot as sample
from tests.contracts.samples.visualstudio_copilot import FIRST, SECOND, call, chat, part, ran, span, trace, used


def read(root: Path, *, newest_first: bool = False) -> Gathered:
    found = Gathered()
    refs = list(VisualStudioCopilot().discover([root]))
    for one in reversed(refs) if newest_first else refs:
        found.take(VisualStudioCopilot().read(one, None))
    return found


def one(tmp_path: Path, *spans: dict[str, Any]) -> Gathered:
    trace(tmp_path, "20260105T100000_a", *spans)
    return read(tmp_path)


def messages_in(found: Gathered, native: str = FIRST):
    return list(found.messages[observed_id("visualstudio-copilot", native)].values())


def test_a_conversation_is_described_by_its_spans(tmp_path):
    found = one(tmp_path, *sample.first_run()).sessions[observed_id("visualstudio-copilot", FIRST)]
    assert (found.title, found.models, found.version) == ("Why does the build fail?", ("gpt-5.5",), "18.6.11822.322")
    assert (found.started, found.active) == (1_767_600_000_000, 1_767_600_035_000)
    assert found.context.used == 1030
    assert found.extra == {"mode": "Agent", "client": "VS"}


def test_a_turn_of_several_requests_has_one_prompt_and_each_call_once(tmp_path):
    found = messages_in(one(tmp_path, *sample.first_run()))
    assert [(m.role, m.continues) for m in found] == [
        ("user", False), ("assistant", False), ("assistant", True), ("tool", False), ("assistant", False),
    ]  # fmt: skip
    assert found[2].parts == (ToolCall(id="c1", name="run_build", input={"configuration": "Debug"}),)
    assert found[3].parts == (ToolResult(call="c1", text="Error CS1002", error=True),)


def test_a_call_whose_request_was_not_traced_is_taken_from_its_execution(tmp_path):
    found = messages_in(one(tmp_path, *sample.first_run()), SECOND)
    assert found[2].parts == (ToolCall(id="c2", name="get_file", input={"filename": "a.cs"}),)
    assert found[3].parts == (ToolResult(call="c2", text="class App;"),)


def test_the_newest_of_the_repeated_prompts_is_the_turn_s_own(tmp_path):
    found = one(tmp_path, chat(1, FIRST, ["One", "Two"], part("Yes."), turn="t2"))
    assert [m.text for m in messages_in(found) if m.is_prompt] == ["Two"]
    assert next(iter(found.sessions.values())).title == "One"


def test_the_same_words_in_two_turns_are_two_prompts(tmp_path):
    found = one(tmp_path, chat(1, FIRST, ["go on"], part("a")), chat(2, FIRST, ["go on", "go on"], part("b")))
    assert [m.text for m in messages_in(found) if m.is_prompt] == ["go on", "go on"]


def test_thoughts_are_parts(tmp_path):
    found = one(tmp_path, chat(1, FIRST, ["Go"], part("Hm.", "reasoning"), part("Yes.")))
    assert messages_in(found)[1].parts == (Thinking("Hm."), Text("Yes."))


def test_input_is_counted_without_what_came_from_the_cache(tmp_path):
    more = used(1000, 20, cache_read__input_tokens=600, cache_creation__input_tokens=100)
    (request,) = one(tmp_path, chat(1, FIRST, ["Go"], part("x"), **more)).requests.values()
    usage = request.usage
    assert (usage.input, usage.cache_read, usage.cache_write, usage.output) == (300, 600, 100, 20)


def test_a_span_written_twice_is_billed_once_with_its_greater_figures(tmp_path):
    early = chat(1, FIRST, ["Go"], part("Th"), **used(100, 5))
    late = chat(1, FIRST, ["Go"], part("That."), **used(100, 20))
    found = one(tmp_path, early, late)
    assert [r.usage.output for r in found.requests.values()] == [20]
    assert [m.text for m in messages_in(found)] == ["Go", "That."]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_conversation_over_two_runs_is_told_in_order_whichever_is_read_first(tmp_path, newest_first):
    trace(tmp_path, "20260105T100000_a", chat(1, FIRST, ["One"], part("1."), call("c", "sh"), turn="t1", **used(10, 1)))
    later = [ran(2, FIRST, "c", "sh", "ok"), chat(3, FIRST, ["One", "Two"], part("2."), turn="t2", **used(20, 2))]
    trace(tmp_path, "20260105T110000_b", *later, chat(4, SECOND, ["Other"], part("x")))
    found = read(tmp_path, newest_first=newest_first)
    assert [m.text for m in messages_in(found)] == ["One", "1.", "", "", "Two", "2."]
    assert found.sessions[observed_id("visualstudio-copilot", FIRST)].title == "One"
    assert len(found.requests) == 2
    assert len(messages_in(found, SECOND)) == 2


def test_a_tail_of_a_later_run_keeps_the_conversation_in_order(tmp_path):
    trace(tmp_path, "20260105T100000_a", chat(1, FIRST, ["One"], part("1."), turn="t1"))
    path = trace(tmp_path, "20260105T110000_b", chat(2, FIRST, ["One", "Two"], part("2."), turn="t2"))
    found = Gathered()
    for ref in VisualStudioCopilot().discover([tmp_path]):
        found.take(VisualStudioCopilot().read(ref, None))
    path.write_bytes(path.read_bytes() + sample.line(chat(3, FIRST, ["One", "Two", "Three"], part("3."), turn="t3")))
    ref = list(VisualStudioCopilot().discover([tmp_path]))[1]
    found.take(VisualStudioCopilot().read(ref, found.cursor))
    assert [m.text for m in messages_in(found)] == ["One", "1.", "Two", "2.", "Three", "3."]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_long_later_run_read_first_keeps_the_order_also_when_it_was_interrupted(tmp_path, stopped):
    trace(tmp_path, "20260105T100000_a", chat(1, FIRST, ["One"], part("1."), turn="t1"))
    long = "x" * 300_000
    later = [
        chat(2, FIRST, ["One", "Two"], part(long), turn="t2"),
        chat(3, FIRST, ["One", "Two", "3"], part(long), turn="t3"),
    ]
    trace(tmp_path, "20260105T110000_b", *later)
    early, late = VisualStudioCopilot().discover([tmp_path])
    found = Gathered()
    readings = VisualStudioCopilot().read(late, None)
    if stopped:
        found.take([next(readings)])
        readings = VisualStudioCopilot().read(late, found.cursor)
    found.take(readings)
    found.take(VisualStudioCopilot().read(early, None))
    assert [m.text[:3] for m in messages_in(found)] == ["One", "1.", "Two", "xxx", "3", "xxx"]


def test_ids_in_capitals_name_the_same_conversation(tmp_path):
    found = one(tmp_path, chat(1, FIRST, ["Go"], part("a")), chat(2, FIRST.upper(), ["Go", "On"], part("b")))
    assert len(found.sessions) == 1


def test_a_conversation_of_a_solution_belongs_to_its_folder(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path).sessions[observed_id("visualstudio-copilot", sample.SOLUTION)]
    assert found.cwd == str(tmp_path)


def test_a_request_that_failed_is_an_error(tmp_path):
    failed = chat(1, FIRST, ["Go"], status={"code": 2, "message": "Rate limit"})
    assert messages_in(one(tmp_path, failed))[1].extra == {"error": True, "message": "Rate limit"}


@pytest.mark.parametrize(
    ("spans", "unknown"),
    [
        ([span(1, "embeddings", FIRST)], {"span:embeddings": 1}),
        ([span(1, "chat", "")], {"span:chat without a conversation": 1}),
    ],
)
def test_a_span_that_tells_nothing_known_is_counted(tmp_path, spans, unknown):
    found = one(tmp_path, *spans)
    assert (found.unknown, found.sessions) == (unknown, {})


@pytest.mark.parametrize(
    "data",
    [
        b'{"resourceSpans": 3}\n',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [4, {"attributes": [{"key": 1}, {"key": "a", "value": {}}]}]}]}]}\n',
        b'{"resourceSpans": [{"resource": [], "scopeSpans": {"a": 1}}]}\n',
        sample.line(span(1, "chat", FIRST, gen_ai__output__messages='[{"parts": [{"type": {}, "content": []}]}]')),
        sample.line(span(1, "execute_tool", FIRST, gen_ai__tool__call__result="[" * 10_000)),
    ],
)
def test_odd_spans_never_raise(tmp_path, data):
    (tmp_path / "x_VSGitHubCopilot_traces.jsonl").write_bytes(data)
    assert read(tmp_path).damaged == 0


def test_a_trace_made_to_hang_a_reader_does_not(tmp_path):
    started = process_time()
    one(tmp_path, *(chat(n, FIRST, ["a"] * 200, turn="t") for n in range(500)))
    assert process_time() - started < 2
