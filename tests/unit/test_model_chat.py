"""Chat messages: every usual shape is understood, what is odd is kept, what is wrong is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.model import Attachment, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.model.chat import ROLES, from_chat, to_chat


def read(**fields) -> Message:
    return from_chat({"role": "user", **fields}, ident="m")


@pytest.mark.parametrize("role", ROLES)
def test_every_usual_role_is_one_of_ours(role):
    assert from_chat({"role": role, "content": "x"}, ident="m").role in ("user", "assistant", "system", "tool")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("hello", (Text("hello"),)),
        ("", (Text(""),)),
        (None, ()),
        ([], ()),
        (["a", "b"], (Text("a"), Text("b"))),
        ({"type": "text", "text": "a"}, (Text("a"),)),
        ([{"type": "input_text", "text": "a"}, {"type": "output_text", "text": "b"}, {"text": "c"}], (Text("a"), Text("b"), Text("c"))),
        ([{"type": "refusal", "refusal": "no"}], (Text("no"),)),
        ([{"type": "thinking", "thinking": "hm", "signature": "x"}], (Thinking("hm"),)),
        ([{"type": "tool_use", "id": "t", "name": "ls", "input": {"a": 1}}], (ToolCall(id="t", name="ls", input={"a": 1}),)),
        ([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}, "y"]}], (ToolResult(call="t", text="x\ny"),)),
        ([{"type": "image_url", "image_url": {"url": "https://x/y.png"}}], (Attachment(media="image", name="https://x/y.png"),)),
        ([{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}], (Attachment(media="image/png", size=26),)),
        ([{"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "AAAA"}}], (Attachment(media="image/gif", size=4),)),
        ([{"type": "input_audio", "input_audio": {"data": "AAAAAA", "format": "wav"}}], (Attachment(media="wav", size=6),)),
        ([{"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}}], (Attachment(media="file", name="a.pdf", size=4),)),
    ],
)  # fmt: skip
def test_every_usual_content_is_understood(content, parts):
    assert read(content=content).parts == parts


def test_what_is_not_known_is_kept_beside():
    odd = {"type": "hologram", "data": 1}
    found = read(content=["a", odd], name="bot", weight=0.5)
    assert (found.parts, found.extra) == ((Text("a"),), {"content": [odd], "name": "bot", "weight": 0.5})


def test_an_answer_thinks_speaks_and_calls_in_that_order():
    found = from_chat(
        {
            "role": "assistant", "content": "said", "reasoning_content": "hm", "refusal": "no", "model": "m-1",
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "ls", "arguments": '{"p": "."}'}},
                {"id": "2", "function": {"name": "raw", "arguments": "{not json"}},
                {"id": "3", "name": "flat", "input": {"q": 2}},
            ],
            "function_call": {"name": "old", "arguments": "{}"},
        },
        ident="m",
    )  # fmt: skip
    assert found.model == "m-1"
    assert found.parts == (
        Thinking("hm"), Text("no"), Text("said"), ToolCall(id="1", name="ls", input={"p": "."}),
        ToolCall(id="2", name="raw", input="{not json"), ToolCall(id="3", name="flat", input={"q": 2}),
        ToolCall(id="", name="old", input={}),
    )  # fmt: skip


def test_what_a_tool_says_is_one_result():
    given = {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "a"}, "b"], "is_error": True}
    assert from_chat(given, ident="m").parts == (ToolResult(call="c", text="a\nb", error=True),)
    assert from_chat({"role": "function", "name": "ls", "content": None}, ident="m").parts == (ToolResult(call="ls"),)


@pytest.mark.parametrize(
    "wrong",
    [
        7, None, [], "text", {}, {"role": "king"}, {"role": None}, {"role": ["user"]}, {"role": "user", "content": 7},
        {"role": "user", "content": [7]}, {"role": "user", "content": [None]}, {"role": "user", "content": [{"type": "text"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": 5}]},
        {"role": "user", "content": [{"type": "tool_result"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [1.5]}]},
        {"role": "assistant", "tool_calls": 3}, {"role": "assistant", "tool_calls": [1]},
        {"role": "assistant", "tool_calls": [{"function": 1}]}, {"role": "assistant", "model": 7},
        {"role": "assistant", "reasoning_content": {"a": 1}}, {"role": "user", "content": [{"type": ["text"]}]},
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong):
    with pytest.raises(BadInput):
        from_chat(wrong, ident="m")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "text", "role", "content", "function", "name", "image_url", "url", "source", "data", "id"]), inner, max_size=4
    ),
    max_leaves=8,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["content", "tool_calls", "function_call", "model", "id", "refusal"]), anything),
    st.sampled_from(["user", "tool", "assistant"]),
)
def test_any_object_is_a_message_or_an_error_that_names_it(fields, role):
    try:
        found = from_chat({**fields, "role": role}, ident="m")
    except BadInput:
        return
    assert isinstance(found, Message)
    json.dumps(to_chat(found))


def test_messages_go_out_as_clients_take_them():
    call = ToolCall(id="c", name="ls", input={"path": "ż"})
    message = Message(id="m", role="assistant", parts=(Thinking("hm"), Text("a"), Summary("b"), call))
    assert to_chat(message) == {
        "role": "assistant",
        "content": "a\nb",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "ls", "arguments": '{"path": "ż"}'}}],
    }
    result = Message(id="m", role="tool", parts=(ToolResult(call="c", text="out"),))
    assert to_chat(result) == {"role": "tool", "tool_call_id": "c", "content": "out"}


@pytest.mark.parametrize(
    "given_message",
    [
        {"role": "user", "content": "hello"},
        {"role": "tool", "tool_call_id": "c", "content": "out"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "ls", "arguments": '{"a": [1, null]}'}}]},
    ],
)  # fmt: skip
def test_a_plain_message_comes_back_as_it_was(given_message):
    assert to_chat(from_chat(given_message, ident="m")) == given_message
