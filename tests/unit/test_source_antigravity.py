"""What Antigravity's steps mean, what can be read of its blobs, and what is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import apsw
import pytest

from holdfast.model import Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._antigravity import wire
from holdfast.sources.antigravity import Antigravity
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import antigravity as sample
from tests.contracts.samples.antigravity import pb


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in Antigravity().discover([root]):
        found.take(Antigravity().read(ref, None))
    return found


def session_of(found: Gathered, native: str = sample.MAIN):
    return next(s for s in found.sessions.values() if s.native_id == native)


def parts(found: Gathered):
    return [p for m in found.all_messages for p in m.parts]


def test_the_full_transcript_is_preferred(tmp_path):
    sample.build(tmp_path)
    names = [Path(r.path).name for r in Antigravity().discover([tmp_path]) if sample.MAIN in r.path]
    assert names == ["transcript_full.jsonl", f"{sample.MAIN}.db"]


def test_a_prompt_is_what_the_person_wrote(tmp_path):
    sample.transcript(
        tmp_path, "c", [sample.asked(0, "Why?\nTell me.", sample.SETTINGS), sample.step(1, "USER_INPUT", "bare")]
    )
    assert [m.text for m in read(tmp_path).all_messages] == ["Why?\nTell me.", "bare"]


@pytest.mark.parametrize(
    ("shown", "model"),
    [
        ("Gemini 3.1 Pro (High)", "gemini-3.1-pro"),
        ("Claude Sonnet 4.6 (Thinking)", "claude-sonnet-4.6"),
        ("Gemini 2.5 Flash", "gemini-2.5-flash"),
        ("GPT-OSS 120B", "gpt-oss-120b"),
    ],
)
def test_the_model_is_the_one_that_the_settings_name(tmp_path, shown, model):
    change = sample.SETTINGS.replace("Gemini 3.1 Pro (High)", shown)
    sample.transcript(
        tmp_path, "c", [sample.asked(0, "hi", change), sample.step(1, "PLANNER_RESPONSE", "ho", source="MODEL")]
    )
    found = read(tmp_path)
    assert [m.model for m in found.all_messages] == ["", model]
    assert session_of(found, "c").models == (model,)


def test_arguments_are_decoded_and_thinking_is_kept(tmp_path):
    sample.build(tmp_path)
    found = parts(read(tmp_path))
    assert ToolCall("step:3:0", "run_command", {"CommandLine": "make", "Cwd": "/home/ada/shop"}) in found
    assert ToolCall("step:5:0", "invoke_subagent", {"Subagents": [{"Prompt": "Look at the Makefile"}]}) in found
    assert Thinking("Let me look.") in found


def test_arguments_that_are_plain_text_stay_so(tmp_path):
    call = {"name": "write_to_file", "args": {"TargetFile": "/a", "CodeContent": "[broken"}}
    sample.transcript(tmp_path, "c", [sample.step(0, "PLANNER_RESPONSE", source="MODEL", tool_calls=[call])])
    assert parts(read(tmp_path)) == [
        ToolCall("step:0:0", "write_to_file", {"TargetFile": "/a", "CodeContent": "[broken"})
    ]


@pytest.mark.parametrize(
    ("said", "code", "error"),
    [
        ("x\nThe command failed with exit code: 2", 2, True),
        ("The command completed successfully.", 0, False),
        ("still running", None, False),
    ],
)
def test_a_commands_result_has_its_exit_code(tmp_path, said, code, error):
    steps = [sample.called(0, "run_command", CommandLine="make"), sample.step(1, "RUN_COMMAND", said, source="MODEL")]
    sample.transcript(tmp_path, "c", steps)
    assert parts(read(tmp_path))[-1] == ToolResult("step:0:0", said, error=error, exit_code=code)


def test_a_result_belongs_to_the_oldest_open_call_of_its_name(tmp_path):
    steps = [
        sample.called(0, "view_file"), sample.called(1, "run_command"), sample.called(2, "view_file"),
        sample.step(3, "RUN_COMMAND", "ran", source="MODEL"), sample.step(4, "VIEW_FILE", "one", source="MODEL"),
        sample.step(5, "CODE_ACTION", "two", source="MODEL"), sample.step(6, "VIEW_FILE", "none", source="MODEL"),
    ]  # fmt: skip
    sample.transcript(tmp_path, "c", steps)
    found = read(tmp_path)
    results = {p.text: p.call for p in parts(found) if isinstance(p, ToolResult)}
    assert results == {"ran": "step:1:0", "one": "step:0:0", "two": "step:2:0", "none": ""}
    assert found.unknown == {"record:VIEW_FILE": 1}


def test_checkpoints_are_summaries_and_give_the_title(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    assert Summary(sample.CHECKPOINT) in parts(found)
    assert session_of(found).title == "Fix the build"
    assert session_of(found, sample.CHILD).title == "Look at the Makefile"


def test_what_the_program_adds_is_system_and_errors_are_marked(tmp_path):
    steps = [
        sample.step(0, "EPHEMERAL_MESSAGE", "remember"),
        sample.step(1, "ERROR_MESSAGE", "Error: no"),
        sample.step(2, "CONVERSATION_HISTORY"),
    ]
    sample.transcript(tmp_path, "c", steps)
    reminder, error = read(tmp_path).all_messages
    assert {reminder.role, error.role} == {"system"}
    assert (reminder.extra, error.extra) == ({}, {"error": True})


def test_a_sub_agent_is_linked_to_its_parent_and_runs_in_its_workspace(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    child = session_of(found, sample.CHILD)
    assert (child.parent.id, child.parent.kind) == (session_of(found).id, "subagent")
    assert child.cwd == "/home/ada/shop"


def test_a_parent_that_tells_of_its_sub_agent_a_moment_later_is_found_at_the_next_reading(tmp_path):
    path = sample.transcript(tmp_path, sample.CHILD, sample.child_steps()[:1])
    (ref,) = Antigravity().discover([tmp_path])
    (reading,) = Antigravity().read(ref, None)
    assert reading.transcript.session.parent is None
    sample.transcript(tmp_path, sample.MAIN, sample.main_steps())
    sample.transcript(tmp_path, sample.CHILD, sample.child_steps())
    ref = next(r for r in Antigravity().discover([tmp_path]) if r.path == str(path))
    (more,) = Antigravity().read(ref, reading.cursor)
    assert more.transcript.session.parent is not None


def test_transcripts_older_than_a_conversation_are_not_searched_for_its_parent(tmp_path):
    older = sample.transcript(tmp_path, sample.MAIN, sample.main_steps())
    os.utime(older, (1_700_000_000, 1_700_000_000))
    sample.transcript(tmp_path, sample.CHILD, sample.child_steps())
    assert session_of(read(tmp_path), sample.CHILD).parent is None


def test_the_workspace_comes_from_the_prompt_history_else_from_a_commands_directory(tmp_path):
    sample.transcript(tmp_path, "c", [sample.called(0, "run_command", Cwd="/tmp/b")])
    assert session_of(read(tmp_path), "c").cwd == "/tmp/b"
    (tmp_path / "history.jsonl").write_text('no json\n{"conversationId":"c","workspace":"/tmp/a"}\n')
    assert session_of(read(tmp_path), "c").cwd == "/tmp/a"


def test_generations_are_billed_once_wherever_they_stand(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    assert sorted(found.requests) == [f"antigravity:resp-{n}" for n in (1, 2, 3)]
    assert [r.model for r in found.requests.values()] == ["gemini-3.1-pro", "gemini-3.1-pro", "MODEL_PLACEHOLDER_M50"]
    assert next(iter(found.requests.values())).at == 1_767_600_000_929
    assert session_of(found).context.used == 300 + 8000 + 12


def test_a_retried_generation_is_billed_for_each_attempt(tmp_path):
    final, failed = (sample.usage(n, prompt=10, output=2) for n in ("final", "failed"))
    sample.database(tmp_path, "c", [sample.generation(final, failed)], {})
    assert totals(read(tmp_path).requests.values())["input"] == 20


def test_counts_that_contradict_each_other_are_left_out_and_counted(tmp_path):
    odd = pb(2, 100) + pb(3, 50) + pb(9, 40) + pb(10, 40) + pb(11, "odd")
    sample.database(tmp_path, "c", [pb(1, pb(4, odd)), pb(1, pb(4, pb(2, 1 << 50)))], {})
    found = read(tmp_path)
    assert found.requests == {}
    assert found.unknown == {"usage:odd": 2}


def test_a_conversation_without_a_transcript_is_partial(tmp_path):
    path = sample.database(tmp_path, "c", [sample.generation(sample.usage("r", prompt=1, output=1))], {})
    session = session_of(read(tmp_path), "c")
    assert session.partial
    assert session.source_path == str(path)


def test_a_conversation_without_a_transcript_tells_what_was_said(tmp_path):
    path = sample.database(tmp_path, "c", [], {})
    db = apsw.Connection(str(path))
    at = pb(1, pb(1, 1_767_600_004))
    asked = pb(1, 14) + pb(19, pb(2, "Why?"))
    answered = pb(1, 15) + pb(20, pb(1, "So.") + pb(3, "Hm.\n\n"))
    rows = [(0, 14, at, asked), (1, 15, at, answered), (2, 15, at, b"\xff"), (3, 23, at, asked), (4, 14, None, None)]
    db.executemany("INSERT INTO steps VALUES (?, ?, ?, ?)", rows)
    db.close()
    found = read(tmp_path)
    assert [(m.id, m.role, m.parts) for m in found.all_messages] == [
        ("step:0", "user", (Text("Why?"),)),
        ("step:1", "assistant", (Thinking("Hm."), Text("So."))),
    ]
    assert session_of(found, "c").title == "Why?"


def test_what_is_encrypted_is_told_and_not_read(tmp_path):
    (tmp_path / "conversations").mkdir()
    (tmp_path / "conversations" / "c.pb").write_bytes(b"\x00secret")
    found = read(tmp_path)
    assert found.unknown == {"encrypted:pb": 1}
    assert found.sessions == {}


def test_a_database_in_ruins_is_counted(tmp_path):
    path = sample.database(tmp_path, "c", [], {})
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    assert read(tmp_path).damaged == 1


def test_rows_are_kept_raw_with_blobs_wrapped(tmp_path):
    sample.build(tmp_path)
    ref = next(r for r in Antigravity().discover([tmp_path]) if r.kind == "database")
    (reading,) = Antigravity().read(ref, None)
    rows = [json.loads(line) for line in reading.raw.data.splitlines()]
    assert {r["table"] for r in rows} == {"trajectory_meta", "steps", "gen_metadata"}
    assert next(r for r in rows if r["table"] == "trajectory_meta")["row"]["cascade_id"] == sample.MAIN
    assert "base64" in next(r for r in rows if r["table"] == "gen_metadata")["row"]["data"]


def test_texts_inside_of_damaged_utf8_do_not_stop_the_rest(tmp_path):
    path = sample.transcript(tmp_path, "c", [sample.asked(0, "one")])
    path.write_bytes(path.read_bytes() + b'{"type":"PLANNER_RESPONSE","source":"MODEL","content":"\xff\xfe"}\n')
    assert next(p for p in parts(read(tmp_path)) if isinstance(p, Text)) == Text("one")


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x07", b"\x80" * 20, b"\x00\x00", b"\x0b"])
def test_what_is_no_message_has_no_fields(data):
    assert wire.fields(data) == ()


def test_fields_of_every_kind_are_passed_over_exactly():
    data = pb(1, 300) + b"\x11" + b"\0" * 8 + b"\x1d" + b"\0" * 4 + pb(4, "text")
    assert [f.number for f in wire.fields(data)] == [1, 2, 3, 4]
    assert wire.numbers(data) == {1: 300}
    assert wire.text(pb(7, data), 7, 4) == "text"


def test_a_conversation_is_resumed_where_it_took_place(tmp_path):
    sample.build(tmp_path)
    command = Antigravity().resume_command(session_of(read(tmp_path)))
    assert (command.argv, command.cwd) == (("agy", f"--conversation={sample.MAIN}"), "/home/ada/shop")
