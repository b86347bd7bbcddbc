"""The two workers of a sync: what is on disk when it is indexed, how far the index says it came, and how failures travel."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from holdfast.errors import Unreadable
from holdfast.index import Index
from holdfast.model import Message, Session, Text, Transcript, observed_id, parse
from holdfast.services._pipeline import Pipeline
from holdfast.sources.base import Cursor, RawSpan, Reading
from holdfast.stores.base import SupportsBatch
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore


def reading(number: int, *, native: str = "n", raw: bool = True, **facts) -> Reading:
    session = Session(id=observed_id("pi", native), agent="pi", native_id=native, **facts)
    message = Message(id=f"m{number}", role="user", parts=(Text(f"word{number}"),))
    data = b"%d\n" % number
    return Reading(
        transcript=Transcript(session=session, messages=(message,)),
        raw=RawSpan(path="f", offset=number * 2, data=data) if raw else None,
        cursor=Cursor(size=number, mtime_ns=number, offset=number, sessions=(session.id,)),
    )


@pytest.fixture
def store(tmp_path):
    found = SqliteStore(tmp_path / "s.db", durability="derived")
    yield found
    found.close()


@pytest.fixture
def index():
    return Index(None)


def run(store, index, readings, **how) -> Pipeline:
    with Pipeline(store, index, keep_raw=lambda _: True, **how) as pipeline:
        for one in readings:
            pipeline.put("pi:f", one)
    return pipeline


def test_what_was_handed_over_is_kept_counted_and_indexed_up_to_the_stores_clock(store, index):
    pipeline = run(store, index, [reading(n) for n in range(9)])
    assert (pipeline.messages, pipeline.rows) == (9, 9)
    assert index.revision == store.revision() > 0
    assert pipeline.indexed == set(range(1, store.revision() + 1))
    hits = index.find(parse("word7"), fetch=lambda s, seqs: {m.seq: m for m in store.messages(s)})
    assert [h.seq for h in hits] == [7]


def test_readings_are_indexed_only_once_they_are_on_disk(tmp_path, store, index, monkeypatch):
    seen = []
    with contextlib.closing(SqliteStore(tmp_path / "s.db", durability="derived")) as other:

        def put(session, messages, **kwargs):
            seen.append(len(list(other.messages(session.id))) >= 1 + max(m.seq for m in messages))

        monkeypatch.setattr(index, "put", put)
        run(store, index, [reading(n) for n in range(5)])
    assert seen == [True] * 5


def test_the_cursor_goes_with_its_reading(store, index):
    run(store, index, [reading(3), reading(4)])
    (data,) = store.docs("cursor").values()
    assert msgspec.msgpack.decode(data, type=Cursor).offset == 4


def test_what_is_skipped_leaves_its_cursor_alone(store, index):
    with Pipeline(store, index, keep_raw=lambda _: True) as pipeline:
        pipeline.skip("pi:f", reading(3))
    assert (list(store.find()), list(store.docs("cursor"))) == ([], ["pi:f"])


def test_bytes_are_kept_where_the_rule_wants_them(store, index):
    with Pipeline(store, index, keep_raw=lambda r: r.transcript.session.native_id == "yes") as pipeline:
        pipeline.put("a", reading(0, native="yes"))
        pipeline.put("b", reading(0, native="no"))
        pipeline.put("c", reading(0, native="yes too", raw=False))
    assert {s.native_id for s in store.find() if store.raw_files(s.id)} == {"yes"}


def test_a_put_of_another_program_leaves_a_gap_that_is_not_passed_over(store, index):
    store.put(reading(50, native="other").transcript)
    pipeline = run(store, index, [reading(1)])
    assert index.revision == 0
    assert pipeline.indexed == {2}


class Plain:
    """A store that cannot join puts: others may put between two of ours."""

    def __init__(self) -> None:
        real = InMemoryStore()
        for name in ("put", "get", "messages", "docs", "put_docs", "revision", "since"):
            setattr(self, name, getattr(real, name))


def test_a_store_without_batches_never_counts_as_caught_up(index):
    store = Plain()
    assert not isinstance(store, SupportsBatch)
    pipeline = run(store, index, [reading(n) for n in range(3)])
    assert (pipeline.messages, index.revision, pipeline.indexed) == (3, 0, set())


def test_a_store_that_fails_ends_the_run_with_its_error(store, index, monkeypatch):
    def put(*args, **kwargs):
        raise Unreadable("disk full")

    monkeypatch.setattr(store, "put", put)
    with pytest.raises(Unreadable, match="disk full"):
        run(store, index, [reading(n) for n in range(200)])
    assert list(store.find()) == []


def test_an_interruption_keeps_what_was_handed_over(store, index):
    def readings():
        yield from (reading(number) for number in range(4))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(store, index, readings())
    assert len(list(store.messages(observed_id("pi", "n")))) == 4
    assert index.revision == store.revision()


@pytest.mark.parametrize(("memory", "most"), [(0, 0), (24, 2 << 20), (250, 8 << 20), (10**6, 8 << 20)])
def test_a_memory_budget_bounds_what_waits(store, index, memory, most):
    assert Pipeline(store, index, keep_raw=lambda _: True, memory_mb=memory)._most == most


def test_a_small_budget_loses_nothing(store, index):
    assert run(store, index, [reading(n) for n in range(50)], memory_mb=1).messages == 50


def test_what_a_person_said_goes_into_the_index_with_the_tail(store, index):
    run(store, index, [reading(0)])
    ident = observed_id("pi", "n")
    store.change(ident, msgspec.structs.replace(store.edits(ident), tags=("zebra",)))
    run(store, index, [reading(1)])
    assert [h.kind for h in index.find(parse("zebra"), fetch=lambda s, seqs: {})] == ["session"]
