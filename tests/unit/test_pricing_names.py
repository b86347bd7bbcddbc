"""One model under many spellings, and the near misses that must stay unknown."""

from __future__ import annotations

import pytest

from holdfast.pricing import Prices

SPELLINGS = {
    "anthropic/claude-sonnet-4-5": (
        "claude-sonnet-4-5",
        "claude-sonnet-4-5-20250929",
        "claude-sonnet-4.5",
        "Claude-Sonnet-4.5",
        "claude-4.5-sonnet",
        "claude-4.5-sonnet-thinking",
        "claude-sonnet-4-5-latest",
        "claude-sonnet-4-5@20250929",
        "claude-sonnet-4-5-20250929[1m]",
        "anthropic/claude-sonnet-4-5",
        "anthropic:claude-sonnet-4-5-20250929",
        " claude-sonnet-4-5 ",
    ),
    "anthropic/claude-sonnet-4-0": ("claude-sonnet-4", "claude-sonnet-4-20250514", "claude-4-sonnet"),
    "anthropic/claude-opus-4-0": ("claude-opus-4", "claude-opus-4-20250514"),
    "anthropic/claude-opus-4-1": ("claude-opus-4-1-20250805", "claude-opus-4.1", "claude-4.1-opus"),
    "anthropic/claude-3-5-sonnet": ("claude-3-5-sonnet-20241022", "claude-3.5-sonnet", "claude-3-5-sonnet-latest"),
    "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
    "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0": ("global.anthropic.claude-sonnet-4-5-20250929-v1:0",),
    "google/gemini-2.5-pro": (
        "gemini-2.5-pro",
        "models/gemini-2.5-pro",
        "google/gemini-2.5-pro",
        "gemini/gemini-2.5-pro",
        "gemini-2.5-pro-preview-06-05",
    ),
    "google/gemini-2.0-flash": ("gemini-2.0-flash-001",),
    "openrouter/google/gemini-3-flash-preview": ("openrouter/google/gemini-3-flash-preview",),
    "openrouter/anthropic/claude-sonnet-4.5": ("openrouter/anthropic/claude-sonnet-4.5",),
    "openrouter/qwen/qwen3-coder-plus": ("qwen3-coder-plus", "qwen/qwen3-coder-plus"),
    "openai/gpt-5": ("gpt-5", "gpt-5-2025-08-07", "gpt-5-codex", "gpt-5-high", "openai/gpt-5", "azure/gpt-5"),
    "openai/gpt-5.1": ("gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-max"),
    "openai/gpt-4o-2024-05-13": ("gpt-4o-2024-05-13",),
    "openai/gpt-4o": ("gpt-4o", "gpt-4o-2024-08-06"),
    "groq/openai/gpt-oss-120b": ("groq/openai/gpt-oss-120b",),
    "x-ai/grok-code-fast-1": ("grok-code-fast-1", "xai/grok-code-fast-1"),
    "zai/GLM-4.6": ("glm-4.6", "GLM-4.6", "zai/glm-4.6"),
    "moonshotai/kimi-k2-0905-preview": ("kimi-k2-0905-preview",),
}
UNKNOWN = (
    "",
    "claude",
    "sonnet",
    "claude-sonnet",
    "<synthetic>",
    "claude-zephyr-9-20261101",
    "claude-sonnet-4-5-pro",
    "claude-sonnet-4-50",
    "claude-sonnet-45",
    "claude-sonnet-4-2025",
    "claude-sonnet-4-5-2025",
    "claude-sonnet-4-52-20250929",
    "claude-sonnet-4-5-20250929-custom",
    "claude-opus-9",
    "claude-opus-4-6-fast",
    "my-claude-sonnet-4-5",
    "not-anthropic/claude-sonnet-4-5",
    "acme/gpt-5",
    "gpt-5-ultra",
    "gpt-55",
    "gpt-5x",
    "gpt-5-20",
    "gpt-4o-mini-turbo",
    "xgpt-5",
    "o33",
    "gemini-2.5-pro-max",
    "gemini-25-pro",
    "gemini",
    "us.anthropic.claude-zephyr-9-v1:0",
    "anthropic/gpt-5",
    "openai/claude-sonnet-4-5",
    "groq/claude-sonnet-4-5",
    "groq/qwen3-coder-plus",
    "openrouter/claude-sonnet-4-5",
    "llama3.2",
    "qwen",
    "qwen3-coder-plus-2",
    "glm-4.66",
    "deepseek",
)


@pytest.fixture(scope="module")
def prices():
    return Prices.load()


@pytest.mark.parametrize(
    ("listed", "spelling"), [(listed, name) for listed, names in SPELLINGS.items() for name in names]
)
def test_a_model_is_found_under_the_spellings_that_agents_record(prices, listed, spelling):
    entry = prices._entry(spelling)
    assert entry is not None
    assert f"{entry.provider}/{entry.id}" == listed


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_only_resembles_a_model_stays_unknown(prices, name):
    assert prices._entry(name) is None


def test_every_listed_id_finds_its_own_line_through_its_provider(prices):
    missed = [
        f"{entry.provider}/{entry.id}"
        for entry in prices._table.entries()
        if entry.provider in {"anthropic", "openai", "google", "mistral", "x-ai", "deepseek", "groq", "openrouter"}
        and (found := prices._entry(f"{entry.provider}/{entry.id}")) != entry
        and (found is None or found.rates != entry.rates)
    ]
    assert missed == []
