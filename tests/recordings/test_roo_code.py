"""The tasks of Roo Code in other programs' tests are read without loss; the oracle has no figures for it, the files have."""

from __future__ import annotations

import pytest

from holdfast.model import ToolResult
from holdfast.sources.roo_code import RooCode
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

HOMES = {"continues": 1, "ctx-roo": 2}

pytestmark = pytest.mark.skipif(not _oracle.homes("roo-code"), reason="the recordings are not here")


def read(name: str) -> Gathered:
    home = _oracle.RECORDINGS / "roo-code" / name
    found = Gathered()
    for ref in RooCode().discover([home / "storage" if (home / "storage").is_dir() else home]):
        found.take(RooCode().read(ref, None))
    return found


@pytest.mark.parametrize("name", HOMES)
def test_a_home_is_read_without_loss(name):
    found = read(name)
    sound(found)
    assert len(found.sessions) == HOMES[name]
    assert (found.unknown, found.damaged) == ({}, 0)


def test_what_was_shown_is_billed():
    assert _oracle.figures(totals(read("continues").requests.values())) == {
        "requests": 3, "input": 870, "output": 750, "cache_read": 50, "cache_write": 10, "reasoning": 0,
    }  # fmt: skip


def test_what_was_sent_is_read_also_from_the_older_file():
    found = read("ctx-roo")
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.text for p in parts if isinstance(p, ToolResult)] == ["ROO_RAW_TOOL_RESULT_NEEDLE"]
    assert "Fallback message imported." in [m.text for m in found.all_messages]
    assert {s.cwd for s in found.sessions.values()} == {"/workspace/roo-fixture"}
