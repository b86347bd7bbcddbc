"""The code blocks of the documents that people followed before, one after another in one program, only their imports changed.

The session guide of Agentry and the session guide of preLLM, each in its own folder, with a model on this machine's loopback.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
from pathlib import Path

import pytest

from holdfast.testing.model_server import ModelServer

AGENTRY = [
    """
from holdfast import Agent

agent = Agent(llm="ollama")
agent.load_default_tools()

# Chat in default session
await agent.chat("Hello", session_id="default")

# Chat in named session
await agent.chat("Hello", session_id="my_project")
""",
    """
from holdfast import SessionManager

sm = SessionManager()

# Save session
session = agent.get_session("my_project")
sm.save_session("my_project", session.messages)

# Load session
messages = sm.load_session("my_project")
if messages:
    session.messages = messages
""",
    """
from holdfast import Agent, SessionManager

agent = Agent(llm="ollama")
sm = SessionManager()

sessions = ["project_a", "project_b", "research"]

for session_id in sessions:
    # Load or create session
    if sm.session_exists(session_id):
        messages = sm.load_session(session_id)
        session = agent.get_session(session_id)
        session.messages = messages

    # Work with session
    await agent.chat("Status update?", session_id=session_id)

    # Save
    session = agent.get_session(session_id)
    sm.save_session(session_id, session.messages)
""",
    """
sessions = sm.list_sessions()

for s in sessions:
    print(f"ID: {s['id']}")
    print(f"Created: {s['created_at']}")
    print(f"Messages: {s['message_count']}")
    print()
""",
    """
sm = SessionManager("my_custom_sessions/")
""",
    """
sessions = sm.list_sessions()
for s in sessions:
    if s['message_count'] == 0:
        sm.delete_session(s['id'])
""",
    """
import json

messages = sm.load_session("my_project")
with open("export.json", "w") as f:
    json.dump(messages, f, indent=2)
""",
    """
import json

with open("import.json", "r") as f:
    messages = json.load(f)

sm.save_session("imported_session", messages)
""",
    """
# Good - descriptive and unique
session_id = "customer_support_2025_11_22"
session_id = "code_review_auth_module"

# Avoid - not meaningful
session_id = "session1"
session_id = "temp"
""",
    """
from datetime import datetime, timedelta

sessions = sm.list_sessions()
cutoff = datetime.now() - timedelta(days=30)

for s in sessions:
    created = datetime.fromisoformat(s['created_at'])
    if created < cutoff:
        sm.delete_session(s['id'])
""",
    """
# Save after important interactions
response = await agent.chat(user_input, session_id=session_id)
session = agent.get_session(session_id)
sm.save_session(session_id, session.messages)
""",
    """
# Use separate sessions for different contexts
await agent.chat("Debug this code", session_id="debugging")
await agent.chat("Write documentation", session_id="docs")
await agent.chat("Research topic", session_id="research")
""",
    """
session = agent.get_session(session_id)
if len(session.messages) > 100:
    # Keep only recent messages
    session.messages = session.messages[-50:]
    sm.save_session(session_id, session.messages)
""",
    """
if not sm.session_exists(session_id):
    print(f"Session '{session_id}' not found")
    # Create new session
    agent.get_session(session_id)
""",
    """
try:
    messages = sm.load_session(session_id)
except Exception as e:
    print(f"Error loading session: {e}")
    # Delete and recreate
    sm.delete_session(session_id)
    agent.get_session(session_id)
""",
    """
session = agent.get_session(session_id)
if len(session.messages) > 100:
    # Clear old messages, keep recent
    session.messages = session.messages[-50:]
    sm.save_session(session_id, session.messages)
""",
    """
session.add_message({"role": "user", "content": "Hello"})
""",
    """
session.clear_history(keep_system=True)
""",
]
PRELLM = [
    """
from holdfast import preprocess_and_execute

result = await preprocess_and_execute(
    query="Deploy ESP32 firmware",
    small_llm="ollama/bielik:7b",
    large_llm="openrouter/google/gemini-3-flash-preview",
    session_path=".prellm/sessions.db",   # enables persistence
)
# Interaction is automatically saved to sessions.db
# Preferences are auto-learned from the exchange
""",
    """
from holdfast import UserMemory

# Export current session
memory = UserMemory(path=".prellm/sessions.db")
snapshot = await memory.export_session(session_id="esp32-project")
snapshot.to_file("session_backup.json")

# Import on another machine or after restart
from holdfast import SessionSnapshot
loaded = SessionSnapshot.from_file("session_backup.json")
new_memory = UserMemory(path=".prellm/new_sessions.db")
await new_memory.import_session(loaded)
""",
    """
memory = UserMemory(path=".prellm/sessions.db")

# Get relevant history fragments (token-budgeted)
context = await memory.get_relevant_context("Deploy firmware", max_tokens=1024)
# Returns: "Q: Deploy ESP32 firmware\\nA: Used OTA update via..."

# Build enriched system prompt automatically
system_prompt = await memory.auto_inject_context("Deploy firmware")
# Returns: "User preferences: lang=pl, preferred_tool=platformio\\n\\nRelevant history:\\n..."
""",
]
SHELL = """
session list
session list --memory .prellm/custom.db
session export session_backup.json
session export backup.json --id my-project --memory .prellm/sessions.db
session import session_backup.json
session import backup.json --memory .prellm/new.db
session clear --yes
session clear --force   # skip confirmation
"""


@pytest.fixture
def place(home, monkeypatch, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with ModelServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setenv("OPENROUTER_BASE_URL", server.openai_url)
        monkeypatch.setenv("OPENROUTER_API_KEY", "key")
        yield folder


def run(blocks, names):
    """Run blocks as one program that may wait at its top level."""

    async def whole():
        for number, block in enumerate(blocks, 1):
            made = compile(block, f"<block {number}>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            found = eval(made, names)
            if inspect.iscoroutine(found):
                await found
        for name in ("agent",):
            if name in names:
                await names[name].cleanup()

    asyncio.run(whole())
    return names


def test_every_block_of_agentrys_session_guide_runs(place, capsys):
    (place / "import.json").write_text(json.dumps([{"role": "user", "content": "from elsewhere"}]))
    names = run(AGENTRY, {"user_input": "Review it", "session_id": "code_review"})
    printed = capsys.readouterr().out
    assert re.search(r"ID: research\nCreated: \d{4}-\d\d-\d\dT[\d:.]+\nMessages: 3\n", printed)
    assert names["sm"].load_session("imported_session") == [{"role": "user", "content": "from elsewhere"}]
    assert json.loads((place / "export.json").read_text()) is None
    assert [m["role"] for m in names["session"].messages] == ["system"]
    names["sm"].close()
    assert (place / "my_custom_sessions" / "imported_session_chat.toon").exists()


def test_every_block_of_prellms_session_guide_runs(place):
    names = run(PRELLM, {})
    assert names["context"].startswith("Q: Deploy ESP32 firmware\nA: ")
    assert names["system_prompt"].startswith("Relevant history:\nQ: Deploy ESP32 firmware")
    assert asyncio.run(names["new_memory"].export_session()).interactions == names["snapshot"].interactions
    assert names["snapshot"].interactions[0]["response_summary"] == names["result"].content
    for name in ("memory", "new_memory"):
        names[name].close()


def test_every_shell_line_of_prellms_session_guide_runs(place, capsys):
    from holdfast.compat import UserMemory
    from holdfast.faces.cli._program import run as command

    for file in ("user_memory.db", "sessions.db", "custom.db"):
        memory = UserMemory(path=f".prellm/{file}")
        asyncio.run(memory.add_interaction("Deploy ESP32 firmware", "Used OTA"))
        memory.close()
    for line in filter(None, SHELL.splitlines()):
        assert command(line.partition("#")[0].split()) == 0, line
    assert json.loads(Path("backup.json").read_text())["session_id"] == "my-project"
    assert "Session exported to session_backup.json" in capsys.readouterr().out
