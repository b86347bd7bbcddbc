"""Branches that a person left: out of every count and of the conversation, billed all the same, however they are read."""

from __future__ import annotations

import itertools

import pytest

from holdfast.model import Message, Session, Text, ToolResult, Transcript, conversation, is_counted, observed_id
from holdfast.services._branches import Branches
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from tests.unit.homes import AGENTS, Claude, answered, build, said, workspace

TURNS = (
    said("first", 1),
    answered("one", 2, parentUuid="aaaa-1"),
    said("second", 3, parentUuid="aaaa-2"),
    answered("two", 4, parentUuid="aaaa-3"),
    said("second again", 5, parentUuid="aaaa-2"),
    answered("two again", 6, parentUuid="aaaa-5"),
    said("third", 7, parentUuid="aaaa-6"),
)


def listed(ws) -> tuple[int, int]:
    (session,) = ws.store.find()
    return session.rollup.messages, session.rollup.user_messages


def shown(ws) -> list[str]:
    (session,) = ws.store.find()
    return [m.text for m in ws.sessions.messages(session)]


def counts(ws) -> tuple[int, int]:
    (session,) = ws.store.find()
    found = conversation(tuple(ws.store.messages(session.id)))
    return sum(map(is_counted, found)), sum(m.is_prompt for m in found)


@pytest.mark.parametrize("cuts", [c for n in range(3) for c in itertools.combinations(range(1, len(TURNS)), n)])
def test_a_rewound_turn_is_in_no_count_and_stays_billed_wherever_the_reading_was_cut(tmp_path, cuts):
    claude = Claude(tmp_path)
    places = [*cuts, len(TURNS)]
    with workspace(tmp_path, claude.roots) as ws:
        for end in places:
            claude.write("aaaa", *TURNS[:end])
            ws.sync.run()
            assert listed(ws) == counts(ws)
        assert shown(ws) == ["first", "one", "second again", "two again", "third"]
        assert listed(ws) == (5, 3)
        assert ws.usage.table(fresh=False).total.requests == 3


def test_a_branch_that_is_taken_up_again_counts_again(tmp_path):
    claude = Claude(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        claude.write("aaaa", *TURNS)
        ws.sync.run()
        claude.write("aaaa", *TURNS, said("back", 8, parentUuid="aaaa-4"))
        ws.sync.run()
        assert shown(ws) == ["first", "one", "second", "two", "back"]
        assert listed(ws) == counts(ws) == (5, 3)


def test_reading_again_from_the_start_changes_nothing(tmp_path):
    claude = Claude(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        claude.write("aaaa", *TURNS)
        ws.sync.run()
        before, revision = list(ws.store.messages(next(iter(ws.store.find())).id)), ws.store.revision()
        ws.store.put_docs("cursor", dict.fromkeys(ws.store.docs("cursor")))
        ws.sync.run()
        assert list(ws.store.messages(next(iter(ws.store.find())).id)) == before
        assert ws.store.revision() == revision


@pytest.mark.parametrize("agent", AGENTS)
def test_the_list_counts_what_is_shown_for_every_agent(tmp_path, agent):
    with workspace(tmp_path, build(tmp_path, agent)) as ws:
        ws.sync.run()
        for session in ws.store.find():
            thread = ws.sessions.messages(session)
            said = sum(map(is_counted, thread)), sum(m.is_prompt for m in thread)
            assert (session.rollup.messages, session.rollup.user_messages) == said


SESSION = Session(id=observed_id("pi", "n"), agent="pi", native_id="n")


def of(ident: str, parent: str = "", role: str = "user") -> Message:
    parts = (ToolResult(call=ident, text="done"),) if role == "tool" else (Text(ident),)
    return Message(id=ident, role=role, parts=parts, parent=parent)


def settled(store, *messages: Message) -> Transcript:
    return Branches(store).settle(Transcript(session=SESSION, messages=messages), store.get(SESSION.id))


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    found = SqliteStore(tmp_path / "s.db", durability="derived") if request.param == "sqlite" else InMemoryStore()
    yield found
    found.close()


def test_results_of_calls_side_by_side_are_no_branches(store):
    calls = (of("a"), of("b", "a", "assistant"), of("c", "b", "assistant"))
    results = (of("r1", "b", "tool"), of("r2", "c", "tool"))
    assert settled(store, *calls, *results, of("d", "r2", "assistant"), of("e", "d")).dropped == ()


def test_a_second_beginning_is_no_branch(store):
    assert settled(store, of("a"), of("b", "a"), of("c"), of("d", "c")).dropped == ()
    assert settled(store, of("a", "gone"), of("b", "a"), of("c", "lost"), of("d", "c")).dropped == ()


def test_a_ring_of_parents_comes_to_an_end(store):
    settled(store, of("a", "c"), of("b", "a"), of("c", "b"), of("d", "x"), of("e", "e"))


def test_a_branch_far_before_the_last_messages_is_found(store):
    chain = [of(f"m{n}", f"m{n - 1}" if n else "") for n in range(600)]
    store.put(Transcript(session=SESSION, messages=tuple(chain)))
    dropped = settled(store, of("new", "m9")).dropped
    assert (dropped[0], dropped[-1], len(dropped)) == ("m10", "m599", 590)
