"""Programs that people wrote for the systems before this one run after only their import line is changed."""

from __future__ import annotations

import ast
import asyncio
import inspect

import pytest

from holdfast.testing.model_server import ModelServer

BEGIN = """
from holdfast import Agent, SessionManager
agent = Agent(llm="ollama")
agent.load_default_tools()
sm = SessionManager("my_custom_sessions/")
session_id = "coding_task"
user_input = "Create a factorial function"
"""
PROGRAMS = {
    "creating and using sessions": """
await agent.chat("Hello", session_id="default")
await agent.chat("Hello", session_id="my_project")
assert [len(agent.get_session(s).messages) for s in ("default", "my_project")] == [3, 3]
""",
    "session persistence": """
session = agent.get_session("my_project")
sm.save_session("my_project", session.messages)
messages = sm.load_session("my_project")
if messages:
    session.messages = messages
assert messages == agent.get_session("my_project").messages
assert sm.load_session("x") is None
""",
    "several sessions": """
sessions = ["project_a", "project_b", "research"]
for session_id in sessions:
    if sm.session_exists(session_id):
        messages = sm.load_session(session_id)
        session = agent.get_session(session_id)
        session.messages = messages
    await agent.chat("Status update?", session_id=session_id)
    session = agent.get_session(session_id)
    sm.save_session(session_id, session.messages)
assert all(sm.session_exists(s) for s in sessions)
assert sm.load_session("research")[-1]["content"] == "You said: Status update?"
""",
    "auto-save": """
response = await agent.chat(user_input, session_id=session_id)
session = agent.get_session(session_id)
sm.save_session(session_id, session.messages)
assert isinstance(response, str)
assert len(sm.load_session(session_id)) == 3
""",
    "isolation": """
await agent.chat("Debug this code", session_id="debugging")
await agent.chat("Write documentation", session_id="docs")
await agent.chat("Research topic", session_id="research")
assert agent.get_session("docs").messages[1]["content"] == "Write documentation"
""",
    "limiting the size": """
for n in range(4):
    await agent.chat(str(n), session_id=session_id)
session = agent.get_session(session_id)
if len(session.messages) > 6:
    session.messages = session.messages[-5:]
    sm.save_session(session_id, session.messages)
assert await agent.chat("go on", session_id=session_id) == "You said: go on"
assert len(agent.get_session(session_id).messages) == 7
""",
    "a session that is not found": """
if not sm.session_exists(session_id):
    print(f"Session '{session_id}' not found")
    agent.get_session(session_id)
assert agent.get_session(session_id).session_id == session_id
""",
    "the session object": """
session = agent.get_session(session_id)
session.add_message({"role": "user", "content": "Hello"})
session.clear_history(keep_system=True)
assert [m["role"] for m in session.messages] == ["system"]
assert session.created_at <= session.last_activity
assert session.metadata == {}
""",
}
END = "\nawait agent.cleanup()\nclose = getattr(sm, 'close', None)\nif close: close()\n"


def run(program) -> None:
    made = compile(program, "<program>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    found = eval(made, {})
    if inspect.iscoroutine(found):
        asyncio.run(found)


@pytest.fixture
def ollama(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with ModelServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setenv("OPENROUTER_BASE_URL", server.openai_url)
        yield server


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_for_agentry_runs(name, ollama):
    run(BEGIN + PROGRAMS[name] + END)


QUICK_START = """
from holdfast import preprocess_and_execute

result = await preprocess_and_execute(
    query="Deploy ESP32 firmware",
    small_llm="ollama/bielik:7b",
    large_llm="openrouter/google/gemini-3-flash-preview",
    session_path=".prellm/sessions.db",
)

from holdfast import UserMemory
memory = UserMemory(path=".prellm/sessions.db")
snapshot = await memory.export_session(session_id="esp32-project")
assert [i["query"] for i in snapshot.interactions] == ["Deploy ESP32 firmware"]
assert snapshot.interactions[0]["response_summary"] == result.content
memory.close()
"""


def test_a_program_for_prellm_runs(ollama):
    run(QUICK_START)


def test_a_program_s_own_history_goes_on_in_the_next_run(ollama):
    run(BEGIN + 'await agent.chat("first", session_id="s")' + END)
    run(BEGIN + 'await agent.chat("second", session_id="s")' + END)
    assert [m["content"] for m in ollama.received[-1].body["messages"]][1:] == ["first", "You said: first", "second"]
