"""Small turns wait for a block, forks lean on their base, and what a store knows by heart is never stale."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from holdfast._sqlite import migrate, open_database
from holdfast.errors import Conflict, Unreadable
from holdfast.model import Message, Session, Text, Transcript
from holdfast.stores import _log, _patience, _rows, _schema
from holdfast.stores.sqlite import SqliteStore

ONE = Session(id="one", agent="a", native_id="one")
TWO = Session(id="two", agent="a", native_id="two")


def said(number: int, text: str = "") -> Message:
    return Message(id=f"m{number}", role="user", parts=(Text(text or f"words {number}"),))


def put(store, *messages, session=ONE, **more):
    return store.put(Transcript(session=session, messages=messages), **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


@pytest.fixture
def store(path):
    made = SqliteStore(path, durability="derived")
    yield made
    made.close()


def two_puts(store) -> None:
    with store.batch():
        put(store, said(1))
        put(store, said(2), expect=1)


def rows(store, table: str) -> int:
    return int(store._db.execute(f"SELECT count(*) FROM {table}").get)


def test_small_turns_wait_and_become_one_block_with_the_turn_that_fills_it(store):
    for number in range(0, 22, 2):
        put(store, said(number), said(number + 1))
    assert (rows(store, "tail"), rows(store, "blocks"), rows(store, "ids")) == (11, 0, 0)
    put(store, said(22), said(23))
    assert (rows(store, "tail"), rows(store, "blocks"), rows(store, "ids")) == (0, 1, 24)
    assert [m.id for m in store.messages("one")] == [f"m{n}" for n in range(24)]


def test_a_large_message_takes_what_waits_along(store):
    put(store, said(0))
    put(store, said(1, "x" * 5000))
    put(store, said(2))
    assert (rows(store, "tail"), rows(store, "blocks")) == (1, 1)
    assert [m.seq for m in store.messages("one")] == [0, 1, 2]


def test_an_append_touches_three_pages_at_any_length(store):
    """Pages in the log, not milliseconds: the session's row, the clock and the tail."""
    for start in range(0, 3000, 500):
        put(store, *(said(start + n) for n in range(500)))
    put(store, said(9000))
    before = store._db.wal_checkpoint()[0]
    for number in range(10):
        put(store, said(10_000 + number))
    assert store._db.wal_checkpoint()[0] - before <= 30


def test_what_another_connection_did_is_seen_by_the_next_put(store, path):
    other = SqliteStore(path, durability="derived")
    put(store, said(0))
    put(other, said(0), said(1))
    put(store, said(1), said(2))
    put(other, replace(said(2), parts=(Text("changed"),)))
    put(store, said(2, "changed"), said(3))
    assert [m.text for m in store.messages("one")] == ["words 0", "words 1", "changed", "words 3"]
    other.delete("one", at=None, forever=True)
    put(store, said(0))
    assert [m.seq for m in store.messages("one")] == [0]
    with pytest.raises(Conflict):
        put(other, said(5), expect=1)
    other.close()


def test_a_batch_that_fails_leaves_nothing_known_by_heart(store):
    put(store, said(0))
    with pytest.raises(Conflict):
        two_puts(store)
    put(store, said(1), said(2))
    assert [m.seq for m in store.messages("one")] == [0, 1, 2]


def test_what_failed_is_forgotten_before_another_writer_takes_its_revision(store, path):
    other = SqliteStore(path, durability="derived")
    put(store, said(0))
    with pytest.raises(Conflict):
        two_puts(store)
    put(other, said(7))
    put(store, said(1))
    assert [m.id for m in store.messages("one")] == ["m0", "m7", "m1"]
    other.close()


def test_facts_told_again_cost_nothing_and_new_ones_are_kept(store):
    put(store, said(0), session=replace(ONE, title="first", active=5))
    put(store, said(1), session=replace(ONE, title="first", active=3))
    put(store, said(2), session=replace(ONE, title="second", active=9))
    found = store.get("one")
    assert (found.title, found.active, found.rollup.user_messages) == ("second", 9, 3)


def test_an_archive_of_the_first_schema_is_taken_over(path):
    db = open_database(path, durability="derived")
    migrate(db, (_schema.FIRST,))
    body = _rows.encode(replace(ONE, revision=7))
    db.execute("INSERT INTO sessions(id, agent, revision, next_seq, body) VALUES('one','a',7,1,?)", (body,))
    piece = _rows.packed(_rows.joined(_rows.pieces_of([said(0)])))
    db.execute("INSERT INTO blocks(session, first, count, size, data) VALUES(1,0,1,9,?)", (piece,))
    db.execute("INSERT INTO changes VALUES(7,'one',0)")
    db.execute("UPDATE meta SET value=7")
    db.close()
    store = SqliteStore(path, durability="derived")
    assert (store.revision(), [m.text for m in store.messages("one")]) == (7, ["words 0"])
    assert put(store, said(1)).revision == 8
    store.fork("one", TWO, at=1)
    assert [m.text for m in store.messages("two")] == ["words 0"]
    assert list(store.verify()) == []
    store.close()


def test_a_fork_writes_one_row_whatever_the_length(store):
    put(store, *(said(n) for n in range(2000)))
    before = {t: rows(store, t) for t in ("blocks", "tail", "ids", "sessions")}
    store.fork("one", TWO, at=1500)
    after = {t: rows(store, t) for t in before}
    assert after == before | {"sessions": 2}


def test_a_purge_leaves_no_trace_but_what_a_fork_has(store):
    secret, shared = "only the parent said this ", "the fork has this too "
    put(store, said(0, shared * 30))
    put(store, *(said(n, f"{shared}{n}") for n in range(1, 30)))
    store.fork("one", TWO, at=30)
    put(store, *(said(n, f"{secret}{n} " * 20) for n in range(30, 60)))
    samples = store.samples("one")
    assert samples
    assert store.traces(samples)
    store.delete("one", at=None, forever=True)
    assert store.traces(samples) == ()
    assert len(list(store.messages("two"))) == 30


def test_damage_in_what_waits_is_found(store):
    put(store, said(0))
    store._db.execute("UPDATE tail SET data=x'00000000009100'")
    assert [f.place for f in store.verify()] == ["tail 1:0"]
    with pytest.raises(Unreadable):
        list(store.messages("one"))


def test_threads_that_append_durably_share_a_sync(path, monkeypatch):
    store = SqliteStore(path)
    put(store, said(0))
    inside, go, syncs = threading.Event(), threading.Event(), []

    def slow(file):
        syncs.append(file)
        inside.set()
        assert go.wait(30)

    monkeypatch.setattr(_log, "_sync", slow)
    threads = [threading.Thread(target=put, args=(store, said(n))) for n in range(1, 9)]
    threads[0].start()
    assert inside.wait(30)
    for thread in threads[1:]:
        thread.start()
    while store._log._written < 9:
        threads[1].join(0.01)
    go.set()
    for thread in threads:
        thread.join()
    assert len(syncs) == 2
    store.close()


def test_an_append_whose_sync_fails_is_not_acknowledged(path, monkeypatch):
    from holdfast.errors import Unavailable

    store = SqliteStore(path)
    monkeypatch.setattr(_log, "_sync", lambda file: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(Unavailable, match="Input/output"):
        put(store, said(0))
    store.close()


def test_a_writer_that_waits_long_enough_is_told(path, monkeypatch):
    monkeypatch.setattr(_patience, "LONGEST", 0.02)
    one, two = SqliteStore(path, durability="derived"), SqliteStore(path, durability="derived")
    with one.batch():
        put(one, said(0))
        with pytest.raises(Conflict, match="locked"):
            put(two, said(1))
    assert put(two, said(1)).first == 1
    one.close()
    two.close()


def test_one_document_is_found_without_the_others(store):
    store.put_docs("k", {"a": b"1"})
    assert (store.doc("k", "a"), store.doc("k", "b")) == (b"1", None)
