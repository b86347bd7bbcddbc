"""What llm's log says in both generations of its tables, what is billed once, and what a thread left behind."""

from __future__ import annotations

import json
import random

import pytest

from holdfast.model import Attachment, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.llm import Llm
from holdfast.testing._mutations import mutated
from holdfast.testing._readings import Gathered, sound, totals
from tests.contracts.samples import llm as sample


def readings(root, cursor=None):
    return [r for ref in Llm().discover([root]) for r in Llm().read(ref, cursor)]


def read(root) -> Gathered:
    return Gathered().take(readings(root))


def session_of(found, native):
    return found.sessions[observed_id("llm", native)]


def messages_of(found, native):
    return list(found.messages[observed_id("llm", native)].values())


@pytest.fixture
def old(tmp_path):
    opened = sample.database(tmp_path, "0.31.1")
    yield opened
    opened.close()


@pytest.fixture
def db(tmp_path):
    opened = sample.database(tmp_path)
    yield opened
    opened.close()


def turn(db, name, thread, **more):
    values = {
        "id": name,
        "thread_id": thread,
        "model": "m",
        "datetime_utc": "2026-11-21T00:00:00+00:00",
        "duration_ms": 250,
    }
    sample.insert(db, "turns", **{**values, **more})


def said(db, name, above, role, *parts):
    sample.insert(db, "messages", hash=name, parent_hash=above, role=role)
    for place, (kind, text, payload) in enumerate(parts):
        given = payload if payload is None or isinstance(payload, bytes) else json.dumps(payload)
        sample.insert(db, "parts", message_hash=name, position=place, type=kind, text=text, payload=given)


def test_a_log_of_responses_is_read(old, tmp_path):
    found = read(tmp_path)
    assert [s.title for s in found.sessions.values()] == ["Why does the build fail?", "Look around", "Say hello"]
    asked = messages_of(found, sample.BOTH)
    assert [(m.role, m.text) for m in asked] == [
        ("system", "Be brief"),
        ("user", "Why does the build fail?"),
        ("assistant", "Because."),
        ("user", "Zażółć gęślą"),
        ("assistant", "And so."),
    ]
    assert session_of(found, sample.BOTH).models == ("mock-1", "mock")
    assert totals(found.requests.values())["requests"] == 5


def test_fragments_stand_apart_from_what_was_typed_and_pictures_are_measured(old, tmp_path):
    _, first, _, second, _ = messages_of(read(tmp_path), sample.BOTH)
    assert first.parts[0] == Attachment(media="text/plain", text="long fragment text")
    assert second.parts == (Text("Zażółć gęślą"), Attachment(media="image/png", size=12))


@pytest.mark.parametrize("native", [sample.TOOLS, sample.THREAD])
def test_tools_are_called_and_answer_in_both_generations(db, tmp_path, native):
    found = messages_of(read(tmp_path), native)
    assert [m.role for m in found] == ["user", "assistant", "tool", "assistant"]
    assert [p for p in found[1].parts if isinstance(p, ToolCall)] == [
        ToolCall("t1", "version", {"path": "a"}),
        ToolCall("t2", "version", {"path": "bad"}),
    ]
    assert found[2].parts == (ToolResult("t1", "contents of a"), ToolResult("t2", "Error: no such file", error=True))


def test_reasoning_is_read_where_it_was_not_withheld(db, tmp_path):
    found = read(tmp_path)
    assert messages_of(found, sample.THREAD)[1].parts[0] == Thinking("I should look.")
    assert messages_of(found, sample.BOTH)[-1].parts == (Text("Later."),)


def test_a_conversation_in_both_generations_is_read_once(db, tmp_path):
    found = read(tmp_path)
    asked = messages_of(found, sample.BOTH)
    assert [m.text for m in asked if m.is_prompt] == [
        "Why does the build fail?",
        "Zażółć gęślą",
        "And in the new version?",
    ]
    assert len(asked) == 7
    assert session_of(found, sample.BOTH).title == "Why does the build fail?"


def test_a_response_that_both_generations_hold_is_read_and_billed_once(db, tmp_path):
    row = {
        "model": "m",
        "prompt": "And in the new version?",
        "response": "Later.",
        "input_tokens": 300,
        "output_tokens": 40,
    }
    sample.insert(db, "responses", id="01m7wrm7c5b259y8xwzhdcc519", conversation_id=sample.BOTH, **row)
    found = read(tmp_path)
    assert len(messages_of(found, sample.BOTH)) == 7
    assert totals(found.requests.values())["requests"] == 10


def test_a_response_or_turn_without_a_conversation_is_one(db, tmp_path):
    sample.insert(db, "responses", id="lonely", model="m", prompt="Hm?", response="Well.")
    said(db, "b2:q", None, "user", ("text", "Alone?", None))
    turn(db, "single", None, parent_message_hash="b2:q", tip_message_hash="b2:q")
    found = read(tmp_path)
    assert [m.text for m in messages_of(found, "lonely")] == ["Hm?", "Well."]
    assert [m.text for m in messages_of(found, "single")] == ["Alone?"]


def test_a_fork_shares_its_beginning_and_bills_its_own_turns(db, tmp_path):
    found = read(tmp_path)
    session = session_of(found, sample.FORK)
    assert (session.parent.id, session.parent.kind) == (observed_id("llm", sample.THREAD), "fork")
    assert session.title == "A fork"
    assert [m.text for m in messages_of(found, sample.FORK) if m.is_prompt] == [
        "Look at the new tables",
        "Go another way",
    ]
    assert [m.at is None for m in messages_of(found, sample.FORK)] == [True, True, False, False, False]


def test_an_answer_that_was_asked_for_again_leaves_the_conversation_and_stays_billed(db, tmp_path):
    above = "b2:7e1622101c7ac0d81f4f337c5dc9c58b"
    said(db, "b2:again", above, "assistant", ("text", "Another answer.", None))
    turn(
        db, "z", sample.THREAD, parent_message_hash=above, tip_message_hash="b2:again", input_tokens=9, output_tokens=1
    )
    db.execute("UPDATE threads SET tip_message_hash = 'b2:again' WHERE id = ?", (sample.THREAD,))
    found = read(tmp_path)
    assert [m.text for m in messages_of(found, sample.THREAD) if m.live and m.text] == [
        "Look at the new tables",
        "Another answer.",
    ]
    assert len(found.dropped) == 3
    assert totals(found.requests.values())["requests"] == 11


def test_an_answer_came_when_its_turn_had_lasted(db, tmp_path):
    said(db, "b2:q", None, "user", ("text", "x", None))
    said(db, "b2:a", "b2:q", "assistant", ("text", "y", None))
    turn(db, "t", "new", parent_message_hash="b2:q", tip_message_hash="b2:a", resolved_model="m-1")
    asked, answered = messages_of(read(tmp_path), "new")
    assert answered.at - asked.at == 250
    assert (asked.model, answered.model) == ("", "m-1")


def test_messages_that_were_added_without_a_turn_are_read(db, tmp_path):
    said(db, "b2:q", None, "user", ("text", "x", None))
    said(db, "b2:a", "b2:q", "assistant", ("text", "y", None))
    sample.insert(db, "threads", id="imported", tip_message_hash="b2:a", datetime_utc="2026-11-21 00:00:00+00:00")
    assert [m.text for m in messages_of(read(tmp_path), "imported")] == ["x", "y"]


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, (100, 0, 0, 20, 0, 0)),
        ({"cached_tokens": 60}, (40, 60, 0, 20, 0, 0)),
        (
            {"prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 5}},
            (40, 60, 0, 20, 5, 0),
        ),
        (
            {"input_tokens_details": {"cached_tokens": 600}, "output_tokens_details": {"reasoning_tokens": 50}},
            (0, 100, 0, 20, 20, 0),
        ),
        ({"cache_read_input_tokens": 700, "cache_creation_input_tokens": 30}, (100, 700, 30, 20, 0, 0)),
        ({"candidatesTokenCount": 15, "thoughtsTokenCount": 5, "cachedContentTokenCount": 60}, (40, 60, 0, 20, 5, 0)),
        ({"thoughtsTokenCount": 5}, (100, 0, 0, 20, 5, 5)),
        ([1], (100, 0, 0, 20, 0, 0)),
    ],
    ids=["none", "flat", "chat", "responses", "anthropic", "gemini", "older gemini", "damaged"],
)
def test_each_provider_s_details_make_disjoint_counts(tmp_path, details, expected):
    db = sample.database(tmp_path)
    db.execute("DELETE FROM turns; DELETE FROM responses")
    turn(db, "t", "new", input_tokens=100, output_tokens=20, token_details=json.dumps(details))
    db.close()
    (usage,) = [r.usage for r in read(tmp_path).requests.values()]
    assert (
        usage.input,
        usage.cache_read,
        usage.cache_write,
        usage.output,
        usage.reasoning,
        usage.reasoning_apart,
    ) == expected


def test_a_response_whose_model_told_no_tokens_has_no_request(db, tmp_path):
    sample.insert(db, "responses", id="silent", model="m", prompt="Hm?", response="Well.")
    assert "llm:silent" not in read(tmp_path).requests


def test_unknown_parts_and_roles_and_damaged_payloads_are_counted(db, tmp_path):
    parts: tuple = (("hologram", None, {}), ("text", "hello", None), ("tool_call", None, b"{"))
    said(db, "b2:q", None, "user", *parts)
    said(db, "b2:o", "b2:q", "oracle", ("text", "x", None))
    turn(db, "t", "new", parent_message_hash="b2:q", tip_message_hash="b2:o")
    found = read(tmp_path)
    assert found.unknown == {"block:hologram": 1, "record:oracle": 1}
    assert found.damaged == 1
    assert messages_of(found, "new")[0].text == "hello"


def test_messages_that_answer_each_other_in_a_circle_end(db, tmp_path):
    said(db, "b2:x", "b2:y", "user", ("text", "x", None))
    said(db, "b2:y", "b2:x", "assistant", ("text", "y", None))
    turn(db, "t", "new", parent_message_hash="b2:x", tip_message_hash="b2:y")
    assert len(messages_of(read(tmp_path), "new")) == 2


def test_only_the_conversation_that_changed_is_read_again(db, tmp_path):
    cursor = readings(tmp_path)[-1].cursor
    turn(db, "t", sample.FORK, parent_message_hash="b2:f69af26ecc1f50528fbb05b05dc2a8d5", input_tokens=5)
    assert [r.transcript.session.native_id for r in readings(tmp_path, cursor)] == [sample.FORK]


def test_rows_are_kept_once_each_and_without_the_bytes_of_pictures(db, tmp_path):
    raw = next(r.raw for r in readings(tmp_path) if r.transcript.session.native_id == sample.THREAD)
    lines = [json.loads(line) for line in raw.data.splitlines()]
    assert {r["table"] for r in lines} == {"threads", "turns", "messages", "parts", "fragments", "attachments"}
    assert len(lines) == len({json.dumps(r) for r in lines})
    assert [r["row"].keys() for r in lines if r["table"] == "attachments"] == [{"id", "type", "path", "url"}]


def test_odd_values_anywhere_are_harmless(db, tmp_path):
    rng = random.Random(5)
    db.execute("PRAGMA synchronous = off")
    payload = json.dumps(
        {
            "name": "x",
            "arguments": {"a": 1},
            "text_ref": [{"fragment": 1}, {"literal": "y"}],
            "attachment": {"id": 1},
            "attachments": [{"id": "x"}],
        }
    ).encode()
    above = None
    for number in range(60):
        role, kind = (
            rng.choice(["user", "assistant", 3, b"\xff"]),
            rng.choice(["text", "tool_call", "tool_result", "attachment", 7]),
        )
        said(db, f"b2:{number}", above, role, (kind, rng.choice(["t", b"\xff\x00", 5, None]), mutated(payload, rng)))
        above = f"b2:{number}"
    turn(db, "t", "new", parent_message_hash="b2:30", tip_message_hash=above, token_details=b"{", duration_ms="x")
    for table, column in (
        ("turns", "datetime_utc"),
        ("turns", "token_details"),
        ("threads", "name"),
        ("responses", "prompt"),
        ("tool_calls", "arguments"),
    ):
        for value in (b"\xff\x00", "x", -1, 2**62, 1e308, None):
            db.execute(f"UPDATE {table} SET {column} = ?", (value,))
            sound(read(tmp_path))


def test_the_command_goes_on_with_the_conversation(db, tmp_path):
    assert Llm().resume_command(session_of(read(tmp_path), sample.FORK)).argv == ("llm", "chat", f"--cid={sample.FORK}")
