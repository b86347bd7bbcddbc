"""MCP servers that run as commands."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from holdfast.errors import BadInput, NotFound, Unavailable, Unreadable
from holdfast.llm.mcp import ServerCommand, ToolServer, read_servers, servers_of
from holdfast.llm.tools import Toolbox
from holdfast.model import ToolCall

SERVER = Path(__file__).parent / "data_mcp_server.py"


def command(*args, **more) -> ServerCommand:
    return ServerCommand(name="sums", command=sys.executable, args=(str(SERVER), *args), **more)


@pytest.fixture
def server():
    running = ToolServer(command())
    yield running
    running.close()


def box(running) -> Toolbox:
    return Toolbox(running.start())


def ask(tools, name, **given):
    return tools.call(ToolCall(id="c", name=name, input=given))


def test_a_server_s_tools_are_listed_and_called(server):
    tools = box(server)
    assert [s.name for s in tools.specs] == ["add", "fail", "environment", "die"]
    assert ask(tools, "add", a=1, b=2).text == "3"


def test_a_tool_that_fails_is_an_error_for_the_model(server):
    result = ask(box(server), "fail")
    assert (result.error, result.text) == (True, "no luck")


def test_wrong_arguments_never_reach_the_server(server):
    result = ask(box(server), "add", a="one", b=2)
    assert "'a' must be integer" in result.text


def test_a_server_gets_its_own_settings_and_none_of_our_keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "key-" + "of-a-test")
    running = ToolServer(command(env={"TOWN": "Oslo"}))
    names = json.loads(ask(box(running), "environment").text)
    running.close()
    assert "TOWN" in names
    assert "OPENAI_API_KEY" not in names


def test_a_server_that_ends_in_the_middle_is_told_with_its_last_words(server):
    tools = box(server)
    assert "out of paper" in ask(tools, "die").text
    assert ask(tools, "add", a=1, b=2).error


def test_a_server_that_is_gone_is_not_waited_for(server, monkeypatch):
    tools = box(server)
    ask(tools, "die")
    server._reader.join()
    monkeypatch.setattr(server, "_send", lambda _: None)  # a pipe may still take what nobody reads
    assert "has ended" in ask(tools, "add", a=1, b=2).text


def test_a_server_that_does_not_start_says_why():
    running = ToolServer(command("--broken"))
    with pytest.raises(Unavailable, match="no settings"):
        running.start()
    running.close()
    with pytest.raises(Unavailable, match="did not start"):
        ToolServer(ServerCommand(name="x", command="/no/such/program")).start()


def test_closing_leaves_neither_process_nor_thread():
    running = ToolServer(command())
    running.start()
    running.close()
    running.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("mcp-")] == []


def test_the_file_is_read_as_other_programs_write_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TOWN", "Oslo")
    path = tmp_path / "mcp.json"
    servers = {
        "a": {"command": "npx", "args": ["-y", "x"], "env": {"T": "${TOWN}"}},
        "b": {"command": "y", "disabled": True},
    }
    path.write_text(json.dumps({"mcpServers": servers}))
    assert read_servers(path) == (ServerCommand(name="a", command="npx", args=("-y", "x"), env={"T": "Oslo"}),)


def test_a_file_that_cannot_be_used_is_named_with_its_fault(tmp_path):
    with pytest.raises(NotFound, match=r"mcp\.json"):
        read_servers(tmp_path / "mcp.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(Unreadable):
        read_servers(tmp_path / "bad.json")
    with pytest.raises(BadInput, match="no mcpServers"):
        servers_of({})
    with pytest.raises(BadInput, match="has no command"):
        servers_of({"mcpServers": {"far": {"url": "https://example.org/mcp"}}})
