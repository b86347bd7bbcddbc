"""Every recording of Kiro CLI is read without loss; it has no tokens, so neither has the oracle."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall
from holdfast.sources.kiro_cli import KiroCli
from holdfast.testing._readings import Gathered
from tests.contracts.samples.kiro_cli import database
from tests.recordings._oracle import RECORDINGS, homes

PAYLOADS = RECORDINGS / "kiro-cli" / "agentsview-kiro_sqlite"
HOMES = [h for h in homes("kiro-cli") if h != PAYLOADS]


def read(home) -> Gathered:
    found = Gathered()
    for one in KiroCli().discover([home]):
        found.take(KiroCli().read(one, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_a_recording_is_read_without_loss(home):
    found = read(home)
    assert found.unknown == {}
    assert found.damaged == 0
    assert found.requests == {}
    logs = list(home.rglob("*.jsonl"))
    assert not logs or len(found.all_messages) == sum(len(p.read_bytes().splitlines()) for p in logs)


@pytest.mark.parametrize(("number", "tools"), [("2-16", 2), ("2-2", 1), ("2-3", 5), ("2-6", 10)])
def test_every_tool_call_of_a_recording_has_its_result(number, tools):
    (home,) = [h for h in HOMES if h.name.startswith(f"{number}_")]
    found = read(home).all_messages
    calls = [p.id for m in found for p in m.parts if isinstance(p, ToolCall)]
    results = [p.call for m in found for p in m.parts if not isinstance(p, ToolCall) and hasattr(p, "call")]
    assert len(calls) == tools
    assert calls == results


def test_the_side_file_of_a_recording_tells_model_window_and_credits():
    (home,) = [h for h in HOMES if h.name.startswith("2-2_")]
    (session,) = read(home).sessions.values()
    assert session.models == ("qwen3-coder-next",)
    assert (session.context.used, session.context.limit) == (11_754, 256_000)
    assert session.extra["credits"] == 0.031812


def test_rows_of_another_program_s_tests_are_read(tmp_path):
    names = ("standard_payload.json", "overlap_payload.json", "malformed_payload.txt")
    values = [(PAYLOADS / name).read_text(encoding="utf-8") for name in names if (PAYLOADS / name).is_file()]
    if not values:
        pytest.skip("no recordings: set HOLDFAST_RECORDINGS to their folder")
    database(tmp_path / "data.sqlite3", [(f"/home/{n}", "", v, 0, n) for n, v in enumerate(values)], [])
    found = read(tmp_path)
    assert found.damaged == 1
    assert sorted(s.native_id for s in found.sessions.values()) == ["overlap-session", "sqlite-session"]
    assert found.unknown == {}
