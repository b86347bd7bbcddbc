"""Claude.ai's data export: lists of messages with branches."""

from __future__ import annotations

import io
import json

from holdfast import registry
from holdfast.model import Attachment, Text, Thinking, ToolCall, ToolResult, conversation
from tests.contracts.samples import claude_ai_export as sample


def read(*conversations):
    return list(registry.load("imports", "claude-ai")().load(io.BytesIO(json.dumps(conversations).encode())))


def test_the_thread_that_ends_in_the_last_message_is_the_conversation_and_other_answers_are_kept_as_taken_back():
    full, old = read(*sample.SAMPLE)
    assert [m.id for m in conversation(full.messages)] == ["m1", "m3", "m4"]
    assert [m.id for m in full.messages if not m.live] == ["m2"]
    assert [m.parent for m in old.messages] == ["", "o1"]


def test_a_named_leaf_ends_the_thread():
    (full,) = read({**sample.FULL, "current_leaf_message_uuid": "m2"})
    assert [m.id for m in conversation(full.messages)] == ["m1", "m2"]


def test_thinking_tools_attachments_and_files_become_parts():
    full, _ = read(*sample.SAMPLE)
    asked, _, answer, note = full.messages
    assert asked.parts == (
        Text("When is high tide?"),
        Attachment(media="txt", name="log.txt", size=12, text="12:00 high"),
        Attachment(media="image", name="chart.png"),
    )
    assert answer.parts == (
        Thinking("look it up"),
        ToolCall(id="toolu_1", name="web_search", input={"query": "tides"}),
        ToolResult(call="toolu_1", text="Tides\nhttps://example.org/t\nhigh at noon"),
        ToolCall(id="m3:3", name="repl", input={"code": "1/0"}),
        ToolResult(call="m3:3", text="no such file", error=True),
        Text("At noon."),
    )
    assert note.parts == (Text("Note\nthank you"),)


def test_the_plain_text_is_kept_only_where_it_says_more_than_the_blocks():
    full, _ = read(*sample.SAMPLE)
    assert [m.id for m in full.messages if "text" in m.extra] == []
    more = sample.message("m9", "human", sample.TOP, [sample.said("short")], plain="something else")
    (found,) = read({**sample.OLD, "chat_messages": [more]})
    assert found.messages[0].extra["text"] == "something else"


def test_an_unknown_block_is_counted_and_kept():
    full, _ = read(*sample.SAMPLE)
    assert full.losses.unknown == {"block hologram": 1}
    assert {"type": "hologram", "payload": "three-d"} in full.messages[2].extra["content"]


def test_titles_times_and_projects_are_the_exports_own():
    full, old = (t.session for t in read(*sample.SAMPLE))
    assert (full.title, full.project, full.started) == ("Tides at noon", "Harbour", 1_793_527_200_000)
    assert (old.title, old.models) == ("", ())


def test_a_message_whose_parent_is_not_in_the_file_follows_the_one_before_it():
    broken = [
        sample.message("a", "human", sample.TOP, [sample.said("a")]),
        sample.message("b", "assistant", "gone", [sample.said("b")]),
    ]
    (found,) = read({**sample.OLD, "chat_messages": broken})
    assert [m.live for m in found.messages] == [True, True]
