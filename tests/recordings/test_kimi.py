"""Kimi against another program's test session: a main agent and a sub-agent, read without loss."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult, observed_id
from holdfast.sources.kimi import Kimi
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings._oracle import homes, name

HOMES = homes("kimi")


def read(home):
    found = Gathered()
    for ref in Kimi().discover([home / ".kimi-code"]):
        found.take(Kimi().read(ref, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=name)
def test_a_recording_is_read_without_loss(home, recordings):
    found = read(home)
    sound(found)
    assert found.sessions
    assert found.unknown == {}
    assert found.damaged == 0


def test_the_session_is_read_as_it_was_written(recordings):
    found = read(next(h for h in HOMES if h.name == "ctx-kimi-code-cli"))
    session = found.sessions[observed_id("kimi", "kimi-session-1")]
    assert (session.title, session.cwd, session.models) == ("Kimi JSONL oracle", "/workspace/kimi", ("kimi-k2",))
    child = found.sessions[observed_id("kimi", "kimi-session-1/agent-1")]
    assert (child.parent.id, child.extra) == (session.id, {"role": "coder"})
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.name for p in parts if isinstance(p, ToolCall)] == ["Write"]
    assert [p.text for p in parts if isinstance(p, ToolResult)] == ["wrote src/kimi_oracle.txt"]
    billed = totals(found.requests.values())
    assert [billed[n] for n in ("requests", "input", "output")] == [1, 11, 13]
