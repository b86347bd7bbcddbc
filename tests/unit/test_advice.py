"""Advice: the older tool's rules, and what a person must know before it is too late."""

from __future__ import annotations

import pytest

from holdfast.advice import DAY, HOUR, MINUTE, Limits, advise, best_for, fit
from holdfast.config import load
from holdfast.model import Context, Parent, Rollup, Session
from holdfast.model.live import Board, BoardRow, Evidence, Factor, Health, Live, Window
from holdfast.model.process import Process

NOW = 1_700_000_000_000
LIMITS = Limits()


def row(ident="a", *, state="working", used=0, health=1.0, **more) -> BoardRow:
    """Return a healthy session that works, with what a test says otherwise."""
    given = {"project": f"/p/{ident}", "started": NOW - HOUR, "active": NOW, **more}
    session = Session(id=ident, agent="codex", native_id=ident, **given)
    factors = (Factor(name="x", score=health, weight=1.0, evidence="why"),)
    return BoardRow(
        session=session,
        live=Live(state=state),
        context=Context(used=used, limit=100_000),
        health=Health(session=ident, scoring="default", score=health, grade="healthy", factors=factors),
    )


def told(*rows, windows=()) -> list[tuple]:
    return [(a.kind, a.priority, a.sessions) for a in advise(Board(at=NOW, rows=rows, windows=windows), LIMITS)]


def test_a_board_on_which_all_is_well_needs_no_advice():
    assert told(row("a"), row("b")) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"used": 95_000}, ("restart", "high")),
        ({"used": 94_999}, ("warning", "medium")),
        ({"used": 85_000}, ("warning", "medium")),
        ({"used": 84_999}, None),
        ({"health": 0.30}, ("restart", "high")),
        ({"health": 0.31}, ("warning", "medium")),
        ({"health": 0.50}, ("warning", "medium")),
        ({"health": 0.51}, None),
        ({"rollup": Rollup(errors=10)}, ("restart", "medium")),
        ({"rollup": Rollup(errors=9)}, None),
        ({"state": "idle", "active": NOW - 31 * MINUTE, "started": NOW - 2 * HOUR}, ("close", "low")),
        ({"state": "idle", "active": NOW - 30 * MINUTE, "started": NOW - 2 * HOUR}, None),
        ({"state": "idle", "active": NOW - 31 * MINUTE, "started": NOW - 2 * HOUR + 1}, None),
        ({"state": "working", "active": NOW - 31 * MINUTE, "started": NOW - 2 * HOUR}, None),
        ({"state": "waiting-permission"}, ("waiting", "high")),
        ({"state": "waiting-question"}, ("waiting", "high")),
        ({"state": "waiting-limit"}, ("waiting", "medium")),
        ({"state": "error"}, ("waiting", "high")),
        ({"state": "done-unread"}, ("waiting", "low")),
        ({"state": "ended", "used": 99_000, "health": 0.1}, None),
    ],
)
def test_a_session_is_advised_on_at_the_very_limit(given, expected):
    assert told(row(**given)) == ([] if expected is None else [(*expected, ("a",))])


def test_a_full_context_that_is_bad_health_too_is_told_once():
    assert told(row(used=99_000, health=0.1)) == [("restart", "high", ("a",))]


def test_sessions_of_one_project_are_merged_into_the_healthiest():
    found = advise(Board(at=NOW, rows=(row("a", project="/p", health=0.8), row("b", project="/p"))), LIMITS)
    assert [(a.kind, a.priority, a.sessions, a.action) for a in found] == [
        ("merge", "medium", ("b", "a"), "holdfast close a")
    ]


def test_five_active_sessions_are_a_crowd():
    assert told(*(row(str(n)) for n in range(4))) == []
    assert told(*(row(str(n)) for n in range(5))) == [("warning", "medium", ("0", "1", "2", "3", "4"))]
    assert told(*(row(str(n), state="idle") for n in range(5))) == []


def test_three_sessions_with_a_tag_are_similar():
    assert told(*(row(str(n), tags=("api",)) for n in range(2))) == []
    assert told(*(row(str(n), tags=("api",)) for n in range(3))) == [("merge", "low", ("0", "1", "2"))]


def test_sub_agents_are_no_sessions_to_merge():
    assert told(row("a", project="/p"), row("b", project="/p", parent=Parent(id="a", kind="subagent"))) == []


@pytest.mark.parametrize(("used", "priority"), [(0.95, "high"), (0.9, "high"), (0.8, "medium"), (0.79, None)])
def test_a_plans_limit_that_is_near_is_told_with_the_sessions_it_stops(used, priority):
    found = advise(
        Board(at=NOW, rows=(row("a"),), windows=(Window(name="5 hours", used=used, agent="codex", resets=NOW + HOUR),)),
        LIMITS,
    )
    assert [(a.kind, a.priority, a.sessions) for a in found] == ([("limit", priority, ("a",))] if priority else [])
    if found:
        assert found[0].reason.endswith("begins anew in 1 h 0 min")


@pytest.mark.parametrize(
    ("expires", "captured", "priority"),
    [
        (HOUR, False, "high"),
        (6 * DAY, False, "medium"),
        (8 * DAY, False, None),
        (HOUR, True, None),
        (-HOUR, False, None),
    ],
)
def test_a_transcript_that_expires_uncaptured_is_told_also_of_an_ended_session(expires, captured, priority):
    found = told(row(state="ended", source_expires=NOW + expires, captured=captured))
    assert found == ([("expiring", priority, ("a",))] if priority else [])


def test_advice_is_sorted_by_urgency_and_names_the_command():
    rows = (
        row("a", state="idle", active=NOW - HOUR, started=NOW - 3 * HOUR),
        row("b", used=90_000),
        row("c", state="error"),
    )
    found = advise(Board(at=NOW, rows=rows), LIMITS)
    assert [a.priority for a in found] == ["high", "medium", "low"]
    assert all(a.action.startswith("holdfast ") and a.reason is not None and a.message for a in found)


def test_who_waits_is_told_in_the_agents_words_and_where():
    waiting = row(state="waiting-permission")
    live = Live(
        state="waiting-permission",
        needs="run rm -r build?",
        process=Process(pid=7, started=1, name="codex", tty="pts/3"),
    )
    found = advise(Board(at=NOW, rows=(BoardRow(session=waiting.session, live=live),)), LIMITS)
    assert found[0].reason == "run rm -r build? (pid 7 pts/3)"
    seen = Live(state="error", evidence=(Evidence(kind="transcript", state="error", at=1, detail="line 9"),))
    assert advise(Board(at=NOW, rows=(BoardRow(session=waiting.session, live=seen),)), LIMITS)[0].reason == "line 9"


@pytest.mark.parametrize(
    "name", ["token_warning", "token_critical", "health_warning", "health_critical", "idle_timeout_minutes"]
)
def test_every_threshold_of_the_settings_moves_a_limit(name):
    changed = {"idle_timeout_minutes": 5}.get(name, 0.55)
    before, after = (
        Limits.of(load(f, env={"HOLDFAST_HOME": "/nowhere"})) for f in ({}, {f"thresholds.{name}": changed})
    )
    assert before == LIMITS != after


def test_the_best_session_for_a_task_is_healthy_empty_and_of_its_project():
    rows = [row("a", used=50_000, tags=("api",)), row("b", health=0.6), row("c", state="idle", used=90_000)]
    assert best_for(rows)[0].session.id == "a"
    assert best_for(rows, project="a", tags=("api", "db"))[0].session.id == "a"
    assert fit(rows[0], project="/p/a", tags=("api", "db")) == pytest.approx(0.4 + 0.15 + 0.2 + 0.05)


def test_no_session_is_the_best_where_none_is_good_enough():
    assert best_for([]) == (None, 0.0)
    assert best_for([row(used=90_000, health=0.5)])[0] is None
