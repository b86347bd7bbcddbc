"""What files beside a transcript say before anything of their session is read: kept until it is, and laid under it."""

from __future__ import annotations

import pytest

from holdfast.index import Index
from holdfast.model import Message, Session, Text, Transcript, observed_id
from holdfast.services._pipeline import Pipeline
from holdfast.sources.base import Cursor, Reading
from holdfast.stores.sqlite import SqliteStore

IDENT = observed_id("pi", "n")


@pytest.fixture
def store(tmp_path):
    found = SqliteStore(tmp_path / "s.db", durability="derived")
    yield found
    found.close()


def read(facts: dict, *messages: Message) -> Reading:
    session = Session(id=IDENT, agent="pi", native_id="n", **facts)
    transcript = Transcript(session=session, messages=messages)
    return Reading(transcript=transcript, raw=None, cursor=Cursor(size=1, mtime_ns=1, sessions=(IDENT,)))


def aside(**facts) -> Reading:
    return read(facts)


def spoken(**facts) -> Reading:
    return read(facts, Message(id="m1", role="user", parts=(Text("word"),)))


def run(store, *readings: Reading) -> None:
    with Pipeline(store, Index(None), keep_raw=lambda _: True) as pipeline:
        for place, one in enumerate(readings):
            pipeline.put(f"pi:{place}", one)


def test_what_a_side_file_says_before_its_session_is_there_is_laid_under_it_in_a_later_sync(store):
    run(store, aside(title="Told beside", cwd="/w"), aside(branch="main"))
    assert list(store.find()) == []
    run(store, spoken())
    (session,) = store.find()
    assert (session.title, session.cwd, session.branch, session.rollup.messages) == ("Told beside", "/w", "main", 1)
    assert store.docs("facts") == {}


def test_what_the_session_itself_says_wins_over_what_was_said_before(store):
    run(store, aside(title="Told beside"), spoken(title="Own"))
    assert next(iter(store.find())).title == "Own"


def test_a_file_that_says_nothing_leaves_nothing_to_wait_for(store):
    run(store, aside())
    assert store.docs("facts") == {}


def test_what_is_said_twice_is_kept_once(store):
    run(store, aside(title="Told beside"))
    before = store.docs("facts")
    run(store, aside(title="Told beside"))
    assert store.docs("facts") == before != {}
