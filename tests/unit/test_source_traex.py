"""TraeX is Codex's format under a name of its own: ids, request keys, places, and thoughts that come as events."""

from __future__ import annotations

import pytest

from holdfast.model import Thinking, observed_id
from holdfast.sources.codex import Codex
from holdfast.sources.traex import TraeX
from holdfast.testing._readings import Gathered
from tests.contracts.samples import traex as sample


def read(root, source=None):
    source = source or TraeX()
    found = Gathered()
    for ref in source.discover([root]):
        found.take(source.read(ref, None))
    return found


@pytest.fixture
def sample_home(tmp_path):
    sample.build(tmp_path)
    return tmp_path


def test_sessions_and_requests_are_not_those_of_codex_even_where_the_bytes_are_the_same(sample_home):
    ours, theirs = read(sample_home), read(sample_home, Codex())
    assert set(ours.sessions) & set(theirs.sessions) == set()
    assert set(ours.requests) & set(theirs.requests) == set()
    assert all(key.startswith("traex:") for key in ours.requests)
    assert all(key.startswith("codex:") for key in theirs.requests)
    assert {s.agent for s in ours.sessions.values()} == {"traex"}


def test_a_sub_agent_names_its_parent_among_sessions_of_traex(sample_home):
    child = read(sample_home).sessions[observed_id("traex", sample.CHILD)]
    assert child.parent is not None
    assert (child.parent.id, child.parent.kind) == (observed_id("traex", sample.MAIN), "subagent")


def test_a_session_says_where_with_what_and_how_full(sample_home):
    session = read(sample_home).sessions[observed_id("traex", sample.MAIN)]
    assert (session.cwd, session.branch, session.version) == (sample.CWD, "main", "0.200.19")
    assert session.models == ("gpt-5-codex",)
    assert session.title == "Mend the build"
    assert (session.context.used, session.context.limit, session.context.source) == (1050, 272000, "recorded")
    assert session.extra["provider"] == "trae"


def test_an_archived_session_says_so(sample_home):
    assert read(sample_home).sessions[observed_id("traex", sample.ARCHIVED)].extra["archived"] is True


def test_a_thought_whose_item_is_sealed_is_taken_from_its_event(sample_home):
    thoughts = [p.text for m in read(sample_home).all_messages for p in m.parts if isinstance(p, Thinking)]
    assert thoughts == ["They want a build."]


def test_a_thought_that_its_item_says_is_not_said_again(tmp_path):
    clear = sample.line("response_item", 3, type="reasoning", summary=[{"type": "summary_text", "text": "Clear."}])
    records = [sample.meta(sample.MAIN), *sample.turn(1), clear, sample.thought("Clear.", 3)[1]]
    sample.write(tmp_path / "sessions", sample.MAIN, records)
    thoughts = [p.text for m in read(tmp_path).all_messages for p in m.parts if isinstance(p, Thinking)]
    assert thoughts == ["Clear."]


def test_it_is_resumed_by_its_own_program(sample_home):
    session = read(sample_home).sessions[observed_id("traex", sample.MAIN)]
    command = TraeX().resume_command(session)
    assert command.argv == ("traex", "resume", "--", sample.MAIN)
    assert command.cwd == sample.CWD
