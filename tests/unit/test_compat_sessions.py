"""`SessionManager` keeps what its documents promise: whole conversations by id, nothing lost, in one folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from holdfast.compat import SessionManager
from holdfast.errors import Unreadable

DATA = Path(__file__).resolve().parents[1] / "data" / "agentry"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
ODD = [
    "../x",
    "a/b",
    "con",
    "x" * 300,
    "x" * 299 + "y",
    "za\u017c\u00f3\u0142\u0107",
    "..",
    "a%2Fb",
    ".hidden",
    "A b",
    "a\nb",
    "",
]


@pytest.fixture
def manager(tmp_path):
    with SessionManager(tmp_path / "history") as opened:
        yield opened


def by_id(manager):
    return {s["id"]: s for s in manager.list_sessions()}


def test_what_is_saved_is_loaded_equal(manager):
    messages = EXPECTED["coding_task"]["messages"]
    assert manager.save_session("my project", messages) is None
    assert manager.load_session("my project") == messages
    assert manager.session_exists("my project")


def test_what_is_missing_is_none_or_false(manager):
    assert manager.load_session("nobody") is None
    assert manager.delete_session("nobody") is False
    assert manager.session_exists("nobody") is False
    assert manager.update_session_title("nobody", "x") is False
    assert manager.list_sessions() == []


def test_the_list_has_the_documented_keys_newest_first(manager):
    manager.save_session("one", HELLO)
    manager.save_session("two", [])
    listed = manager.list_sessions()
    assert [s["id"] for s in listed] == ["two", "one"]
    assert [s["message_count"] for s in listed] == [0, 2]
    assert {"id", "session_id", "created_at", "last_activity", "message_count", "title", "metadata"} <= listed[0].keys()
    assert datetime.fromisoformat(listed[0]["created_at"]).tzinfo is None


def test_the_time_of_creation_survives_every_save_and_the_last_activity_grows(manager):
    manager.save_session("s", HELLO)
    first = by_id(manager)["s"]
    messages = list(HELLO)
    for number in range(100):
        messages.append({"role": "user", "content": str(number)})
        manager.save_session("s", messages)
    last = by_id(manager)["s"]
    assert last["created_at"] == first["created_at"]
    assert last["last_activity"] > first["last_activity"]
    assert last["message_count"] == 102


def test_metadata_and_titles_come_back(manager, tmp_path):
    about = {"title": "Factorials", "model": "qwen2.5:3b", "nested": {"a": [1, None]}, "at": datetime(2026, 1, 1)}  # noqa: DTZ001 - as programs give it
    manager.save_session("s", HELLO, metadata=about)
    manager.save_session("s", [*HELLO, {"role": "user", "content": "more"}])
    assert by_id(manager)["s"]["metadata"] == {**about, "at": "2026-01-01T00:00:00"}
    assert (by_id(manager)["s"]["title"], by_id(manager)["s"]["model"]) == ("Factorials", "qwen2.5:3b")
    assert manager.update_session_title("s", "Better")
    manager.close()
    with SessionManager(tmp_path / "history") as again:
        assert by_id(again)["s"]["title"] == "Better"
        assert by_id(again)["s"]["message_count"] == 3


def test_a_shorter_or_changed_list_replaces_what_the_caller_knew(manager, tmp_path):
    manager.save_session("s", [*HELLO, {"role": "assistant", "content": "Hi"}])
    manager.save_session("s", HELLO[:1])
    assert manager.load_session("s") == HELLO[:1]
    manager.save_session("s", [{"role": "system", "content": "Be brief."}, HELLO[1]])
    manager.close()
    with SessionManager(tmp_path / "history") as again:
        assert again.load_session("s") == [{"role": "system", "content": "Be brief."}, HELLO[1]]
        again.save_session("s", [])
        assert again.load_session("s") == []
        assert by_id(again)["s"]["message_count"] == 0


def test_deleting_tells_the_truth_and_frees_the_name(manager):
    manager.save_session("s", HELLO)
    assert manager.export_session("s").exists()
    assert manager.delete_session("s") is True
    assert not list(manager.history_dir.glob("*.toon"))
    assert (manager.load_session("s"), manager.session_exists("s"), manager.list_sessions()) == (None, False, [])
    assert manager.delete_session("s") is False
    manager.save_session("s", HELLO[:1])
    assert manager.load_session("s") == HELLO[:1]


@pytest.mark.parametrize("name", [n for n in ODD if n])
def test_any_name_is_safe_and_comes_back(manager, name):
    manager.save_session(name, [{"role": "user", "content": name}])
    path = manager.export_session(name)
    assert path.parent == manager.history_dir
    assert len(path.name) < 120
    assert json.loads(path.read_text(encoding="utf-8"))["session_id"] == name


def test_all_odd_names_stay_apart_also_as_files(manager, tmp_path):
    for name in filter(None, ODD):
        manager.save_session(name, [{"role": "user", "content": name}])
    manager.close()
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent != tmp_path / "history"]
    assert outside == []
    for left in (tmp_path / "history").glob("sessions.db*"):
        left.unlink()
    with SessionManager(tmp_path / "history") as again:
        assert {s["id"] for s in again.list_sessions()} == set(filter(None, ODD))
        assert all(again.load_session(n) == [{"role": "user", "content": n}] for n in filter(None, ODD))


def test_files_of_every_generation_are_listed_and_read(tmp_path):
    for path in DATA.glob("*.toon"):
        shutil.copy(path, tmp_path)
    with SessionManager(tmp_path) as manager:
        listed = by_id(manager)
        assert listed.keys() == {"coding_task", "my_project", "default", "specification"}
        assert listed["coding_task"]["message_count"] == 11
        assert listed["default"]["created_at"] == "2025-11-22T20:30:15"
        for name, told in EXPECTED.items():
            assert manager.load_session(name) == told["messages"]


def test_files_that_nobody_changed_are_left_as_they_are(tmp_path):
    shutil.copy(DATA / "coding_task_chat.toon", tmp_path)
    before = (tmp_path / "coding_task_chat.toon").read_bytes()
    with SessionManager(tmp_path) as manager:
        manager.load_session("coding_task")
    assert (tmp_path / "coding_task_chat.toon").read_bytes() == before


def test_an_equal_file_is_left_that_the_originals_read(manager, tmp_path):
    manager.save_session("s", EXPECTED["coding_task"]["messages"], metadata={"k": 1})
    manager.close()
    path = tmp_path / "history" / "s_chat.toon"
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["messages"] == EXPECTED["coding_task"]["messages"]
    assert told["metadata"] == {"k": 1}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_its_own_program_wrote_on_is_taken_up(manager, tmp_path):
    manager.save_session("s", HELLO)
    path = manager.export_session("s")
    told = json.loads(path.read_text(encoding="utf-8"))
    told["messages"].append({"role": "assistant", "content": "written elsewhere"})
    path.write_text(json.dumps(told))
    assert manager.load_session("s") == [*HELLO, {"role": "assistant", "content": "written elsewhere"}]


def test_a_file_that_cannot_be_read_is_listed_with_its_problem(tmp_path):
    (tmp_path / "torn_chat.toon").write_text('{"session_id": "torn", "created_at": "2025-01-01T00:00:00", "mess')
    with SessionManager(tmp_path) as manager:
        (listed,) = manager.list_sessions()
        assert listed["id"] == "torn"
        assert "line 1" in listed["problem"]
        with pytest.raises(Unreadable):
            manager.load_session("torn")


def test_secrets_are_masked_before_they_are_kept(tmp_path):
    secret = "sk-ant-" + "api03-" + "A1b2C3d4" * 11 + "-AAAA"
    messages = [{"role": "user", "content": f"my key is {secret}"}]
    with SessionManager(tmp_path) as manager:
        manager.save_session("s", messages)
        manager.save_session("s", [*messages, HELLO[1]])
        assert len(manager.load_session("s")) == 2
    assert not [p for p in tmp_path.iterdir() if secret.encode() in p.read_bytes()]
    with SessionManager(tmp_path, secrets="keep") as manager:
        manager.save_session("kept", messages)
        assert manager.load_session("kept") == messages


def test_one_more_message_costs_the_same_at_any_length(tmp_path):
    cost = {}
    with SessionManager(tmp_path) as manager:
        log = tmp_path / "sessions.db-wal"
        for length in (10, 10_000):
            messages = [{"role": "user", "content": f"message {n} " * 5} for n in range(length)]
            manager.save_session(str(length), messages)
            before = log.stat().st_size
            for number in range(5):
                messages.append({"role": "assistant", "content": f"more {number}"})
                manager.save_session(str(length), messages)
            cost[length] = log.stat().st_size - before
            assert manager.load_session(str(length)) == messages
    assert cost[10_000] < 3 * cost[10]


WRITER = """
import sys
from holdfast.compat import SessionManager
sm = SessionManager(sys.argv[1])
for n in range(40):
    messages = sm.load_session("shared") or []
    messages.append({"role": "user", "content": f"{sys.argv[2]} {n}"})
    sm.save_session("shared", messages)
"""


def test_two_processes_on_one_session_lose_nothing(tmp_path):
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in ("a", "b")]
    assert [p.wait(60) for p in running] == [0, 0]
    with SessionManager(tmp_path) as manager:
        said = [m["content"] for m in manager.load_session("shared")]
    assert sorted(said) == sorted(f"{name} {n}" for name in ("a", "b") for n in range(40))
    assert [s for s in said if s.startswith("a")] == [f"a {n}" for n in range(40)]


def test_what_another_process_added_stays_when_a_whole_list_is_saved(tmp_path):
    with SessionManager(tmp_path) as one, SessionManager(tmp_path) as two:
        one.save_session("s", HELLO)
        two.save_session("s", [*(two.load_session("s") or ()), {"role": "user", "content": "from two"}])
        one.save_session("s", [*HELLO, {"role": "user", "content": "from one"}])
        said = [m["content"] for m in one.load_session("s")]
    assert said == ["Be kind.", "Hello", "from two", "from one"]


def test_a_first_save_without_a_look_keeps_what_was_added_since_the_manager_was_opened(tmp_path):
    with SessionManager(tmp_path) as early:
        early.save_session("s", HELLO)
    with SessionManager(tmp_path) as late, SessionManager(tmp_path) as other:
        other.save_session("s", [*(other.load_session("s") or ()), {"role": "user", "content": "meanwhile"}])
        late.save_session("s", [{"role": "user", "content": "a new beginning"}])
        assert [m["content"] for m in late.load_session("s")] == ["meanwhile", "a new beginning"]


def test_what_an_agent_wrote_since_is_neither_doubled_nor_removed(tmp_path):
    with SessionManager(tmp_path) as manager:
        manager.save_session("s", HELLO)
        agent = manager._folder.store.session("s")
        agent.append({"role": "assistant", "content": "Hi"})
        manager.save_session("s", [*HELLO, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "more"}])
        assert [m["content"] for m in manager.load_session("s")] == ["Be kind.", "Hello", "Hi", "more"]
        agent.append({"role": "assistant", "content": "unseen"})
        manager.save_session("s", HELLO[:1])
        assert [m["content"] for m in manager.load_session("s")] == ["Be kind.", "unseen"]
