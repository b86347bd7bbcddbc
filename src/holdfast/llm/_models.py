"""The provider library's own model for each provider; every one is asked in the format its servers speak best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_ai.models import Model
    from pydantic_ai.profiles import ModelProfile
    from pydantic_ai.providers import Provider

    from holdfast.llm.names import Target

AZURE_VERSION = "2024-10-21"


def model(where: Target) -> Model[Any]:
    """Return the model at that address, not connected yet."""
    return MAKERS[where.provider](where)


def load(where: Target) -> None:
    """Import what `model` will need; the rest of the provider's library follows from it."""
    from importlib import import_module

    import_module("pydantic_ai.direct")
    import_module(f"pydantic_ai.models.{'openai' if where.provider == 'azure' else where.provider}")
    import_module(f"pydantic_ai.providers.{where.provider}")


def _whole(provider: Provider[Any], name: str) -> ModelProfile | None:
    """Have an answer without an end be a failure: it was cut off."""
    from pydantic_ai.profiles import merge_profile
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    return merge_profile(
        provider.model_profile(name), OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    )


def _openai(where: Target) -> Model[Any]:
    """Any server that speaks chat completions."""
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    if where.endpoint:
        other = OpenAICompatibleProvider(where.provider, base_url=where.endpoint, api_key=where.key)
        return OpenAIChatModel(where.model, provider=other, profile=_whole(other, where.model))
    usual = OpenAIProvider(api_key=where.key)
    return OpenAIChatModel(where.model, provider=usual, profile=_whole(usual, where.model))


def _ollama(where: Target) -> Model[Any]:
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.providers.ollama import OllamaProvider

    provider = OllamaProvider(base_url=where.endpoint, api_key=where.key)
    return OllamaModel(where.model, provider=provider, profile=_whole(provider, where.model))


def _anthropic(where: Target) -> Model[Any]:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    return AnthropicModel(where.model, provider=AnthropicProvider(api_key=where.key, base_url=where.endpoint or None))


def _google(where: Target) -> Model[Any]:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    return GoogleModel(where.model, provider=GoogleProvider(api_key=where.key, base_url=where.endpoint or None))


def _groq(where: Target) -> Model[Any]:
    from pydantic_ai.models.groq import GroqModel
    from pydantic_ai.providers.groq import GroqProvider

    return GroqModel(where.model, provider=GroqProvider(api_key=where.key, base_url=where.endpoint or None))


def _azure(where: Target) -> Model[Any]:
    import os

    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    if not where.endpoint:
        raise BadInput(
            "azure needs the address of your resource", "export AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com"
        )
    version = os.environ.get("OPENAI_API_VERSION") or AZURE_VERSION
    provider = AzureProvider(azure_endpoint=where.endpoint, api_key=where.key, api_version=version)
    return OpenAIChatModel(where.model, provider=provider, profile=_whole(provider, where.model))


def _openrouter(where: Target) -> Model[Any]:
    from pydantic_ai.models.openrouter import OpenRouterModel
    from pydantic_ai.providers.openrouter import OpenRouterProvider

    provider = OpenRouterProvider(api_key=where.key)
    if where.endpoint:
        provider.client.base_url = where.endpoint  # the provider's own constructor takes no address
    return OpenRouterModel(where.model, provider=provider, profile=_whole(provider, where.model))


MAKERS: dict[str, Callable[[Target], Model[Any]]] = {
    "ollama": _ollama,
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "groq": _groq,
    "azure": _azure,
    "openrouter": _openrouter,
}
