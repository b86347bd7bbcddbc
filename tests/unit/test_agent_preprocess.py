"""`preprocess_and_execute`: settings, memory, secrets, and what is kept of a failure."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import preprocess_and_execute, preprocess_and_execute_sync
from holdfast.errors import BadInput, Denied, NotFound, Unavailable
from holdfast.testing.model_server import ModelServer
from holdfast.testing.scripted_model import ScriptedModel

KIND = '{"intent": "deploy", "confidence": 0.9, "domain": "devops"}'


class Remembered:
    """A memory that writes down what it is asked to keep."""

    def __init__(self):
        self.kept: list = []

    async def auto_inject_context(self, query, system_prompt=""):
        return "User preferences: lang=pl\n\nRelevant history:\nQ: Deploy ESP32 firmware\nA: Used OTA"

    async def add_interaction(self, query, response_summary, metadata=None):
        self.kept.append((query, response_summary, metadata))

    async def learn_preference_from_interaction(self, query, response):
        self.kept.append(("learn", query, response))

    def close(self):
        self.kept.append("closed")


def ask(query="Deploy ESP32 firmware", small=(KIND, "composed"), large=("done",), **options):
    models = ScriptedModel(*small, model="small/m"), ScriptedModel(*large, model="large/m")
    return asyncio.run(preprocess_and_execute(query, *models, **options)), models


def test_history_and_preferences_go_to_both_models_and_the_exchange_is_kept():
    memory = Remembered()
    answer, (small, large) = ask(memory=memory)
    assert answer.content == "done"
    assert all("lang=pl" in asked.text for asked in [*small.asked, *large.asked])
    assert memory.kept == [
        ("Deploy ESP32 firmware", "done", {"model": "large/m", "intent": "deploy"}),
        ("learn", "Deploy ESP32 firmware", "done"),
    ]


@pytest.mark.parametrize(
    ("small", "large"), [([Unavailable("gone")], ["x"]), ([KIND, "c"], [Unavailable("gone")]), ([KIND, "c"], [""])]
)
def test_nothing_is_kept_of_a_call_that_fails(small, large):
    memory = Remembered()
    with pytest.raises(Unavailable):
        ask(small=small, large=large, memory=memory)
    assert memory.kept == []


def test_a_long_answer_is_remembered_by_its_beginning():
    memory = Remembered()
    ask(large=["x" * 2000], memory=memory)
    assert len(memory.kept[0][1]) == 500


def test_a_key_reaches_neither_a_model_nor_the_memory():
    key = "sk-" + "ant-" + "api03-" + "a1B2c3D4" * 11
    memory = Remembered()
    _, (small, large) = ask(f"use {key} to deploy", memory=memory, user_context={"token": key})
    assert key not in "".join(asked.text for asked in [*small.asked, *large.asked]) + str(memory.kept)


def test_masking_is_a_choice():
    key = "sk-" + "ant-" + "api03-" + "a1B2c3D4" * 11
    _, (small, _) = ask(f"use {key}", sanitize=False)
    assert key in small.asked[0].text


def test_what_the_person_gives_along_is_told():
    _, (small, large) = ask(user_context="We use PlatformIO.")
    assert "PlatformIO" in large.asked[0].text
    _, (small, _) = ask(user_context={"board": "esp32"}, collect_runtime=False)
    assert "board=esp32" in small.asked[1].text
    assert "python=" not in small.asked[1].text


def test_the_ordinary_twin_classifies():
    models = ScriptedModel(KIND, "composed"), ScriptedModel("done")
    answer = preprocess_and_execute_sync("Deploy? Really?", *models)
    assert answer.decomposition.strategy == "classify"


def test_a_file_of_settings_gives_rules_words_and_a_strategy(tmp_path):
    path = tmp_path / "prellm.yaml"
    path.write_text(
        "default_strategy: enrich\n"
        "domain_rules:\n- {name: deploy, keywords: [deploy], required_fields: [host]}\n"
        "prompts: {classify_prompt: Say what it is.}\n"
    )
    answer, (small, _) = ask(config_path=path)
    assert (answer.decomposition.strategy, answer.decomposition.missing_fields) == ("enrich", ("host",))
    assert small.asked[0].messages[0].text.startswith("Say what it is.")


def test_a_pipeline_may_be_chosen_by_its_name():
    answer, _ = ask(small=[KIND, "{}", "composed"], pipeline="dual_agent_full")
    assert answer.decomposition.strategy == "structure"
    with pytest.raises(BadInput, match="no strategy 'mine'"):
        ask(pipeline="mine")


def test_the_files_of_a_project_are_told(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.cpp").touch()
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "junk.js").touch()
    _, (_, large) = ask(codebase_path=tmp_path)
    assert "src/main.cpp" in large.asked[0].text
    assert "junk" not in large.asked[0].text


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(NotFound, match=r"none\.yaml"):
        ask(config_path=tmp_path / "none.yaml")
    with pytest.raises(BadInput, match="pipelines and schemas"):
        ask(pipelines_path="p.yaml")


def test_model_names_reach_real_servers_with_their_settings(monkeypatch):
    with ModelServer(KIND, "composed", "Deployed.") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setenv("OPENROUTER_BASE_URL", server.openai_url)
        answer = asyncio.run(
            preprocess_and_execute(
                query="Deploy ESP32 firmware",
                small_llm="ollama/bielik:7b",
                large_llm="openrouter/google/gemini-3-flash-preview",
                max_tokens=99,
            )
        )
        sent = [r.body for r in server.received]
    assert answer.content == "Deployed."
    assert [s["model"] for s in sent] == ["bielik:7b", "bielik:7b", "google/gemini-3-flash-preview"]
    assert (sent[2].get("max_tokens") or sent[2].get("max_completion_tokens"), sent[2]["temperature"]) == (99, 0.7)
    assert sent[0]["temperature"] == 0.0


def test_a_key_may_stand_in_a_project_s_file_but_an_address_may_not(tmp_path, monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ANTHROPIC_BASE_URL=http://127.0.0.1:9\n# a comment\n")
    with pytest.raises(Denied, match="ANTHROPIC_API_KEY"):
        asyncio.run(preprocess_and_execute("hi", strategy="passthrough"))
