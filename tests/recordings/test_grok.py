"""Every session of other programs' test data for Grok Build is read without loss; the oracle has no figures for it."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources.grok import Grok
from holdfast.testing._readings import Gathered
from tests.recordings._oracle import homes

HOMES = homes("grok")
PROMPTS = {
    "agentsview-current": ["Review parser compatibility", "also keep interjections"],
    "agentsview-legacy": ["Review parser compatibility"],
}


def read(home) -> Gathered:
    found = Gathered()
    for one in Grok().discover([home]):
        found.take(Grok().read(one, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_a_recording_is_read_without_loss(home):
    found = read(home)
    assert found.unknown == {}
    assert found.damaged == 0
    assert found.all_messages
    assert len(found.sessions) == 1


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_every_result_belongs_to_a_call_of_its_recording(home):
    parts = [p for m in read(home).all_messages for p in m.parts]
    calls = {p.id for p in parts if isinstance(p, ToolCall)}
    assert {p.call for p in parts if isinstance(p, ToolResult)} <= calls


@pytest.mark.parametrize("home", [h for h in HOMES if h.name in PROMPTS], ids=lambda home: home.name)
def test_the_sessions_that_the_agent_wrote_about_say_all_of_it(home):
    found = read(home)
    (session,) = found.sessions.values()
    assert session.title == "Audit Grok compatibility"
    assert (session.branch, session.models) == ("feature/parser-audit", ("grok-4.5",))
    assert (session.context.used, session.context.limit) == (12_000, 200_000)
    assert [m.text for m in found.all_messages if m.is_prompt] == PROMPTS[home.name]


def test_the_calls_of_a_log_are_all_there():
    (home,) = [h for h in HOMES if h.name.startswith("ctx")]
    parts = [p for m in read(home).all_messages for p in m.parts]
    results = [p for p in parts if isinstance(p, ToolResult)]
    assert (sum(isinstance(p, ToolCall) for p in parts), len(results)) == (6, 6)
    assert [r.call for r in results if r.error] == ["call_edit_tests_retry"]
    assert [r.exit_code for r in results if r.exit_code is not None] == [0]
