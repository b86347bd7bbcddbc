"""The tasks of Cline in other programs' tests are read without loss; the oracle has no figures for it, the files have."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources.cline import Cline
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

HOMES = _oracle.homes("cline")

pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


def read(name: str) -> Gathered:
    home = _oracle.RECORDINGS / "cline" / name
    found = Gathered()
    for ref in Cline().discover([home / "data" if (home / "data").is_dir() else home]):
        found.take(Cline().read(ref, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=lambda p: p.name)
def test_a_home_is_read_without_loss(home):
    found = read(home.name)
    sound(found)
    assert len(found.sessions) == 1
    assert (found.unknown, found.damaged) == ({}, 0)


def test_what_was_shown_is_billed_and_pieces_of_an_answer_are_one_message():
    found = read("continues")
    billed = totals(found.requests.values())
    assert _oracle.figures(billed) == {
        "requests": 3, "input": 750, "output": 800, "cache_read": 110, "cache_write": 70, "reasoning": 0,
    }  # fmt: skip
    assert sum(r.usage.cost or 0 for r in found.requests.values()) == 6_000
    assert [m.role for m in found.all_messages] == ["user", "assistant", "user", "assistant", "assistant", "assistant"]


def test_what_was_sent_is_read_with_calls_and_results():
    found = read("ctx-cline")
    (session,) = found.sessions.values()
    assert (session.title, session.cwd) == ("Create the fixture parser note", "/workspace/cline-fixture")
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.name for p in parts if isinstance(p, ToolCall)] == ["write_to_file"]
    assert [p.text for p in parts if isinstance(p, ToolResult)] == ["CLINE_RAW_TOOL_RESULT_NEEDLE"]
