"""Codex against recordings: every file is read without loss, and the figures are those of the table."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall
from holdfast.sources._files import ref
from holdfast.sources.codex import Codex
from holdfast.testing._readings import Gathered, sound, totals, unplaced
from tests.recordings._oracle import figures, files, name, oracle

FORK = "reg-fork-conversation__2026-05-23"
PROMPT_HISTORY = "ctx-codex-history"
MALFORMED = "ctx-codex-malformed-session"
FILES = files("codex", "*.jsonl")
TABLE = oracle("codex")


def read(path):
    return Gathered().take(Codex().read(ref("codex", path), None))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_recording_is_read_without_loss(path, recordings):
    found = read(path)
    sound(found)
    assert found.unknown == ({"record:?": 3} if PROMPT_HISTORY in str(path) else {})
    assert found.damaged == (1 if MALFORMED in str(path) else 0)


@pytest.mark.parametrize("path", [p for p in FILES if name(p) in TABLE and FORK not in str(p)], ids=name)
def test_a_recording_counts_what_the_table_counts(path, recordings):
    found = read(path)
    assert figures(totals(found.requests.values())) == figures(TABLE[name(path)])
    assert sum(isinstance(p, ToolCall) for m in found.all_messages for p in m.parts) == TABLE[name(path)]["tool_calls"]


def test_the_turns_a_fork_copied_are_counted_once(recordings):
    path = next(p for p in FILES if FORK in str(p))
    expected = {"requests": 3, "input": 47695, "output": 30, "cache_read": 43136, "cache_write": 0, "reasoning": 13}
    found = read(path)
    assert figures(totals(found.requests.values())) == expected
    assert len([m for m in found.all_messages if m.is_prompt]) == 3


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_fast_reader_counts_the_same(path, recordings):
    fast = Gathered()
    for transcript in Codex().usage(ref("codex", path), None):
        fast.add(transcript)
    assert unplaced(fast.requests) == unplaced(read(path).requests)


def test_lines_of_before_the_envelope_are_read(recordings):
    path = next(p for p in FILES if p.name.endswith("-legacy.jsonl"))
    found = read(path)
    session = next(iter(found.sessions.values()))
    assert session.title == "checkout 90 and work on it. add tests. when done create pr"
    assert session.cwd == "/Users/ingo/projects/irrlicht-issue-90"
    assert sum(isinstance(p, ToolCall) for m in found.all_messages for p in m.parts) == 87
