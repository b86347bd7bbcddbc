"""Agentry's session files of every generation are read whole, and what is written is read by TOON's own readers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import apsw
import pytest
import toon_format

from holdfast.errors import Unreadable
from holdfast.interchange._toon import Damaged, dumps, loads
from holdfast.interchange.agentry import AgentryImport
from holdfast.interchange.base import CLAIM
from holdfast.interchange.toon import ToonFormat
from holdfast.model import Message, Session, Text, ToolCall, ToolResult, Transcript
from holdfast.model.verbatim import as_given, verbatim
from holdfast.testing.format_contract import dumped

DATA = Path(__file__).resolve().parents[1] / "data" / "agentry"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))


def read(data: bytes) -> list[Transcript]:
    return list(AgentryImport().load(io.BytesIO(data)))


def said(transcript: Transcript) -> list[dict]:
    return [as_given(m) for m in transcript.messages]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_each_generation_is_claimed_and_every_message_is_recovered(name):
    data = (DATA / f"{name}_chat.toon").read_bytes()
    assert AgentryImport().sniff(data[:4096]) >= CLAIM
    (found,) = read(data)
    assert said(found) == EXPECTED[name]["messages"]
    assert found.session.native_id == name
    assert found.losses.unknown == {}


def test_a_file_by_the_newest_specification_is_read_too():
    (found,) = read((DATA / "specification_chat.toon").read_bytes())
    assert said(found) == EXPECTED["coding_task"]["messages"]


def test_what_only_the_library_knows_is_read_through_it():
    text = 'session_id: s\ncreated_at: "2026-01-01T00:00:00"\nmessages[1]:\n  - role: user\n    content: hello\n'
    text += "    meta[2:]{a,b}:\n      x: 1,2\n      y: 3,4\n"
    expected = toon_format.decode(text)
    with pytest.raises(Damaged):
        loads(text)
    (found,) = read(text.encode())
    assert said(found) == expected["messages"]


def test_times_are_those_of_this_machine():
    (found,) = read((DATA / "coding_task_chat.toon").read_bytes())
    from datetime import datetime

    at = datetime.fromisoformat("2025-12-10T20:30:15.123").timestamp()
    assert found.session.started == round(at * 1000)


def test_the_count_in_the_file_tells_how_many_messages_are_missing():
    data = (DATA / "my_project_chat.toon").read_bytes().replace(b"messages[4]", b"messages[6]")
    (found,) = read(data)
    assert len(found.messages) == 4
    assert found.losses.unknown == {"missing message": 2}


def test_a_map_of_a_codebase_is_refused_by_its_name():
    data = (DATA / "codebase.toon").read_bytes()
    assert AgentryImport().sniff(data) >= CLAIM
    with pytest.raises(Unreadable, match="map of a codebase, not a session"):
        read(data)


def test_a_cut_file_says_where_it_ends():
    data = (DATA / "coding_task_chat.toon").read_bytes()
    with pytest.raises(Unreadable, match="line"):
        read(data[: data.index(b"tool_call_id")].rsplit(b'"', 1)[0] + b'"x')


def test_what_is_written_is_read_by_the_reference_library_and_by_us():
    messages = tuple(verbatim(m, ident=f"m{n}") for n, m in enumerate(EXPECTED["coding_task"]["messages"]))
    session = Session(id="a" * 16, agent="holdfast", native_id="n", name="coding task", started=1_765_000_000_123)
    data = dumped(ToonFormat(), [Transcript(session=session, messages=messages)])
    assert toon_format.decode(data.decode())["messages"] == EXPECTED["coding_task"]["messages"]
    (back,) = read(data)
    assert said(back) == EXPECTED["coding_task"]["messages"]
    assert (back.session.native_id, back.session.started) == ("coding task", 1_765_000_000_123)


def test_plain_conversations_are_written_as_the_table_that_agentry_reads():
    messages = tuple(verbatim(m, ident=f"m{n}") for n, m in enumerate(EXPECTED["my_project"]["messages"]))
    session = Session(id="a" * 16, agent="holdfast", native_id="my_project")
    text = dumped(ToonFormat(), [Transcript(session=session, messages=messages)]).decode()
    assert "\nmessages[4]{role,content}:\n  system,You are kind.\n  user,Hello\n" in text
    assert text.endswith('  user,"7"\n')


def test_results_of_tools_in_a_message_of_another_role_stand_for_themselves():
    call = Message(id="1", role="assistant", parts=(Text("look"), ToolCall(id="c", name="Read", input={"path": "a"})))
    result = Message(id="2", role="user", parts=(ToolResult(call="c", text="found"),))
    session = Session(id="a" * 16, agent="claude-code", native_id="n")
    data = dumped(ToonFormat(), [Transcript(session=session, messages=(call, result))])
    (back,) = read(data)
    assert said(back)[1] == {"role": "tool", "tool_call_id": "c", "content": "found"}


def test_several_sessions_in_one_file_come_back_as_several():
    session = Session(id="a" * 16, agent="holdfast", native_id="one", started=1_765_000_000_000)
    other = Session(id="b" * 16, agent="holdfast", native_id="two", started=1_765_000_000_000)
    message = verbatim({"role": "user", "content": "hello\nyou"}, ident="m")
    data = dumped(ToonFormat(), [Transcript(session=s, messages=(message,)) for s in (session, other)])
    assert [t.session.native_id for t in read(data)] == ["one", "two"]


@pytest.mark.parametrize(
    "value",
    ["", "42", "-1e5", "null", "True", " x", "a,b", "- x", "a\nb", 'q"\\', "\t", "nan", "[x]", None, 4.5, [], {}],
)
def test_any_value_comes_back_equal(value):
    tree = {"a": value, "b": [value, {"c": value}, [value]], "d": {"e": value}}
    assert loads(dumps(tree)).tree == toon_format.decode(dumps(tree)) == tree


def test_databases_of_the_later_generations_keep_ids_titles_models_and_times(tmp_path):
    path = tmp_path / "memory.db"
    connection = apsw.Connection(str(path))
    connection.execute(
        "CREATE TABLE sessions(session_id TEXT PRIMARY KEY, created_at TEXT, last_activity TEXT, metadata TEXT);"
        "CREATE TABLE agent_state(session_id TEXT, key TEXT, value TEXT, updated_at TEXT, PRIMARY KEY(session_id, key));"
        "CREATE TABLE memories(id INTEGER PRIMARY KEY, session_id TEXT, type TEXT, content TEXT, timestamp TEXT)"
    )
    about = json.dumps({"title": "Factorials", "provider": "ollama", "model": "qwen2.5:3b", "model_type": "local"})
    listed = EXPECTED["coding_task"]["messages"]
    connection.execute(
        "INSERT INTO sessions VALUES('s-1','2026-01-16T10:00:00','2026-01-16T11:00:00',?1),('s-2','2026-01-17T10:00:00',NULL,'x')",
        (about,),
    )
    connection.execute(
        "INSERT INTO agent_state VALUES('s-1','messages',?,'2026-01-16T11:00:00')", (json.dumps(listed),)
    )
    connection.execute("INSERT INTO memories VALUES(1,'s-1','preference','likes tabs','2026-01-16T10:30:00')")
    connection.close()
    with path.open("rb") as stream:
        assert AgentryImport().claims(stream) >= CLAIM
        one, two = AgentryImport().load(stream)
        notes = AgentryImport().knowledge(stream).notes
    assert said(one) == listed
    assert (one.session.native_id, one.session.title, one.session.models) == ("s-1", "Factorials", ("qwen2.5:3b",))
    assert one.session.active - one.session.started == 3_600_000
    assert one.session.extra["metadata"]["provider"] == "ollama"
    assert (two.session.native_id, two.messages) == ("s-2", ())
    assert [(n.text, n.tags, n.session) for n in notes] == [("likes tabs", ("preference",), one.session.id)]
