"""Visual Studio's redacted real traces are read without loss; they hold no requests, so the oracle has no figures for them."""

from __future__ import annotations

import json

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources.visualstudio_copilot import VisualStudioCopilot
from holdfast.testing._readings import Gathered, sound
from tests.recordings import _oracle

HOMES = _oracle.homes("visualstudio-copilot")
FILES = _oracle.files("visualstudio-copilot", "*.jsonl")

pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


def read(home, *, newest_first: bool = False) -> Gathered:
    found = Gathered()
    refs = list(VisualStudioCopilot().discover([home]))
    for ref in reversed(refs) if newest_first else refs:
        found.take(VisualStudioCopilot().read(ref, None))
    return found


def executed() -> list[str]:
    lines = [json.loads(line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]
    spans = [s for r in lines for x in r["resourceSpans"] for y in x["scopeSpans"] for s in y["spans"]]
    return [s["name"].partition(" ")[2] for s in spans if s["name"].startswith("execute_tool")]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("home", HOMES, ids=_oracle.name)
def test_every_call_and_result_is_read_in_order_without_loss(home, newest_first):
    found = read(home, newest_first=newest_first)
    sound(found)
    assert (found.unknown, found.damaged, found.requests) == ({}, 0, {})
    parts = [p for m in found.all_messages for p in m.parts]
    assert sorted(p.name for p in parts if isinstance(p, ToolCall)) == sorted(executed())
    assert all(p.text for p in parts if isinstance(p, ToolResult))
    for mine in found.messages.values():
        assert [m.at for m in mine.values()] == sorted(m.at or 0 for m in mine.values())


@pytest.mark.parametrize("home", HOMES, ids=_oracle.name)
def test_four_traces_hold_two_conversations(home):
    found = read(home).sessions.values()
    assert sorted(s.native_id[:8] for s in found) == ["4a8f63f6", "c0aca2e3"]
    assert {m for s in found for m in s.models} == {"gpt-5.5", "gpt-5.5-2026-03-05"}
