"""How a person names a model, and where each provider is reached: `ollama/qwen2.5:3b`, `openai:gpt-5-mini`.

Knows providers, their addresses and the variables that hold addresses and keys; refuses to know their libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from holdfast.errors import BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_KEY = "not-needed"
"""What is sent as a key to a server that asks for none."""
OLLAMA_PORT = 11434


class Provider(Struct, frozen=True, kw_only=True):
    """One provider: the variables that hold its keys and address, and the model that is asked when none is named."""

    name: str
    keys: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    model: str = ""
    keyless: bool = False


PROVIDERS: dict[str, Provider] = {
    p.name: p
    for p in (
        Provider(name="ollama", keys=("OLLAMA_API_KEY",), address=("OLLAMA_HOST", "OLLAMA_BASE_URL"), model="qwen2.5:3b",
                 keyless=True),
        Provider(name="openai", keys=("OPENAI_API_KEY",), address=("OPENAI_BASE_URL",), model="gpt-5-mini"),
        Provider(name="anthropic", keys=("ANTHROPIC_API_KEY",), address=("ANTHROPIC_BASE_URL",),
                 model="claude-sonnet-4-20250514"),
        Provider(name="google", keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"), address=("GOOGLE_GEMINI_BASE_URL",),
                 model="gemini-2.5-flash"),
        Provider(name="groq", keys=("GROQ_API_KEY",), address=("GROQ_BASE_URL",), model="llama-3.3-70b-versatile"),
        Provider(name="azure", keys=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
                 address=("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE")),
        Provider(name="openrouter", keys=("OPENROUTER_API_KEY",), address=("OPENROUTER_BASE_URL",)),
    )
}  # fmt: skip
ALIASES = {
    "gemini": "google",
    "google-gla": "google",
    "google-vertex": "google",
    "azure-openai": "azure",
    "claude": "anthropic",
}
WRITTEN = "write provider/model, for example ollama/qwen2.5:3b or anthropic/claude-sonnet-4-20250514"
_FAMILIES = (
    (re.compile(r"gpt-|o\d|chatgpt-"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "google"),
)


class Target(Struct, frozen=True, kw_only=True):
    """A model at an address, with the key that opens it. `endpoint` is empty for the provider's usual address."""

    provider: str
    model: str
    endpoint: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """The model as a person writes it."""
        return f"{self.provider}/{self.model}"


def target(model: str, *, endpoint: str | None = None, key: str | None = None, env: Mapping[str, str]) -> Target:
    """Find out which model is meant, where it is, and with which key.

    A name without a provider is a model of the server at `endpoint` or `OPENAI_BASE_URL`, or of the family it is named
    after. errors.BadInput for a name nobody knows, errors.Denied where a key is missing.
    """
    provider, name = _split(model.strip(), own_server=bool(endpoint or env.get("OPENAI_BASE_URL")))
    name = name or provider.model
    if not name:
        raise BadInput(f"{provider.name} needs the name of a model", f"for example {provider.name}/NAME")
    address = _address(provider, endpoint, env)
    return Target(provider=provider.name, model=name, endpoint=address, key=key or _key(provider, address, env))


def _split(written: str, *, own_server: bool) -> tuple[Provider, str]:
    head, rest = re.split(r"[/:]", written, maxsplit=1) if re.search(r"[/:]", written) else (written, "")
    known = PROVIDERS.get(ALIASES.get(head.lower(), head.lower()))
    if known:
        return known, rest
    if own_server and written:
        return PROVIDERS["openai"], written
    for pattern, family in _FAMILIES:
        if pattern.match(written):
            return PROVIDERS[family], written
    raise BadInput(f"no provider is known for the model {written!r}", f"{WRITTEN}; known are {', '.join(PROVIDERS)}")


def _address(provider: Provider, endpoint: str | None, env: Mapping[str, str]) -> str:
    given = endpoint or next((env[v] for v in provider.address if env.get(v)), "")
    return _ollama(given) if provider.name == "ollama" else given.rstrip("/")


def _ollama(host: str) -> str:
    """Return the address of a server's OpenAI-compatible endpoint, from what OLLAMA_HOST may hold."""
    scheme, _, rest = host.rpartition("://")
    parts = urlsplit(f"//{rest}")
    name = parts.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104 - where a server listens, not where to call it
    name = f"[{name}]" if ":" in name else name
    port = parts.port or {"http": 80, "https": 443}.get(scheme, OLLAMA_PORT)
    path = parts.path.rstrip("/")
    return f"{scheme or 'http'}://{name}:{port}{path if path.endswith('/v1') else f'{path}/v1'}"


def _key(provider: Provider, address: str, env: Mapping[str, str]) -> str:
    found = next((env[v] for v in provider.keys if env.get(v)), "")
    if found:
        return found
    if provider.keyless or (address and provider.name != "azure"):
        return NO_KEY
    raise Denied(f"no key for {provider.name}: {provider.keys[0]} is not set", f"export {provider.keys[0]}=...")
