"""How a person names a model, and where it is reached."""

from __future__ import annotations

import pytest

from holdfast.errors import BadInput, Denied
from holdfast.llm.names import NO_KEY, target

KEY = "key-" + "of-a-test"


@pytest.mark.parametrize(
    ("written", "provider", "model"),
    [
        ("ollama/qwen2.5:3b", "ollama", "qwen2.5:3b"),
        ("ollama:bielik:7b", "ollama", "bielik:7b"),
        ("OpenRouter/google/gemini-3-flash-preview", "openrouter", "google/gemini-3-flash-preview"),
        ("anthropic/claude-sonnet-4-20250514", "anthropic", "claude-sonnet-4-20250514"),
        ("gemini/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("google:gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("azure/my-deployment", "azure", "my-deployment"),
        ("groq/llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("gpt-5-mini", "openai", "gpt-5-mini"),
        ("claude-opus-4-5", "anthropic", "claude-opus-4-5"),
        ("ollama", "ollama", "qwen2.5:3b"),
    ],
)
def test_a_model_is_named_with_its_provider(written, provider, model):
    found = target(written, key=KEY, env={})
    assert (found.provider, found.model) == (provider, model)


def test_a_name_without_a_provider_belongs_to_the_server_that_is_given():
    found = target("glm-5.3", endpoint="http://localhost:8080/v1", env={})
    assert (found.name, found.endpoint, found.key) == ("openai/glm-5.3", "http://localhost:8080/v1", NO_KEY)
    assert target("my/model:x", env={"OPENAI_BASE_URL": "http://h/v1/"}).endpoint == "http://h/v1"


def test_a_name_that_nobody_knows_is_refused_with_an_example():
    with pytest.raises(BadInput) as caught:
        target("glm-5.3", env={})
    assert "ollama/qwen2.5:3b" in caught.value.hint


def test_a_provider_without_a_usual_model_asks_for_one():
    with pytest.raises(BadInput, match="openrouter needs the name of a model"):
        target("openrouter", key=KEY, env={})


@pytest.mark.parametrize(
    ("written", "variable"),
    [("openai/x", "OPENAI_API_KEY"), ("anthropic/x", "ANTHROPIC_API_KEY"), ("gemini/x", "GEMINI_API_KEY"),
     ("groq/x", "GROQ_API_KEY"), ("openrouter/x", "OPENROUTER_API_KEY"), ("azure/x", "AZURE_OPENAI_API_KEY")],
)  # fmt: skip
def test_a_missing_key_is_named(written, variable):
    with pytest.raises(Denied, match=variable) as caught:
        target(written, env={})
    assert caught.value.hint == f"export {variable}=..."


def test_a_key_is_taken_from_its_variable_or_from_the_caller():
    assert target("gemini/x", env={"GOOGLE_API_KEY": KEY}).key == KEY
    assert target("groq/x", key="given", env={"GROQ_API_KEY": KEY}).key == "given"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("192.168.1.5", "http://192.168.1.5:11434/v1"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080/v1"),
        (":9000", "http://127.0.0.1:9000/v1"),
        ("http://box.local:11434", "http://box.local:11434/v1"),
        ("https://ollama.example", "https://ollama.example:443/v1"),
        ("http://box.local:11434/v1/", "http://box.local:11434/v1"),
        ("https://box/ollama", "https://box:443/ollama/v1"),
        ("[::1]:11434", "http://[::1]:11434/v1"),
    ],
)
def test_ollama_is_found_where_its_variable_says(host, address):
    assert target("ollama/x", env={"OLLAMA_HOST": host}).endpoint == address
