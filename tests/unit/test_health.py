"""Health: the older tool's numbers to the last digit, and a default scoring that names what is wrong."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.config import KEYS, load
from holdfast.errors import BadInput
from holdfast.health import Rules, Signs, Vitals, observe, score, spoken
from holdfast.model import Message, Summary, Text, ToolCall, ToolResult

MINUTE, HOUR = 60_000, 3_600_000
RULES = Rules()


def vitals(percent=0.0, hours=0.0, idle=0.0, errors=0, **more) -> Vitals:
    return Vitals(
        session="s",
        used=round(percent * 10_000),
        limit=1_000_000,
        duration=round(hours * HOUR),
        idle=round(idle * MINUTE),
        errors=errors,
        **more,
    )


def classic(*numbers, rules=RULES) -> float:
    return score(vitals(*numbers), rules, "classic").score


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((80, 0, 0, 0), 0.86),
        ((90, 6, 20, 3), 0.5907),
        ((95, 8, 30, 7), 0.348),
        ((100, 16, 90, 20), 0.06),
        ((50, 11.3, 0, 0), 0.8553),
        ((0, 0, 0, 0), 1.0),
    ],
)
def test_classic_scores_are_those_of_the_older_tool(numbers, expected):
    assert round(classic(*numbers), 4) == expected


@pytest.mark.parametrize(
    ("numbers", "name", "expected"),
    [
        ((69.99,), "token_usage", 1.0), ((70,), "token_usage", 1.0), ((89.999,), "token_usage", 0.3), ((90,), "token_usage", 0.3),
        ((95,), "token_usage", 0.15), ((250,), "token_usage", 0.0), ((0, 3.99), "duration", 1.0), ((0, 6), "duration", 0.7),
        ((0, 8), "duration", 0.4), ((0, 12), "duration", 0.25), ((0, 99), "duration", 0.1), ((0, 0, 14.9), "activity", 1.0),
        ((0, 0, 15), "activity", 1.0), ((0, 0, 30), "activity", 0.5), ((0, 0, 60), "activity", 0.35), ((0, 0, 999), "activity", 0.2),
        ((0, 0, 0, 1), "errors", 0.94), ((0, 0, 0, 5), "errors", 0.7), ((0, 0, 0, 6), "errors", 0.62), ((0, 0, 0, 9), "errors", 0.38),
        ((0, 0, 0, 10), "errors", 0.3), ((0, 0, 0, 15), "errors", 0.15), ((0, 0, 0, 99), "errors", 0.0),
    ],
)  # fmt: skip
def test_classic_factors_bend_where_the_older_tools_do(numbers, name, expected):
    factor = next(f for f in score(vitals(*numbers), RULES, "classic").factors if f.name == name)
    assert round(factor.score, 3) == expected


def test_without_a_limit_the_classic_token_factor_is_good():
    found = score(replace(vitals(100), limit=None), RULES, "classic")
    assert found.factors[0].score == 1.0
    assert "limit unknown" in found.factors[0].evidence


@pytest.mark.parametrize(
    ("numbers", "grade"), [((80, 6, 0, 0), "healthy"), ((90, 6, 20, 3), "warning"), ((95, 8, 30, 7), "critical")]
)
def test_a_grade_follows_the_thresholds(numbers, grade):
    assert score(vitals(*numbers), RULES, "classic").grade == grade


def test_classic_advice_is_the_older_tools():
    advice = score(vitals(100, 16, 90, 20), RULES, "classic").advice
    assert advice == (
        "Token usage is high. Consider starting a new session.",
        "Session has been running for a long time. Context may be degraded.",
        "Session has been idle. Consider closing if no longer needed.",
        "High error count detected. Check for recurring issues.",
        "Start this session anew.",
    )
    assert score(vitals(50), RULES, "classic").advice == ()


@pytest.mark.parametrize(
    ("numbers", "anew"),
    [((95, 0, 0, 0), False), ((95.1, 0, 0, 0), True), ((0, 0, 0, 9), False), ((0, 0, 0, 10), True),
     ((93, 12.5, 20, 6), True), ((93, 11.5, 20, 6), False)],
)  # fmt: skip
def test_a_session_is_to_be_started_anew_when_the_older_tool_said_so(numbers, anew):
    assert ("Start this session anew." in score(vitals(*numbers), RULES, "classic").advice) is anew


WORN = vitals(
    85, 6, 25, 3, quiet=12 * MINUTE, barren=70 * MINUTE, signs=Signs(compactions=1, failures=2, rereads=3, streak=4)
)
CHANGED = {
    "thresholds.token_warning": 0.7, "thresholds.token_critical": 0.97, "thresholds.idle_timeout_minutes": 90,
    "thresholds.stall_minutes": 30, "thresholds.error_streak": 5, "thresholds.health_warning": 0.1,
    "thresholds.health_critical": 0.95,
}  # fmt: skip


@pytest.mark.parametrize(
    "key", [k for k in KEYS if k.name.startswith(("health_weights.", "thresholds."))], ids=lambda k: k.name
)
def test_every_weight_and_threshold_changes_a_result(key):
    changed = CHANGED.get(key.name, 0.9)
    settings = [Rules.of(load(flags, env={"HOLDFAST_HOME": "/nowhere"})) for flags in ({}, {key.name: changed})]
    before, after = ([score(WORN, r, s) for s in ("classic", "default")] for r in settings)
    assert [(h.score, h.grade) for h in before] != [(h.score, h.grade) for h in after]


def test_the_settings_defaults_are_the_rules_defaults():
    assert Rules.of(load(env={"HOLDFAST_HOME": "/nowhere"})) == RULES


def test_weights_count_in_proportion_to_their_sum():
    doubled = replace(RULES, weights={n: 2 * w for n, w in RULES.weights.items()})
    assert classic(90, 6, 20, 3, rules=doubled) == classic(90, 6, 20, 3)


def test_a_health_without_any_weight_is_refused():
    with pytest.raises(BadInput, match="weights are 0"):
        score(vitals(), replace(RULES, weights=dict.fromkeys(RULES.weights, 0.0)), "classic")


def test_a_full_context_is_critical_whatever_else_is_well():
    found = score(vitals(98), RULES)
    assert (found.grade, found.advice) == (
        "critical",
        ("The context is near full: finish the step, write down what matters, and start anew.",),
    )
    assert found.factors[0].evidence == "980,000 of 1,000,000 tokens (98%)"


def test_a_fresh_session_is_well_in_both_scorings():
    assert score(vitals(10), RULES).score == score(vitals(10), RULES, "classic").score == 1.0


@pytest.mark.parametrize(
    ("worse", "factor"),
    [
        ({"signs": Signs(compactions=4)}, "context_rot"),
        ({"signs": Signs(failures=7)}, "context_rot"),
        ({"signs": Signs(streak=6)}, "context_rot"),
        ({"quiet": 15 * MINUTE}, "stall"),
        ({"barren": 4 * HOUR}, "progress"),
    ],
)
def test_what_is_wrong_is_named_with_its_evidence(worse, factor):
    found = score(vitals(10, **worse), RULES)
    weak = [f for f in found.factors if f.score < 0.5]
    assert [f.name for f in weak] == [factor]
    assert any(c.isdigit() for c in weak[0].evidence)
    assert found.advice == (weak[0].advice,)
    assert found.score < score(vitals(10), RULES).score


def test_a_session_that_does_not_run_is_not_blamed_for_its_age():
    found = {f.name: f for f in score(vitals(10, 500, 10_000), RULES).factors}
    assert (found["stall"].weight, found["progress"].weight) == (0.0, 0.0)
    assert found["progress"].evidence == "not running"


def test_an_unknown_limit_has_no_weight():
    assert score(Vitals(session="s", used=5), RULES).factors[0].weight == 0.0


def test_more_of_a_sign_never_makes_a_session_better():
    shares = [score(vitals(p), RULES).score for p in range(0, 120, 5)]
    rot = [score(vitals(10, signs=Signs(compactions=n, rereads=n)), RULES).score for n in range(12)]
    assert shares == sorted(shares, reverse=True)
    assert rot == sorted(rot, reverse=True)


def call(name, at=0, **given) -> Message:
    return Message(id=f"c{at}", role="assistant", parts=(ToolCall(id=f"k{at}", name=name, input=given),), at=at)


def result(at, *, error=False) -> Message:
    return Message(id=f"r{at}", role="tool", parts=(ToolResult(call=f"k{at}", text="x", error=error),), at=at + 1)


def said(text, at, role="assistant") -> Message:
    return Message(id=f"s{at}", role=role, parts=(Text(text),), at=at)


def test_the_same_part_of_a_file_read_again_is_a_re_read_unless_it_was_changed():
    read = {"file_path": "/a.py"}
    found = observe([call("Read", 1, **read), call("Read", 2, **read), call("Read", 3, offset=9, **read)])
    assert (found.rereads, found.reread) == (1, (("/a.py", 1),))
    changed = observe(
        [call("Read", 1, **read), call("Edit", 2, old_string="a", new_string="b", **read), call("Read", 3, **read)]
    )
    assert changed.rereads == 0


def test_failures_are_counted_in_a_row_and_when_they_repeat():
    runs = [m for at, error in ((1, True), (2, True), (3, False), (4, True), (5, True), (6, True))
            for m in (call("Bash", at, command="make"), result(at, error=error))]  # fmt: skip
    found = observe(runs)
    assert (found.streak, found.longest, found.failures) == (3, 3, 3)
    different = [m for at in (1, 2) for m in (call("Bash", at, command=f"make {at}"), result(at, error=True))]
    assert (observe(different).streak, observe(different).failures) == (2, 0)


def test_a_compaction_is_counted():
    summary = Message(id="z", role="system", parts=(Summary("what was"),))
    assert observe([said("a", 1, "user"), summary, said("b", 2), summary]).compactions == 2


@pytest.mark.parametrize(
    ("messages", "is_open", "progress"),
    [
        ([said("do", 1, "user")], True, None),
        ([said("do", 1, "user"), said("done", 5)], False, 5),
        ([said("do", 1, "user"), said("I look", 2), call("Read", 3, path="/a")], True, None),
        ([said("do", 1, "user"), said("done", 5), said("more", 9, "user")], True, 5),
        ([call("Write", 3, file_path="/a", content="x"), result(3)], True, 4),
        ([call("Write", 3, file_path="/a", content="x"), result(3, error=True)], True, None),
        ([], False, None),
    ],
)
def test_an_answer_and_a_changed_file_are_progress_and_a_turn_is_open_until_it_is_answered(messages, is_open, progress):
    found = observe(messages)
    assert (found.open, found.progress) == (is_open, progress)


def test_one_message_with_calls_results_and_an_answer_closes_the_turn():
    parts = (ToolCall(id="a", name="Bash", input={"command": "ls"}), ToolResult(call="a"), Text("there"))
    assert observe([Message(id="m", role="assistant", parts=parts, at=7)]) == Signs(progress=7)


def test_spans_are_said_in_words():
    assert [spoken(s) for s in (0, 59 * MINUTE, 6 * HOUR + 5 * MINUTE, 50 * HOUR)] == [
        "0 min",
        "59 min",
        "6 h 5 min",
        "2 d 2 h",
    ]
