"""From a program to a model server and back: whole conversations over real wire formats, and servers that misbehave."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from holdfast import Agent, open_store
from holdfast.errors import HoldfastError, Unavailable
from holdfast.model import ToolCall, ToolResult, Usage
from holdfast.testing.model_server import ModelServer, Reply
from holdfast.testing.scripted_model import Answer

ENDPOINTS = {
    "openai/m": "openai_url",
    "ollama/qwen2.5:3b": "url",
    "openrouter/a/m": "openai_url",
    "anthropic/m": "url",
    "groq/m": "url",
}


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"rain in {city}"


def agent(server, url, model="openai/m", **more) -> Agent:
    return Agent(llm=model, endpoint=getattr(server, ENDPOINTS[model]), store=url, system_message="Be brief.", **more)


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'sessions.db'}"


def kept(url, name="default"):
    with open_store(url) as store:
        return store.session(name).messages()


@pytest.mark.parametrize("model", ENDPOINTS)
def test_a_conversation_with_a_tool_goes_all_the_way_and_is_kept(url, model):
    asks = Answer(text="Let me look.", calls=(ToolCall(id="call_1", name="weather", input={"city": "Oslo"}),))
    with ModelServer(asks, "It rains.", "Yes, in Oslo.") as server:
        bot = agent(server, url, model)
        bot.register_tool_from_function(weather)
        assert bot.chat_sync("Weather?") == "It rains."
        bot.close()
        again = agent(server, url, model)
        assert again.chat_sync("Are you sure?") == "Yes, in Oslo."
        again.close()
        sent = str(server.received[2].body["messages"])
    assert sent.index("Weather?") < sent.index("rain in Oslo") < sent.index("Are you sure?")
    messages = kept(url)
    assert [m.role for m in messages] == ["system", "user", "assistant", "tool", "assistant", "user", "assistant"]
    assert messages[3].parts == (ToolResult(call="call_1", text="rain in Oslo"),)


BROKEN = {
    "garbage": Reply(mode="garbage", answer=Answer(text="one two three four")),
    "cut": Reply(mode="cut", answer=Answer(text="one two three four")),
    "without an end": Reply(mode="short", answer=Answer(text="one two three four")),
    "hanging": Reply(mode="hang", answer=Answer(text="one two three four")),
    "without end": Reply(answer=Answer(text="x" * 5_000_000)),
    "refusing": Reply(status=400, message="no"),
    "locked": Reply(status=401, message="no key"),
}


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_server_that_misbehaves_leaves_the_session_as_it_was(url, kind, model):
    with ModelServer("Hello.", BROKEN[kind], "Here again.") as server:
        bot = agent(server, url, model, timeout=0.3)
        bot.chat_sync("Hi")
        before = kept(url)
        with pytest.raises(HoldfastError) as caught:
            bot.chat_sync("More?")
        assert caught.value.hint
        assert kept(url) == before
        assert bot.chat_sync("Still there?") == "Here again."
        bot.close()
    assert [m.text for m in kept(url)[-2:]] == ["Still there?", "Here again."]


def test_a_model_that_lies_about_tools_and_arguments_runs_nothing(url):
    ran = []

    def erase(path: str, *, really: bool) -> None:
        ran.append(path)

    lies = [
        Answer(calls=(ToolCall(id="c1", name="rm_rf", input={"path": "/"}),)),
        Answer(calls=(ToolCall(id="c2", name="erase", input='{"path": "/"'),)),
        Answer(calls=(ToolCall(id="c3", name="erase", input={"path": ["/"]}),)),
    ]
    with ModelServer(*lies, "I give up.") as server:
        bot = agent(server, url)
        bot.register_tool_from_function(erase)
        assert bot.chat_sync("Clean up") == "I give up."
        bot.close()
    results = [p for m in kept(url) for p in m.parts if isinstance(p, ToolResult)]
    assert ran == []
    assert [r.error for r in results] == [True, True, True]


def test_an_answer_can_be_stopped_and_the_server_notices(url):
    async def talk(server):
        bot = agent(server, url)
        began = asyncio.Event()
        bot.set_callbacks(on_token=lambda _: began.set())
        answering = asyncio.create_task(bot.chat("Tell me a long story"))
        await began.wait()
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
        await bot.cleanup()

    with ModelServer(Reply(mode="hang", answer=Answer(text="once upon a time"))) as server:
        asyncio.run(talk(server))
        assert server.closed_early.wait(5)
    assert kept(url) == ()


def test_what_each_request_cost_stands_in_the_ledger(url):
    used = Usage(input=100, cache_read=40, output=9)
    with ModelServer(Answer(text="a", usage=used), Answer(text="b", usage=used)) as server:
        bot = agent(server, url, "anthropic/m")
        bot.chat_sync("1")
        bot.chat_sync("2")
        bot.close()
    with open_store(url) as store:
        rollup = store.session("default").info.rollup
    assert [(b.model, b.requests, b.usage.input, b.usage.cache_read, b.usage.output) for b in rollup.usage] == [
        ("m", 2, 200, 80, 18)
    ]


def test_two_agents_on_one_session_lose_no_message(url):
    with ModelServer(*["ok"] * 12) as server:
        first, second = agent(server, url), agent(server, url)

        async def both():
            for n in range(3):
                await asyncio.gather(first.chat(f"first {n}", "shared"), second.chat(f"second {n}", "shared"))

        asyncio.run(both())
        first.close()
        second.close()
    said = {m.text for m in kept(url, "shared") if m.role == "user"}
    assert said == {f"{who} {n}" for who in ("first", "second") for n in range(3)}


ROUNDS = 5
CHILD = """
import sys
from holdfast import Agent
from holdfast.llm.tools import function_tool
from holdfast.model import ToolCall
from holdfast.testing.scripted_model import Answer, ScriptedModel

def step(n: int) -> str:
    return f"result {n}"

script = [a for n in range(10000) for a in (Answer(calls=(ToolCall(id=f"c{n}", name="step", input={"n": n}),)), f"answer {n}")]
bot = Agent(ScriptedModel(*script, model=f"scripted/{sys.argv[2]}"), store=sys.argv[1], system_message="s")
bot.register_tool_from_function(step)
for n in range(10000):
    bot.chat_sync(f"{sys.argv[2]} question {n}")
    print(n, flush=True)
"""


def test_a_kill_in_the_middle_of_a_turn_loses_nothing_that_was_answered(url):
    for number in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(number)], stdout=subprocess.PIPE, text=True)
        last = [int(child.stdout.readline()) for _ in range(3 + number)][-1]
        child.kill()
        acknowledged = [*[int(line) for line in child.stdout.read().split()], last]
        child.wait()
        child.stdout.close()
        said = [m.text for m in kept(url) if m.role == "user" and m.text.startswith(f"{number} ")]
        assert said[: max(acknowledged) + 1] == [f"{number} question {n}" for n in range(max(acknowledged) + 1)]
        answers = [m.text for m in kept(url) if m.text.startswith("answer")]
        assert len(answers) >= max(acknowledged) + 1


def test_a_person_s_first_try_without_a_server_says_what_to_do(url, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    bot = Agent(store=url)
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9/v1 cannot be reached") as caught:
        bot.chat_sync("Hello")
    bot.close()
    assert "ollama serve" in caught.value.hint
