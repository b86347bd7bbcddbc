"""Transcripts: what counts as a message, what the thread says now, and what is searched."""

from __future__ import annotations

from holdfast.model import (
    Attachment,
    Message,
    Rollup,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    conversation,
    counted,
    is_counted,
    searchable,
)


def said(ident: str, text: str = "x", **fields) -> Message:
    return Message(id=ident, role=fields.pop("role", "user"), parts=(Text(text),), **fields)


def ids(messages) -> list[str]:
    return [m.id for m in messages]


def test_a_prompt_is_what_a_person_said_or_attached():
    assert said("a").is_prompt
    assert Message(id="a", role="user", parts=(Attachment(media="image/png"),)).is_prompt
    assert not Message(id="a", role="user", parts=(ToolResult(call="c"),)).is_prompt
    assert not said("a", role="system").is_prompt
    assert not Message(id="a", role="user").is_prompt


def test_the_text_of_a_message_is_what_was_said_in_words():
    parts = (Thinking("hm"), Text("one"), ToolCall(id="c", name="ls"), Summary("two"), ToolResult(call="c", text="out"))
    assert Message(id="a", role="assistant", parts=parts).text == "one\ntwo"


def test_an_answer_in_several_records_counts_once():
    assert is_counted(said("a", role="assistant"))
    assert not is_counted(said("b", role="assistant", continues=True))
    assert not is_counted(said("c", role="tool"))
    assert not is_counted(said("d", role="system"))


def test_counts_add_up_over_portions():
    call = Message(
        id="b",
        role="assistant",
        parts=(ToolCall(id="1", name="Edit", input={"file_path": "/a"}), ToolCall(id="2", name="ls")),
    )
    result = Message(id="c", role="tool", parts=(ToolResult(call="1", error=True), ToolResult(call="2")))
    failed = said("d", role="assistant", extra={"error": True})
    whole = counted(Rollup(), [said("a"), call, result, failed])
    assert counted(counted(counted(Rollup(), [said("a"), call]), [result]), [failed]) == whole
    assert (whole.messages, whole.user_messages, whole.tool_calls, whole.errors, whole.files) == (3, 1, 2, 2, ("/a",))


def test_a_hundred_files_are_named_at_most():
    messages = [
        Message(id=str(n), role="assistant", parts=(ToolCall(id="c", name="Read", input={"path": f"/{n}"}),))
        for n in range(150)
    ]
    found = counted(Rollup(), messages)
    assert (len(found.files), found.files[0], found.tool_calls) == (100, "/0", 150)


def test_what_a_rewind_took_out_is_not_in_the_conversation():
    assert ids(conversation([said("a"), said("b", live=False), said("c")])) == ["a", "c"]


def test_of_two_branches_the_one_with_the_newest_message_is_the_conversation():
    tree = [
        said("a"),
        said("b", role="assistant", parent="a"),
        said("old", parent="b"),
        said("old2", role="assistant", parent="old"),
        said("new", parent="b"),
        said("new2", role="assistant", parent="new"),
    ]
    assert ids(conversation(tree)) == ["a", "b", "new", "new2"]
    assert ids(conversation([*tree, said("back", parent="old2")])) == ["a", "b", "old", "old2", "back"]


def test_siblings_without_a_prompt_are_parallel_calls_and_stay():
    tree = [said("a"), *(said(f"t{n}", role="assistant", parent="a") for n in range(3)), said("b", parent="t2")]
    assert ids(conversation(tree)) == ["a", "t0", "t1", "t2", "b"]


def test_a_deep_tree_a_loop_and_a_missing_parent_are_no_trouble():
    deep = [said("0")] + [said(str(n), parent=str(n - 1)) for n in range(1, 5000)]
    assert len(conversation(deep)) == 5000
    loop = [said("a", parent="b"), said("b", parent="a"), said("c", parent="c"), said("d", parent="gone")]
    assert {"c", "d"} <= set(ids(conversation(loop)))
    assert conversation([]) == ()


def test_search_sees_words_apart_from_tools():
    parts = (
        Text("said"), Thinking("thought"), Summary("summed"), Attachment(media="x", text="read of it"),
        ToolCall(id="c", name="Bash", input={"command": "make", "deep": [{"a": "leaf"}, 7, None, True]}),
        ToolResult(call="c", text="output"),
    )  # fmt: skip
    said_text, done = searchable(Message(id="a", role="assistant", parts=parts))
    assert said_text.split("\n") == ["said", "thought", "summed", "read of it"]
    assert done.split("\n") == ["Bash", "make", "leaf", "7", "output"]
