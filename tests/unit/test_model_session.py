"""Sessions: ids that are the same everywhere, facts that stay, and what a person said on top."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest
from msgspec.structs import replace

from holdfast.model import Context, Edits, Parent, Session, merged, observed_id, owned_id, with_edits
from holdfast.model.session import ID_LENGTH
from holdfast.testing.builders import session as full


def small(**facts) -> Session:
    return Session(id="x", agent="a", native_id="n", **facts)


def test_an_observed_id_is_the_same_on_every_machine_and_in_every_process():
    assert observed_id("claude-code", "aaaa") == "l5zljjzqcbmxvt77"
    program = "from holdfast.model import observed_id; print(observed_id('claude-code', 'aaaa'))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "l5zljjzqcbmxvt77"


def test_ids_are_16_lower_case_base32_characters():
    shape = re.compile(r"[a-z2-7]{16}")
    for found in (observed_id("a", "b"), observed_id("", ""), observed_id("\ud800", "\udfff"), owned_id()):
        assert shape.fullmatch(found)
        assert len(found) == ID_LENGTH


def test_agent_and_native_id_cannot_be_shifted_into_each_other():
    assert len({observed_id("ab", "c"), observed_id("a", "bc"), observed_id("abc", "")}) == 3


def test_no_owned_id_is_given_twice():
    assert len({owned_id() for _ in range(1000)}) == 1000


def test_the_name_shown_is_the_persons_else_the_agents_else_the_native_id():
    assert [s.shown_name for s in (small(name="n", title="t"), small(title="t"), small())] == ["n", "t", "n"]


def test_an_empty_field_says_nothing_about_what_was_known():
    old = full("one")
    new = Session(id=old.id, agent=old.agent, native_id=old.native_id)
    found = merged(old, new)
    for field in ("title", "name", "project", "cwd", "branch", "models", "parent", "started", "active", "source_path", "version",
                  "source_expires", "context", "extra", "captured"):  # fmt: skip
        assert getattr(found, field) == getattr(old, field), field


def test_what_is_newly_known_goes_before_what_was_known():
    old = small(title="old", cwd="/a", context=Context(used=1), models=("m1",), extra={"a": 1, "b": 1})
    new = small(title="new", cwd="/b", context=Context(used=2), models=("m2", "m1"), extra={"b": 2})
    found = merged(old, new)
    assert (found.title, found.cwd, found.context.used, found.models) == ("new", "/b", 2, ("m1", "m2"))
    assert found.extra == {"a": 1, "b": 2}


def test_times_only_widen():
    found = merged(small(started=5, active=9), small(started=7, active=8))
    assert (found.started, found.active) == (5, 9)
    found = merged(small(started=None, active=9), small(started=7, active=None))
    assert (found.started, found.active) == (7, 9)


def test_nothing_known_before_changes_nothing():
    assert merged(None, full("one")) == full("one")


def test_a_whole_session_is_no_fragment_any_more():
    assert not merged(small(partial=True), small()).partial


def test_a_persons_words_lie_over_the_agents():
    session = small(name="theirs", project="p", tags=("agent",), description="d", expires=1)
    assert with_edits(session, Edits()) == session
    edits = Edits(name="", description="mine", project="q", tags=("mine", "agent"), expires=2)
    found = with_edits(session, edits)
    assert (found.name, found.description, found.project, found.tags, found.expires) == (
        "",
        "mine",
        "q",
        ("agent", "mine"),
        2,
    )


@pytest.mark.parametrize(
    "session", [full("one"), small(), small(parent=Parent(id="p", kind="subagent"))], ids=["full", "bare", "child"]
)
def test_a_session_survives_being_written_down(session):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(session), type=Session) == session
    assert msgspec.json.decode(msgspec.json.encode(session), type=Session) == session
    assert replace(session) == session
