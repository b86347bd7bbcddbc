"""Files of AnyLLM, preLLM, LLM Session Manager and Chroma are recognised by content and read without loss, twice as once."""

from __future__ import annotations

import io
import json
from pathlib import Path

import apsw
import pytest

from holdfast.errors import Unreadable
from holdfast.interchange.anyllm import AnyLlmFormat, AnyLlmImport
from holdfast.interchange.snapshot import SnapshotFormat
from holdfast.model import Message, Session, Text, ToolCall, ToolResult, Transcript, derive, observed_id
from holdfast.model.interactions import to_interactions
from holdfast.testing.format_contract import dumped
from holdfast.workspace import Workspace

DATA = Path(__file__).resolve().parents[1] / "data"
KEYS = (
    "sessionId", "isNewSession", "task", "project", "repo_map", "code_highlights", "conversation_history",
    "summarized_history", "files", "terminal", "decisions", "knowledge_base", "todo", "current", "relevant_history",
)  # fmt: skip
SNAPSHOT = {
    "session_id": "esp32-project",
    "interactions": [
        {
            "query": f"question {n}",
            "response_summary": f"answer {n}",
            "metadata": {"intent": "x"},
            "timestamp": 1708000000.25 + n,
        }
        for n in range(149, -1, -1)
    ],
    "preferences": {"preferred_tool": "platformio", "lang": "pl"},
    "runtime_context": {"locale": {"lang": "pl_PL"}},
    "codebase_summary": None,
    "created_at": "1708000149.25",
    "exported_at": "1708100000.0",
    "unknown": {"kept": True},
}


@pytest.fixture
def workspace():
    with Workspace.of_url("memory://") as opened:
        yield opened


def database(path, *statements):
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    with connection:
        for sql, rows in statements:
            connection.executemany(sql, rows) if rows else connection.execute(sql)
    connection.close()
    return path


def taken(workspace, path):
    """Import a file twice, and return what came of it the first time; the second time adds nothing."""
    first = workspace.exchange.load(path)
    again = workspace.exchange.load(path)
    assert (again.added, again.replaced, again.notes, again.preferences) == (0, 0, 0, 0)
    assert again.ids == first.ids
    return first


def said(workspace, ident):
    return [(m.role, m.text) for m in workspace.store.messages(ident) if m.text]


def prellm(path, count):
    return database(
        path,
        (
            (
                "CREATE TABLE interactions (id INTEGER PRIMARY KEY AUTOINCREMENT, query TEXT NOT NULL, response_summary TEXT NOT"
                " NULL DEFAULT '', metadata_json TEXT NOT NULL DEFAULT '{}', timestamp REAL NOT NULL);"
                "CREATE TABLE preferences (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at REAL NOT NULL)"
            ),
            (),
        ),
        (
            "INSERT INTO interactions(query, response_summary, metadata_json, timestamp) VALUES(?,?,?,?)",
            [(f"question {n}", f"answer {n}", '{"model": "m"}', 1708000000.25 + n) for n in range(count - 1, -1, -1)],
        ),
        ("INSERT INTO preferences VALUES(?,?,?)", [("lang", "pl", 1708000000.0)]),
    )


# AnyLLM


def test_a_projects_state_is_read_with_history_files_and_commands(workspace):
    done = taken(workspace, DATA / "anyllm" / "project_context.json")
    assert done.format == "anyllm-project"
    session = workspace.store.get(done.ids[0])
    assert (session.native_id, session.project, session.cwd) == ("20261120_094629_9d12b795", "shop", "/home/ada/shop")
    assert session.title == "Fix the login controller"
    assert said(workspace, session.id)[2] == (
        "user",
        "\u043f\u043e\u0447\u0438\u043d\u0438 \u0430\u0432\u0442\u043e\u0440\u0438\u0437\u0430\u0446\u0438\u044e",
    )
    touches, runs = derive(workspace.store.messages(session.id))
    assert {(t.path, t.action) for t in touches} == {
        ("src/User.php", "read"),
        ("README.md", "read"),
        ("src/Login.php", "write"),
    }
    assert [(r.command, r.exit) for r in runs] == [("phpunit", 0), ("ls nowhere", 2)]


def test_lists_that_php_wrote_as_objects_are_read_in_the_order_of_their_numbers(workspace):
    done = taken(workspace, DATA / "anyllm" / "project_context_objects.json")
    touches, _ = derive(workspace.store.messages(done.ids[0]))
    assert [t.path for t in touches if t.action == "write"] == ["src/A.php", "src/B.php", "src/C.php"]


@pytest.mark.parametrize("name", ["project_context.json", "project_context_objects.json"])
def test_a_project_is_written_back_with_all_fifteen_keys_as_they_were(workspace, name):
    given = json.loads((DATA / "anyllm" / name).read_text(encoding="utf-8"))
    done = workspace.exchange.load(DATA / "anyllm" / name)
    stream = io.BytesIO()
    workspace.exchange.export([workspace.store.get(done.ids[0])], stream, name="anyllm")
    assert json.loads(stream.getvalue()) == given
    assert b"src\\/" in stream.getvalue()
    assert b"\\u043f" in stream.getvalue()


def test_an_empty_state_is_said_to_be_empty(workspace):
    with pytest.raises(Unreadable, match="is empty"):
        workspace.exchange.load(DATA / "anyllm" / "project_context_empty.json")
    assert workspace.exchange.load(DATA / "anyllm" / "project_context_empty.json", name="anyllm-project").sessions == 0


def test_finished_runs_are_read_in_any_script_and_found(workspace):
    done = taken(workspace, DATA / "anyllm" / "episodes.jsonl")
    assert done.sessions == 2
    first = workspace.store.get(done.ids[0])
    assert first.parent.id == observed_id("anyllm", "20261119_080000_aaaaaaaa")
    assert len(said(workspace, first.id)) == 4
    from holdfast.model import parse

    assert (
        workspace.search.find(parse("\u0430\u0432\u0442\u043e\u0440\u0438\u0437\u0430\u0446\u0438\u044e"))[0].session
        == first.id
    )


def test_torn_runs_are_counted_and_the_others_read():
    data = (DATA / "anyllm" / "episodes.jsonl").read_bytes() + b'{"session_id": "x", "turns": [{"us'
    found = list(AnyLlmImport().load(io.BytesIO(data)))
    assert len(found) == 2
    assert found[0].losses.damaged_lines == (3,)


def test_any_session_is_written_as_a_project_with_the_right_types():
    call = ToolCall(id="c", name="Bash", input={"command": "ls"})
    messages = (
        Message(id="1", role="user", parts=(Text("look \ud800"),), at=1_765_000_000_000),
        Message(id="2", role="assistant", parts=(call, ToolCall(id="d", name="Read", input={"file_path": "/a/b"}))),
        Message(id="3", role="tool", parts=(ToolResult(call="c", text="x" * 5000, exit_code=1),)),
        Message(id="4", role="assistant", parts=(Text("done"),)),
    )
    session = Session(id="a" * 16, agent="codex", native_id="n", cwd="/a", started=1_765_000_000_000)
    tree = json.loads(dumped(AnyLlmFormat(), [Transcript(session=session, messages=messages)] * 2))
    assert set(tree) == set(KEYS)
    assert tree["sessionId"].startswith("20251206_054640_")
    assert len(tree["sessionId"]) == 24
    assert tree["summarized_history"][0]["outcome"] == "done"
    assert tree["summarized_history"][0]["timestamp"] == "2025-12-06T05:46:40+00:00"
    assert (tree["conversation_history"], tree["isNewSession"]) == ([], False)
    assert len(tree["summarized_history"]) == 2
    assert tree["files"]["read"] == [{"path": "/a/b", "preview": ""}]
    assert (tree["terminal"][0]["exit_code"], len(tree["terminal"][0]["stdout"])) == (1, 2000)


# preLLM


def test_a_pool_keeps_order_and_times(workspace, tmp_path):
    done = taken(workspace, prellm(tmp_path / "user_memory.db", 150))
    assert (done.format, done.added, done.preferences) == ("prellm", 300, 1)
    found = to_interactions(list(workspace.store.messages(done.ids[0])))
    assert [i["timestamp"] for i in found] == [1708000000.25 + n for n in range(149, -1, -1)]
    assert found[0]["metadata"] == {"model": "m"}
    assert workspace.store.get(done.ids[0]).models == ("m",)


def test_ten_thousand_rows_are_read_and_a_copy_is_the_same_pool(workspace, tmp_path):
    one = workspace.exchange.load(prellm(tmp_path / "user_memory.db", 10_000))
    (tmp_path / "copy.db").write_bytes((tmp_path / "user_memory.db").read_bytes())
    two = workspace.exchange.load(tmp_path / "copy.db")
    assert (one.added, two.added, two.ids) == (20_000, 0, one.ids)


def test_a_snapshot_keeps_times_and_unknown_keys_and_its_preferences_are_active_and_revocable(workspace, tmp_path):
    path = tmp_path / "session_backup.json"
    path.write_text(json.dumps(SNAPSHOT, indent=2))
    done = taken(workspace, path)
    assert (done.format, done.added, done.preferences) == ("prellm-snapshot", 300, 2)
    assert workspace.preferences.values() == SNAPSHOT["preferences"]
    assert {h.preference.provenance.writer for h in workspace.preferences.held()} == {"import:session_backup.json"}
    stream = io.BytesIO()
    workspace.exchange.export([workspace.store.get(done.ids[0])], stream, name="snapshot")
    back = json.loads(stream.getvalue())
    assert list(back) == [k for k in SNAPSHOT if k != "unknown"]
    assert back["interactions"] == SNAPSHOT["interactions"]
    assert (back["preferences"], back["runtime_context"]) == (SNAPSHOT["preferences"], SNAPSHOT["runtime_context"])
    assert workspace.store.get(done.ids[0]).extra["unknown"] == {"kept": True}
    assert workspace.preferences.forget("lang")
    assert workspace.preferences.values() == {"preferred_tool": "platformio"}


def test_any_session_is_written_as_a_snapshot_newest_first():
    messages = (
        Message(id="1", role="user", parts=(Text("first"),), at=1_765_000_000_000),
        Message(id="2", role="assistant", parts=(Text("one"),)),
        Message(id="3", role="user", parts=(Text("second"),), at=1_765_000_001_500),
    )
    session = Session(id="a" * 16, agent="codex", native_id="n", name="my name")
    tree = json.loads(dumped(SnapshotFormat(), [Transcript(session=session, messages=messages)]))
    assert tree["session_id"] == "my name"
    assert [(i["query"], i["response_summary"], i["timestamp"]) for i in tree["interactions"]] == [
        ("second", "", 1765000001.5),
        ("first", "one", 1765000000.0),
    ]
    assert tree["created_at"] == "1765000000.0"


# Chroma


def chroma(path, collection, documents):
    rows = [(n, key, *value) for n, (_, about) in enumerate(documents, 1) for key, value in about.items()]
    return database(
        path,
        (
            (
                "CREATE TABLE collections (id TEXT PRIMARY KEY, name TEXT NOT NULL, dimension INTEGER, database_id TEXT);"
                "CREATE TABLE segments (id TEXT PRIMARY KEY, type TEXT, scope TEXT, collection TEXT);"
                "CREATE TABLE embeddings (id INTEGER PRIMARY KEY, segment_id TEXT, embedding_id TEXT, seq_id BLOB, created_at"
                " TIMESTAMP);"
                "CREATE TABLE embedding_metadata (id INTEGER, key TEXT, string_value TEXT, int_value INTEGER, float_value REAL,"
                " bool_value INTEGER, PRIMARY KEY (id, key))"
            ),
            (),
        ),
        ("INSERT INTO collections VALUES('c', ?, 384, 'd')", [(collection,)]),
        ("INSERT INTO segments VALUES(?,?,?,'c')", [("v", "vector", "VECTOR"), ("m", "metadata", "METADATA")]),
        (
            "INSERT INTO embeddings VALUES(?,'m',?,?,'2026-01-01')",
            [(n, i, b"1") for n, (i, _) in enumerate(documents, 1)],
        ),
        ("INSERT INTO embedding_metadata VALUES(?,?,?,?,?,NULL)", rows),
    )


def text(value):
    return (value, None, None)


def test_a_chroma_folder_of_prellm_is_read(workspace, tmp_path):
    documents = [
        (
            "interaction_1708000000250",
            {
                "chroma:document": text("Deploy?\n---\nYes\n---\nreally"),
                "query": text("Deploy?"),
                "timestamp": text("1708000000.25"),
                "intent": text("deploy"),
            },
        )
    ]
    done = taken(workspace, chroma(tmp_path / "chroma.sqlite3", "prellm_interactions", documents))
    (found,) = to_interactions(list(workspace.store.messages(done.ids[0])))
    assert found == {
        "query": "Deploy?",
        "response_summary": "Yes\n---\nreally",
        "metadata": {"intent": "deploy"},
        "timestamp": 1708000000.25,
    }


def test_memories_of_llm_session_manager_keep_texts_tags_and_times(workspace, tmp_path):
    about = {
        "chroma:document": text("Implemented JWT auth using jose"),
        "session_id": text("claude_code_42_1790000000"),
        "timestamp": text("2025-10-16T10:00:00"),
        "tags": text('["auth", "backend"]'),
    }
    done = taken(workspace, chroma(tmp_path / "data" / "chroma.sqlite3", "session_memories", [("mem-1", about)]))
    assert (done.notes, done.sessions) == (1, 1)
    (note,) = (json.loads(v) for v in workspace.store.docs("notes").values())
    assert (note["text"], note["tags"]) == ("Implemented JWT auth using jose", ["auth", "backend"])
    assert note["provenance"]["writer"] == "import:chroma.sqlite3"
    session = workspace.store.get(done.ids[0])
    assert (session.agent, session.native_id) == ("claude-code", "claude_code_42_1790000000")
    assert said(workspace, session.id) == [("system", "Implemented JWT auth using jose")]


# LLM Session Manager


def sessions_db(path):
    names = [
        "id",
        "pid",
        "type",
        "status",
        "start_time",
        "last_activity",
        "working_directory",
        "token_count",
        "token_limit",
        "health_score",
        "message_count",
        "file_count",
        "error_count",
        "tags",
        "project_name",
        "description",
        "created_at",
    ]
    base = dict.fromkeys(names) | {
        "type": "claude_code",
        "status": "active",
        "working_directory": "/home/ada/shop",
        "tags": "[]",
    }
    rows = [
        base | {"id": "claude_code_42_1790000000", "pid": 42, "start_time": "2025-10-16T09:00:00", "last_activity": "2025-10-16T09:10:00", "tags": '["backend"]', "project_name": "Shop", "created_at": "1"},
        base | {"id": "claude_code_42_1790000060", "pid": 42, "start_time": "2025-10-16T09:00:00", "last_activity": "2025-10-16T10:10:00", "tags": '["API"]', "created_at": "2"},
        base | {"id": "cursor_cli_43_1790000000", "pid": 43, "type": "cursor_cli", "start_time": "2025-10-16T09:00:00", "description": "login", "created_at": "3"},
    ]  # fmt: skip
    return database(
        path,
        (
            f"CREATE TABLE sessions({', '.join(names)});CREATE TABLE memories(id TEXT, content TEXT, embedding TEXT, source_session TEXT, timestamp TEXT, tags TEXT);CREATE TABLE tag_feedback(id INTEGER, session_id TEXT, suggested_tag TEXT, accepted INTEGER)",
            (),
        ),
        (f"INSERT INTO sessions VALUES({','.join('?' * len(names))})", [tuple(r[n] for n in names) for r in rows]),
        (
            "INSERT INTO memories VALUES('m1','remember','[]','cursor_cli_43_1790000000','2025-10-16T09:00:00','[\"x\"]')",
            (),
        ),
        ("INSERT INTO tag_feedback VALUES(1,'claude_code_42_1790000060','api',1)", ()),
    )


def test_many_ids_of_one_process_become_one_session_and_no_tag_is_lost(workspace, tmp_path):
    done = taken(workspace, sessions_db(tmp_path / "sessions.db"))
    assert (done.format, done.sessions, done.notes) == ("llm-session-manager", 2, 1)
    one, two = (workspace.store.get(i) for i in done.ids)
    assert (one.agent, one.native_id, one.project, one.tags) == (
        "claude-code",
        "claude_code_42_1790000000",
        "Shop",
        ("api", "backend"),
    )
    assert one.extra["ids"] == ["claude_code_42_1790000000", "claude_code_42_1790000060"]
    assert one.active - one.started == 70 * 60_000
    assert one.extra["tag_feedback"][0]["suggested_tag"] == "api"
    assert (two.agent, two.description) == ("cursor", "login")


YAML = """session_id: claude_code_42_1790000000
timestamp: '2025-10-16T10:00:00'
type: claude_code
project_name: Shop
description: login work
tags:
- backend
context:
  pid: 42
  status: active
  start_time: '2025-10-16T09:00:00'
  last_activity: 2025-10-16T09:30:00
  working_directory: /home/ada/shop
  token_count: 1019
  token_limit: 200000
  messages:
  - Placeholder message from session claude_code_42_1790000000
  files:
  - app.py
  metadata:
    export_tool: llm-session-manager
    export_version: 0.2.0
"""
REPORT = """# Session Report: claude_code_42_1790000000

## Overview

- **Type**: claude_code
- **Status**: active
- **Project**: Shop
- **Tags**: `backend`, `api`
- **PID**: 42
- **Working Directory**: `/home/ada/shop`

## Timing

- **Started**: 2025-10-16 09:00:00
- **Last Activity**: 2025-10-16 09:30:00
- **Duration**: 0h 30m

## Metrics

- **Token Usage**: 1,019 / 200,000 (0.5%)
- **Health Score**: 100%

## Description

login work

---
*Exported by LLM Session Manager*
"""


@pytest.mark.parametrize(
    ("name", "content", "tags"), [("d.yaml", YAML, ("backend",)), ("r.md", REPORT, ("api", "backend"))]
)
def test_exports_in_yaml_and_markdown_are_read(workspace, tmp_path, name, content, tags):
    (tmp_path / name).write_text(content)
    done = taken(workspace, tmp_path / name)
    assert done.format == "llm-session-manager"
    session = workspace.store.get(done.ids[0])
    assert (session.native_id, session.agent, session.cwd) == (
        "claude_code_42_1790000000",
        "claude-code",
        "/home/ada/shop",
    )
    assert (session.project, session.description, session.tags) == ("Shop", "login work", tags)
    assert (session.context.used, session.context.limit) == (1019, 200000)
    assert session.active - session.started == 30 * 60_000


# folders


def test_a_folder_is_searched_for_files_of_every_system(workspace, tmp_path):
    (tmp_path / ".anyllm").mkdir()
    for name in ("project_context.json", "episodes.jsonl"):
        (tmp_path / ".anyllm" / name).write_bytes((DATA / "anyllm" / name).read_bytes())
    (tmp_path / "history").mkdir()
    for path in (DATA / "agentry").glob("*.toon"):
        (tmp_path / "history" / path.name).write_bytes(path.read_bytes())
    prellm(tmp_path / ".prellm" / "user_memory.db", 3)
    sessions_db(tmp_path / "data" / "sessions.db")
    (tmp_path / "notes.md").write_text("# nothing of ours\n")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    found = {f.path.name: f for f in workspace.exchange.load_folder(tmp_path)}
    assert {n: f.result.format for n, f in found.items() if f.result} == {
        "project_context.json": "anyllm-project",
        "episodes.jsonl": "anyllm-project",
        "coding_task_chat.toon": "agentry",
        "default_chat.toon": "agentry",
        "my_project_chat.toon": "agentry",
        "specification_chat.toon": "agentry",
        "user_memory.db": "prellm",
        "sessions.db": "llm-session-manager",
    }
    assert [n for n, f in found.items() if f.problem] == ["codebase.toon"]
