"""How many tokens a text is, and how sure that is."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from holdfast import tokens

PUBLISHED = [
    ("tiktoken is great!", "gpt-4", 6),
    ("antidisestablishmentarianism", "gpt-4", 6),
    ("antidisestablishmentarianism", "gpt-4o", 6),
    ("2 + 2 = 4", "gpt-4", 7),
    ("2 + 2 = 4", "gpt-4o", 7),
    ("お誕生日おめでとう", "gpt-4", 9),
    ("お誕生日おめでとう", "gpt-4o", 8),
    ("hello world", "gpt-5-codex", 2),
]
"""Counts that the vocabularies' own publisher prints in its guides."""


@pytest.fixture
def fresh():
    caches = (tokens._encoder, tokens._ctok)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def without_extras(monkeypatch, fresh):
    def leave_out(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
        tokens._encoder.cache_clear()

    return leave_out


@pytest.fixture
def reconstruction(monkeypatch, fresh):
    def install(counter):
        package = ModuleType("ctok")
        vars(package)["token_count"] = counter
        monkeypatch.setitem(sys.modules, "ctok", package)

    return install


@pytest.mark.parametrize(("text", "model", "expected"), PUBLISHED)
def test_a_count_with_a_known_vocabulary_is_the_published_one(text, model, expected):
    assert tokens.count(text, model) == (expected, "exact")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-oss-120b", 8),
        ("groq/openai/gpt-oss-20b", 8),
        ("llama-3.3-70b", 9),
        ("ollama/llama3.2", 9),
        ("deepseek-chat", 7),
        ("deepseek-r1", 7),
        ("qwen3-coder", 7),
        ("qwen2.5-coder", 7),
        ("glm-4.5-air", 8),
        ("kimi-k2-0905-preview", 9),
        ("mistral-nemo", 7),
        ("openai/GPT-4o", 8),
    ],
)
def test_each_family_is_counted_with_its_own_vocabulary(model, expected):
    assert tokens.count("お誕生日おめでとう", model) == (expected, "exact")


@pytest.mark.parametrize(
    "model",
    [
        "",
        "claude-sonnet-4-5",
        "gemini-2.5-pro",
        "gpt-6-sol",
        "gpt-55",
        "deepseek-r1-distill-llama-70b",
        "qwen3.5-9b",
        "x",
    ],
)
def test_a_model_without_a_known_vocabulary_is_estimated(model):
    number, kind = tokens.count("Please fix the login test.", model)
    assert kind == "estimated"
    assert number >= 6


def test_text_that_spells_a_control_token_is_counted_as_text():
    assert tokens.count("<|endoftext|>", "gpt-4o") == (7, "exact")


def test_claude_takes_more_tokens_than_the_base_vocabulary_and_newer_claude_more_still(without_extras):
    without_extras("ctok")
    text = "def answer(question: str) -> str:\n    return lookup[question]\n" * 20
    base, _ = tokens.count(text, "gpt-4o")
    assert tokens.count(text, "claude-sonnet-4-5-20250929") == (round(base * 1.28), "estimated")
    assert tokens.count(text, "claude-opus-4-20250514") == (round(base * 1.28), "estimated")
    assert tokens.count(text, "claude-3-5-sonnet-20241022") == (round(base * 1.28), "estimated")
    assert tokens.count(text, "claude-opus-4-7") == (round(base * 1.63), "estimated")
    assert tokens.count(text, "us.anthropic.claude-sonnet-5-v1:0") == (round(base * 1.63), "estimated")


@pytest.mark.parametrize(
    ("model", "version", "frame"),
    [("claude-haiku-4.5", "3.0", 7), ("claude-opus-4-8", "4.7", 11), ("claude-opus-5-5", "5.0", 6)],
)
def test_claude_is_counted_by_its_reconstruction_without_the_frame_of_a_message(reconstruction, model, version, frame):
    asked = []

    def counter(text, version):
        asked.append((text, version))
        return 3 + frame

    reconstruction(counter)
    assert tokens.count("hello, world", model) == (3, "estimated")
    assert asked == [("hello, world", version)]


def test_a_long_text_does_not_wait_for_the_slow_reconstruction(reconstruction):
    reconstruction(lambda text, version: pytest.fail("asked for a long text"))
    assert tokens.count("word " * 20_000, "claude-sonnet-5")[0] > 20_000


@pytest.mark.parametrize("model", ["", "gpt-4o", "claude-sonnet-4-5"])
def test_nothing_is_no_tokens(model):
    assert tokens.count("", model)[0] == 0


def test_half_of_a_surrogate_pair_is_counted_and_not_fatal():
    assert tokens.count("cut \ud83d", "gpt-4o")[0] > 0
    assert tokens.count("cut \ud83d")[0] > 0


@pytest.mark.parametrize(
    "text",
    [
        "Please fix the flaky login test in tests/test_auth.py and explain what was wrong with it. " * 5,
        "def total(rows):\n    return sum(row.amount for row in rows if row.amount is not None)\n" * 5,
        "ログイン画面のバグを修正してください。セッションの一覧が遅いです。" * 3,
        "请修复登录页面的错误,并为会话列表添加测试。" * 3,
        "Proszę napraw błąd w module płatności, ponieważ żółć gęślą jaźń nie przechodzi testów",
    ],
    ids=["english", "code", "japanese", "chinese", "polish"],
)
def test_an_estimate_from_characters_is_near_the_count(without_extras, text):
    exact, _ = tokens.count(text, "gpt-4o")
    without_extras("splintr", "ctok")
    estimate, kind = tokens.count(text, "gpt-4o")
    assert kind == "estimated"
    assert 0.6 * exact <= estimate <= 1.5 * exact


def test_half_of_a_surrogate_pair_is_estimated_without_a_vocabulary(without_extras):
    without_extras("splintr", "ctok")
    assert tokens.count("cut \ud83d" * 9, "gpt-4o")[0] > 0


def test_importing_tokens_loads_no_tokenizer():
    code = "import sys, holdfast.tokens; print(sorted({'splintr', 'ctok', 'tiktoken', 'msgspec'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
