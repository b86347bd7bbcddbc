"""Health of archived and running sessions: where each number comes from, and what is advised on a board."""

from __future__ import annotations

import pytest

from holdfast.config import load
from holdfast.model import Context, Message, Rollup, Session, Text, ToolCall, ToolResult, Transcript
from holdfast.model.live import Board, BoardRow, Health, Live
from holdfast.pricing import Prices
from holdfast.services.health import HealthReport
from holdfast.stores.inmemory import InMemoryStore

NOW = 1_790_000_000_000
MINUTE, HOUR = 60_000, 3_600_000


class Ward:
    """An archive in memory with the service over it; a test says which live states are known."""

    def __init__(self, **flags) -> None:
        self.store = InMemoryStore()
        self.lives: dict[str, Live] = {}
        config = load(flags, env={"HOLDFAST_HOME": "/nowhere"})
        self.report = HealthReport(self.store, Prices.load, config, lives=lambda: self.lives, now=lambda: NOW / 1000)

    def put(self, name="one", *messages, **facts) -> Session:
        given = {"agent": "codex", "started": NOW - HOUR, "active": NOW, **facts}
        session = Session(id=name, native_id=name, **given)
        self.store.put(Transcript(session=session, messages=messages))
        return self.store.get(name) or session


@pytest.fixture
def ward():
    return Ward()


def test_the_recorded_limit_holds_then_the_tables_then_none(ward):
    recorded = ward.put(context=Context(used=10, limit=300_000, source="recorded"))
    listed = ward.put("two", context=Context(used=10), models=("gpt-5",))
    unknown = ward.put("three", context=Context(used=10))
    found = [ward.report.context(s) for s in (recorded, listed, unknown)]
    assert [(c.limit, c.source) for c in found] == [(300_000, "recorded"), (found[1].limit, "table"), (None, "unknown")]
    assert found[1].limit


def test_a_limit_of_the_settings_holds_for_its_agent():
    ward = Ward(**{"token_limits.claude_pro": 1000})
    session = ward.put(agent="claude-code", context=Context(used=990, limit=200_000, source="recorded"))
    assert ward.report.check(session).grade == "critical"


def test_classic_falls_back_to_the_older_tools_guess_and_says_so(ward):
    session = ward.put(agent="cursor", rollup=Rollup(messages=3))
    classic = ward.report.check(session, "classic").factors[0].evidence
    assert classic.startswith("about 1,")
    assert "of 100,000 tokens" in classic
    assert "estimated" in classic
    assert ward.report.check(session).factors[0].evidence == "context in use unknown"


def test_a_recorded_context_is_never_guessed(ward):
    session = ward.put(context=Context(used=80_000, limit=100_000))
    assert ward.report.check(session, "classic").factors[0].evidence == "80,000 of 100,000 tokens (80%)"


def test_a_running_session_counts_its_duration_until_now_an_ended_one_until_its_last_word(ward):
    session = ward.put(started=NOW - 10 * HOUR, active=NOW - 5 * HOUR)
    running = ward.report.vitals(session, Live(state="idle"))
    assert [ward.report.vitals(session).duration, running.duration, running.idle] == [5 * HOUR, 10 * HOUR, 5 * HOUR]


@pytest.mark.parametrize(
    ("state", "quiet", "barren"),
    [("working", True, True), ("idle", False, True), ("waiting-permission", False, False), ("done-unread", False, False),
     ("ended", False, False), ("unknown", False, False)],
)  # fmt: skip
def test_only_who_should_work_can_stall_and_only_who_runs_can_be_barren(ward, state, quiet, barren):
    found = ward.report.vitals(ward.put(active=NOW - HOUR), Live(state=state))
    assert (found.quiet is not None, found.barren is not None) == (quiet, barren)


def test_signs_come_from_the_messages_and_follow_a_change(ward):
    def failed(n):
        return (
            Message(
                id=f"c{n}",
                role="assistant",
                parts=(ToolCall(id=f"k{n}", name="Bash", input={"command": "make"}),),
                at=NOW,
            ),
            Message(id=f"r{n}", role="tool", parts=(ToolResult(call=f"k{n}", error=True),), at=NOW),
        )

    session = ward.put("one", *failed(1), *failed(2))
    assert (ward.report.signs(session).streak, ward.report.signs(session).failures) == (2, 1)
    assert ward.report.signs(ward.put("one", *failed(3))).streak == 3


def test_a_board_is_advised_on_with_the_thresholds_of_the_settings():
    session = Session(id="a", agent="codex", native_id="a")
    row = BoardRow(session=session, live=Live(state="working"), context=Context(used=70, limit=100))
    board = Board(at=NOW, rows=(row,))
    assert Ward().report.advise(board) == ()
    assert [a.kind for a in Ward(**{"thresholds.token_warning": 0.6}).report.advise(board)] == ["warning"]


def test_the_best_session_for_a_task_is_found_among_those_that_run(ward):
    facts = {"a": ("idle", 10), "b": ("working", 90), "c": ("ended", 0)}
    rows = tuple(
        BoardRow(
            session=ward.put(name, project="/p/shop"),
            live=Live(state=state),
            context=Context(used=used, limit=100),
            health=Health(session=name, scoring="default", score=1.0, grade="healthy"),
        )
        for name, (state, used) in facts.items()
    )
    best, how_well = ward.report.best_for(Board(at=NOW, rows=rows), project="shop")
    assert best.session.id == "a"
    assert how_well > 0.5


def test_a_live_state_that_nobody_hands_over_is_asked_for(ward):
    session = ward.put(active=NOW - HOUR)
    assert "not running" in [f.evidence for f in ward.report.check(session).factors]
    ward.lives[session.id] = Live(state="working")
    assert "not running" not in [f.evidence for f in ward.report.check(session).factors]


def test_an_answer_counts_as_progress(ward):
    answer = Message(id="m", role="assistant", parts=(Text("done"),), at=NOW - 5 * MINUTE)
    session = ward.put("one", answer, active=NOW - 5 * MINUTE)
    assert ward.report.vitals(session, Live(state="idle")).barren == 5 * MINUTE


def test_signs_are_counted_in_the_last_thousand_messages(ward):
    def failed(n):
        return Message(id=f"r{n}", role="tool", parts=(ToolResult(call=f"k{n}", error=True),), at=NOW)

    assert ward.report.signs(ward.put("one", *(failed(n) for n in range(1200)))).streak == 1000
