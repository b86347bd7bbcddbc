"""The real client against a loopback server that speaks the providers' own wire formats."""

from __future__ import annotations

import asyncio
import base64
import signal
import socket
import subprocess
import sys
import threading

import pytest

from holdfast.errors import BadInput, Denied, Unavailable
from holdfast.llm.base import CallRequest, Client, Finished, TextDelta, ThinkingDelta, ToolSpec
from holdfast.llm.images import image_part, with_images
from holdfast.llm.names import target
from holdfast.llm.provider import ProviderClient, client
from holdfast.model import Message, Text, ToolCall, ToolResult, Usage
from holdfast.testing.model_server import ModelServer, Reply
from holdfast.testing.scripted_model import Answer

# Google's library warns about itself when it is first compiled.
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence")
DIALECTS = ("openai/m", "ollama/m", "openrouter/a/m", "anthropic/m", "groq/m", "azure/m", "gemini/gemini-2.5-flash")
ADD = ToolSpec(
    name="add",
    description="Add two numbers.",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
CALL = ToolCall(id="call_1", name="add", input={"a": 1, "b": 2})
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def says(role, text, ident="m") -> Message:
    return Message(id=ident, role=role, parts=(Text(text),))


HELLO = (says("system", "Be brief.", "s"), says("user", "hello there"))


def asked(server, model, **options) -> ProviderClient:
    own = server.openai_url if model.startswith(("openai", "openrouter")) else server.url
    return ProviderClient(target(model, endpoint=own, key="key-of-a-test", env={}), first_wait=0.0, **options)


def end(events) -> Finished:
    return list(events)[-1]


@pytest.mark.parametrize("model", DIALECTS)
def test_words_come_as_they_are_said_and_the_message_at_the_end(model):
    with ModelServer("Good morning, friend.") as server:
        events = list(asked(server, model).stream(HELLO))
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["Good ", "morning, ", "friend."]
    assert events[-1].message.parts == (Text("Good morning, friend."),)
    assert (events[-1].stop, events[-1].message.role) == ("end", "assistant")
    assert sum(isinstance(e, Finished) for e in events) == 1


@pytest.mark.parametrize("model", DIALECTS)
def test_a_tool_is_offered_and_its_call_comes_complete(model):
    with ModelServer(Answer(text="Let me see.", calls=(CALL,))) as server:
        events = list(asked(server, model).stream(HELLO, tools=[ADD]))
        told = server.received[0].body["tools"][0]
    assert [e.call for e in events if isinstance(e, CallRequest)] == [CALL]
    assert events[-1].stop == "tools"
    assert "'add'" in str(told)


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_results_go_back_behind_their_calls(model):
    asks = Message(id="a", role="assistant", parts=(Text("Let me see."), CALL))
    result = Message(id="t", role="tool", parts=(ToolResult(call="call_1", text="3"),))
    with ModelServer("Three.") as server:
        end(asked(server, model).stream((*HELLO, asks, result, says("user", "and?")), tools=[ADD]))
        sent = server.received[0].body["messages"]
    assert "call_1" in str(sent[-2]) + str(sent[-1])
    assert str(sent).index("add") < str(sent).index("'3'")


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_call_whose_result_was_lost_is_answered_for_the_provider(model):
    asks = Message(id="a", role="assistant", parts=(CALL,))
    with ModelServer("Well.") as server:
        end(asked(server, model).stream((*HELLO, asks, says("user", "go on"))))
        assert "interrupted" in str(server.received[0].body["messages"])


def test_thoughts_are_told_apart_from_words():
    with ModelServer(Answer(thinking="hm, well", text="yes")) as server:
        events = list(asked(server, "anthropic/m").stream(HELLO))
    assert [e.text for e in events if isinstance(e, ThinkingDelta)] == ["hm, ", "well"]
    assert events[-1].message.text == "yes"


USED = Usage(input=10, cache_read=5, cache_write=2, output=7, reasoning=3)


def test_tokens_of_an_anthropic_server_never_overlap():
    with ModelServer(Answer(text="x", usage=USED)) as server:
        found = end(asked(server, "anthropic/m").stream(HELLO)).usage
    assert (found.input, found.cache_read, found.cache_write, found.output) == (10, 5, 2, 7)


def test_tokens_of_an_openai_compatible_server_never_overlap():
    with ModelServer(Answer(text="x", usage=USED)) as server:
        found = end(asked(server, "openai/m").stream(HELLO)).usage
    assert (found.input, found.cache_read, found.output, found.reasoning) == (12, 5, 7, 3)
    assert found.prompt == USED.prompt


def test_tokens_of_gemini_never_overlap():
    with ModelServer(Answer(text="x", usage=USED)) as server:
        found = end(asked(server, "gemini/gemini-2.5-flash").stream(HELLO)).usage
    assert (found.input, found.cache_read, found.output, found.reasoning) == (12, 5, 7, 3)


def test_tokens_that_the_server_does_not_state_are_unknown():
    with ModelServer(Answer(text="x", usage=None)) as server:
        assert end(asked(server, "openai/m").stream(HELLO)).usage is None


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_an_image_goes_along_with_its_bytes(model):
    parts = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image_part(PNG)]}
    with ModelServer("A dot.") as server:
        end(asked(server, model).stream([with_images(parts, ident="i", at=1)]))
        sent = str(server.received[0].body["messages"])
    assert "What is it?" in sent
    assert base64.b64encode(PNG).decode() in sent


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_passing_failure_is_asked_again(model, status):
    with ModelServer(Reply(status=status), Reply(status=status, retry_after=0), "At last.") as server:
        assert end(asked(server, model).stream(HELLO)).message.text == "At last."
        assert len(server.received) == 3


def test_a_failure_that_stays_is_told_with_the_server_s_words():
    with ModelServer(*[Reply(status=503, message="model is loading")] * 3) as server:
        with pytest.raises(Unavailable, match="model is loading"):
            end(asked(server, "openai/m").stream(HELLO))
        assert len(server.received) == 3


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_refused_key_is_told_at_once(model):
    with ModelServer(Reply(status=401, message="bad key")) as server:
        with pytest.raises(Denied, match="bad key") as caught:
            end(asked(server, model).stream(HELLO))
        assert len(server.received) == 1
    assert "_API_KEY" in caught.value.hint


def test_a_request_that_the_server_cannot_take_is_the_caller_s_to_change():
    with (
        ModelServer(Reply(status=400, message="max_tokens is wrong")) as server,
        pytest.raises(BadInput, match="max_tokens"),
    ):
        end(asked(server, "openai/m").stream(HELLO))


def test_a_model_without_tools_is_told_apart():
    no_tools = Reply(status=400, message="m does not support tools")
    with ModelServer(no_tools) as server, pytest.raises(BadInput) as caught:
        end(asked(server, "ollama/m").stream(HELLO, tools=[ADD]))
    assert "can call tools" in caught.value.hint


def test_a_model_that_is_not_there_is_named_with_the_command_that_brings_it():
    with ModelServer(Reply(status=404, message="no such model")) as server, pytest.raises(BadInput) as caught:
        end(asked(server, "ollama/qwen2.5:3b").stream(HELLO))
    assert caught.value.hint == "ollama pull qwen2.5:3b"


def unused_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def test_a_server_that_is_not_there_is_named_with_its_address():
    where = target("ollama/x", env={"OLLAMA_HOST": f"127.0.0.1:{unused_port()}"})
    with pytest.raises(Unavailable, match=where.endpoint) as caught:
        end(ProviderClient(where, first_wait=0.0).stream(HELLO))
    assert "ollama serve" in caught.value.hint


@pytest.mark.parametrize("mode", ["cut", "short", "garbage"])
@pytest.mark.parametrize("model", DIALECTS)
def test_an_answer_that_breaks_in_the_middle_is_a_failure(model, mode):
    with ModelServer(Reply(mode=mode, answer=Answer(text="one two three four"))) as server, pytest.raises(Unavailable):
        end(asked(server, model, attempts=1).stream(HELLO))


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_an_answer_that_began_is_never_asked_for_again(model):
    with ModelServer(Reply(mode="cut", answer=Answer(text="one two three four")), "again") as server:
        with pytest.raises(Unavailable):
            end(asked(server, model).stream(HELLO))
        assert len(server.received) == 1


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_model_that_hangs_is_given_up_after_the_silence_that_is_allowed(model):
    with (
        ModelServer(Reply(mode="hang", answer=Answer(text="one two three"))) as server,
        pytest.raises(Unavailable, match="nothing more"),
    ):
        end(asked(server, model).stream(HELLO, timeout=0.2))


def test_a_slow_answer_is_no_hanging_one():
    with ModelServer(Reply(mode="slow", answer=Answer(text="one two three"))) as server:
        assert end(asked(server, "openai/m").stream(HELLO, timeout=2.0)).message.text == "one two three"


def test_an_answer_of_five_megabytes_is_stopped():
    with ModelServer("x" * 5_000_000) as server, pytest.raises(Unavailable, match="2,000,000"):
        end(asked(server, "openai/m").stream(HELLO))


def test_arguments_that_are_no_json_are_kept_as_they_came():
    broken = ToolCall(id="c", name="add", input='{"a": 1,')
    with ModelServer(Answer(calls=(broken,))) as server:
        assert end(asked(server, "openai/m").stream(HELLO)).message.parts == (broken,)


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_closing_the_answer_hangs_up(model):
    with ModelServer(Reply(mode="hang", answer=Answer(text="one two three four"))) as server:
        events = asked(server, model).stream(HELLO)
        next(events)
        events.close()
        assert server.closed_early.wait(5)


def test_no_thread_stays_behind():
    with ModelServer("a", "b", Reply(mode="hang", answer=Answer(text="one two"))) as server:
        model = asked(server, "openai/m")
        list(model.stream(HELLO))
        model.stream(HELLO)
        hanging = model.stream(HELLO)
        next(hanging)
        hanging.close()
        assert [t.name for t in threading.enumerate() if t.name.startswith("holdfast")] == []


def test_an_ordinary_call_works_inside_a_running_loop():
    async def ask(model):
        return end(model.stream(HELLO)).message.text

    with ModelServer("Inside.") as server:
        assert asyncio.run(ask(asked(server, "openai/m"))) == "Inside."


def test_an_asynchronous_program_asks_without_a_thread():
    async def ask(model):
        return [e async for e in model.astream(HELLO)][-1].message.text

    with ModelServer("Awaited.") as server:
        assert asyncio.run(ask(asked(server, "openai/m"))) == "Awaited."


def test_the_usual_variables_choose_the_server():
    with ModelServer("From there.") as server:
        env = {"OLLAMA_HOST": server.url.removeprefix("http://")}
        found = client("ollama/qwen2.5:3b", env=env)
        assert isinstance(found, Client)
        assert end(found.stream(HELLO)).message.text == "From there."
        assert server.received[0].path == "/v1/chat/completions"


def test_naming_a_model_loads_no_provider():
    code = (
        "from holdfast.llm.provider import client; client('ollama/x'); import sys; print('pydantic_ai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_a_missing_extra_is_named_with_the_command_that_installs_it():
    code = (
        "import sys; sys.modules['pydantic_ai'] = None\n"
        "from holdfast.errors import Unavailable\nfrom holdfast.llm.provider import client\n"
        "try: list(client('ollama/x').stream([]))\nexcept Unavailable as e: print(e.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "pip install 'holdfast[llm]'"


def test_calls_with_the_same_id_are_told_apart():
    twice = Answer(calls=(CALL, CALL))
    with ModelServer(twice) as server:
        ids = [p.id for p in end(asked(server, "openai/m").stream(HELLO)).message.parts]
    assert len(set(ids)) == 2


def test_a_model_that_numbers_its_calls_anew_each_time_gets_the_right_results():
    def round_of(number):
        asks = Message(id=f"a{number}", role="assistant", parts=(CALL,))
        return asks, Message(id=f"t{number}", role="tool", parts=(ToolResult(call="call_1", text=f"result {number}"),))

    with ModelServer("Done.") as server:
        end(asked(server, "openai/m").stream((*HELLO, *round_of(1), *round_of(2))))
        sent = [m["content"] for m in server.received[0].body["messages"] if m["role"] == "tool"]
    assert sent == ["result 1", "result 2"]


@pytest.mark.parametrize("model", DIALECTS)
def test_a_library_can_be_loaded_before_it_is_needed(model):
    ProviderClient(target(model, key="key-of-a-test", endpoint="http://127.0.0.1:9", env={})).warm()
    assert "pydantic_ai.direct" in sys.modules


INTERRUPTED = """
import sys, threading
from holdfast.llm.names import target
from holdfast.llm.provider import ProviderClient
from holdfast.model import Message, Text

told = Message(id="u", role="user", parts=(Text("hi"),))
events = ProviderClient(target("openai/m", endpoint=sys.argv[1], env={})).stream([told])
next(events)
print("begun", flush=True)
try:
    list(events)
except KeyboardInterrupt:
    events.close()
    print("stopped", [t.name for t in threading.enumerate() if t.name.startswith("holdfast")])
"""


def test_control_c_stops_the_answer_and_not_the_program():
    with ModelServer(Reply(mode="hang", answer=Answer(text="one two"))) as server:
        command = [sys.executable, "-c", INTERRUPTED, server.openai_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout.readline() == "begun\n"
            program.send_signal(signal.SIGINT)
            assert program.communicate(timeout=30)[0] == "stopped []\n"
        assert server.closed_early.wait(5)
