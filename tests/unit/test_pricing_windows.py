"""How much a model can hold, and that an observed use corrects the table."""

from __future__ import annotations

import pytest

from holdfast.pricing import Prices


@pytest.fixture(scope="module")
def prices():
    return Prices.load()


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ("claude-sonnet-4-5-20250929", 200_000),
        ("claude-haiku-4.5", 200_000),
        ("claude-opus-4-1", 200_000),
        ("claude-opus-4-6", 1_000_000),
        ("claude-sonnet-4-6", 1_000_000),
        ("claude-opus-5", 1_000_000),
        ("claude-sonnet-5-5", 1_000_000),
        ("gpt-5-codex", 272_000),
        ("gpt-5.3-codex", 272_000),
        ("gpt-5.5", 1_050_000),
        ("gpt-5.6-sol", 922_000),
        ("gpt-4.1", 1_047_576),
        ("models/gemini-2.5-flash", 1_048_576),
        ("grok-code-fast-1", 256_000),
        ("zai/glm-4.6", 200_000),
        ("deepseek-chat", 131_072),
        ("minimax-m2", 204_800),
        ("github-copilot/gpt-5-mini", 264_000),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 200_000),
    ],
)
def test_a_known_model_has_its_window(prices, model, window):
    assert prices.window(model) == window


def test_an_unknown_model_has_an_unknown_window_however_much_was_used(prices):
    assert prices.window("claude-zephyr-9-20261101", used=150_000) is None
    assert prices.window("") is None


def test_the_suffix_of_the_long_window_is_believed(prices):
    assert prices.window("claude-sonnet-4-5-20250929[1m]") == 1_000_000


def test_a_use_above_the_listed_window_steps_it_up(prices):
    assert prices.window("claude-sonnet-4-5", used=200_000) == 200_000
    assert prices.window("claude-sonnet-4-5", used=200_001) == 1_000_000
    assert prices.window("gpt-5", used=300_000) == 400_000
    assert prices.window("deepseek-chat", used=131_073) == 200_000


def test_a_use_above_every_window_that_is_sold_leaves_it_unknown(prices):
    assert prices.window("claude-sonnet-4-5", used=1_000_001) is None


def test_the_greatest_answer_is_told_where_it_is_known(prices):
    assert prices.max_output("claude-sonnet-4-5-20250929") == 64_000
    assert prices.max_output("gpt-5-codex") == 128_000
    assert prices.max_output("minimax-m2") is None
