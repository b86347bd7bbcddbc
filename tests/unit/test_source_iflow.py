"""iFlow's sessions: answers written again while they stream, results in Gemini's wrapping, counts that are mostly zero."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult, conversation, observed_id
from holdfast.sources.iflow import IFlow
from holdfast.testing._readings import Gathered
from tests.contracts.samples import iflow as sample


def read(root):
    found = Gathered()
    for ref in IFlow().discover([root]):
        found.take(IFlow().read(ref, None))
    return found


def messages(root, *records):
    sample.write(root, sample.FIRST, list(records))
    return read(root).all_messages


def test_what_streaming_wrote_again_is_shown_once_and_belongs_to_one_answer(tmp_path):
    found = messages(tmp_path, *sample.first())
    calls = [p.id for m in found for p in m.parts if isinstance(p, ToolCall)]
    assert calls == ["call_1", "call_2", "call_3"]
    answers = [m for m in found if m.role == "assistant"]
    assert [m.continues for m in answers] == [False, True, False, False]


def test_results_are_read_out_of_their_wrapping(tmp_path):
    found = messages(tmp_path, *sample.first())
    results = [p for m in found for p in m.parts if isinstance(p, ToolResult)]
    assert [(r.call, r.text, r.error) for r in results] == [
        ("call_1", "all: shop", False),
        ("call_2", "[package]", False),
        ("call_3", "no such text", True),
    ]
    assert [m.role for m in found if any(isinstance(p, ToolResult) for p in m.parts)] == ["tool"] * 3


def test_a_result_without_a_response_keeps_what_was_shown(tmp_path):
    bare = sample.result(2, "call_1", {})
    assert messages(tmp_path, bare)[0].parts == (ToolResult(call="call_1", text="Read all 8 lines"),)


def test_the_conversation_is_in_order_whatever_the_parents_say(tmp_path):
    later = [sample.prompt("again", 12, parent=1), sample.prompt("and again", 13, parent=1)]
    found = messages(tmp_path, *sample.first(), *later)
    prompts = [m.text for m in conversation(found) if m.is_prompt]
    assert prompts == ["Mend the build", "And now?", "again", "and again"]


def test_a_request_is_counted_where_its_tokens_were_written_down(tmp_path):
    sample.write(tmp_path, sample.FIRST, [*sample.first(), sample.answer(12, sample.text("more"))])
    found = read(tmp_path)
    (request,) = found.requests.values()
    assert request.key.startswith("iflow:response-")
    assert (request.usage.input, request.usage.output, request.model) == (16000, 200, "glm-4.7")
    (session,) = found.sessions.values()
    assert session.context.used == 16200


def test_a_session_without_counts_says_nothing_of_its_context(tmp_path):
    sample.write(tmp_path, sample.SECOND, sample.second())
    found = read(tmp_path)
    assert found.requests == {}
    (session,) = found.sessions.values()
    assert session.context.used is None


def test_a_session_is_described_by_its_records(tmp_path):
    sample.build(tmp_path)
    session = read(tmp_path).sessions[observed_id("iflow", sample.FIRST)]
    assert (session.agent, session.title, session.cwd) == ("iflow", "Mend the build", sample.CWD)
    assert (session.branch, session.version, session.models) == ("main", "1.0.0", ("glm-4.7",))


def test_only_files_that_iflow_names_so_are_sessions(tmp_path):
    sample.write(tmp_path, "notes", sample.second())
    assert list(IFlow().discover([tmp_path])) == []


def test_it_is_resumed_with_the_id_that_iflow_gave(tmp_path):
    sample.build(tmp_path)
    session = read(tmp_path).sessions[observed_id("iflow", sample.FIRST)]
    command = IFlow().resume_command(session)
    assert command.argv == ("iflow", f"--resume={sample.FIRST}")
    assert command.cwd == sample.CWD


@pytest.mark.parametrize("odd", [None, 7, "text", [], {"functionResponse": 1}, {"responseParts": [None, {}]}], ids=str)
def test_a_result_of_any_shape_is_survived(tmp_path, odd):
    record = sample.result(2, "call_1", {"output": "x"})
    record["message"]["content"][0]["content"] = odd
    record["toolUseResult"] = odd
    assert len(messages(tmp_path, record)) == 1
