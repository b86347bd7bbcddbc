"""Owned sessions: five lines to keep a conversation, and nobody's message lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from holdfast.errors import BadInput, Conflict
from holdfast.model import Message, Text, ToolCall, ToolResult
from holdfast.owned import open_store
from holdfast.workspace import Workspace


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/own/sessions.db"


@pytest.fixture
def store(url):
    with open_store(url) as found:
        yield found


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def test_what_is_appended_is_there_after_closing_and_opening(url):
    with open_store(url) as store:
        store.session("support-42").append([user("hello"), {"role": "assistant", "content": "well met"}])
    with open_store(url) as store:
        found = store.session("support-42")
        assert [(m.role, m.text, m.seq) for m in found.messages()] == [
            ("user", "hello", 0),
            ("assistant", "well met", 1),
        ]


@pytest.mark.parametrize(
    "name", ["a/b", "../../etc/passwd", "two words", "łódź 東京 \U0001f600", "'; DROP TABLE sessions; --", "-", "@last", "C:\\x", "x" * 5000, ".", "a\nb"]
)  # fmt: skip
def test_a_name_is_free_text_and_no_path(store, tmp_path, name):
    store.session(name).append(user("hello"))
    assert [m.text for m in store.session(name).messages()] == ["hello"]
    assert [s.name for s in store.sessions()] == [name]
    assert {p.name.partition("-")[0] for p in (tmp_path / "own").iterdir()} <= {"sessions.db", "index.db"}


def test_a_session_needs_a_name(store):
    with pytest.raises(BadInput, match="needs a name"):
        store.session("")


def test_a_session_begins_with_its_first_message(store):
    session = store.session("later")
    assert (session.info, session.messages(), store.sessions()) == (None, (), [])
    session.append(user("hello"))
    assert session.info.name == "later"
    assert session.info.origin == "owned"
    assert session.info.started is not None


def test_two_names_are_two_sessions_and_one_name_is_one(store):
    assert store.session("a").id == store.session("a").id != store.session("b").id


def test_only_the_last_messages_are_given_on_request(store):
    session = store.session("s")
    session.append([user(str(n)) for n in range(5)])
    assert [m.text for m in session.messages(last=2)] == ["3", "4"]
    assert [len(session.messages(last=n)) for n in (0, 1, 5, 99)] == [0, 1, 5, 5]


def test_expect_lets_one_of_two_writers_win(store):
    session = store.session("s")
    first = session.append(user("one"), expect=0)
    session.append(user("two"), expect=first.revision)
    with pytest.raises(Conflict):
        session.append(user("three"), expect=first.revision)
    assert [m.text for m in session.messages()] == ["one", "two"]


def test_a_key_makes_a_retry_harmless(store):
    session = store.session("s")
    first = session.append(user("one"), key="try-1")
    again = session.append(user("one"), key="try-1")
    assert (again.repeated, again.revision, first.repeated) == (True, first.revision, False)
    assert [m.text for m in session.messages()] == ["one"]


def test_what_was_appended_is_found_at_once(store):
    session = store.session("s")
    session.append(user("the quick zebra"))
    assert [h.session for h in store.search("zebra") if h.kind == "said"] == [session.id]
    session.append(user("and a giraffe"))
    assert [h.seq for h in store.search("giraffe")] == [1]


def test_sessions_are_listed_last_active_first_and_by_query(store):
    for number, name in enumerate(("one", "two", "three")):
        store.session(name).append(Message(id="m", role="user", parts=(Text("x"),), at=1000 + number))
    assert [s.name for s in store.sessions()] == ["three", "two", "one"]
    assert [s.name for s in store.sessions("name:two")] == ["two"]
    assert store.sessions("is:observed") == []


def test_a_message_of_every_shape_is_kept(store):
    session = store.session("s")
    session.append([
        {"role": "developer", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "ls", "arguments": '{"path": "."}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a.py"},
        Message(id="own", role="assistant", parts=(Text("done"),)),
    ])  # fmt: skip
    found = session.messages()
    assert [m.role for m in found] == ["system", "user", "assistant", "tool", "assistant"]
    assert found[2].parts == (ToolCall(id="c1", name="ls", input={"path": "."}),)
    assert found[3].parts == (ToolResult(call="c1", text="a.py"),)
    assert all(m.at is not None for m in found)


@pytest.mark.parametrize(
    "wrong", [{}, {"role": "king", "content": "x"}, {"role": "user", "content": 7}, {"role": "user", "content": [7]}]
)
def test_a_wrong_message_is_named_and_none_of_its_company_is_kept(store, wrong):
    session = store.session("s")
    with pytest.raises(BadInput):
        session.append([user("fine"), wrong])
    assert session.messages() == ()


def test_threads_that_append_at_once_lose_nothing_and_keep_their_order(store):
    session = store.session("busy")

    def work(worker: int) -> None:
        for number in range(25):
            session.append(user(f"{worker}:{number}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [m.text for m in session.messages()]
    assert [m.seq for m in session.messages()] == list(range(100))
    for worker in range(4):
        assert [t for t in texts if t.startswith(f"{worker}:")] == [f"{worker}:{n}" for n in range(25)]


RESERVE = """
import sys
from holdfast.owned import open_store
sys.stdin.readline()
with open_store(sys.argv[1]) as store:
    session = store.session("the same name")
    session.append({"role": "user", "content": sys.argv[2]})
    print(session.id)
"""


def test_programs_that_reserve_one_name_at_once_get_one_session(url):
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", RESERVE, url, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(3)
    ]
    for program in programs:
        program.stdin.write("\n")
        program.stdin.flush()
    ids = {program.communicate(timeout=60)[0].strip() for program in programs}
    assert len(ids) == 1
    with open_store(url) as store:
        session = store.session("the same name")
        assert {session.id} == ids
        assert sorted(m.text for m in session.messages()) == ["0", "1", "2"]


def test_a_name_that_another_program_reserves_meanwhile_is_taken_over(url, monkeypatch):
    with open_store(url) as one, open_store(url) as two:
        theirs = two.session("n").id
        stale: list[None] = [None]
        opened: Any = one.store
        real = opened.doc
        monkeypatch.setattr(opened, "doc", lambda kind, key: stale.pop() if stale else real(kind, key))
        assert one.session("n").id == theirs
        assert stale == []


def test_a_store_in_memory_works_the_same_and_leaves_nothing(tmp_path, home):
    with open_store("memory://") as store:
        store.session("s").append(user("zebra"))
        assert len(store.search("zebra")) == 1
    assert list(home.iterdir()) == []


def test_a_purged_name_begins_anew(store):
    session = store.session("s")
    session.append(user("one"))
    store.store.delete(session.id, at=None, forever=True)
    again = store.session("s")
    assert again.messages() == ()
    again.append(user("two"))
    assert [m.text for m in store.session("s").messages()] == ["two"]


def test_a_durable_append_says_so(url, tmp_path):
    with open_store(url) as store:
        assert store.session("s").append(user("x")).durability == "durable"
    with open_store(f"sqlite:///{tmp_path}/other.db", durability="derived") as store:
        assert store.session("s").append(user("x")).durability == "derived"


def test_without_a_url_the_archive_of_this_machine_is_used(home, monkeypatch, tmp_path):
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "here"))
    with open_store() as store:
        store.session("s").append(user("x"))
    with Workspace() as workspace:
        assert [s.name for s in workspace.sessions.find()] == ["s"]
    assert (tmp_path / "here" / "sessions.db").exists()


def test_an_unknown_kind_of_store_is_named():
    with pytest.raises(BadInput, match="no store"), open_store("carrier-pigeon://x") as store:
        store.session("s")


def test_words_narrow_the_list_too(store):
    store.session("one").append(user("zebra"))
    store.session("two").append(user("giraffe"))
    assert [s.name for s in store.sessions("zebra")] == ["one"]


@pytest.mark.parametrize("given", ["text", b"bytes", [1], [None], ["text"]])
def test_what_is_no_message_is_said_in_words(given):
    with open_store("memory://") as store, pytest.raises(BadInput, match="a message is a Message or a dict"):
        store.session("s").append(given)


def test_impossible_numbers_and_classes_are_refused():
    with open_store("memory://") as store, pytest.raises(BadInput):
        store.session("s").messages(last=-1)
    with pytest.raises(BadInput, match="durability"):
        open_store("memory://", durability="weird")
