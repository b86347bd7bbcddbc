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
