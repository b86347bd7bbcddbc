"""recommend, as a person and a program read it."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from holdfast import processes
from holdfast.model import Context
from holdfast.model.live import Board, BoardRow, Live, Window
from holdfast.workspace import Workspace

NOW, DAY = 1_790_000_000_000, 86_400_000


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


def every_kind(sessions) -> Board:
    """Return a board on which every rule has something to say."""
    rows = tuple(
        BoardRow(
            session=replace(
                s, started=NOW - DAY, active=NOW - DAY // 2, source_expires=NOW + 9, captured=False, project="/p"
            ),
            live=Live(state=state),
            context=Context(used=used, limit=100),
        )
        for s, (state, used) in zip(
            sessions, (("idle", 0), ("working", 96), ("working", 86), *[("waiting-permission", 0)] * 3), strict=False
        )
    )
    return Board(at=NOW, rows=rows, windows=(Window(name="5 hours", used=0.9, agent="codex"),))


def test_every_command_that_is_advised_is_one_that_can_be_typed(cli):
    with Workspace() as workspace:
        board = every_kind([s for s in workspace.sessions.find() if s.parent is None])
        advice = workspace.health.advise(board)
    assert {a.kind for a in advice} == {"restart", "warning", "waiting", "close", "merge", "limit", "expiring"}
    lines = {line for a in advice for line in a.action.split(" && ")}
    typed = {line: cli(*shlex.split(line)[1:], "--no-pager") for line in lines}
    assert {line: answer.stderr for line, answer in typed.items() if answer.exit_code in (1, 2, 3, 5)} == {}
