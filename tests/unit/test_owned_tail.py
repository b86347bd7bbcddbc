"""The last messages of a long session come without reading the others, and are the same as if all had been read."""

from __future__ import annotations

from msgspec.structs import replace

from holdfast import open_store
from holdfast.model import Message, Text, Transcript, conversation


def said(number, **more):
    return Message(id=f"m{number}", role="user", parts=(Text(f"said {number}"),), **more)


def test_the_last_messages_are_read_from_the_end(monkeypatch):
    with open_store("memory://") as store:
        session = store.session("long")
        session.append([said(n) for n in range(300)])
        asked = []
        read = store.store.messages

        def noted(*given, **options):
            asked.append(options)
            return read(*given, **options)

        monkeypatch.setattr(store.store, "messages", noted)
        assert [m.id for m in session.messages(last=3)] == ["m297", "m298", "m299"]
        assert asked == [{"last": 11}]


def test_messages_that_were_taken_back_are_made_up_for():
    with open_store("memory://") as store:
        session = store.session("taken back")
        session.append([said(n) for n in range(60)])
        gone = tuple(f"m{n}" for n in range(40, 60))
        held = store.store.get(session.id)
        assert held is not None
        store.store.put(Transcript(session=replace(held, revision=0), messages=(), dropped=gone))
        assert [m.id for m in session.messages(last=2)] == ["m38", "m39"]


def test_branches_are_resolved_as_in_the_whole_conversation():
    with open_store("memory://") as store:
        session = store.session("tree")
        session.append([said(0)])
        session.append([said(n, parent="m0") for n in (1, 2)])
        everything = conversation(tuple(store.store.messages(session.id)))
        assert session.messages(last=2) == everything[-2:]


def test_a_short_session_gives_all_it_has():
    with open_store("memory://") as store:
        session = store.session("short")
        session.append([said(n) for n in range(4)])
        assert len(session.messages(last=50)) == 4
        assert session.messages(last=0) == ()
