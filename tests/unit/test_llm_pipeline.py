"""Two models for one question: what each is told, and what comes back."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import BadInput, Unavailable
from holdfast.llm.pipeline import STRATEGIES, DomainRule, Pipeline
from holdfast.testing.scripted_model import ScriptedModel

KIND = '{"intent": "deploy", "confidence": 0.9, "domain": "devops"}'
QUERY = "Deploy the firmware"
RULE = DomainRule(name="deploy", keywords=("deploy",), required_fields=("target_host",))


def run(small, large=("done",), query=QUERY, rules=(), **options):
    models = ScriptedModel(*small, model="small/m"), ScriptedModel(*large, model="large/m")
    answer = asyncio.run(Pipeline(*models, rules=rules).run(query, **options))
    return answer, models


def test_a_request_is_classified_composed_and_answered():
    answer, (small, large) = run([KIND, "Deploy the firmware by OTA."], strategy="classify")
    assert (answer.content, answer.model_used, answer.small_model_used) == ("done", "large/m", "small/m")
    found = answer.decomposition
    assert (found.classification.intent, found.classification.confidence, found.classification.domain) == (
        "deploy",
        0.9,
        "devops",
    )
    assert found.composed_prompt == "Deploy the firmware by OTA."
    assert set(found.raw_small_llm_outputs) == {"classify", "compose"}
    assert len(small.asked) == 2
    assert "Deploy the firmware by OTA." in large.asked[0].text


def test_context_is_told_to_both_models():
    context = "User preferences: preferred_tool=platformio"
    _, (small, large) = run([KIND, "composed"], strategy="classify", context=context)
    assert all(context in asked.text for asked in [*small.asked, *large.asked])


def test_the_large_model_always_gets_the_person_s_own_words():
    _, (_, large) = run([KIND, "something else entirely"], strategy="classify")
    assert QUERY in large.asked[0].text


def test_passthrough_asks_the_large_model_alone():
    answer, (small, large) = run([], strategy="passthrough")
    assert small.asked == []
    assert large.asked[0].messages[-1].text == QUERY
    assert answer.small_model_used == ""


def test_structure_takes_a_request_apart():
    parts = 'Sure: {"action": "deploy", "target": "esp32", "parameters": {"port": 1}}'
    answer, _ = run([KIND, parts, "composed"], strategy="structure")
    found = answer.decomposition.structure
    assert (found.action, found.target, found.parameters) == ("deploy", "esp32", {"port": 1})


def test_split_cuts_it_into_questions():
    answer, (small, _) = run([KIND, '{"sub_queries": ["a?", "b?"]}', "composed"], strategy="split")
    assert answer.decomposition.sub_queries == ("a?", "b?")
    assert "- a?\n- b?" in small.asked[2].text


def test_enrich_says_what_is_missing():
    answer, (small, _) = run([KIND, "Deploy to the usual host."], strategy="enrich", rules=[RULE])
    assert answer.decomposition.missing_fields == ("target_host",)
    assert answer.decomposition.matched_rule == "deploy"
    assert (answer.clarified, answer.needs_more_context) == (True, True)
    assert "Not said: target_host" in small.asked[1].text


def test_what_is_known_is_not_missing():
    answer, (small, _) = run([KIND, "composed"], strategy="enrich", rules=[RULE], known={"target_host": "esp32.local"})
    assert answer.decomposition.missing_fields == ()
    assert "target_host=esp32.local" in small.asked[1].text


@pytest.mark.parametrize(
    ("query", "rules", "chosen"),
    [
        (QUERY, (), "classify"),
        (QUERY, (RULE,), "enrich"),
        ("What is it? How much?", (), "split"),
        ("1. a\n2. b", (), "split"),
    ],
)
def test_auto_chooses_by_the_request(query, rules, chosen):
    answer, _ = run([KIND, "x", "y"], query=query, rules=rules)
    assert answer.decomposition.strategy == chosen


@pytest.mark.parametrize("said", ["no idea", "{broken", "[1]", '{"intent": 5, "confidence": "high"}', ""])
def test_a_small_model_that_answers_nonsense_is_passed_over(said):
    answer, _ = run([said, ""], strategy="classify")
    assert answer.content == "done"
    assert answer.decomposition.classification.intent == "unknown"
    assert answer.decomposition.raw_small_llm_outputs["classify"] == said


@pytest.mark.parametrize(("small", "large"), [([Unavailable("gone")], ["x"]), ([KIND, "c"], [Unavailable("gone")])])
def test_a_model_that_fails_is_told(small, large):
    with pytest.raises(Unavailable, match="gone"):
        run(small, large, strategy="classify")


def test_an_empty_answer_is_no_answer():
    with pytest.raises(Unavailable, match="empty answer"):
        run([], ["  "], strategy="passthrough")


def test_unknown_strategies_and_empty_questions_are_refused():
    assert STRATEGIES == ("auto", "classify", "structure", "split", "enrich", "passthrough")
    with pytest.raises(BadInput, match="no strategy 'guess'"):
        run([], strategy="guess")
    with pytest.raises(BadInput, match="no question"):
        run([], query=" ")
