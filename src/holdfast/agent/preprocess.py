"""One question, two models: `preprocess_and_execute`, which remembers what was said where a session is given.

Nothing is kept of a call that fails, and the failure is raised.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from holdfast.agent._surroundings import environment, facts, given, project_map, settings
from holdfast.errors import BadInput, Unavailable
from holdfast.llm.base import Client
from holdfast.llm.names import target
from holdfast.llm.pipeline import DomainRule, Pipeline, PreLLMResponse, Strategy
from holdfast.llm.provider import ProviderClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

SMALL = "ollama/qwen2.5:3b"
LARGE = "anthropic/claude-sonnet-4-20250514"
MOST_TOKENS = 2048
TEMPERATURE = 0.7
SUMMARY = 500
"""Characters of an answer that are remembered."""
PIPELINES: dict[str, Strategy] = {
    "context_aware": "auto",
    "dual_agent_full": "structure",
    "full_context_aware": "enrich",
}


class Memory(Protocol):
    """What remembers questions and answers; `holdfast.UserMemory` is one."""

    async def auto_inject_context(self, query: str, system_prompt: str = "") -> str:
        """Return preferences and earlier answers that matter for a question."""

    async def add_interaction(self, query: str, response_summary: str, metadata: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Remember a question and its answer."""

    async def learn_preference_from_interaction(self, query: str, response: str) -> Any:  # noqa: ANN401
        """Learn what the person prefers."""

    def close(self) -> Any:  # noqa: ANN401
        """Let go of files."""


async def preprocess_and_execute(  # noqa: PLR0917 - the signature that programs already call
    query: str,
    small_llm: str | Client | None = None,
    large_llm: str | Client | None = None,
    strategy: Strategy = "auto",
    user_context: str | Mapping[str, Any] | None = None,
    config_path: str | Path | None = None,
    domain_rules: Sequence[Mapping[str, Any]] | None = None,
    pipeline: str | None = None,
    prompts_path: str | Path | None = None,
    pipelines_path: str | Path | None = None,
    schemas_path: str | Path | None = None,
    memory_path: str | Path | None = None,
    codebase_path: str | Path | None = None,
    collect_env: bool = False,  # noqa: FBT001, FBT002
    collect_runtime: bool = True,  # noqa: FBT001, FBT002
    session_path: str | Path | None = None,
    compress_folder: bool = False,  # noqa: FBT001, FBT002
    sanitize: bool = True,  # noqa: FBT001, FBT002
    sensitive_rules: str | Path | None = None,
    **kwargs: Any,  # noqa: ANN401
) -> PreLLMResponse:
    """Have a small model take a question apart and a large one answer it.

    With `session_path` (or `memory_path`) both are told what matters of earlier answers and preferences, and the exchange is
    remembered. Keys are masked before anything is sent or kept unless `sanitize` is False. `kwargs`: max_tokens, temperature,
    memory (an object like UserMemory). A model that fails raises, and nothing is kept.
    """
    _refuse(pipelines_path, schemas_path)
    words, more = given(user_context)
    known = facts(runtime=collect_runtime, env=collect_env) | more
    settled = settings(config_path)
    mask = _mask(sensitive_rules) if sanitize else str
    files = project_map(Path(codebase_path or "."), query) if codebase_path or compress_folder else ""
    async with _remembering(kwargs.get("memory"), memory_path or session_path) as memory:
        told = await memory.auto_inject_context(query) if memory else ""
        clients = (_client(small_llm, "small", settled, kwargs), _client(large_llm, "large", settled, kwargs))
        asked = Pipeline(*clients, prompts=_prompts(settled, prompts_path), rules=_rules(settled, domain_rules))
        answer = await asked.run(
            mask(query),
            strategy=_chosen(strategy, pipeline, settled),
            context=mask("\n\n".join(t for t in (told, words, files) if t)),
            known={k: mask(v) for k, v in known.items()},
        )
        await _remember(memory, mask(query), answer, mask)
    return answer


def preprocess_and_execute_sync(  # noqa: PLR0917 - the signature that programs already call
    query: str,
    small_llm: str | Client | None = None,
    large_llm: str | Client | None = None,
    strategy: Strategy = "classify",
    **kwargs: Any,  # noqa: ANN401
) -> PreLLMResponse:
    """Do what `preprocess_and_execute` does, in an ordinary program."""
    return asyncio.run(preprocess_and_execute(query, small_llm, large_llm, strategy, **kwargs))


def _refuse(*unsupported: object) -> None:
    if any(unsupported):
        raise BadInput(
            "pipelines and schemas of your own are not supported", "choose a strategy= or a pipeline= by name"
        )


@asynccontextmanager
async def _remembering(memory: Memory | None, path: str | Path | None) -> AsyncGenerator[Memory | None]:
    """Open the memory at a path and close it afterwards; one that was given stays its owner's."""
    opened = None if memory else _memory(path)
    try:
        yield memory or opened
    finally:
        if opened:
            opened.close()


async def _remember(memory: Memory | None, query: str, answer: PreLLMResponse, mask: Callable[[str], str]) -> None:
    if memory is None:
        return
    said = mask(answer.content)
    kind = answer.decomposition.classification if answer.decomposition else None
    about = {"model": answer.model_used} | ({"intent": kind.intent} if kind and kind.intent != "unknown" else {})
    await memory.add_interaction(query, said[:SUMMARY], about)
    await memory.learn_preference_from_interaction(query, said)


def _memory(path: str | Path | None) -> Memory | None:
    if path is None:
        return None
    import holdfast  # noqa: PLC0415 - its names are loaded when they are asked for

    kind = getattr(holdfast, "UserMemory", None)
    if kind is None:
        raise Unavailable("there is no UserMemory in this installation", "leave session_path out")
    memory: Memory = kind(path=str(path))
    return memory


def _client(given: str | Client | None, size: str, settled: dict[str, Any], options: Mapping[str, Any]) -> Client:
    if isinstance(given, Client):
        return given
    env = environment()
    configured = settled.get(f"{size}_model")
    fixed = configured if isinstance(configured, dict) else {}
    usual = env.get(f"PRELLM_{size.upper()}_DEFAULT") or env.get(f"{size.upper()}_MODEL")
    name = given or fixed.get("model") or usual or (SMALL if size == "small" else LARGE)
    asked = {
        "max_tokens": options.get("max_tokens", fixed.get("max_tokens", MOST_TOKENS)),
        "temperature": options.get("temperature", fixed.get("temperature", 0.0 if size == "small" else TEMPERATURE)),
    }
    return ProviderClient(target(str(name), env=env), settings=asked)


def _chosen(strategy: Strategy, pipeline: str | None, settled: dict[str, Any]) -> Strategy:
    if pipeline is None:
        usual = settled.get("default_strategy")
        return usual if strategy == "auto" and usual else strategy
    return PIPELINES.get(pipeline, cast("Strategy", pipeline))  # the pipeline refuses what it does not know


def _prompts(settled: dict[str, Any], path: str | Path | None) -> dict[str, str]:
    """Return words of a person's own, from `classify_prompt: ...` or `classify: {system: ...}`."""
    both = {**(settled.get("prompts") or {}), **settings(path)}
    listed = both.get("prompts", both)
    found = {str(k).removesuffix("_prompt"): v.get("system") if isinstance(v, dict) else v for k, v in listed.items()}
    return {k: v for k, v in found.items() if isinstance(v, str)}


def _rules(settled: dict[str, Any], rules: Sequence[Mapping[str, Any]] | None) -> list[DomainRule]:
    return [
        DomainRule(
            name=str(rule.get("name", "")),
            keywords=tuple(map(str, rule.get("keywords") or ())),
            intent=str(rule.get("intent", "")),
            required_fields=tuple(map(str, rule.get("required_fields") or ())),
            enrich_template=str(rule.get("enrich_template", "")),
        )
        for rule in rules or settled.get("domain_rules") or ()
    ]


def _mask(rules: str | Path | None) -> Callable[[str], str]:
    """Return what masks secrets: our own rules, and those of a `sensitive_keys` file."""
    from holdfast.redact import Redactor  # noqa: PLC0415 - only for a call

    redactor = Redactor()
    if rules is None:
        return lambda text: redactor.mask(text)[0]
    import holdfast  # noqa: PLC0415

    kind = getattr(holdfast, "SensitiveDataFilter", None)
    if kind is None:
        own = Redactor([Path(rules)])
        return lambda text: own.mask(text)[0]
    special = kind(rules_path=str(rules))
    return lambda text: redactor.mask(str(special.sanitize_text(text)))[0]
