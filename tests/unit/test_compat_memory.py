"""`UserMemory` and `SessionSnapshot` keep what their documents promise, and what their first makers broke."""

from __future__ import annotations

import asyncio
import json
import time

import apsw
import pytest

from holdfast.compat import SessionSnapshot, UserMemory
from holdfast.errors import Unreadable

SNAPSHOT = {
    "session_id": "esp32-project",
    "interactions": [
        {"query": "And the tests?", "response_summary": "pytest", "metadata": {}, "timestamp": 1708000100.5},
        {
            "query": "Deploy ESP32 firmware",
            "response_summary": "Used OTA update via PlatformIO...",
            "metadata": {"intent": "deploy"},
            "timestamp": 1708000000.0,
        },
    ],
    "preferences": {"preferred_tool": "platformio", "lang": "pl"},
    "runtime_context": None,
    "codebase_summary": None,
    "created_at": "1708000000.0",
    "exported_at": "1708100000.0",
}


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture
def memory(tmp_path):
    opened = UserMemory(path=tmp_path / ".prellm" / "user_memory.db")
    yield opened
    opened.close()


def original(path, count=150):
    """Write a database as preLLM does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    connection.execute(
        "CREATE TABLE interactions (id INTEGER PRIMARY KEY AUTOINCREMENT, query TEXT NOT NULL, response_summary TEXT NOT NULL"
        " DEFAULT '', metadata_json TEXT NOT NULL DEFAULT '{}', timestamp REAL NOT NULL);"
        "CREATE TABLE preferences (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at REAL NOT NULL)"
    )
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO interactions(query, response_summary, metadata_json, timestamp) VALUES(?,?,?,?)",
        [(f"question {n}", f"answer {n}", json.dumps({"model": "m"}), 1708000000.25 + n) for n in range(count)],
    )
    connection.execute("INSERT INTO preferences VALUES('lang','pl',1708000000.0)")
    connection.execute("COMMIT")
    connection.close()


def test_interactions_come_back_newest_first_with_their_metadata(memory):
    run(memory.add_interaction("one", "first", {"intent": "deploy"}))
    run(memory.add_interaction("two", "second"))
    found = run(memory.get_recent_context("anything", limit=5))
    assert [(i["query"], i["response_summary"]) for i in found] == [("two", "second"), ("one", "first")]
    assert found[1]["metadata"] == {"intent": "deploy"}
    assert isinstance(found[0]["timestamp"], float)
    assert run(memory.get_recent_context("", limit=1))[0]["query"] == "two"


def test_what_is_relevant_is_found_among_ten_thousand_within_its_budget(memory):
    small = [
        {"query": f"how is the weather in town {n}", "response_summary": f"fine, {n} degrees", "timestamp": 1.7e9 + n}
        for n in range(9_999)
    ]
    first = {"query": "Deploy ESP32 firmware", "response_summary": "OTA update " * 40, "timestamp": 1.6e9}
    run(memory.import_session(SessionSnapshot(interactions=[*small, first])))
    context = run(memory.get_relevant_context("Deploy firmware", max_tokens=1024))
    assert context.startswith("Q: Deploy ESP32 firmware\nA: OTA update ")
    assert len(context) <= 4 * 1024
    assert run(memory.get_relevant_context("how would I deploy something?")).startswith("Q: Deploy ESP32")
    assert run(memory.get_relevant_context("Deploy firmware", max_tokens=5)) == ""
    assert run(memory.get_relevant_context("xylophone")) == ""


def test_the_system_prompt_is_laid_out_as_documented(memory):
    assert run(memory.auto_inject_context("Deploy firmware", "Be kind.")) == "Be kind."
    run(memory.set_preference("lang", "pl"))
    run(memory.set_preference("preferred_tool", "platformio"))
    run(memory.add_interaction("Deploy ESP32 firmware", "Used OTA"))
    assert run(memory.auto_inject_context("Deploy firmware", "Be kind.")) == (
        "Be kind.\n\nUser preferences: lang=pl, preferred_tool=platformio\n\n"
        "Relevant history:\nQ: Deploy ESP32 firmware\nA: Used OTA"
    )


@pytest.mark.parametrize(
    ("said", "learned"),
    [
        ("I always use Python", {"preferred_tool": "python"}),
        ("preferuj\u0119 Rust", {"preferred_tool": "rust"}),
        ("language: Polish", {"preferred_language": "polish"}),
        ("format as YAML", {"preferred_format": "yaml"}),
        ("please don't always use var", {}),
        ("The language of the court", {}),
    ],
)
def test_habits_are_learned_from_the_person_alone(memory, said, learned):
    run(memory.learn_preference_from_interaction(said, "I always use Ruby."))
    assert run(memory.get_user_preferences()) == learned


def test_a_habit_names_the_message_it_comes_from_and_is_revoked(memory):
    run(memory.add_interaction("I always use Python", "noted"))
    run(memory.learn_preference_from_interaction("I always use Python", "noted"))
    (held,) = memory._wishes.held()
    assert held.quote == "I always use Python"
    assert held.preference.provenance.message == memory._pool._messages()[0].id
    assert run(memory.forget_preference("preferred_tool"))
    assert run(memory.get_user_preferences()) == {}
    assert not run(memory.forget_preference("preferred_tool"))


def test_a_snapshot_comes_back_with_order_times_and_unknown_keys(memory, tmp_path):
    path = tmp_path / "deep" / "session_backup.json"
    path.parent.mkdir()
    path.write_text(json.dumps({**SNAPSHOT, "new_key": [1]}))
    loaded = SessionSnapshot.from_file(path)
    assert loaded.model_dump() == {**SNAPSHOT, "new_key": [1]}
    run(memory.import_session(loaded))
    run(memory.import_session(loaded))
    out = run(memory.export_session(session_id="esp32-project"))
    assert out.interactions == SNAPSHOT["interactions"]
    assert out.preferences == SNAPSHOT["preferences"]
    assert (out.session_id, out.created_at) == ("esp32-project", "1708000000.0")
    assert {h.preference.provenance.writer for h in memory._wishes.held()} == {"import:esp32-project"}
    out.to_file(tmp_path / "a" / "b" / "out.json")
    assert list(json.loads((tmp_path / "a" / "b" / "out.json").read_text())) == list(SNAPSHOT)
    assert (tmp_path / "a" / "b" / "out.json").stat().st_mode & 0o777 == 0o600


def test_a_pool_with_a_later_import_of_older_interactions_stays_in_the_order_of_time(memory):
    run(memory.add_interaction("new", "newest"))
    run(memory.import_session(SessionSnapshot.model_validate(SNAPSHOT)))
    found = run(memory.export_session())
    assert [i["query"] for i in found.interactions] == ["new", "And the tests?", "Deploy ESP32 firmware"]


def test_ten_thousand_interactions_survive_a_round_trip(memory, tmp_path):
    listed = [
        {"query": f"q{n}", "response_summary": "a", "metadata": {}, "timestamp": 1.7e9 + n} for n in range(10_000)
    ]
    run(memory.import_session(SessionSnapshot(interactions=listed)))
    out = run(memory.export_session())
    assert out.interactions == listed[::-1]


def test_a_database_of_prellm_is_read_and_left_as_it_is(tmp_path):
    path = tmp_path / ".prellm" / "user_memory.db"
    original(path)
    before = path.read_bytes()
    for _ in range(2):
        memory = UserMemory(path=path)
        out = run(memory.export_session())
        memory.close()
        assert [i["timestamp"] for i in out.interactions] == [1708000000.25 + n for n in range(149, -1, -1)]
        assert out.preferences == {"lang": "pl"}
    assert path.read_bytes() == before


def test_chromadb_is_accepted_and_announced(tmp_path):
    with pytest.warns(UserWarning, match="own store serves"):
        memory = UserMemory(backend="chromadb", path=tmp_path / "chroma_db")
    run(memory.add_interaction("Deploy ESP32 firmware", "OTA"))
    run(memory.add_interaction("weather", "fine"))
    assert [i["query"] for i in run(memory.get_recent_context("firmware", limit=5))] == ["Deploy ESP32 firmware"]
    memory.close()


def test_clearing_erases_interactions_and_habits(memory, tmp_path):
    run(memory.add_interaction("unmistakable zanzibar", "answer"))
    run(memory.set_preference("lang", "pl"))
    run(memory.get_relevant_context("zanzibar"))
    run(memory.clear())
    assert run(memory._get_all_interactions()) == []
    assert run(memory.get_user_preferences()) == {}
    run(memory.add_interaction("after", "answer"))
    assert [i["query"] for i in run(memory._get_all_interactions())] == ["after"]


def test_a_key_in_a_prompt_is_found_in_no_file(memory, tmp_path):
    secret = "sk-ant-" + "api03-" + "Zx9Yw8Vu" * 11 + "-AAAA"
    run(memory.add_interaction(f"use {secret}", f"used {secret}", {"note": secret}))
    run(memory.set_preference("token", secret))
    run(memory.export_session()).to_file(tmp_path / "out.json")
    memory.close()
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"interactions": 7}', "nope"])
def test_what_is_no_snapshot_is_unreadable(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(Unreadable, match="no snapshot"):
        SessionSnapshot.from_file(tmp_path / "x.json")


def test_adding_takes_the_time_it_is_added(memory):
    before = time.time()
    run(memory.add_interaction("q", "a"))
    assert before <= run(memory.get_recent_context("q"))[0]["timestamp"] <= time.time()
