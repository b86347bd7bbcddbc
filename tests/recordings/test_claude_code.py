"""Claude Code against recordings: every file is read without loss, and the figures are those of the table."""

from __future__ import annotations

import pytest

from holdfast.sources._files import ref
from holdfast.sources.claude_code import ClaudeCode
from holdfast.testing._readings import Gathered, sound, totals, unplaced
from tests.recordings._oracle import RECORDINGS, figures, files, homes, name, oracle

FILES = files("claude-code", "*.jsonl")
TABLE = oracle("claude-code")
ERRORS = "2-14_turn-aborted-by-error"
"""Its two "requests" are error texts that Claude Code made itself (model `<synthetic>`, no tokens)."""


def found_in(path):
    home = RECORDINGS.joinpath(*path.relative_to(RECORDINGS).parts[:2])
    listed = [r for r in ClaudeCode().discover([home]) if r.path == str(path)]
    return listed[0] if listed else ref("claude-code", path, kind="subagent" if path.name.startswith("agent-") else "")


def read(path):
    return Gathered().take(ClaudeCode().read(found_in(path), None))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_recording_is_read_without_loss(path, recordings):
    found = read(path)
    sound(found)
    assert found.unknown == {}
    assert found.damaged == TABLE.get(name(path), {}).get("bad", 0)


@pytest.mark.parametrize("path", [p for p in FILES if name(p) in TABLE], ids=name)
def test_a_recording_counts_what_the_table_counts(path, recordings):
    expected = figures(TABLE[name(path)]) | ({"requests": 0} if ERRORS in str(path) else {})
    assert figures(totals(read(path).requests.values())) == expected


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_fast_reader_counts_the_same(path, recordings):
    fast = Gathered()
    for transcript in ClaudeCode().usage(found_in(path), None):
        fast.add(transcript)
    assert unplaced(fast.requests) == unplaced(read(path).requests)


def test_every_recorded_home_is_found(recordings):
    empty = [h.name for h in homes("claude-code") if (h / "projects").is_dir() and not list(ClaudeCode().discover([h]))]
    assert empty == []
