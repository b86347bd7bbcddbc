"""A person's own sessions begin by name, are emptied without loss, and are let go by name after their time."""

from __future__ import annotations

import re

import pytest

from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.owned import SessionStore
from holdfast.services.own_sessions import OwnSessions, duration
from holdfast.workspace import Workspace

NOON = 1_790_000_000.0


@pytest.fixture
def workspace():
    with Workspace.of_url("memory://") as opened:
        yield opened


@pytest.fixture
def own(workspace):
    return OwnSessions(workspace.store, now=lambda: NOON)


def later(own, seconds):
    return OwnSessions(own.store, now=lambda: NOON + seconds)


def test_a_name_is_given_once_and_is_free_again_after_the_trash(own):
    first = own.new("mine")
    with pytest.raises(Conflict):
        own.new("mine")
    own.store.delete(first.id, at=1)
    assert own.new("mine").id != first.id


def test_a_made_up_name_has_the_time_and_six_characters(own):
    assert re.fullmatch(r"session-1790000000000-[a-z0-9]{6}", own.new().name)


def test_a_session_that_programs_append_to_is_the_same(own, workspace):
    made = own.new("mine")
    SessionStore(workspace).session("mine").append({"role": "user", "content": "hello"})
    assert own.named("mine").id == made.id
    assert own.named("mine").rollup.messages == 1


def test_clearing_empties_the_conversation_and_keeps_every_message(own, workspace):
    own.new("mine")
    SessionStore(workspace).session("mine").append([{"role": "user", "content": "hello"}] * 2)
    session = own.named("mine")
    assert own.clear(session) == 2
    assert own.clear(session) == 0
    assert SessionStore(workspace).session("mine").messages() == ()
    assert len(list(own.store.messages(session.id))) == 2


def test_nobody_is_not_found(own):
    with pytest.raises(NotFound):
        own.named("nobody")


def test_only_what_was_not_used_for_its_time_is_let_go(own):
    own.new("short", keep_for="1h")
    own.new("long", keep_for="7d")
    own.new("kept")
    assert later(own, 3599).sweep() == []
    assert [g.session.name for g in later(own, 3601).sweep()] == ["short"]
    assert [s.name for s in own.store.find(trashed=True)] == ["short"]
    assert [g.session.name for g in later(own, 10**9).sweep()] == ["long"]


def test_a_change_after_an_export_counts_as_not_exported(own):
    session = own.new("a", keep_for="1h")
    own.note_export([session])
    own.keep_for(session, 1000)
    assert [g.exported for g in later(own, 3601).sweep()] == [True]
    other = own.new("b", keep_for="1h")
    own.note_export([other])
    own.store.change(other.id, own.store.edits(other.id).__class__(description="new"))
    assert [g.exported for g in later(own, 3601).sweep()] == [False]


def test_a_session_may_be_kept_for_good_after_all(own):
    session = own.new("a", keep_for="1h")
    own.keep_for(session, None)
    assert later(own, 10**9).sweep() == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800), ("2w", 1209600)]
)
def test_times_are_read(text, seconds):
    assert duration(text) == seconds * 1000


@pytest.mark.parametrize("text", ["", "0", "-1h", "soon", "1.5h", "9" * 30, "h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadInput):
        duration(text)
