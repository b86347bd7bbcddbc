"""The recorded rows of real Hermes sessions are read without loss, put back into the table they were taken from."""

from __future__ import annotations

import json

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources.hermes import Hermes
from holdfast.testing._readings import Gathered
from tests.contracts.samples.hermes import MAIN, SCHEMA, insert, open_database
from tests.recordings._oracle import files

RECORDED = files("hermes", "message-rows.jsonl")
COLUMNS = ("role", "content", "tool_calls", "tool_call_id", "tool_name", "finish_reason", "display_kind")
SHOWN = {"2-3": (7, 0), "2-4": (3, 1), "3-2": (1, 0), "5-1": (0, 0)}
PROMPTS = {"2-3": 1, "2-4": 1, "3-2": 1, "5-1": 3}


def rows_of(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read(folder, path) -> Gathered:
    db = open_database(folder / "state.db", SCHEMA)
    rows = rows_of(path)
    insert(db, "sessions", id=MAIN, source="cli", started_at=rows[0]["_ts"], model=rows[0]["_model"])
    for row in rows:
        insert(db, "messages", session_id=MAIN, timestamp=row["_ts"], **{c: row[c] or None for c in COLUMNS if c != "role"},
               role=row["role"])  # fmt: skip
    db.close()
    (ref,) = Hermes().discover([folder])
    return Gathered().take(Hermes().read(ref, None))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_every_row_of_a_recording_is_a_message(tmp_path, path):
    found = read(tmp_path, path)
    assert (found.unknown, found.damaged) == ({}, 0)
    assert len(found.all_messages) == len(rows_of(path))
    assert all(m.at for m in found.all_messages)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_a_recording_shows_its_prompts_calls_and_failures(tmp_path, path):
    found = read(tmp_path, path).all_messages
    number = path.parent.name.partition("_")[0]
    calls = [p for m in found for p in m.parts if isinstance(p, ToolCall)]
    results = [p for m in found for p in m.parts if isinstance(p, ToolResult)]
    assert (len(calls), sum(r.error for r in results)) == SHOWN[number]
    assert {r.call for r in results} == {c.id for c in calls}
    assert all(isinstance(c.input, dict) for c in calls)
    assert sum(m.is_prompt for m in found) == PROMPTS[number]
