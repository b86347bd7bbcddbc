"""What we ship to test programs that ask models: a model that plays a script, and a server that speaks the wire formats."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from urllib.error import HTTPError

import pytest

from holdfast.errors import Denied, Unavailable
from holdfast.llm.base import CallRequest, Client, Finished, TextDelta, ThinkingDelta, ToolSpec
from holdfast.model import Message, Text, ToolCall, Usage
from holdfast.testing.model_server import ModelServer, Reply
from holdfast.testing.scripted_model import Answer, ScriptedModel

HELLO = [Message(id="u", role="user", parts=(Text("hello"),))]
CALL = ToolCall(id="c", name="add", input={"a": 1})


def test_a_script_is_played_in_order_word_by_word():
    model = ScriptedModel("one two", Answer(thinking="hm", text="three", calls=(CALL,), usage=Usage(input=1, output=2)))
    assert isinstance(model, Client)
    assert [e.text for e in model.stream(HELLO) if isinstance(e, TextDelta)] == ["one ", "two"]
    events = list(model.stream(HELLO))
    assert [type(e) for e in events] == [ThinkingDelta, TextDelta, CallRequest, Finished]
    assert (events[-1].stop, events[-1].usage, events[-1].model) == (
        "tools",
        Usage(input=1, output=2),
        "scripted/model",
    )


def test_a_script_remembers_what_was_asked():
    model = ScriptedModel(lambda asked: f"{len(asked.tools)} tools")
    assert list(model.stream(HELLO, tools=[ToolSpec(name="add")]))[-1].message.text == "1 tools"
    assert model.asked[0].text == "hello"


def test_a_script_may_fail_and_ends():
    model = ScriptedModel(Denied("no key"))
    with pytest.raises(Denied):
        model.stream(HELLO)
    with pytest.raises(Unavailable, match="no further answer"):
        model.stream(HELLO)


def test_messages_of_a_script_have_ids_of_their_own():
    model = ScriptedModel("a", "b")
    assert len({list(model.stream(HELLO))[-1].message.id for _ in range(2)}) == 2


def post(url, body):
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return json.load(answer)


WORDS = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def test_answers_that_are_not_streamed_are_whole():
    with ModelServer(Answer(text="hi", calls=(CALL,)), Answer(text="hi", calls=(CALL,))) as server:
        openai = post(f"{server.openai_url}/chat/completions", WORDS)
        anthropic = post(f"{server.url}/v1/messages", WORDS)
    assert openai["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert openai["choices"][0]["finish_reason"] == "tool_calls"
    assert [b["type"] for b in anthropic["content"]] == ["text", "tool_use"]


def test_models_are_listed():
    with ModelServer() as server, urllib.request.urlopen(f"{server.openai_url}/models", timeout=5) as answer:
        assert json.load(answer)["data"][0]["id"] == "loopback"


def test_errors_have_the_provider_s_own_shape():
    with ModelServer(Reply(status=429, message="slow down", retry_after=2), Reply(status=529)) as server:
        with pytest.raises(HTTPError) as caught:
            post(f"{server.openai_url}/chat/completions", WORDS)
        assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "2")
        assert json.load(caught.value)["error"]["message"] == "slow down"
        caught.value.close()
        with pytest.raises(HTTPError) as caught:
            post(f"{server.url}/v1/messages", WORDS)
        assert json.load(caught.value)["error"]["type"] == "overloaded_error"
        caught.value.close()


def test_without_a_script_the_server_says_what_was_said_and_calls_what_it_is_told():
    with ModelServer() as server:
        said = post(f"{server.openai_url}/chat/completions", WORDS)
        asks = [{"role": "user", "content": 'call add {"a": 1}'}]
        called = post(f"{server.openai_url}/chat/completions", {"model": "m", "messages": asks})
    assert said["choices"][0]["message"]["content"] == "You said: hello"
    assert called["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "add"


def test_requests_are_kept_with_their_headers():
    with ModelServer("x") as server:
        post(f"{server.openai_url}/chat/completions", WORDS)
        (request,) = server.received
    assert (request.path, request.body, request.headers["content-type"]) == (
        "/v1/chat/completions",
        WORDS,
        "application/json",
    )


def test_a_server_leaves_no_thread_behind():
    before = threading.active_count()
    with ModelServer(Reply(mode="hang")) as server:
        asked = urllib.request.Request(
            f"{server.openai_url}/chat/completions", json.dumps({**WORDS, "stream": True}).encode()
        )
        answer = urllib.request.urlopen(asked, timeout=5)
        answer.readline()
    answer.close()
    assert threading.active_count() == before


def test_a_server_can_be_run_by_hand():
    command = [sys.executable, "-m", "holdfast.testing.model_server", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONUNBUFFERED": "1"}) as server:
        address = server.stdout.readline().split()[0].removeprefix("OPENAI_BASE_URL=")
        assert post(f"{address}/chat/completions", WORDS)["choices"][0]["message"]["content"] == "You said: hello"
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
