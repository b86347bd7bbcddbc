"""Which state a session is in, from what was seen of it."""

from __future__ import annotations

import pytest

from holdfast.model.live import Evidence, Tail, Window
from holdfast.model.process import Process
from holdfast.services._monitor.state import Facts, Rules, judge

NOW = 1_790_000_000_000
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
RUNS = Process(pid=42, started=NOW - 9 * HOUR, name="claude")
RULES = Rules()


def seen(kind, state, ago=5 * SECOND):
    return Evidence(kind=kind, state=state, at=NOW - ago)


def ends(turn, ago=10 * SECOND, **more):
    return Tail(turn=turn, at=NOW - ago, **more)


def state(*evidence, tail=None, process=RUNS, **facts):
    return judge(Facts(process=process, tail=tail, evidence=evidence, **facts), now=NOW, rules=RULES).state


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (ends("open"), "working"),
        (ends("open", calls=("Bash",), called=NOW - MINUTE), "working"),
        (ends("said"), "working"),
        (ends("said", ago=MINUTE), "done-unread"),
        (ends("open", asks="question", needs="Which?"), "waiting-question"),
        (ends("open", asks="permission"), "waiting-permission"),
        (ends("done"), "done-unread"),
        (ends("done", ago=31 * MINUTE), "idle"),
        (ends("interrupted"), "idle"),
        (ends("failed", error="overloaded"), "error"),
        (ends("failed", error="quota", limited=True), "waiting-limit"),
        (ends("open", error="overloaded", errors=2), "working"),
        (ends("open", error="overloaded", errors=3), "error"),
        (Tail(), "unknown"),
        (None, "unknown"),
    ],
)
def test_a_transcript_alone(tail, expected):
    assert state(tail=tail) == expected


def test_the_strongest_evidence_decides():
    told = seen("hook", "waiting-permission"), seen("registry", "working"), seen("process", "unknown")
    assert state(*told, tail=ends("done", ago=5 * SECOND)) == "waiting-permission"
    assert state(*told[1:], tail=ends("done", ago=5 * SECOND)) == "working"
    assert state(*told[2:], tail=ends("done", ago=5 * SECOND)) == "done-unread"


def test_a_weaker_word_that_is_newer_and_says_otherwise_unseats_a_stronger_one():
    assert state(seen("hook", "working", ago=MINUTE), tail=ends("done")) == "done-unread"
    assert state(seen("hook", "waiting-permission", ago=MINUTE), seen("registry", "working")) == "working"
    assert state(seen("registry", "idle", ago=MINUTE), tail=ends("open")) == "working"


def test_a_guess_unseats_nothing():
    assert state(seen("registry", "working", ago=5 * MINUTE), tail=ends("said", ago=MINUTE)) == "working"


def test_a_question_stands_while_the_call_it_is_about_is_open():
    tail = ends("open", ago=SECOND, calls=("Bash", "Read"), called=NOW - MINUTE)
    assert state(seen("hook", "waiting-permission", ago=50 * SECOND), tail=tail) == "waiting-permission"
    later = ends("open", ago=SECOND, calls=("Read",), called=NOW - 2 * SECOND)
    assert state(seen("hook", "waiting-permission", ago=50 * SECOND), tail=later) == "working"


@pytest.mark.parametrize("told", [(), ("hook",), ("registry",), ("hook", "registry")])
def test_a_dead_process_ends_it_whatever_was_said(told):
    evidence = [seen(kind, "working", ago=SECOND) for kind in told]
    found = judge(Facts(tail=ends("open", ago=SECOND), evidence=tuple(evidence)), now=NOW, rules=RULES)
    assert found.state == "ended"
    assert "interrupted" in found.evidence[0].detail


def test_work_of_which_nothing_is_heard_for_long_is_not_believed():
    old = 31 * MINUTE
    assert (
        state(seen("hook", "working", ago=old), seen("registry", "working", ago=old), tail=ends("open", ago=old))
        == "unknown"
    )
    assert state(seen("registry", "working", ago=old), tail=ends("open", ago=MINUTE)) == "working"


def test_a_witness_of_waits_is_believed_longer_while_a_call_is_out():
    out = ends("open", ago=40 * MINUTE, calls=("Bash",), called=NOW - 40 * MINUTE)
    assert state(seen("registry", "working", ago=40 * MINUTE), tail=out) == "working"
    assert state(tail=out) == "unknown"
    assert state(seen("registry", "working", ago=40 * MINUTE), tail=ends("open", ago=40 * MINUTE)) == "unknown"
    out = ends("open", ago=2 * HOUR, calls=("Bash",), called=NOW - 2 * HOUR)
    assert state(seen("registry", "working", ago=2 * HOUR), tail=out) == "unknown"


def test_a_tool_that_runs_for_hours_is_believed_while_what_it_started_runs():
    tail = ends("open", ago=3 * HOUR, calls=("Bash",), called=NOW - 3 * HOUR)
    assert state(tail=tail, child=NOW - 3 * HOUR + SECOND) == "working"
    assert state(tail=tail, child=NOW - 5 * HOUR) == "unknown"


def test_a_suspended_process_does_nothing():
    stopped = Process(pid=42, started=NOW - HOUR, name="claude", stopped=True)
    assert state(seen("registry", "working"), tail=ends("open"), process=stopped) == "idle"


def test_a_finished_turn_is_news_until_it_was_shown():
    assert state(tail=ends("done"), read=NOW - MINUTE) == "done-unread"
    assert state(tail=ends("done"), read=NOW) == "idle"
    assert state(seen("registry", "idle", ago=SECOND), tail=ends("done")) == "done-unread"
    assert state(seen("hook", "done-unread"), read=NOW) == "idle"


def test_an_error_is_news_until_it_was_shown():
    assert state(tail=ends("failed", error="overloaded"), read=NOW) == "idle"


def test_a_limit_ends_when_it_was_said_to_end_else_after_hours():
    used = Window(name="5h", used=1.0, resets=NOW - SECOND)
    assert state(tail=ends("failed", error="limit", limited=True, windows=(used,))) == "idle"
    assert state(tail=ends("failed", ago=4 * HOUR, error="limit", limited=True)) == "waiting-limit"
    assert state(tail=ends("failed", ago=6 * HOUR, error="limit", limited=True)) == "idle"


def test_the_registry_leaves_open_what_is_waited_for_and_the_transcript_says_it():
    tail = ends("open", asks="question", needs="Which?")
    found = judge(
        Facts(process=RUNS, tail=tail, evidence=(seen("registry", "waiting-permission"),)), now=NOW, rules=RULES
    )
    assert (found.state, found.needs) == ("waiting-question", "Which?")


def test_of_sessions_that_cannot_be_told_apart_nothing_is_guessed():
    facts = Facts(tail=ends("open"), ambiguous=True, is_sure_to_run=False)
    assert judge(facts, now=NOW, rules=RULES).state == "unknown"
    both = judge(Facts(tail=ends("open"), ambiguous=True), now=NOW, rules=RULES)
    assert (both.state, both.ambiguous, both.process) == ("working", True, None)


def test_what_is_said_to_come_from_the_future_is_no_evidence():
    assert state(seen("hook", "working", ago=-HOUR), tail=ends("done")) == "done-unread"


def test_every_state_carries_its_evidence_time_and_confidence():
    found = judge(
        Facts(process=RUNS, tail=ends("done"), evidence=(seen("hook", "working", ago=MINUTE),)), now=NOW, rules=RULES
    )
    assert [e.kind for e in found.evidence] == ["transcript", "hook"]
    assert found.since == NOW - 10 * SECOND
    assert 0 < found.confidence < 1
