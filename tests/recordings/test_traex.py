"""TraeX against its recording: a sub-agent that calls tools, read without loss."""

from __future__ import annotations

import pytest

from holdfast.model import Thinking, ToolCall, observed_id
from holdfast.sources._files import ref
from holdfast.sources.traex import TraeX
from holdfast.testing._readings import Gathered, sound, totals, unplaced
from tests.recordings._oracle import files, name

FILES = files("traex", "*.jsonl")


def read(path):
    return Gathered().take(TraeX().read(ref("traex", path), None))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_recording_is_read_without_loss(path, recordings):
    found = read(path)
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_fast_reader_counts_the_same(path, recordings):
    fast = Gathered()
    for transcript in TraeX().usage(ref("traex", path), None):
        fast.add(transcript)
    assert unplaced(fast.requests) == unplaced(read(path).requests)


def test_the_sub_agents_session_is_read_as_it_was(recordings):
    found = read(next(p for p in FILES if p.name == "rollout_subagent.jsonl"))
    (session,) = found.sessions.values()
    assert session.native_id == "019fbcca-9fd4-7d20-83dc-0762b2f839b3"
    assert session.parent.id == observed_id("traex", "019fbc4a-48b9-7472-a0da-6d92901383db")
    assert session.context.used == 4380
    assert session.context.limit == 272000
    billed = totals(found.requests.values())
    counted = ("requests", "input", "cache_read", "output", "reasoning")
    assert [billed[n] for n in counted] == [1, 600, 3600, 180, 64]
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.name for p in parts if isinstance(p, ToolCall)] == ["spawn_agent", "wait_agent", "exec_command"]
    assert [p.text for p in parts if isinstance(p, Thinking)] == ["Plan the exploration."]
