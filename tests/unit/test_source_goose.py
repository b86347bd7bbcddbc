"""Where Goose's sessions are believed, what its blocks mean, what was billed, and how little is read again."""

from __future__ import annotations

import json
import random

import apsw
import pytest

from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.goose import Goose
from holdfast.testing._mutations import mutated
from holdfast.testing._readings import Gathered, sound, totals
from tests.contracts.samples import goose as sample

SES = "20260105_9"


def refs(root):
    return list(Goose().discover([root]))


def readings(root, cursor=None):
    return [r for ref in refs(root) if ref.kind == "database" for r in Goose().read(ref, cursor)]


def read(root) -> Gathered:
    found = Gathered()
    for ref in refs(root):
        found.take(Goose().read(ref, None))
    return found


def session_of(found, native):
    return found.sessions[observed_id("goose", native)]


def messages_of(found, native):
    return list(found.messages[observed_id("goose", native)].values())


@pytest.fixture
def filled(tmp_path):
    sample.build(tmp_path)
    return tmp_path


@pytest.fixture
def db(tmp_path):
    opened = sample.database(tmp_path / "sessions" / "sessions.db")
    sample.session(opened, SES)
    yield opened
    opened.close()


def test_a_session_says_where_it_ran_with_what_and_how_full_it_is(filled):
    session = session_of(read(filled), sample.MAIN)
    assert (session.title, session.cwd, session.project) == ("Fix the build", sample.CWD, sample.CWD)
    assert session.models == ("claude-sonnet-4-5",)
    assert (session.context.used, session.context.limit, session.context.source) == (10_400, 200_000, "recorded")
    assert session.extra["provider"] == "anthropic"
    assert session.started == 1_767_607_200_000
    assert session.active == 1_767_607_500_000


def test_a_name_that_the_program_gives_every_session_is_no_title(filled):
    assert session_of(read(filled), sample.COUNTED).title == "Say hello"


def test_a_sub_agent_names_its_parent(filled):
    parent = session_of(read(filled), sample.HELPER).parent
    assert (parent.id, parent.kind) == (observed_id("goose", sample.MAIN), "subagent")


def test_a_session_made_from_another_is_its_fork(db, tmp_path):
    sample.session(db, "20260105_8", parent_session_id=SES)
    assert session_of(read(tmp_path), "20260105_8").parent.kind == "fork"


def test_what_was_said_thought_called_and_returned_is_told_apart(filled):
    found = messages_of(read(filled), sample.MAIN)
    assert [m.role for m in found] == ["user", "assistant", "tool", "system", "user", "assistant"]
    assert found[1].parts == (Thinking("Hm."), ToolCall("c1", "developer__shell", {"command": "make"}))
    assert found[2].parts == (ToolResult("c1", "no rule"),)


def test_what_follows_archived_messages_for_the_model_alone_is_their_summary(filled):
    assert messages_of(read(filled), sample.MAIN)[3].parts == (Summary("The build failed for want of a rule."),)


def test_other_text_for_the_model_alone_is_the_system_s(db, tmp_path):
    sample.message(db, SES, "m1", "user", sample.text("<turn-context/>"), metadata=sample.INJECTED)
    (message,) = messages_of(read(tmp_path), SES)
    assert (message.role, message.parts) == ("system", (Text("<turn-context/>"),))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": "error", "error": "denied"}, ToolResult("c", "denied", error=True)),
        ({"status": "success", "value": [{"type": "text", "text": "old"}]}, ToolResult("c", "old")),
        ({"content": [{"type": "text", "text": "bare"}]}, ToolResult("c", "bare")),
        ({"status": "success", "value": {"content": [], "isError": True}}, ToolResult("c", error=True)),
        (
            {"status": "success", "value": {"content": [], "structuredContent": {"exit_code": 2}}},
            ToolResult("c", error=True, exit_code=2),
        ),
        (
            {"status": "success", "value": {"content": [{"type": "resource", "resource": {"text": "file"}}]}},
            ToolResult("c", "file"),
        ),
    ],
    ids=["error", "list", "bare", "flag", "exit", "resource"],
)
def test_results_of_every_shape_are_read(db, tmp_path, given, expected):
    sample.message(db, SES, "m1", "user", {"type": "toolResponse", "id": "c", "toolResult": given})
    (message,) = messages_of(read(tmp_path), SES)
    assert (message.role, message.parts) == ("tool", (expected,))


def test_a_call_that_could_not_be_understood_is_kept_as_invalid(db, tmp_path):
    block = {"type": "toolRequest", "id": "c", "toolCall": {"status": "error", "error": "no JSON"}}
    sample.message(db, SES, "m1", "assistant", block)
    assert messages_of(read(tmp_path), SES)[0].parts == (ToolCall("c", "invalid", {"error": "no JSON"}),)


def test_images_are_measured_notices_are_the_system_s_and_questions_are_quiet(db, tmp_path):
    sample.message(db, SES, "m1", "user", {"type": "image", "mimeType": "image/png", "data": "A" * 400})
    sample.message(
        db,
        SES,
        "m2",
        "assistant",
        {"type": "systemNotification", "notificationType": "inlineMessage", "msg": "Compacting"},
    )
    sample.message(
        db, SES, "m3", "assistant", {"type": "actionRequired", "data": {}}, {"type": "redactedThinking", "data": "x"}
    )
    found = read(tmp_path)
    one, two = messages_of(found, SES)
    assert one.parts == (Attachment(media="image/png", size=300),)
    assert (two.role, two.text) == ("system", "Compacting")
    assert found.unknown == {}


def test_an_error_of_the_provider_is_marked(db, tmp_path):
    sample.message(db, SES, "m1", "assistant", sample.text("Ran into this error: rate limit.\n\nPlease retry."))
    assert messages_of(read(tmp_path), SES)[0].extra == {"error": True}


def test_unknown_blocks_and_damaged_rows_are_counted(db, tmp_path):
    sample.message(db, SES, "m1", "assistant", {"type": "hologram"}, sample.text("hello"))
    sample.insert(db, "messages", message_id="m2", session_id=SES, role="user", content_json="[{", created_timestamp=1)
    found = read(tmp_path)
    assert found.unknown == {"block:hologram": 1}
    assert found.damaged == 1
    assert [m.text for m in messages_of(found, SES)] == ["hello"]


def test_rows_that_share_an_id_are_records_of_one_answer(db, tmp_path):
    sample.message(db, SES, "m1", "assistant", sample.text("one"))
    sample.message(db, SES, "m1", "assistant", sample.text("two"))
    assert [(m.id, m.text, m.continues) for m in messages_of(read(tmp_path), SES)] == [
        ("m1", "one", False),
        ("m1#2", "two", True),
    ]


def test_cached_tokens_are_taken_out_of_the_input(filled):
    billed = [r.usage for r in read(filled).requests.values() if r.usage.cache_read]
    assert [(u.input, u.cache_read, u.cache_write, u.output, u.cost) for u in billed] == [
        (500, 8000, 1500, 400, 50_000)
    ]


@pytest.mark.parametrize(("given", "total"), [(100, None), (100, 8_620), (10, None)])
def test_an_input_that_cannot_hold_the_cached_tokens_is_taken_as_it_is(db, tmp_path, given, total):
    sample.ledger(db, SES, given, 20, cache_read_tokens=8_000, cache_write_tokens=500, total_tokens=total)
    (request,) = read(tmp_path).requests.values()
    assert (request.usage.input, request.usage.prompt) == (given, given + 8_500)


def test_sums_of_a_session_count_until_its_ledger_has_them_and_never_twice(db, tmp_path):
    db.execute("UPDATE sessions SET accumulated_input_tokens=300, accumulated_output_tokens=50")
    found = Gathered().take(readings(tmp_path))
    assert totals(found.requests.values())["input"] == 300
    sample.ledger(db, SES, 300, 50, cost_source="carried_forward", created_timestamp=sample.T0 + 5)
    sample.ledger(db, SES, 10, 5)
    db.execute("UPDATE sessions SET accumulated_input_tokens=310, accumulated_output_tokens=55")
    found.take(readings(tmp_path))
    billed = totals(found.requests.values())
    assert (billed["requests"], billed["input"], billed["output"]) == (2, 310, 55)


def test_two_equal_requests_of_one_second_are_two(db, tmp_path):
    sample.ledger(db, SES, 10, 5)
    sample.ledger(db, SES, 10, 5)
    assert totals(read(tmp_path).requests.values())["requests"] == 2


def test_a_compaction_is_billed_and_says_nothing_of_the_context(filled):
    assert [r.usage.input for r in read(filled).requests.values() if not r.main] == [40]


def test_an_older_file_is_read_unless_a_database_beside_it_knows_its_session(filled):
    stale = json.dumps(sample.header(accumulated_input_tokens=99)).encode() + b"\n"
    (filled / "sessions" / f"{sample.COUNTED}.jsonl").write_bytes(stale)
    found = read(filled)
    assert session_of(found, sample.OLD).title == "Polish words"
    assert [m.id for m in messages_of(found, sample.OLD)] == ["line:2", "b"]
    assert [m.text for m in messages_of(found, sample.COUNTED)] == ["Say hello"]
    assert 99 not in {r.usage.input for r in found.requests.values()}


def test_an_older_file_written_anew_with_fewer_messages_replaces_what_was_read(tmp_path):
    path = tmp_path / "20250101_120000.jsonl"
    records = sample.old_records()
    path.write_bytes(b"".join(json.dumps(r).encode() + b"\n" for r in records))
    (ref,) = refs(tmp_path)
    found = Gathered().take(Goose().read(ref, None))
    path.write_bytes(b"".join(json.dumps(r).encode() + b"\n" for r in [sample.header(message_count=1), records[1]]))
    (ref,) = refs(tmp_path)
    found.take(Goose().read(ref, found.cursor))
    assert [m.id for m in found.all_messages] == ["line:2"]
    assert len(found.requests) == 1


def test_only_the_session_that_changed_is_read_again(db, tmp_path):
    sample.session(db, "20260105_8")
    cursor = readings(tmp_path)[-1].cursor
    sample.message(db, SES, "m1", "user", sample.text("hello"))
    again = readings(tmp_path, cursor)
    assert [r.transcript.session.native_id for r in again] == [SES]
    assert again[-1].cursor.done


def test_changes_that_are_only_in_the_log_are_seen(db, tmp_path):
    db.pragma("journal_mode", "wal")
    before = refs(tmp_path)[0]
    sample.message(db, SES, "m1", "user", sample.text("only in the log"))
    after = refs(tmp_path)[0]
    assert (before.size, before.mtime_ns) != (after.size, after.mtime_ns)
    assert [m.text for m in read(tmp_path).all_messages] == ["only in the log"]


def test_rows_are_kept_as_json_lines_of_their_session_alone(filled):
    for reading in readings(filled):
        lines = [json.loads(line) for line in reading.raw.data.splitlines()]
        assert reading.raw.rows
        native = reading.transcript.session.native_id
        assert {r["row"].get("session_id", r["row"]["id"]) for r in lines} == {native}


def test_bytes_that_are_no_text_stop_nothing(db, tmp_path):
    block = json.dumps([sample.text("x")]).encode().replace(b'"x"', b'"\xff"')
    db.execute(
        "INSERT INTO messages (session_id, role, content_json, created_timestamp) VALUES (?, 'user', CAST(? AS TEXT), 1)",
        (SES, block),
    )
    assert [m.text for m in read(tmp_path).all_messages] == ["\ufffd"]


def test_a_database_without_the_tables_holds_nothing(tmp_path):
    apsw.Connection(str(tmp_path / "sessions.db")).execute("CREATE TABLE sessions (name TEXT)")
    assert read(tmp_path).sessions == {}


def test_odd_values_in_any_column_are_harmless(db, tmp_path):
    rng = random.Random(5)
    db.execute("PRAGMA synchronous = off")
    block = json.dumps([sample.call("c", "t", a=1), sample.result("c", sample.text("x")), sample.text("y")]).encode()
    for number in range(60):
        sample.insert(
            db,
            "messages",
            message_id=number,
            session_id=SES,
            role=rng.choice(["user", "assistant", 3, b"\xff"]),
            content_json=mutated(block, rng),
            created_timestamp=rng.choice([1, "x", 1e300, b""]),
            metadata_json=mutated(b'{"userVisible":true}', rng),
        )
    for column in (
        "name",
        "working_dir",
        "created_at",
        "model_config_json",
        "total_tokens",
        "accumulated_cost",
        "parent_session_id",
    ):
        for value in (b"\xff\x00", "x" * 5, -1, 2**62, 1e308):
            db.execute(f"UPDATE sessions SET {column} = ?", (value,))
            sound(read(tmp_path))


def test_the_command_resumes_the_session_in_its_directory(filled):
    command = Goose().resume_command(session_of(read(filled), sample.MAIN))
    assert command.argv == ("goose", "session", "--resume", f"--session-id={sample.MAIN}")
    assert command.cwd == sample.CWD
