"""recommend, as a person and a program read it."""

from __future__ import annotations

import pytest

from holdfast import processes


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    """Hide the processes of this machine."""
    monkeypatch.setattr(processes, "snapshot", lambda *_, **__: ())


def test_each_recommendation_has_its_sessions_reason_and_command(unread, monkeypatch):
    monkeypatch.setenv("HOLDFAST_ARCHIVE_CAPTURE", "never")
    cli = unread
    found = cli.json("recommend")["recommendations"]
    assert all(
        set(r) == {"type", "priority", "session_ids", "session_id", "message", "reason", "action"} for r in found
    )
    assert all((r["session_id"] is None) == (len(r["session_ids"]) != 1) for r in found)


def test_where_nothing_is_to_be_done_that_is_said(empty):
    assert empty("recommend").stdout == "Nothing needs you.\n"
    assert empty.json("recommend")["recommendations"] == []
