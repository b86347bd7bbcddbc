"""What every store promises, as tests: subclass, give `make`, and let pytest collect it."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from holdfast.errors import Conflict, NotFound
from holdfast.model import (
    Edits,
    Message,
    Parent,
    Request,
    Session,
    Text,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    observed_id,
    parse,
)
from holdfast.stores.base import Raw, Store, SupportsBatch, SupportsLedger, SupportsRaw, SupportsVerify
from holdfast.testing._fork_contract import ForkContract

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = 1_790_000_000_000


def session(native: str = "one", **facts: object) -> Session:
    """Build a small observed session."""
    base = Session(
        id=observed_id("test", native), agent="test", native_id=native, started=NOON, active=NOON, title=native
    )
    return replace(base, **facts)


def said(number: int, text: str = "", **facts: object) -> Message:
    """Build a small message of a person."""
    base = Message(id=f"m{number}", role="user", parts=(Text(text or f"words {number}"),), at=NOON + number)
    return replace(base, **facts)


def asked(number: int, *, output: int = 10, at: int = NOON) -> Request:
    """Build a small request."""
    return Request(key=f"k{number}", at=at, model="m-1", usage=Usage(input=5, output=output), path="f", line=number)


class StoreContract(ForkContract):
    """Run against an empty store for each test."""

    def make(self) -> Store:
        """Return a new empty store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """Give each test its own store."""
        made = self.make()
        yield made
        made.close()

    def test_what_is_put_comes_back_equal_and_in_order(self, store: Store) -> None:
        call = ToolCall(id="c", name="Bash", input={"command": "ls", "n": [1, None, 2.5, "zażółć \U0001f41b"]})
        messages = (
            said(1),
            said(2, role="assistant", parts=(call,)),
            said(3, role="tool", parts=(ToolResult(call="c", text="x"),)),
        )
        receipt = store.put(Transcript(session=session(), messages=messages))
        assert (receipt.first, receipt.added, receipt.replaced) == (0, 3, 0)
        found = tuple(store.messages(session().id))
        assert found == tuple(replace(m, seq=i) for i, m in enumerate(messages))

    def test_the_same_put_again_changes_nothing_and_does_not_tick(self, store: Store) -> None:
        transcript = Transcript(session=session(), messages=(said(1), said(2)), requests=(asked(1),))
        store.put(transcript)
        before = store.revision(), store.get(session().id)
        receipt = store.put(transcript)
        assert (receipt.added, receipt.replaced) == (0, 0)
        assert (store.revision(), store.get(session().id)) == before

    def test_a_known_message_id_replaces_that_message_in_its_place(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1), said(2), said(3))))
        receipt = store.put(Transcript(session=session(), messages=(said(2, "other words"),)))
        assert (receipt.first, receipt.added, receipt.replaced) == (1, 0, 1)
        assert [m.text for m in store.messages(session().id)] == ["words 1", "other words", "words 3"]

    def test_dropped_messages_stay_but_are_not_live(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1), said(2), said(3))))
        store.put(Transcript(session=session(), messages=(said(4),), dropped=("m2", "m3", "never seen")))
        assert [(m.id, m.live) for m in store.messages(session().id)] == [
            ("m1", True), ("m2", False), ("m3", False), ("m4", True),
        ]  # fmt: skip
        assert _found(store).rollup.user_messages == 2

    def test_a_message_dropped_in_the_put_that_brings_it_was_never_live(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1), said(2), said(3)), dropped=("m2",)))
        store.put(
            Transcript(session=session(), messages=(said(3, "said better"), said(4, live=False)), dropped=("m3",))
        )
        assert [(m.text, m.live) for m in store.messages(session().id)] == [
            ("words 1", True), ("words 2", False), ("said better", False), ("words 4", False),
        ]  # fmt: skip
        assert _found(store).rollup.user_messages == 1

    def test_a_whole_reading_takes_what_it_lacks_out_of_the_conversation(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1), said(2))))
        store.put(Transcript(session=session(), messages=(said(2), said(3)), replaces=True))
        assert [(m.id, m.live) for m in store.messages(session().id)] == [("m1", False), ("m2", True), ("m3", True)]

    def test_messages_can_be_read_by_place(self, store: Store) -> None:
        for start in range(0, 300, 10):
            store.put(Transcript(session=session(), messages=tuple(said(start + i) for i in range(10))))
        ident = session().id
        assert [m.seq for m in store.messages(ident)] == list(range(300))
        assert [m.seq for m in store.messages(ident, after=100, before=104)] == [101, 102, 103]
        assert [m.id for m in store.messages(ident, last=2)] == ["m298", "m299"]
        assert list(store.messages("no such session")) == []

    def test_rollups_count_without_messages_being_read(self, store: Store) -> None:
        parts = (ToolCall(id="c", name="Edit", input={"file_path": "/a.py"}),)
        messages = (
            said(1),
            said(2, role="assistant"),
            said(3, role="assistant", continues=True, parts=parts),
            said(4, role="tool", parts=(ToolResult(call="c", error=True),)),
        )
        store.put(Transcript(session=session(), messages=messages[:2], requests=(asked(1),)))
        store.put(Transcript(session=session(), messages=messages[2:], requests=(asked(2),)))
        rollup = _found(store).rollup
        assert (rollup.messages, rollup.user_messages, rollup.tool_calls, rollup.errors) == (2, 1, 1, 1)
        assert (rollup.requests, rollup.files) == (2, ("/a.py",))
        assert [(b.model, b.requests, b.usage.input) for b in rollup.usage] == [("m-1", 2, 10)]

    def test_expect_lets_only_the_first_of_two_writers_win(self, store: Store) -> None:
        receipt = store.put(Transcript(session=session(), messages=(said(1),)), expect=0)
        store.put(Transcript(session=session(), messages=(said(2),)), expect=receipt.revision)
        with pytest.raises(Conflict):
            store.put(Transcript(session=session(), messages=(said(3),)), expect=receipt.revision)
        assert [m.id for m in store.messages(session().id)] == ["m1", "m2"]

    def test_a_key_makes_a_retry_harmless(self, store: Store) -> None:
        first = store.put(Transcript(session=session(), messages=(said(1),)), key="retry")
        again = store.put(Transcript(session=session(), messages=(said(2),)), key="retry")
        assert again == replace(first, repeated=True)
        assert [m.id for m in store.messages(session().id)] == ["m1"]

    def test_edits_survive_every_later_put(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1),)))
        store.change(session().id, Edits(name="mine", tags=("b", "a"), description="d", project="p"))
        store.put(Transcript(session=session(title="new title", project="theirs"), messages=(said(2),)))
        found = _found(store)
        assert (found.name, found.tags, found.description, found.project, found.title) == (
            "mine",
            ("a", "b"),
            "d",
            "p",
            "new title",
        )
        assert store.edits(session().id).tags == ("b", "a")
        with pytest.raises(NotFound):
            store.change("no such session", Edits(name="x"))

    def test_the_trash_hides_and_gives_back(self, store: Store) -> None:
        store.put(Transcript(session=session(), messages=(said(1),)))
        assert store.delete(session().id, at=NOON)
        assert list(store.find()) == []
        assert [s.trashed for s in store.find(trashed=True)] == [NOON]
        store.delete(session().id, at=None)
        assert [s.trashed for s in store.find()] == [None]
        assert not store.delete("no such session", at=NOON)

    def test_erasing_leaves_nothing(self, store: Store) -> None:
        store.put(
            Transcript(session=session(), messages=(said(1),), requests=(asked(1),)),
            raw=Raw(path="f", offset=0, data=b"x"),
        )
        store.delete(session().id, at=None, forever=True)
        assert store.get(session().id) is None
        assert list(store.messages(session().id)) == []
        assert [(c.session.id, c.gone) for c in store.since(0)] == [(session().id, True)]

    def test_find_filters_and_sorts_by_activity(self, store: Store) -> None:
        for number, agent in enumerate(("codex", "pi", "codex")):
            store.put(Transcript(session=session(f"s{number}", agent=agent, active=NOON + number), messages=(said(1),)))
        assert [s.native_id for s in store.find()] == ["s2", "s1", "s0"]
        assert [s.native_id for s in store.find(parse("agent:codex"))] == ["s2", "s0"]
        assert [s.native_id for s in store.find(parse("-agent:codex"))] == ["s1"]

    def test_since_names_what_changed_and_from_where(self, store: Store) -> None:
        store.put(Transcript(session=session("a"), messages=(said(1), said(2))))
        mark = store.revision()
        store.put(Transcript(session=session("b"), messages=(said(1),)))
        store.put(Transcript(session=session("a"), messages=(said(3),)))
        assert [(c.session.native_id, c.first) for c in store.since(mark)] == [("b", 0), ("a", 2)]
        assert list(store.since(store.revision())) == []

    def test_docs_are_kept_by_kind_and_go_with_the_put(self, store: Store) -> None:
        store.put_docs("note", {"a": b"1", "b": b"2"})
        store.put_docs("note", {"a": None})
        store.put(Transcript(session=session(), messages=(said(1),)), {"cursor": {"c": b"3"}})
        assert (store.docs("note"), store.docs("cursor"), store.docs("none")) == ({"b": b"2"}, {"c": b"3"}, {})

    def test_facts_a_later_reading_does_not_know_stay(self, store: Store) -> None:
        parent = Parent(id="x", kind="fork")
        store.put(
            Transcript(session=session(cwd="/a", branch="main", parent=parent, models=("m1",)), messages=(said(1),))
        )
        store.put(Transcript(session=session(models=("m2",), active=NOON + 9, started=NOON + 5), messages=(said(2),)))
        found = _found(store)
        assert (found.cwd, found.branch, found.parent, found.models) == ("/a", "main", parent, ("m1", "m2"))
        assert (found.started, found.active) == (NOON, NOON + 9)

    def test_a_request_counts_once_with_its_final_output(self, store: Store) -> None:
        store.put(Transcript(session=session(), requests=(asked(1, output=1), asked(1, output=50), asked(1, output=9))))
        store.put(Transcript(session=session(), requests=(asked(1, output=70), asked(2, output=1))))
        usage = _found(store).rollup.usage
        assert [(b.requests, b.usage.output) for b in usage] == [(2, 71)]

    def test_a_copied_request_counts_in_the_earliest_session_in_any_order(self, store: Store) -> None:
        late, early = session("late", started=NOON + 5), session("early", started=NOON)
        store.put(Transcript(session=late, messages=(said(1),), requests=(asked(1, output=50), asked(2))))
        store.put(Transcript(session=early, messages=(said(1),), requests=(asked(1, output=7), asked(3))))
        counts = {s.native_id: [(b.requests, b.usage.output) for b in s.rollup.usage] for s in store.find()}
        assert counts == {"early": [(2, 60)], "late": [(1, 10)]}
        store.delete(early.id, at=None, forever=True)
        assert [b.requests for b in _only(store).rollup.usage] == [2]

    def test_a_put_that_moves_a_start_and_brings_a_first_copy_counts_by_the_new_start(self, store: Store) -> None:
        store.put(Transcript(session=session("a", started=NOON + 5), requests=(asked(1),)))
        store.put(Transcript(session=session("b", started=NOON + 9), requests=(asked(2),)))
        store.put(Transcript(session=session("b", started=NOON), requests=(asked(1),)))
        assert {s.native_id: s.rollup.requests for s in store.find()} == {"a": 0, "b": 2}

    def test_copies_with_different_figures_count_the_greatest_in_any_order(self, store: Store) -> None:
        figures = [Usage(input=100, output=50), Usage(input=100, output=50, cache_read=300), Usage(input=900, output=7)]
        for order in permutations(range(3)):
            for place in order:
                one = session(f"{order} {place}", started=NOON + place)
                key = f"k {order}"
                store.put(Transcript(session=one, requests=(Request(key=key, at=NOON, usage=figures[place]),)))
            counted = {
                s.native_id[-1]: [b.usage for b in s.rollup.usage] for s in store.find() if str(order) in s.title
            }
            assert counted == {"0": [figures[1]], "1": [], "2": []}
            store.delete(observed_id("test", f"{order} 1"), at=None, forever=True)
            left = {s.native_id[-1]: [b.usage for b in s.rollup.usage] for s in store.find() if str(order) in s.title}
            assert left == {"0": [figures[0]], "2": []}

    def test_what_lies_in_the_trash_counts_only_what_nobody_else_has(self, store: Store) -> None:
        early, late = session("early"), session("late", started=NOON + 5)
        store.put(Transcript(session=early, messages=(said(1),), requests=(asked(1, output=50), asked(2))))
        store.put(Transcript(session=late, messages=(said(1),), requests=(asked(1, output=7), asked(3))))
        before = _outputs(store)
        assert before == {"early": 60, "late": 10}
        store.delete(early.id, at=NOON)
        assert _outputs(store) == {"early": 10, "late": 17}
        store.put(Transcript(session=early, requests=(asked(1, output=70),)))
        assert _outputs(store) == {"early": 10, "late": 17}
        if isinstance(store, SupportsLedger):
            assert sum(e.request.usage.output for e in store.ledger()) == 17
            assert [e.owner for e in store.ledger(early.id, copies=True) if not e.counted] == [late.id]
        store.delete(early.id, at=None)
        assert _outputs(store) == {"early": 80, "late": 10}

    def test_the_ledger_lists_counted_requests_and_copies(self, store: Store) -> None:
        if not isinstance(store, SupportsLedger):
            pytest.skip("no ledger: run a store that has one")
        a, b = session("a"), session("b", started=NOON + 1)
        store.put(Transcript(session=a, requests=(asked(1, at=NOON + 2), asked(2, at=NOON + 1))))
        store.put(Transcript(session=b, requests=(asked(1, at=NOON + 2),)))
        assert [(e.session, e.request.line) for e in store.ledger()] == [(a.id, 2), (a.id, 1)]
        assert [(e.counted, e.owner) for e in store.ledger(b.id, copies=True)] == [(False, a.id)]
        assert [e.request.line for e in store.ledger(since=NOON + 2)] == [1]

    def test_a_further_record_of_a_request_says_which_request_it_is(self, store: Store) -> None:
        if not isinstance(store, SupportsLedger):
            pytest.skip("no ledger: run a store that has one")
        records = tuple(replace(asked(1, output=n), line=n, at=NOON + n) for n in (1, 5, 9))
        store.put(Transcript(session=session(), requests=records[:2]))
        for _ in range(2):
            store.put(Transcript(session=session(), requests=records[2:]))
        counted, *again = store.ledger(session().id, copies=True)
        assert (counted.request.line, counted.request.usage.output) == (1, 9)
        assert [e.request for e in again] == [replace(counted.request, line=n, usage=Usage()) for n in (5, 9)]
        assert {(e.counted, e.owner) for e in again} == {(False, session().id)}

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_stand_ins_hold_only_while_no_recorded_request_is_there(self, store: Store, order: tuple[int, ...]) -> None:
        guesses = [replace(asked(n), key=f"counted:{n}", kind="estimated") for n in range(3)]
        for number, requests in enumerate((guesses[:2], guesses[1:])):
            store.put(Transcript(session=session(), requests=tuple(requests)))
            assert _found(store).rollup.requests == 2, f"put {number}: a put brings all stand-ins there are"
        before = store.revision()
        store.put(Transcript(session=session(), requests=tuple(guesses[1:])))
        assert store.revision() == before
        puts = [(guesses[0],), (asked(7),), (replace(asked(8), kind="estimated"),)]
        for number in order:
            store.put(Transcript(session=session(), requests=puts[number]))
        usage = _found(store).rollup.usage
        assert sorted((b.kind, b.requests) for b in usage) == [("estimated", 1), ("reported", 1)]
        if isinstance(store, SupportsLedger):
            found = store.ledger(session().id, copies=True)
            assert all(not e.request.key.startswith("counted:") for e in found)

    def test_raw_bytes_come_back_exactly(self, store: Store) -> None:
        if not isinstance(store, SupportsRaw):
            pytest.skip("keeps no raw bytes: run a store that does")
        rng = random.Random(7)  # noqa: S311 - reproducible bytes, no secret
        data = b"".join(b'{"n":%d,"t":"words %d"}\n' % (i, rng.randrange(99)) for i in range(4000)) + bytes(range(256))
        place, number = 0, 0
        while place < len(data):
            step = rng.randrange(1, 9000)
            message = (said(number),)
            store.put(
                Transcript(session=session(), messages=message),
                raw=Raw(path="f", offset=place, data=data[place : place + step]),
            )
            place, number = place + step, number + 1
        (file,) = store.raw_files(session().id)
        assert (file.size, b"".join(store.raw(file))) == (len(data), data)
        assert _found(store).captured

    def test_a_span_replaces_what_stood_from_its_offset_on(self, store: Store) -> None:
        if not isinstance(store, SupportsRaw):
            pytest.skip("keeps no raw bytes: run a store that does")
        for offset, data in ((0, b"one\ntwo\nto"), (8, b"torn no more\nx"), (21, b"yz\n")):
            store.put(
                Transcript(session=session(), messages=(said(offset),)), raw=Raw(path="f", offset=offset, data=data)
            )
        (file,) = store.raw_files(session().id)
        assert b"".join(store.raw(file)) == b"one\ntwo\ntorn no more\nyz\n"

    def test_a_rewritten_file_keeps_the_version_before_it_shrank(self, store: Store) -> None:
        if not isinstance(store, SupportsRaw):
            pytest.skip("keeps no raw bytes: run a store that does")
        for number, data in enumerate((b"short", b"a longer one", b"tiny")):
            raw = Raw(path="f", offset=0, data=data, whole=True)
            store.put(Transcript(session=session(), messages=(said(number),)), raw=raw)
        assert [(f.version, b"".join(store.raw(f))) for f in store.raw_files(session().id)] == [
            (0, b"tiny"),
            (1, b"a longer one"),
        ]

    def test_a_batch_is_kept_whole_or_not_at_all(self, store: Store) -> None:
        if not isinstance(store, SupportsBatch):
            pytest.skip("no batches: run a store that has them")
        with store.batch():
            store.put(Transcript(session=session("a"), messages=(said(1),)))
            store.put(Transcript(session=session("b"), messages=(said(1),)))
        with pytest.raises(RuntimeError):
            _broken_batch(store)
        assert {s.native_id for s in store.find()} == {"a", "b"}
        store.put(Transcript(session=session("c"), messages=(said(1),), requests=(asked(1),)))
        assert {s.native_id for s in store.find()} == {"a", "b", "c"}

    def test_a_sound_store_verifies(self, store: Store) -> None:
        if not isinstance(store, SupportsVerify):
            pytest.skip("cannot verify: run a store that can")
        for number in range(60):
            raw = Raw(path="f", offset=number * 3, data=b"abc")
            store.put(Transcript(session=session(), messages=(said(number),)), raw=raw)
        store.put(Transcript(session=session(), messages=(said(7, "changed"),)))
        assert list(store.verify()) == []


def _broken_batch(store: SupportsBatch) -> None:
    with store.batch():
        assert isinstance(store, Store)
        store.put(Transcript(session=session("c"), messages=(said(1),)))
        raise RuntimeError


def _found(store: Store) -> Session:
    found = store.get(session().id)
    assert found is not None
    return found


def _outputs(store: Store) -> dict[str, int]:
    found = (*store.find(), *store.find(trashed=True))
    return {s.native_id: sum(b.usage.output for b in s.rollup.usage) for s in found}


def _only(store: Store) -> Session:
    (found,) = store.find()
    return found
