"""Forks, budgets, summaries, exports, search and new messages of one owned session."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from holdfast import tokens
from holdfast.errors import BadInput, NotFound
from holdfast.model import Message, Summary, Text, ToolCall, ToolResult
from holdfast.owned import OwnedSession, open_store


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/own/sessions.db"
    with open_store(url, durability="derived") as found:
        yield found


def user(text: str, **more) -> dict:
    return {"role": "user", "content": text, **more}


def call(number: int) -> Message:
    return Message(id=f"call{number}", role="assistant", parts=(ToolCall(id=f"c{number}", name="ls", input={"n": 1}),))


def result(number: int) -> Message:
    return Message(id=f"result{number}", role="tool", parts=(ToolResult(call=f"c{number}", text="files " * 20),))


def texts(session) -> list[str]:
    return [m.text for m in session.messages()]


def test_a_fork_has_what_came_before_and_goes_on_alone(store):
    session = store.session("s")
    session.append([user(str(n), id=f"m{n}") for n in range(40)])
    fork = session.fork(at=30)
    fork.append(user("other"))
    session.append(user("40"))
    assert texts(fork) == [*(str(n) for n in range(30)), "other"]
    assert texts(session) == [str(n) for n in range(41)]
    assert (fork.name, fork.info.parent.kind, fork.info.parent.id) == ("s (fork)", "fork", session.id)
    assert texts(store.session("s (fork)")) == texts(fork)
    assert [session.fork().name, session.fork("mine", at="m3").name] == ["s (fork 2)", "mine"]
    assert texts(store.session("mine")) == ["0", "1", "2", "3"]


def test_a_fork_is_found_shown_and_exported_with_its_prefix(store, tmp_path):
    session = store.session("s")
    session.append([user("the zebra"), user("the giraffe")])
    fork = session.fork("f", at=1)
    assert [h.seq for h in fork.search("zebra")] == [0]
    assert fork.search("giraffe") == ()
    written = json.loads(fork.export(tmp_path / "f.json").read_bytes())
    assert "zebra" in json.dumps(written)
    assert "giraffe" not in json.dumps(written)
    store.store.delete(session.id, at=None, forever=True)
    assert texts(fork) == ["the zebra"]
    assert [h.seq for h in fork.search("zebra")] == [0]


def test_what_cannot_be_forked_is_said(store):
    session = store.session("s")
    with pytest.raises(NotFound):
        session.fork()
    session.append(user("one"))
    for wrong in (-1, 2, "no such id"):
        with pytest.raises(BadInput):
            session.fork(at=wrong)
    store.session("taken")
    with pytest.raises(BadInput, match="already"):
        session.fork("taken")
    assert [s.name for s in store.sessions()] == ["s"]


@pytest.mark.parametrize("last", range(1, 9))
def test_the_last_messages_reach_back_to_the_call(store, last):
    session = store.session("s")
    both = Message(id="two", role="assistant", parts=(ToolCall(id="c8", name="a"), ToolCall(id="c9", name="b")))
    session.append([user("0"), call(1), result(1), user("3"), both, result(8), result(9), user("7")])
    starts = {1: 7, 2: 4, 3: 4, 4: 4, 5: 3, 6: 1, 7: 1, 8: 0}
    assert [m.seq for m in session.messages(last=last)] == list(range(starts[last], 8))


def test_a_call_far_before_the_tail_is_still_found(store):
    session = store.session("s")
    session.append([user("first"), call(1), *(user(str(n)) for n in range(40)), result(1)])
    assert session.messages(last=1)[0].id == "call1"


def test_a_result_without_any_call_holds_nothing_back(store):
    session = store.session("s")
    session.append([*(user(str(n)) for n in range(30)), result(1), user("end")])
    assert [m.seq for m in session.messages(last=2)] == [30, 31]
    assert session.messages(budget=10)[-1].text == "end"


def test_a_budget_takes_the_newest_that_fit_and_says_how_it_counted(store):
    session = store.session("s")
    session.append([user(f"number {n} " * 10) for n in range(300)])
    one = tokens.count(session.messages(last=1)[0].text)[0] + 4
    found = session.messages(budget=5 * one)
    assert [m.seq for m in found] == [295, 296, 297, 298, 299]
    assert (found.counted, found.left_out > 0, found.tokens <= 5 * one) == ("estimated", True, True)
    everything = session.messages(budget=10**9)
    assert (len(everything), everything.left_out) == (300, 0)
    assert session.messages(budget=0) == ()
    assert len(session.messages(budget=10**9, last=7)) == 7


def test_a_budget_never_splits_a_call_from_its_result(store):
    session = store.session("s")
    session.append([m for n in range(20) for m in (user(f"q {n}"), call(n), result(n))])
    for budget in range(0, 400, 7):
        found = session.messages(budget=budget)
        calls = {p.id for m in found for p in m.parts if isinstance(p, ToolCall)}
        answered = {p.call for m in found for p in m.parts if isinstance(p, ToolResult)}
        assert answered == calls
        assert found.tokens <= budget


def test_a_vocabulary_that_is_known_counts_exactly(store):
    session = store.session("s")
    session.append(user("hello world"))
    assert session.messages(budget=100, model="gpt-4o").counted == tokens.count("x", "gpt-4o")[1]


@pytest.mark.parametrize("keep", [0, 2, 3, 4])
def test_a_summary_stands_before_what_stays_and_everything_is_kept(store, keep):
    session = store.session("s")
    session.append([user("0"), user("1"), call(2), result(2), user("4"), user("5")])
    session.compact("they said hello", keep=keep)
    session.append(user("later"))
    found = session.messages()
    stays = {0: [], 2: [4, 5], 3: [2, 3, 4, 5], 4: [2, 3, 4, 5]}[keep]
    assert found[0].parts == (Summary("they said hello"),)
    assert [m.seq for m in found[1:]] == [*stays, 7]
    assert session.messages(last=2)[-1].text == "later"
    assert session.messages(budget=10**6) == found
    assert len(list(store.store.messages(session.id))) == 8
    assert [h.seq for h in session.search('"hello"')] == [6]
    with pytest.raises(BadInput, match="nothing to compact"):
        session.compact("again", keep=100)


def test_an_export_is_private_masked_and_never_written_over(store, tmp_path):
    session = store.session("s")
    secret = "glpat-" + "aB3dE5fG7h" + "J9kL1mN3pQ"
    session.append(user(f"my token is {secret}"))
    path = session.export(tmp_path / "out.md", "markdown")
    assert (path.stat().st_mode & 0o777, secret in path.read_text()) == (0o600, False)
    with pytest.raises(BadInput, match="exists"):
        session.export(path)
    assert secret in session.export(tmp_path / "raw.json", raw=True).read_text()
    with pytest.raises(NotFound):
        store.session("empty").export(tmp_path / "empty.json")
    with pytest.raises(BadInput):
        session.export(tmp_path / "wrong", "no such format")
    assert not (tmp_path / "wrong").exists()


def test_words_are_looked_for_in_this_session_alone(store):
    for name in ("a", "b"):
        store.session(name).append([user("zebra"), user("lion")])
    found = store.session("a").search("zebra")
    assert [(h.session, h.seq) for h in found] == [(store.session("a").id, 0)]


def test_a_bare_session_says_what_it_lacks(store, tmp_path):
    bare = OwnedSession(store.store, "s")
    bare.append(user("x"))
    with pytest.raises(BadInput, match="bare store"):
        bare.search("x")


def test_new_messages_come_as_they_are_appended(store):
    session = store.session("s")
    session.append(user("before"))
    with session.subscribe(every=30) as new:
        session.append(user("one"))
        assert next(new).text == "one"
        thread = threading.Timer(0.05, lambda: store.session("s").append([user("two"), user("three")]))
        thread.start()
        assert [next(new).text, next(new).text] == ["two", "three"]
        thread.join()
    assert [m.text for m in new] == []
    with session.subscribe(after=-1) as all_of_it:
        assert next(all_of_it).text == "before"


def test_a_subscription_is_ended_from_another_thread(store):
    new = store.session("s").subscribe(every=30)
    found: list = []
    thread = threading.Thread(target=lambda: found.extend(new))
    thread.start()
    new.close()
    thread.join(10)
    assert (thread.is_alive(), found) == (False, [])


APPEND = """
import sys
from holdfast.owned import open_store
with open_store(sys.argv[1]) as store:
    store.session("s").append({"role": "user", "content": "from elsewhere"})
"""


def test_messages_of_another_program_are_seen(tmp_path):
    url = f"sqlite:///{tmp_path}/sessions.db"
    with open_store(url) as store, store.session("s").subscribe(every=0.01) as new:
        program = subprocess.Popen([sys.executable, "-c", APPEND, url])
        assert next(new).text == "from elsewhere"
        assert program.wait(60) == 0


def test_a_summary_and_a_text_are_both_words():
    message = Message(id="a", role="user", parts=(Summary("s"), Text("t")))
    assert message.text == "s\nt"
