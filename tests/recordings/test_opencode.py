"""OpenCode's recorded sessions, in both generations of tables, say and bill what the recorder's rows hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.model import Text, Thinking, ToolCall
from holdfast.sources.opencode import OpenCode
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

HOME = _oracle.RECORDINGS / "opencode"
EXPORTS = sorted(HOME.glob("*/part-rows.jsonl"))
DERIVED = ("derived-v1", "derived-v2")

pytestmark = pytest.mark.skipif(not EXPORTS, reason="the recordings are not here")


def read(name: str) -> Gathered:
    found = Gathered()
    for ref in OpenCode().discover([HOME / name / "opencode"]):
        found.take(OpenCode().read(ref, None))
    return found


def exported(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def billed(rows: list[dict]) -> dict[str, int]:
    steps = [r["tokens"] for r in rows if r["type"] == "step-finish"]
    return {
        "requests": len(steps),
        "input": sum(t["input"] for t in steps),
        "output": sum(t["output"] for t in steps),
        "cache_read": sum(t["cache"]["read"] for t in steps),
        "cache_write": sum(t["cache"]["write"] for t in steps),
        "reasoning": sum(t["reasoning"] for t in steps),
    }


@pytest.mark.parametrize("name", DERIVED)
def test_seven_sessions_are_read_without_loss(name):
    found = read(name)
    sound(found)
    assert len(found.sessions) == len(EXPORTS)
    assert (found.unknown, found.damaged) == ({}, 0)


@pytest.mark.parametrize("name", DERIVED)
@pytest.mark.parametrize("path", EXPORTS, ids=lambda p: p.parent.name)
def test_a_session_says_and_bills_what_was_recorded(name, path):
    found = read(name)
    title = path.parent.name.partition("__")[0]
    session = next(s for s in found.sessions.values() if s.title == title)
    messages = list(found.messages[session.id].values())
    rows = exported(path)
    ids = {(m.at, m.model) for m in messages}
    requests = [r for r in found.requests.values() if (r.at, r.model) in ids]
    assert _oracle.figures(totals(requests)) == billed(rows)
    texts = [p.text for m in messages for p in m.parts if isinstance(p, Text | Thinking)]
    assert texts == [r["text"] for r in rows if r["type"] in ("text", "reasoning")]
    calls = [p.name for m in messages for p in m.parts if isinstance(p, ToolCall)]
    assert calls == [r["tool"] for r in rows if r["type"] == "tool"]
    assert session.cwd == rows[0]["_cwd"]


def test_both_generations_of_tables_tell_the_same_story():
    one, two = (read(name) for name in DERIVED)
    assert list(one.requests) == list(two.requests)
    assert [(m.role, m.text) for m in one.all_messages] == [(m.role, m.text) for m in two.all_messages]
