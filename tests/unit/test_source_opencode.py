"""Which generation of OpenCode's records is believed, what they mean, and how little is read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources.opencode import OpenCode
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import opencode as sample

SES = "ses_a"


def readings(root: Path, cursor=None):
    refs = [r for r in OpenCode().discover([root]) if r.kind == "database"]
    return [reading for ref in refs for reading in OpenCode().read(ref, cursor)]


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in OpenCode().discover([root]):
        found.take(OpenCode().read(ref, None))
    return found


def session_of(found: Gathered, native: str):
    return next(s for s in found.sessions.values() if s.native_id == native)


def messages_of(found: Gathered, native: str):
    return list(found.messages[session_of(found, native).id].values())


@pytest.fixture
def old(tmp_path):
    """A database of the first tables alone, with one session."""
    db = sample.database(tmp_path / "opencode.db", modern=False)
    sample.session(db, SES)
    yield db
    db.close()


@pytest.fixture
def new(tmp_path):
    """A database with the new tables, with one session in them."""
    db = sample.database(tmp_path / "opencode.db")
    sample.session(db, SES, table="session_v2")
    yield db
    db.close()


def test_a_migrated_session_is_read_from_the_new_tables_alone(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    assert session_of(found, sample.NEW).title == "Fix the build"
    assert [m.text for m in messages_of(found, sample.NEW) if m.is_prompt] == ["Why does the build fail?"]


def test_a_session_that_the_migration_missed_is_read_from_the_old_tables(tmp_path):
    db = sample.database(tmp_path / "opencode.db")
    sample.session(db, SES, table="session_v2", title="Named")
    sample.session(db, SES)
    sample.message(db, SES, 1, {"type": "text", "text": "hello"}, role="user")
    db.close()
    found = read(tmp_path)
    assert [m.text for m in found.all_messages] == ["hello"]
    assert session_of(found, SES).title == "Named"


def test_new_messages_beside_old_ones_do_not_count_before_the_migration(old, tmp_path):
    old.execute(sample.SCHEMA_V2.split(";")[1])
    sample.message(old, SES, 1, {"type": "text", "text": "hello"}, role="user")
    sample.record(old, SES, 1, "user", text="an experiment")
    assert [m.text for m in read(tmp_path).all_messages] == ["hello"]


def test_the_tree_is_silent_where_a_database_knows_the_session(tmp_path):
    sample.build(tmp_path)
    assert "stale" not in [m.text for m in read(tmp_path).all_messages]


def test_a_stale_file_of_the_tree_says_nothing_even_when_it_is_read_last(tmp_path):
    sample.build(tmp_path)
    (stale,) = (r for r in OpenCode().discover([tmp_path]) if r.kind == "tree" and sample.CHILD in r.path)
    (reading,) = OpenCode().read(stale, None)
    assert reading.transcript.messages == ()
    assert not reading.transcript.replaces
    assert reading.cursor.done


def test_a_tree_without_a_database_is_read(tmp_path):
    sample.tree(tmp_path)
    (old, child) = sorted(read(tmp_path).sessions.values(), key=lambda s: s.native_id, reverse=True)
    assert (old.title, child.title) == ("Old", "Stale")
    assert "stale" in [m.text for m in read(tmp_path).all_messages]


def test_a_changed_message_file_of_the_tree_is_noticed(tmp_path):
    sample.tree(tmp_path)
    before = {r.path: r for r in OpenCode().discover([tmp_path])}
    path = tmp_path / "storage" / "message" / sample.OLD / "msg_o2.json"
    path.write_text(path.read_text() + " ")
    changed = [r for r in OpenCode().discover([tmp_path]) if r != before[r.path]]
    assert [Path(r.path).stem for r in changed] == [sample.OLD]


def test_only_changed_sessions_are_read_again(tmp_path):
    db = sample.database(tmp_path / "opencode.db", modern=False)
    for name in ("ses_a", "ses_b"):
        sample.session(db, name)
        sample.message(db, name, 1, {"type": "text", "text": name}, role="user")
    first = readings(tmp_path)
    assert [r.transcript.session.native_id for r in first] == ["ses_a", "ses_b"]
    assert [r.cursor.done for r in first] == [False, True]
    sample.message(db, "ses_b", 2, {"type": "text", "text": "more"}, role="user")
    again = readings(tmp_path, first[-1].cursor)
    assert [r.transcript.session.native_id for r in again] == ["ses_b"]
    db.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session SET title = 'other'",
        "DELETE FROM part WHERE id = 'prt_ses_a0021'",
        "DELETE FROM message WHERE id = 'msg_ses_a001'",
        "UPDATE part SET time_updated = time_updated + 1",
        'UPDATE part SET data = \'{"type":"text","text":"longer than before"}\' WHERE id = \'prt_ses_a0010\'',
    ],
)
def test_every_change_of_a_session_is_noticed(old, tmp_path, change):
    sample.message(old, SES, 1, {"type": "text", "text": "one"}, role="user")
    sample.message(old, SES, 2, {"type": "text", "text": "x"}, {"type": "text", "text": "y"}, **sample.answered(1, 1))
    cursor = readings(tmp_path)[-1].cursor
    (unchanged,) = readings(tmp_path, cursor)
    assert unchanged.transcript.messages == ()
    old.execute(change)
    (changed,) = readings(tmp_path, cursor)
    assert changed.transcript.session.native_id == SES


def test_reading_stopped_between_sessions_goes_on_with_the_rest(tmp_path):
    db = sample.database(tmp_path / "opencode.db", modern=False)
    for name in ("ses_a", "ses_b"):
        sample.session(db, name)
        sample.message(db, name, 1, {"type": "text", "text": name}, role="user")
    db.close()
    stopped = readings(tmp_path)[0].cursor
    assert [r.transcript.session.native_id for r in readings(tmp_path, stopped)] == ["ses_b"]


def test_a_deleted_message_is_no_longer_in_the_conversation(old, tmp_path):
    sample.message(old, SES, 1, {"type": "text", "text": "one"}, role="user")
    sample.message(old, SES, 2, {"type": "text", "text": "two"}, role="user")
    first = readings(tmp_path)
    old.execute("DELETE FROM message WHERE id = 'msg_ses_a002'")
    (second,) = readings(tmp_path, first[-1].cursor)
    assert second.transcript.replaces
    assert [m.text for m in second.transcript.messages] == ["one"]


@pytest.mark.parametrize(
    ("revert", "shown"),
    [
        (None, ["one", "ab", "three"]),
        ({"messageID": "msg_ses_a002"}, ["one"]),
        ({"messageID": "msg_ses_a002", "partID": "prt_ses_a0021"}, ["one", "a"]),
        ({"messageID": "msg_gone"}, ["one", "ab", "three"]),
    ],
)
def test_a_pending_revert_hides_a_message_or_parts_of_it_and_all_after_it(old, tmp_path, revert, shown):
    sample.message(old, SES, 1, {"type": "text", "text": "one"}, role="user")
    sample.message(old, SES, 2, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}, **sample.answered(10, 1))
    sample.message(old, SES, 3, {"type": "text", "text": "three"}, role="user")
    if revert:
        old.execute("UPDATE session SET revert = ?", (json.dumps(revert),))
    (reading,) = readings(tmp_path)
    live = [m for m in reading.transcript.messages if m.live]
    assert [m.text.replace("\n", "") for m in live] == shown
    assert {m.id for m in reading.transcript.messages if not m.live} == set(reading.transcript.dropped)
    assert len(reading.transcript.requests) == 1, "what was reverted stays billed"


def test_tokens_are_disjoint_reasoning_stands_apart_and_cost_is_the_agents_own(tmp_path):
    sample.build(tmp_path)
    request = next(r for r in read(tmp_path).requests.values() if r.usage.cost == 12_500)
    usage = request.usage
    assert (usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning_apart) == (
        100,
        1000,
        50,
        20,
        4,
    )
    assert session_of(read(tmp_path), sample.NEW).context.used == 159


def test_a_message_of_several_steps_is_billed_step_by_step(old, tmp_path):
    steps = [{"type": "step-finish", "tokens": sample.tokens(10 * n, n), "cost": 0.001} for n in (1, 2)]
    sample.message(old, SES, 1, *steps, **sample.answered(20, 2, cost=0.002))
    assert totals(read(tmp_path).requests.values())["input"] == 30
    assert sum(r.usage.cost or 0 for r in read(tmp_path).requests.values()) == 2000


def test_the_copies_that_a_fork_makes_are_billed_once(old, tmp_path):
    sample.message(old, SES, 1, **sample.answered(10, 1))
    sample.session(old, "ses_fork")
    at = json.dumps({"time": {"created": sample.START + 1000}, **sample.answered(10, 1)})
    sample.insert(old, "message", id="msg_copy", session_id="ses_fork", time_created=1, time_updated=1, data=at)
    assert len(read(tmp_path).requests) == 1


def test_a_message_in_the_middle_of_a_turn_is_not_billed_yet(old, tmp_path):
    sample.message(old, SES, 1, **sample.answered(0, 0))
    assert read(tmp_path).requests == {}


def test_tool_calls_have_their_results_and_exit_codes(tmp_path):
    sample.build(tmp_path)
    parts = [p for m in messages_of(read(tmp_path), sample.NEW) for p in m.parts]
    assert ToolCall("call_1", "bash", {"command": "make"}) in parts
    assert ToolResult("call_1", "Error 2", error=True, exit_code=2) in parts
    assert Thinking("I will run it.") in parts


@pytest.mark.parametrize(
    ("tool", "state", "expected"),
    [
        ("bash", {"status": "running", "input": {}}, []),
        (
            "edit",
            {"status": "error", "input": {}, "error": "no such file"},
            [ToolResult("c", "no such file", error=True)],
        ),
        (
            "invalid",
            {"status": "completed", "input": {}, "output": "bad call"},
            [ToolResult("c", "bad call", error=True)],
        ),
        ("bash", {"status": "completed", "output": "x", "metadata": {"timeout": 1}}, [ToolResult("c", "x")]),
    ],
)
def test_a_tool_says_what_became_of_it(old, tmp_path, tool, state, expected):
    sample.message(old, SES, 1, {"type": "tool", "tool": tool, "callID": "c", "state": state}, **sample.answered(1, 1))
    assert [p for m in read(tmp_path).all_messages for p in m.parts if isinstance(p, ToolResult)] == expected


def test_text_that_the_program_adds_to_a_prompt_is_no_prompt(old, tmp_path):
    added = {"type": "text", "text": "file content", "synthetic": True}
    file = {"type": "file", "mime": "image/png", "url": "data:image/png;base64," + "A" * 400}
    sample.message(old, SES, 1, {"type": "text", "text": "see"}, added, file, role="user")
    sample.message(old, SES, 2, added, role="user")
    asked, injected, alone = read(tmp_path).all_messages
    assert asked.parts == (Text("see"), Attachment(media="image/png", size=300))
    assert [(m.role, m.text) for m in (injected, alone)] == [("system", "file content")] * 2


def test_compaction_summaries_are_no_answers_and_leave_the_context_alone(new, tmp_path):
    sample.record(new, SES, 1, "assistant", content=[], tokens=sample.tokens(10, 1), model={"id": "m"})
    sample.record(new, SES, 2, "compaction", status="completed", summary="so far", tokens=sample.tokens(900, 50))
    found = read(tmp_path)
    assert found.all_messages[-1].parts == (Summary("so far"),)
    assert session_of(found, SES).context.used == 11
    assert totals(found.requests.values())["input"] == 910


def test_a_summary_message_of_the_old_tables_is_a_summary(old, tmp_path):
    sample.message(old, SES, 1, {"type": "text", "text": "so far"}, **sample.answered(9, 1), summary=True)
    (message,) = read(tmp_path).all_messages
    assert (message.role, message.parts) == ("system", (Summary("so far"),))


def test_a_command_that_the_person_ran_is_a_call_and_no_prompt(tmp_path):
    sample.build(tmp_path)
    shell = messages_of(read(tmp_path), sample.NEW)[-1]
    assert shell.parts == (
        ToolCall(shell.id, "shell", {"command": "git status"}),
        ToolResult(shell.id, "clean", exit_code=0),
    )
    assert not shell.is_prompt


@pytest.mark.parametrize(
    ("error", "marks"),
    [
        ({"name": "APIError", "data": {"message": "overloaded"}}, {"error": True, "message": "overloaded"}),
        ({"type": "provider", "message": "overloaded"}, {"error": True, "message": "overloaded"}),
        ({"name": "MessageAbortedError", "data": {"message": "stopped"}}, {"aborted": True}),
    ],
)
def test_errors_are_marked_and_a_stopped_turn_is_none(new, tmp_path, error, marks):
    sample.record(new, SES, 1, "assistant", content=[], error=error)
    (message,) = read(tmp_path).all_messages
    assert message.extra == marks


def test_children_and_forks_name_where_they_came_from(new, tmp_path):
    sample.session(new, "ses_child", table="session_v2", parent_id=SES)
    sample.session(new, "ses_fork", table="session_v2", fork_session_id=SES)
    for name in (SES, "ses_child", "ses_fork"):
        sample.record(new, name, 1, "user", text="hi")
    found = read(tmp_path)
    assert {s.native_id: s.parent and s.parent.kind for s in found.sessions.values()} == {
        SES: None, "ses_child": "subagent", "ses_fork": "fork",
    }  # fmt: skip


def test_a_default_title_gives_way_to_the_first_prompt(old, tmp_path):
    sample.message(old, SES, 1, {"type": "text", "text": "Fix it"}, role="user")
    assert session_of(read(tmp_path), SES).title == "Fix it"


def test_rows_are_kept_raw_session_by_session(tmp_path):
    sample.build(tmp_path)
    kept = {r.transcript.session.native_id: r.raw for r in readings(tmp_path)}
    lines = [json.loads(line) for line in kept[sample.CHILD].data.splitlines()]
    assert {line["table"] for line in lines} == {"session", "message", "part"}
    assert all(line["row"].get("session_id", sample.CHILD) == sample.CHILD for line in lines)
    assert kept[sample.CHILD].rows


def test_rows_of_both_generations_are_kept_though_one_is_read(tmp_path):
    sample.build(tmp_path)
    kept = {r.transcript.session.native_id: r.raw for r in readings(tmp_path)}
    lines = [json.loads(line) for line in kept[sample.NEW].data.splitlines()]
    assert {line["table"] for line in lines} == {"session_v2", "session_message", "session", "message", "part"}
    assert all(line["row"].get("session_id", sample.NEW) == sample.NEW for line in lines)


def test_unknown_records_and_blocks_are_counted(new, tmp_path):
    sample.record(new, SES, 1, "hologram")
    sample.record(new, SES, 2, "assistant", content=[{"type": "smell"}])
    new.execute("INSERT INTO session_message VALUES ('x', ?, 'user', 9, 1, 1, 'no json')", (SES,))
    found = read(tmp_path)
    assert found.unknown == {"record:hologram": 1, "block:smell": 1}
    assert found.damaged == 1


def test_changes_in_the_write_ahead_log_are_seen(tmp_path):
    db = sample.database(tmp_path / "opencode.db", modern=False)
    db.pragma("journal_mode", "wal")
    db.pragma("wal_autocheckpoint", 0)
    (before,) = OpenCode().discover([tmp_path])
    sample.session(db, SES)
    sample.message(db, SES, 1, {"type": "text", "text": "hello"}, role="user")
    (after,) = OpenCode().discover([tmp_path])
    assert after.size > before.size
    assert [m.text for m in read(tmp_path).all_messages] == ["hello"]
    db.close()


def test_every_channel_has_a_database_of_its_own(tmp_path):
    for name in ("opencode.db", "opencode-beta.db", "opencodex.db"):
        sample.database(tmp_path / name).close()
    assert [Path(r.path).name for r in OpenCode().discover([tmp_path])] == ["opencode-beta.db", "opencode.db"]


def test_a_database_in_ruins_is_counted_and_its_old_marks_are_kept(tmp_path):
    sample.build(tmp_path)
    cursor = readings(tmp_path)[-1].cursor
    (tmp_path / "opencode.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    (reading,) = readings(tmp_path, cursor)
    assert reading.transcript.losses.damaged == 1
    assert reading.cursor.state == cursor.state


def test_exported_part_rows_are_no_native_layout(tmp_path):
    (tmp_path / "part-rows.jsonl").write_text('{"type":"text","text":"x","_role":"user"}\n')
    assert list(OpenCode().discover([tmp_path])) == []
