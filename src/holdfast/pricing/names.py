"""Knows how one model is spelled by agents, providers and clouds. Refuses to guess: names match whole or not at all.

A name is split into its provider, where it says one, and the spellings to look up one after another, the most exact
first. Only what carries no price is dropped: the release date, `-latest`, a cloud's version, the effort of thinking.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL = frozenset(
    {"ollama", "ollama_chat", "lmstudio", "lm-studio", "lm_studio", "llamacpp", "llama.cpp", "llamafile", "mlx"}
)
"""Providers that run models on the person's own machine: free by provider."""

PROVIDERS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "openai-codex": "openai",
    "google": "google",
    "gemini": "google",
    "google-gla": "google",
    "google-vertex": "google",
    "vertex_ai": "google",
    "vertex": "google",
    "models": "google",
    "xai": "x-ai",
    "x-ai": "x-ai",
    "grok": "x-ai",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "mistralai": "mistral",
    "groq": "groq",
    "openrouter": "openrouter",
    "moonshot": "moonshotai",
    "moonshotai": "moonshotai",
    "zai": "zai",
    "z-ai": "zai",
    "zhipuai": "zhipuai",
    "minimax": "minimax",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "cerebras": "cerebras",
    "together": "together",
    "together_ai": "together",
    "togetherai": "together",
    "fireworks": "fireworks",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "bedrock": "aws",
    "amazon-bedrock": "aws",
    "aws": "aws",
    "azure": "azure",
    "azure_ai": "azure",
    "github-copilot": "github-copilot",
    "github_copilot": "github-copilot",
    "copilot": "github-copilot",
    "cursor": "cursor",
    "novita": "novita",
    "baseten": "baseten",
    "databricks": "databricks",
}

_MAKERS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("claude-",), ("anthropic",)),
    (("gpt-", "ft:gpt-", "chatgpt-", "o1", "o3", "o4", "codex-", "text-embedding-"), ("openai",)),
    (("gemini-", "gemma-"), ("google",)),
    (("grok-",), ("x-ai",)),
    (("deepseek-",), ("deepseek",)),
    (("mistral", "ministral", "codestral", "devstral", "magistral"), ("mistral",)),
    (("mixtral", "pixtral", "voxtral", "open-mi"), ("mistral",)),
    (("kimi-", "moonshot-"), ("moonshotai",)),
    (("glm-",), ("zai", "zhipuai")),
    (("minimax-",), ("minimax",)),
    (("command-",), ("cohere",)),
    (("sonar",), ("perplexity",)),
    (("composer-",), ("cursor",)),
    (("muse-",), ("meta",)),
)
"""Whose table a bare name is looked up in; the name must still stand there whole."""
_CLOUD = re.compile(
    r"(?:(us|eu|apac|jp|au|ca|us-gov|global|regional)\.)?"
    r"((?:anthropic|amazon|meta|mistral|deepseek|openai|qwen|moonshotai|zai|nvidia|google|writer)\..+)"
)
_CLOUD_VERSION = re.compile(r"(?:-v\d+)?(?::\d+)?$")
_DATE = re.compile(r"(?:[-@]20\d{6}|-20\d\d-\d\d-\d\d)$")
_GEMINI_DATE = re.compile(r"-(?:\d\d-\d\d|\d\d-20\d\d|00\d)$")
_CLAUDE_VERSION_FIRST = re.compile(r"claude-(\d+(?:-\d+)?)-([a-z]+)(.*)")
_CLAUDE_THINKING = re.compile(r"-(?:thinking|thought)$")
_EFFORT = re.compile(r"^((?:gpt-|o[134]).*)-(?:minimal|low|medium|high|xhigh)$")
LONG = "[1m]"


class Name(NamedTuple):
    """A model's provider ("" where the name does not say it) and the name that it has there."""

    provider: str
    name: str
    full: str


def fold(name: str) -> str:
    """Fold the differences that never tell two models apart: case, and a dot or dash in a version."""
    return name.strip().lower().replace(".", "-")


def split(model: str) -> Name:
    """Split a recorded name into provider and name; only known providers are split off."""
    full = model.strip().lower().removesuffix(LONG)
    for separator in "/:":
        head, found, rest = full.partition(separator)
        if found and rest and (head in PROVIDERS or head in LOCAL):
            return Name(PROVIDERS.get(head, head), rest, full if separator == "/" else f"{head}/{rest}")
    cloud = _CLOUD.fullmatch(full)
    return Name("aws", full, full) if cloud else Name("", full, full)


def makers(name: str) -> tuple[str, ...]:
    """Return the providers whose own models carry such a name."""
    return next((found for starts, found in _MAKERS if name.startswith(starts)), ())


def spellings(name: str) -> Iterator[str]:
    """Yield the folded spellings under which a name may stand in a table, the most exact first."""
    seen: set[str] = set()
    current = fold(name)
    for step in (_same, _undated, _claude_order, _without_effort, _undated):
        current = step(current)
        if current not in seen:
            seen.add(current)
            yield current


def cloud_spellings(name: str) -> Iterator[str]:
    """Yield the spellings of a cloud's model id: its region's price, then the price that knows no regions."""
    found = _CLOUD.fullmatch(name)
    if found is None:
        yield from spellings(name)
        return
    region = "global" if found[1] == "global" else "regional"
    for rest in (found[2], _CLOUD_VERSION.sub("", found[2]), _DATE.sub("", _CLOUD_VERSION.sub("", found[2]))):
        yield fold(f"{region}.{rest}")
        yield fold(rest)


def _same(name: str) -> str:
    return name


def _undated(name: str) -> str:
    shorter = _DATE.sub("", name).removesuffix("-latest")
    return _GEMINI_DATE.sub("", shorter) if shorter.startswith("gemini-") else shorter


def _claude_order(name: str) -> str:
    found = _CLAUDE_VERSION_FIRST.fullmatch(name)
    return f"claude-{found[2]}-{found[1]}{found[3]}" if found else name


def _without_effort(name: str) -> str:
    if name.startswith("claude-"):
        return _CLAUDE_THINKING.sub("", name)
    return _EFFORT.sub(r"\1", name)
