"""The agent of five lines: sessions that are kept, tools, callbacks, and turns that are whole or not there."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast import open_store
from holdfast.agent import Agent, AgentSession, CopilotAgent
from holdfast.errors import BadInput, Denied, Unavailable
from holdfast.llm.images import image_part
from holdfast.model import ToolCall, Usage
from holdfast.testing.model_server import ModelServer
from holdfast.testing.scripted_model import Answer, ScriptedModel

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'sessions.db'}"


def texts(url, name="default") -> list[str]:
    with open_store(url) as store:
        return [f"{m.role}: {m.text or m.parts[0]}" for m in store.session(name).messages()]


def agent(url, *answers, **more) -> Agent:
    return Agent(ScriptedModel(*answers), store=url, system_message="Be brief.", **more)


def asked(bot):
    model: Any = bot.client
    return model.asked[0]


def call(name, ident="c1", **given) -> ToolCall:
    return ToolCall(id=ident, name=name, input=given)


def test_an_answer_is_a_text_and_both_sides_are_kept(url):
    bot = agent(url, "Hello, you.")
    assert asyncio.run(bot.chat("Hello")) == "Hello, you."
    bot.close()
    assert texts(url) == ["system: Be brief.", "user: Hello", "assistant: Hello, you."]


def test_sessions_are_apart(url):
    bot = agent(url, "one", "two")
    bot.chat_sync("a", session_id="debugging")
    bot.chat_sync("b", session_id="docs")
    bot.close()
    assert texts(url, "debugging")[1:] == ["user: a", "assistant: one"]
    assert texts(url, "docs")[1:] == ["user: b", "assistant: two"]


def test_a_conversation_goes_on_after_a_restart(url):
    first = agent(url, "Nice to meet you, Ada.")
    first.chat_sync("I am Ada.", session_id="my_project")
    began = first.get_session("my_project").created_at
    first.close()
    again = agent(url, "You are Ada.")
    assert [m["role"] for m in again.get_session("my_project").messages] == ["system", "user", "assistant"]
    again.chat_sync("Who am I?", session_id="my_project")
    assert "I am Ada." in asked(again).text
    assert abs((again.get_session("my_project").created_at - began).total_seconds()) < 1
    again.close()


def test_the_system_message_of_today_replaces_the_one_of_yesterday(url):
    agent(url, "x").chat_sync("a")
    bot = Agent(ScriptedModel("y"), store=url, system_message="Be long.")
    bot.chat_sync("b")
    bot.close()
    assert texts(url) == ["system: Be long.", "user: a", "assistant: x", "user: b", "assistant: y"]


def test_a_session_that_another_program_began_goes_on(url):
    with open_store(url) as store:
        store.session("shared").append([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}])
        before = [m.id for m in store.session("shared").messages()]
    bot = agent(url, "four")
    bot.chat_sync("three", session_id="shared")
    assert [m.role for m in asked(bot).messages] == ["system", "user", "assistant", "user"]
    bot.close()
    with open_store(url) as store:
        assert [m.id for m in store.session("shared").messages()][:2] == before


def test_every_message_is_kept_before_the_next_one_is_asked_for(url):
    seen: list[list[str]] = []

    def look(asked):
        seen.append(texts(url)[1:])
        return Answer(calls=(call("add", a=1, b=2),)) if len(seen) == 1 else "3"

    def add(a: int, b: int) -> int:
        seen.append(texts(url)[1:])
        return a + b

    bot = agent(url, look, look)
    bot.register_tool_from_function(add)
    assert bot.chat_sync("1 + 2?") == "3"
    assert [len(s) for s in seen] == [1, 2, 3]
    assert len(texts(url)) == 5
    bot.close()


@pytest.mark.parametrize("failure", [Unavailable("no server"), KeyboardInterrupt(), Denied("no key")])
def test_a_turn_that_fails_leaves_the_conversation_as_it_was(url, failure):
    bot = agent(
        url,
        "one",
        Answer(text="Let me see.", calls=(call("nothing"),)),
        lambda _: (_ for _ in ()).throw(failure),
        "two",
    )
    bot.chat_sync("a")
    before = list(bot.get_session().messages)
    with pytest.raises(type(failure)):
        bot.chat_sync("b")
    assert bot.get_session().messages == before
    assert texts(url)[1:] == ["user: a", "assistant: one"]
    bot.chat_sync("c")
    assert texts(url)[3:] == ["user: c", "assistant: two"]
    bot.close()


def test_what_a_program_cuts_from_the_list_is_taken_out_and_the_rest_stays(url):
    bot = agent(url, "1", "2", "3")
    for said in "ab":
        bot.chat_sync(said)
    session = bot.get_session()
    session.messages = session.messages[-2:]
    bot.chat_sync("c")
    bot.close()
    assert texts(url) == ["user: b", "assistant: 2", "user: c", "assistant: 3"]


def test_a_list_that_a_program_puts_in_is_kept(url):
    bot = agent(url, "1")
    bot.get_session("new").messages = [{"role": "user", "content": "old"}, {"role": "assistant", "content": "times"}]
    bot.chat_sync("now", session_id="new")
    bot.close()
    assert texts(url, "new") == ["user: old", "assistant: times", "user: now", "assistant: 1"]


def test_a_cleared_session_stays_cleared_and_keeps_its_system_message(url):
    bot = agent(url, "x")
    bot.chat_sync("a")
    bot.clear_session()
    bot.close()
    assert texts(url) == ["system: Be brief."]
    again = agent(url)
    assert again.get_session().messages == [{"role": "system", "content": "Be brief."}]
    again.close()


def test_a_session_can_be_had_before_anything_is_said(url):
    session = agent(url).get_session("coding_task")
    assert isinstance(session, AgentSession)
    assert (session.session_id, session.metadata, session.files) == ("coding_task", {}, {})
    assert isinstance(session.created_at, datetime)
    before = session.last_activity
    session.add_message({"role": "user", "content": "Hello"})
    assert session.last_activity >= before
    assert texts(url, "coding_task")[-1] == "user: Hello"
    session.clear_history(keep_system=False)
    assert session.messages == []


def test_a_session_of_its_own_needs_no_agent():
    session = AgentSession("x", "Be brief.")
    session.add_message({"role": "user", "content": "Hello"})
    session.clear_history(keep_system=True)
    assert session.messages == [{"role": "system", "content": "Be brief."}]


def test_callbacks_are_called_with_what_happens(url):
    told: list = []

    async def started(*given):
        told.append(("start", *given))

    def weather(city: str):
        return {"sky": "blue"}

    bot = agent(url, Answer(text="Look: ", calls=(call("weather", city="Oslo"),)), "It is blue.")
    bot.register_tool_from_function(weather)
    bot.set_callbacks(
        on_tool_start=started,
        on_tool_end=lambda *given: told.append(("end", *given)),
        on_token=told.append,
        on_final_message=lambda *given: told.append(("final", *given)),
    )
    bot.chat_sync("Sky?", session_id="s")
    bot.close()
    assert told == [
        "Look: ",
        ("start", "s", "weather", {"city": "Oslo"}),
        ("end", "s", "weather", '{"sky":"blue"}'),
        "It ",
        "is ",
        "blue.",
        ("final", "s", "It is blue."),
    ]


def test_an_unknown_callback_is_refused(url):
    with pytest.raises(BadInput, match="on_tokens"):
        agent(url).set_callbacks(on_tokens=print)


@pytest.mark.parametrize(("answer", "ran"), [(True, [5]), (False, []), (None, []), ({"n": 7}, [7])])
def test_a_person_decides_about_a_call(url, answer, ran):
    found: list = []
    bot = agent(url, Answer(calls=(call("note", n=5),)), "done")
    bot.add_custom_tool(
        {"name": "note", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        lambda n: found.extend([n]),
    )
    bot.set_callbacks(on_tool_approval=lambda session, name, given: answer)
    bot.chat_sync("go")
    bot.close()
    assert found == ran


def test_a_key_in_a_message_is_neither_kept_nor_sent(url):
    key = "sk-" + "proj-" + "a1B2c3D4" * 6
    bot = agent(url, "ok")
    bot.chat_sync(f"my key is {key}")
    assert key not in asked(bot).text
    bot.close()
    assert key not in "".join(texts(url))
    assert key.encode() not in Path(url.removeprefix("sqlite:///")).read_bytes()


def test_a_key_in_a_tool_s_result_is_not_sent_on(url):
    key = "sk-" + "proj-" + "a1B2c3D4" * 6

    def read_settings() -> str:
        return f"OPENAI_API_KEY={key}"

    bot = agent(url, Answer(calls=(call("read_settings"),)), "done")
    bot.register_tool_from_function(read_settings)
    bot.chat_sync("look")
    model: Any = bot.client
    assert key not in str(model.asked[1].messages)
    bot.close()
    assert key not in "".join(texts(url))


def test_a_key_that_the_model_writes_reaches_the_tool_whole(url):
    key, found = "sk-" + "proj-" + "a1B2c3D4" * 6, []

    def write(text: str) -> None:
        found.append(text)

    bot = agent(url, Answer(calls=(call("write", text=key),)), "done")
    bot.register_tool_from_function(write)
    bot.chat_sync("write it")
    bot.close()
    assert found == [key]
    assert key not in "".join(texts(url))


def test_secrets_can_be_kept_by_choice(url):
    key = "sk-" + "proj-" + "a1B2c3D4" * 6
    bot = agent(url, "ok", secrets="keep")
    bot.chat_sync(key)
    bot.close()
    assert key in "".join(texts(url))


def test_an_image_goes_to_the_model_and_survives_a_restart(url):
    parts = [{"type": "text", "text": "What is it?"}, image_part(PNG)]
    bot = agent(url, "A dot.")
    bot.chat_sync(parts)
    bot.close()
    again = agent(url)
    assert again.get_session().messages[1] == {"role": "user", "content": parts}
    again.close()


def test_a_model_that_sees_nothing_is_told_of_an_image(url):
    with ModelServer("I cannot see.") as server:
        bot = Agent(llm="openai/m", endpoint=server.openai_url, store=url, capabilities={"supports_vision": False})
        bot.chat_sync([{"type": "text", "text": "What is it?"}, image_part(PNG)])
        bot.close()
        sent = str(server.received[0].body["messages"])
    assert "What is it?" in sent
    assert "image/png" in sent
    assert "base64" not in sent


def test_a_model_without_tools_is_offered_none(url):
    bot = agent(url, "x", capabilities={"supports_tools": False})
    bot.register_tool_from_function(print)
    bot.chat_sync("a")
    assert asked(bot).tools == ()
    bot.close()


def test_what_a_program_notes_of_a_session_is_kept(url):
    bot = agent(url, "x")
    bot.get_session().metadata["topic"] = {"name": "parcels"}
    bot.chat_sync("a")
    bot.close()
    again = agent(url)
    assert again.get_session().metadata == {"topic": {"name": "parcels"}}
    again.get_session().metadata.clear()
    again.close()
    assert agent(url).get_session().metadata == {}


def test_what_a_turn_cost_is_counted(url):
    bot = agent(url, Answer(text="x", usage=Usage(input=100, output=7)))
    bot.chat_sync("a")
    with open_store(url) as store:
        rollup = store.session("default").info.rollup
    bot.close()
    assert [(b.usage.input, b.usage.output) for b in rollup.usage] == [(100, 7)]


def test_the_tools_of_an_mcp_file_are_called(url, tmp_path):
    server = Path(__file__).parent / "data_mcp_server.py"
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"sums": {"command": sys.executable, "args": [str(server)]}}}))

    async def talk():
        bot = agent(url, Answer(calls=(call("add", a=1, b=2),)), lambda asked: asked.messages[-1].parts[0].text)
        await bot.add_mcp_server(str(path))
        answer = await bot.chat("1 + 2?")
        await bot.cleanup()
        return answer

    assert asyncio.run(talk()) == "3"


def test_a_missing_key_is_named_when_a_model_is_asked(url, monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    bot = Agent(llm="groq", store=url)
    with pytest.raises(Denied, match="GROQ_API_KEY"):
        bot.chat_sync("hi")
    assert texts(url) == []
    bot.close()


def test_the_ordinary_twin_says_what_to_write_in_an_asynchronous_program(url):
    async def wrong():
        agent(url, "x").chat_sync("a")

    with pytest.raises(BadInput, match="asynchronous"):
        asyncio.run(wrong())


def test_the_copilot_asks_about_code(url):
    bot = CopilotAgent(ScriptedModel("It adds.", "Fine.", "Hello."), store=url)
    assert asyncio.run(bot.explain_code("a+b", "python")) == "It adds."
    assert asyncio.run(bot.review_file("a.py")) == "Fine."
    assert asyncio.run(bot.general_chat("Hi")) == "Hello."
    assert "a+b" in asked(bot).text
    assert texts(url, "general")[-1] == "assistant: Hello."
    bot.close()
