"""Continue's sessions: items with what went along, results where no message says them, totals or counts of each answer."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from holdfast.model import Attachment, Session, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.continue_dev import Continue
from holdfast.testing._readings import Gathered, totals

sample = import_module("tests.contracts.samples.continue")
AT, CWD, EDITOR = sample.AT, sample.CWD, sample.EDITOR
item, words, call, state, usage, logs = sample.item, sample.words, sample.call, sample.state, sample.usage, sample.logs


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in Continue().discover([root]):
        found.take(Continue().read(ref, None))
    return found


def one(root: Path, *history: Any, **more: Any) -> Gathered:
    sample.write(root, "s", list(history), **more)
    return read(root)


def session_of(found: Gathered) -> Session:
    (session,) = found.sessions.values()
    return session


def editor(tmp_path: Path) -> tuple[Session, list[Any]]:
    sample.build(tmp_path)
    found = read(tmp_path)
    ident = observed_id("continue", EDITOR)
    return found.sessions[ident], list(found.messages[ident].values())


def test_a_session_is_described_by_its_file_and_the_index(tmp_path):
    session, _ = editor(tmp_path)
    assert (session.title, session.cwd, session.models) == ("Rename a function", CWD, ("GPT-5.2",))
    assert (session.started, session.active, session.extra) == (AT, AT + 2000, {"mode": "agent"})


def test_items_become_messages_and_empty_ones_are_left_out(tmp_path):
    _, found = editor(tmp_path)
    assert [(m.id, m.role) for m in found] == [
        ("u1", "user"), ("t1", "assistant"), ("a2", "assistant"), ("r1", "tool"), ("a3", "assistant"), ("a3:results", "tool"),
    ]  # fmt: skip
    assert found[0].parts == (Text("Rename foo"), Attachment(name="a.py", size=14, text="def foo(): ..."))
    edit = ToolCall(id="call_1", name="edit_existing_file", input={"filepath": "a.py"})
    assert found[2].parts == (Thinking("Look first."), Text("Renaming."), edit)
    assert (found[2].at, found[2].model) == (AT + 2000, "GPT-5.2")


def test_a_result_that_has_a_message_is_not_told_twice_and_a_cancelled_call_is_no_error(tmp_path):
    _, found = editor(tmp_path)
    assert found[3].parts == (ToolResult(call="call_1", text="ok"),)
    assert found[5].parts == (ToolResult(call="call_2"),)


def test_a_result_of_older_versions_stands_beside_its_call(tmp_path):
    made = call("c1", "read_file", filepath="a")
    answer = item(
        "assistant", "", "a1", message={"toolCalls": [made]}, toolCallState=state(made, "errored", "no such file")
    )
    found = one(tmp_path, answer).all_messages
    assert found[1].parts == (ToolResult(call="c1", text="no such file", error=True),)


def test_arguments_that_are_no_json_are_kept_as_text(tmp_path):
    made = {"id": "c1", "function": {"name": "f", "arguments": "{broken"}}
    (message,) = one(tmp_path, item("assistant", "", message={"toolCalls": [made]})).all_messages
    assert message.parts == (ToolCall(id="c1", name="f", input="{broken"),)


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("/home/ada", "/home/ada"),
        ("file:///home/ada%20b", "/home/ada b"),
        ("file:///c%3A/Users/ada", "c:/Users/ada"),
        ("vscode-remote://wsl%2Bubuntu/home/ada", "/home/ada"),
        ("", ""),
        (7, ""),
    ],
)
def test_a_folder_is_read_from_a_path_or_a_uri(tmp_path, written, folder):
    assert session_of(one(tmp_path, item("user", "Hi"), workspaceDirectory=written)).cwd == folder


def test_a_session_without_a_title_of_its_own_is_named_by_its_first_prompt(tmp_path):
    assert session_of(one(tmp_path, item("user", words("Fix it\nnow")))).title == "Fix it"


def test_a_session_without_any_time_was_active_when_its_file_was_written(tmp_path):
    found = session_of(one(tmp_path, item("user", "Hi")))
    assert found.started is None
    assert found.active == (tmp_path / "sessions" / "s.json").stat().st_mtime_ns // 1_000_000


@pytest.mark.parametrize(
    ("model", "prompt", "read_", "write_", "expected"),
    [
        ("gpt-5.2", 150, 50, 0, 100),
        ("Claude Sonnet", 150, 50, 0, 150),
        ("unknown", 150, 50, 20, 150),
        ("unknown", 10, 50, 0, 10),
    ],
)
def test_what_is_cached_is_taken_out_of_the_prompt_unless_anthropic_counts_it_apart(
    tmp_path, model, prompt, read_, write_, expected
):
    more = {"usage": usage(prompt, 7, read=read_, write=write_), "chatModelTitle": model}
    (billed,) = one(tmp_path, item("user", "Hi"), **more).requests.values()
    assert (billed.usage.input, billed.usage.cache_read, billed.usage.cache_write) == (expected, read_, write_)
    assert billed.model == model


def test_totals_grow_under_one_key_and_are_not_added_to_counts_of_each_answer(tmp_path):
    one_, two = (one(tmp_path, item("user", "Hi"), usage=usage(n, n)) for n in (10, 20))
    assert one_.requests.keys() == two.requests.keys()
    answer = item("assistant", "Yes", "a1", message={"usage": usage(5, 5)})
    assert totals(one(tmp_path, answer, usage=usage(20, 20)).requests.values())["input"] == 5


def test_a_session_of_an_editor_bills_nothing(tmp_path):
    assert one(tmp_path, item("user", "Hi"), item("assistant", "Yes")).requests == {}


def test_the_last_counted_answer_says_what_is_in_the_window(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path).sessions
    assert found[observed_id("continue", sample.COUNTED)].context.used == 15
    assert found[observed_id("continue", sample.TOTALS)].context.used is None


def test_a_summary_of_the_conversation_is_a_summary(tmp_path):
    found = one(tmp_path, item("assistant", "Yes", "a1", conversationSummary="They agreed.")).all_messages
    assert (found[1].role, found[1].parts) == ("system", (Summary("They agreed."),))


def test_an_image_is_described_without_its_bytes(tmp_path):
    image = {"type": "imageUrl", "imageUrl": {"url": "data:image/png;base64," + "QUJD" * 4}}
    (message,) = one(tmp_path, item("user", [image])).all_messages
    assert message.parts == (Attachment(media="image/png", size=12),)


def test_two_items_with_one_id_stay_two_messages(tmp_path):
    assert [m.id for m in one(tmp_path, item("user", "a", "x"), item("user", "b", "x")).all_messages] == ["x", "x:2"]


def test_unknown_roles_and_blocks_are_counted(tmp_path):
    found = one(tmp_path, item("oracle", "x"), item("user", [{"type": "hologram"}]), 7, {"message": None})
    assert found.unknown == {"record:oracle": 1, "block:hologram": 1, "record:?": 2}


@pytest.mark.parametrize(("data", "damaged", "sessions"), [(b"", 0, 0), (b"[]", 1, 1), (b"{torn", 1, 1)])
def test_a_file_without_a_history_takes_nothing_out_of_the_conversation(tmp_path, data, damaged, sessions):
    sample.write(tmp_path, "s", [])
    (tmp_path / "sessions" / "s.json").write_bytes(data)
    (ref,) = Continue().discover([tmp_path])
    (reading,) = Continue().read(ref, None)
    assert (reading.transcript.replaces, reading.transcript.losses.damaged) == (False, damaged)
    assert len(Gathered().take([reading]).sessions) == sessions


def test_the_index_is_no_session(tmp_path):
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "sessions.json").write_text(json.dumps([{"sessionId": "s"}]))
    assert list(Continue().discover([tmp_path])) == []


def test_a_session_goes_on_in_a_fork_of_its_own():
    session = Session(id="x" * 16, agent="continue", native_id=EDITOR, cwd=CWD)
    command = Continue().resume_command(session)
    assert (command.argv, command.cwd) == (("cn", f"--fork={EDITOR}"), CWD)


def test_a_session_that_times_no_message_was_active_when_the_index_says_it_was_created(tmp_path):
    sample.write(tmp_path, "s", [item("user", "hi")])
    (tmp_path / "sessions" / "sessions.json").write_text(json.dumps([{"sessionId": "s", "dateCreated": str(AT)}]))
    found = session_of(read(tmp_path))
    assert (found.started, found.active) == (AT, AT)
