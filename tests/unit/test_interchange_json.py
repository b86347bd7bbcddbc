"""JSON documents: strict, readable, and lenient towards lists of chat messages."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import Unreadable
from holdfast.interchange import _json_reader as module
from holdfast.interchange.base import Header
from holdfast.interchange.json import JsonFormat
from holdfast.model import (
    Attachment,
    Message,
    Request,
    Session,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
)
from holdfast.testing.builders import HOSTILE_TEXTS, hostile, message, session, transcript
from holdfast.testing.format_contract import dumped, loaded, same
from holdfast.testing.strategies import transcripts

GOLDEN = """{
 "schema_version": 1,
 "format": "holdfast",
 "masked": {"jwt": 1},
 "edits": {},
 "sessions": [
  {"id": "abcdefghijklmnop", "agent": "codex", "native_id": "n", "started": "2026-09-21T14:13:20.123Z",
   "messages": [
    {"id": "m", "role": "user", "parts": [{"type": "text", "text": "żółw 🐢"}], "at": "2026-09-21T14:13:20.000Z"}
   ],
   "requests": [
    {"key": "r", "usage": {"input": 3, "cost_usd": "1.000200"}}
   ],
   "dropped": [],
   "losses": {},
   "replaces": false}
 ]
}
"""


def chat(value) -> list[Transcript]:
    return list(JsonFormat().load(io.BytesIO(json.dumps(value).encode())))


def test_a_document_reads_like_this():
    one = Transcript(
        session=Session(id="abcdefghijklmnop", agent="codex", native_id="n", started=1790000000123),
        messages=(Message(id="m", role="user", parts=(Text("żółw 🐢"),), at=1790000000000),),
        requests=(Request(key="r", usage=Usage(input=3, cost=1_000_200)),),
    )
    assert dumped(JsonFormat(), [one], Header(masked={"jwt": 1})).decode() == GOLDEN


def test_a_strict_reader_accepts_every_document():
    data = dumped(JsonFormat(), [hostile(), transcript()])
    assert len(msgspec.json.decode(data.replace(b"1" + b"0" * 5000, b"1"))["sessions"]) == 2


def test_a_moment_outside_the_calendar_stays_a_number():
    far = Transcript(session=session(started=10**18, active=-(10**18)))
    data = dumped(JsonFormat(), [far])
    assert b'"started": 1000000000000000000' in data
    assert loaded(JsonFormat(), data) == ([far], None)


@pytest.mark.parametrize(
    ("written", "read"),
    [("2026-09-21T14:13:20Z", 1790000000000), ("2026-09-21T16:13:20.5+02:00", 1790000000500), (7, 7)],
)
def test_a_moment_may_be_written_in_other_ways(written, read):
    text = GOLDEN.replace('"2026-09-21T14:13:20.000Z"', json.dumps(written))
    (got,), problem = loaded(JsonFormat(), text.encode())
    assert problem is None
    assert got.messages[0].at == read


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_document_that_comes_in_small_pieces_is_the_same(monkeypatch, size):
    monkeypatch.setattr(module, "CHUNK", size)
    listed = [transcript("one", *HOSTILE_TEXTS[:60]), transcript("two")]
    got, problem = loaded(JsonFormat(), dumped(JsonFormat(), listed))
    assert problem is None
    assert [same(t) for t in got] == [same(t) for t in listed]


@settings(max_examples=200)
@given(st.lists(transcripts, max_size=1), st.integers(1, 40))
def test_pieces_of_any_size_give_any_transcript(listed, size):
    class Slow(io.BytesIO):
        def read(self, wanted=-1):
            return super().read(min(size, wanted) if wanted > 0 else wanted)

    got = list(JsonFormat().load(Slow(dumped(JsonFormat(), listed))))
    assert [same(t) for t in got] == [same(t) for t in listed]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"role": "user"', '"role": "cook"', "line 9, session 1, message 1: Invalid enum value 'cook'"),
        ('"id": "m"', '"id": 5', "line 9, session 1, message 1: Expected `str`, got `int` - at `$.id`"),
        ('"1.000200"', '"1.0000001"', "line 12, session 1, request 1: cost_usd: expected a decimal string"),
        ('"2026-09-21T14:13:20.123Z"', '"soon"', "line 7, session 1: Invalid isoformat string: 'soon'"),
        ('"agent": "codex", ', "", "line 7, session 1: Object missing required field `agent`"),
        ('"schema_version": 1', '"schema_version": 2', "schema_version 2 was written by a newer release"),
        ('"dropped": []', '"dropped" []', "line 14: expected :, got '['"),
        ('"key": "r"', '"key": r', "line 12: Expecting value"),
        ("\n]\n}", "\n]\n} more", "expected the end of the file"),
        ('{"type": "text"', '{"$holdfast": "spell"', "'$holdfast': 'spell'"),
    ],
)
def test_an_error_names_the_line_and_what_was_expected(old, new, said):
    text = GOLDEN.replace(old, new) if old in GOLDEN else GOLDEN.rstrip() + " more"
    _, problem = loaded(JsonFormat(), text.encode())
    assert problem is not None
    assert said in problem.message


def test_bytes_that_are_no_utf_8_are_named():
    _, problem = loaded(JsonFormat(), GOLDEN.encode().replace("ż".encode(), b"\xff"))
    assert problem is not None
    assert "expected UTF-8" in problem.message
    assert str(GOLDEN.encode().index("ż".encode())) in problem.message


def test_a_byte_order_mark_is_passed_over():
    data = b"\xef\xbb\xbf" + GOLDEN.encode()
    assert JsonFormat().sniff(data) == 1.0
    assert loaded(JsonFormat(), data)[1] is None


def test_members_sorted_by_another_tool_still_say_whether_they_were_masked():
    members = json.loads(GOLDEN)
    moved = {"sessions": members.pop("sessions"), **members}
    stream = io.BytesIO(json.dumps(moved).encode())
    assert JsonFormat().header(stream).masked == {"jwt": 1}
    assert JsonFormat().sniff(json.dumps(json.loads(GOLDEN), sort_keys=True).encode()) == 1.0


def test_a_list_of_chat_messages_is_one_session():
    (got,) = chat([
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        {
            "role": "assistant", "content": None, "reasoning_content": "hm", "model": "model-large",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": '{"path": "."}'}},
                {"id": "c2", "type": "function", "function": {"name": "raw", "arguments": "not json"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a.py"},
        {"role": "assistant", "content": "done", "name": "bot"},
    ])  # fmt: skip
    assert [m.role for m in got.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert got.messages[1].parts == (Text("look"), Attachment(media="image/png", size=26))
    calls = (ToolCall(id="c1", name="ls", input={"path": "."}), ToolCall(id="c2", name="raw", input="not json"))
    assert got.messages[2].parts == (Thinking("hm"), *calls)
    assert got.messages[3].parts == (ToolResult(call="c1", text="a.py"),)
    assert got.messages[4].extra == {"name": "bot"}
    assert got.session.models == ("model-large",)
    assert (got.session.agent, got.session.origin) == ("import", "owned")


def test_blocks_with_tool_use_are_read_and_unknown_blocks_kept():
    odd = {"type": "hologram", "data": 1}
    (got,) = chat({"messages": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "ls", "input": {"a": 1}}, odd]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}], "is_error": True}]},
    ]})  # fmt: skip
    assert got.messages[0].parts == (ToolCall(id="t", name="ls", input={"a": 1}),)
    assert got.messages[0].extra == {"content": [odd]}
    assert got.messages[1].parts == (ToolResult(call="t", text="x", error=True),)


def test_the_same_conversation_is_always_the_same_session():
    listed = [{"role": "user", "content": "hello"}]
    assert chat(listed) == chat({"messages": listed})
    assert chat(listed)[0].session.id != chat([{"role": "user", "content": "bye"}])[0].session.id
    assert chat({"id": "thread-1", "title": "my talk", "messages": listed})[0].session.native_id == "thread-1"
    assert JsonFormat().sniff(json.dumps(listed).encode()) > 0.5
    assert JsonFormat().sniff(json.dumps({"model": "m", "messages": listed}).encode()) > 0.5


@pytest.mark.parametrize("wrong", [[1], [{"content": "x"}], [{"role": "cook", "content": "x"}], [{"role": "user", "content": [{"type": "text"}]}],
                                   [{"role": "assistant", "tool_calls": [1]}], [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}],
                                   [{"role": "assistant", "tool_calls": 3}],
        [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [1.5]}]}], [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": 4}]}]])  # fmt: skip
def test_what_is_no_chat_message_is_named(wrong):
    with pytest.raises(Unreadable, match="line 1, message 1"):
        chat(wrong)


def test_a_message_stands_on_one_line():
    data = dumped(JsonFormat(), [Transcript(session=session(), messages=(message("a\nb\u2028c"),))])
    (line,) = [n for n in data.split(b"\n") if b"message-0" in n]
    assert json.loads(line)["parts"] == [{"type": "text", "text": "a\nb\u2028c"}]
