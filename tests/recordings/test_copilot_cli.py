"""Copilot CLI against recordings: every file is read without loss, and the figures are those of the table."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall
from holdfast.sources._files import ref
from holdfast.sources.copilot_cli import CopilotCli
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings._oracle import figures, files, name, oracle

FILES = files("copilot", "*.jsonl")
TABLE = oracle("copilot")
REPEATED_STARTS = "session-mcp"
"""Two of its 26 starts repeat a call that is still running."""


def read(path):
    return Gathered().take(CopilotCli().read(ref("copilot-cli", path), None))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_recording_is_read_without_loss(path, recordings):
    found = read(path)
    sound(found)
    assert (found.unknown, found.damaged) == ({}, 0)


@pytest.mark.parametrize("path", [p for p in FILES if name(p) in TABLE], ids=name)
def test_a_recording_counts_what_the_table_counts(path, recordings):
    found = read(path)
    counted = [r for r in found.requests.values() if ":compaction:" not in r.key]  # the table leaves them out
    assert figures(totals(counted)) == figures(TABLE[name(path)])
    calls = sum(isinstance(p, ToolCall) for m in found.all_messages for p in m.parts)
    assert calls == TABLE[name(path)]["tool_calls"] - (2 if REPEATED_STARTS in str(path) else 0)


def test_summarising_makes_up_the_difference_between_what_a_shutdown_bills_and_its_counters_by_model(recordings):
    path = next(p for p in FILES if "2-12_context-compaction" in str(p))
    billed = totals(read(path).requests.values())
    details = {"input": 13_430, "cache_read": 20_352, "output": 1_322}  # `tokenDetails` of its shutdown
    assert {n: billed[n] for n in details} == details
    assert billed["requests"] == 3


def test_each_call_has_the_output_that_its_own_event_says(recordings):
    path = next(p for p in FILES if "3-1_foreground-subagent" in str(p))
    requests = read(path).requests.values()
    assert [r.usage.output for r in requests] == [690, 553, 624, 261, 5]
    assert [r.main for r in requests] == [True, True, True, False, True]


def test_a_sub_agent_is_a_session_of_its_own(recordings):
    path = next(p for p in FILES if "3-1_foreground-subagent" in str(p))
    main, child = sorted(read(path).sessions.values(), key=lambda s: len(s.native_id))
    assert (child.parent.id, child.parent.kind) == (main.id, "subagent")
