from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.model import Edits, Transcript
from holdfast.services.archive import Archive
from holdfast.stores.base import Raw
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from holdfast.testing.store_contract import NOON, asked, said, session


@pytest.fixture
def filled():
    store = SqliteStore(None)
    one, two = session("one"), session("two", started=NOON + 1)
    store.put(
        Transcript(session=one, messages=tuple(said(i) for i in range(1200)), requests=(asked(1), asked(2))),
        raw=Raw(path="/a/f", offset=0, data=b"line\n" * 900),
    )
    store.put(Transcript(session=two, messages=(said(1),), requests=(asked(1), asked(3))))
    store.change(one.id, Edits(name="mine", tags=("a",)))
    store.delete(two.id, at=NOON)
    store.put_docs("cursor", {"c": b"1"})
    return store


def everything(store):
    sessions = {s.id: replace(s, revision=0) for s in [*store.find(), *store.find(trashed=True)]}
    messages = {i: tuple(store.messages(i)) for i in sessions}
    raw = {i: [(f.path, f.version, f.start, b"".join(store.raw(f))) for f in store.raw_files(i)] for i in sessions}
    entries = {i: list(store.ledger(i, copies=True)) for i in sessions}
    return sessions, messages, raw, entries, store.docs("cursor")


@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)])
def test_a_copy_holds_all_that_the_original_holds_and_twice_changes_nothing(filled, make):
    target = make()
    done = Archive(filled).copy_to(target)
    assert (done.sessions, done.messages, done.files) == (2, 1201, 1)
    assert everything(target) == everything(filled)
    before = target.revision()
    Archive(filled).copy_to(target)
    assert everything(target) == everything(filled)
    assert target.revision() == before


@pytest.mark.parametrize("source", [InMemoryStore, lambda: SqliteStore(None)])
@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)])
@pytest.mark.parametrize(("kind", "offset"), [({"whole": True}, 0), ({"rows": True}, 0), ({}, 7)])
def test_the_version_before_a_shrink_goes_along(source, make, kind, offset):
    store, target = source(), make()
    for data in (b"a first line\nand another\n", b"a third\n"):
        store.put(
            Transcript(session=session(), messages=(said(1),)), raw=Raw(path="/f", offset=offset, data=data, **kind)
        )
    before = [(f.version, b"".join(store.raw(f))) for f in store.raw_files(session().id)]
    assert sorted(before) == [(0, b"a third\n"), (1, b"a first line\nand another\n")]
    Archive(store).copy_to(target)
    assert everything(target) == everything(store)
    revision = target.revision()
    Archive(store).copy_to(target)
    assert (everything(target), target.revision()) == (everything(store), revision)


def test_a_sound_archive_verifies_with_its_counts(filled):
    found = Archive(filled).verify()
    assert (found.sessions, found.messages, found.captured, found.faults) == (2, 1201, 4500, ())


def test_a_flipped_bit_is_found_and_named(tmp_path, filled):
    store = SqliteStore(tmp_path / "sessions.db")
    Archive(filled).copy_to(store)
    db = store._db
    ((pk, data),) = db.execute("SELECT pk, data FROM raw LIMIT 1").fetchall()
    db.execute("UPDATE raw SET data=? WHERE pk=?", (data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], pk))
    faults = list(store.verify())
    assert [f.place for f in faults] == [f"raw {pk}"]


@pytest.mark.parametrize("source", [InMemoryStore, lambda: SqliteStore(None)])
def test_documents_of_every_kind_go_along_with_a_copy(source):
    store, target = source(), SqliteStore(None)
    store.put_docs("made up later", {"one": b"1", "two": b"2"})
    store.put_docs("made up later", {"two": None})
    Archive(store).copy_to(target)
    assert target.kinds() == ("made up later",)
    assert target.docs("made up later") == {"one": b"1"}


def damaged(tmp_path, table):
    """Return an archive of three sessions: two have a damaged row in the table, the oldest in its second one."""
    store = SqliteStore(tmp_path / "sessions.db")
    for number, name in enumerate(("old", "mid", "new")):
        here = session(name, started=NOON + number, active=NOON + number)
        for turn in range(3):
            said_here = tuple(said(turn * 40 + i, f"{name} {turn} {i} words " * 9) for i in range(40))
            line = f'{{"{name}": {turn}}}\n'.encode() * 200
            raw = Raw(path=f"/{name}", offset=len(line) * turn, data=line)
            store.put(Transcript(session=here, messages=said_here), raw=raw)
    owner = "session" if table == "blocks" else "(SELECT session FROM files WHERE pk=file)"
    for name, nth in (("old", 1), ("new", 0)):
        which = (
            f"SELECT pk FROM {table} WHERE {owner}=(SELECT pk FROM sessions WHERE id=?) ORDER BY pk LIMIT 1 OFFSET ?"
        )
        pk = store._db.execute(which, (session(name).id, nth)).get
        data = bytearray(store._db.execute(f"SELECT data FROM {table} WHERE pk=?", (pk,)).get)
        data[len(data) // 2] ^= 3
        store._db.execute(f"UPDATE {table} SET data=? WHERE pk=?", (bytes(data), pk))
    return store


def test_every_damaged_block_is_named_with_its_session_and_its_messages(tmp_path):
    found = Archive(damaged(tmp_path, "blocks")).verify()
    of_blocks = [f for f in found.faults if f.place.startswith("block")]
    assert {(f.session, f.problem.partition(" cannot")[0]) for f in of_blocks} == {
        (session("old").id, "messages 40 to 79"),
        (session("new").id, "messages 0 to 39"),
    }
    assert (found.sessions, found.messages) == (3, 280)
    assert len({(f.session, f.place) for f in found.faults}) == len(found.faults)


def test_every_damaged_span_is_named_with_its_session_and_its_bytes(tmp_path):
    found = Archive(damaged(tmp_path, "raw")).verify()
    assert [(f.session, f.problem.partition(" of ")[0]) for f in found.faults] == [
        (session("old").id, "bytes 2200 to 4399"),
        (session("new").id, "bytes 0 to 2199"),
    ]
    assert (found.messages, found.captured) == (360, 7 * 2200)


def test_a_copy_takes_over_all_around_damaged_blocks_and_names_them(tmp_path):
    store, target = damaged(tmp_path, "blocks"), SqliteStore(None)
    done = Archive(store).copy_to(target)
    assert (done.sessions, done.messages) == (3, 280)
    assert {f.session for f in done.faults} == {session("old").id, session("new").id}
    assert [m.id for m in target.messages(session("mid").id)] == [m.id for m in store.messages(session("mid").id)]
    assert [m.id for m in target.messages(session("old").id)] == [said(i).id for i in (*range(40), *range(80, 120))]
    assert Archive(target).verify().faults == ()


def test_a_copy_keeps_the_places_of_captured_bytes_around_damaged_ones(tmp_path):
    store, target = damaged(tmp_path, "raw"), SqliteStore(None)
    done = Archive(store).copy_to(target)
    assert (done.files, len(done.faults)) == (3, 2)
    (file,) = target.raw_files(session("old").id)
    lines = [f'{{"old": {turn}}}\n'.encode() * 200 for turn in range(3)]
    assert [f.size for f in target.raw_files(session("new").id)] == [6600]
    assert b"".join(target.raw(file)) == lines[0] + b" " * 2199 + b"\n" + lines[2]


def test_damaged_facts_of_one_session_hide_no_other(tmp_path):
    store, target = damaged(tmp_path, "raw"), SqliteStore(None)
    store._db.execute("UPDATE sessions SET body=x'c1' WHERE id=?", (session("mid").id,))
    found = Archive(store).verify()
    assert (found.sessions, len(found.faults)) == (2, 3)
    assert (session("mid").id, "its facts") in {(f.session, f.place) for f in found.faults}
    done = Archive(store).copy_to(target)
    assert (done.sessions, len(done.faults)) == (2, 3)
