"""Knows the shape of the shipped price table and finds a model in it. Refuses to know who used what.

The file is read once; a provider's models are decoded only when one of them is asked for.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from holdfast.pricing.names import LOCAL, Name, cloud_spellings, makers, spellings, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_ROUTED = ("qwen", "qwq")
"""The table lists no provider of their maker's own, so their bare names mean what the router asks for them."""


class Rates(Struct, frozen=True, array_like=True):
    """USD per million tokens; a class without a price of its own costs what the class before it costs."""

    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None


class Entry(Struct, frozen=True, array_like=True):
    """One model of one provider; `bands` are (prompt tokens above which they hold, rates), rising."""

    id: str
    names: tuple[str, ...] = ()
    window: int | None = None
    rates: Rates = Rates()
    web_search: Decimal | None = None
    """USD per thousand searches."""
    bands: tuple[tuple[int, Rates], ...] = ()
    provider: str = ""
    free: bool = False
    max_output: int | None = None


class _Provider(Struct, frozen=True):
    fallback: tuple[str, ...] = ()
    models: tuple[Entry, ...] = ()


class _File(Struct, frozen=True):
    date: str
    source: str
    version: str
    providers: dict[str, Raw]


class Table:
    """The shipped price table."""

    def __init__(self) -> None:
        self._providers: dict[str, tuple[_Provider, dict[str, Entry]]] = {}

    @cached_property
    def file(self) -> _File:
        """The decoded head of the file, its providers still raw."""
        return msgspec.json.decode(Path(__file__).with_name("prices.json").read_bytes(), type=_File)

    def find(self, model: str) -> Entry | None:
        """Find the model that a recorded name means, or None: a name matches whole or not at all."""
        name = split(model)
        return next((entry for entry in self._hits(name) if entry is not None), None)

    def entries(self) -> Iterator[Entry]:
        """Yield every model of every provider."""
        for provider in self.file.providers:
            yield from self._decoded(provider)[0].models

    def _hits(self, name: Name) -> Iterator[Entry | None]:
        for provider in (name.provider,) if name.provider else makers(name.name):
            yield self._at(provider, name.name)
            for other in self._decoded(provider)[0].fallback:
                yield self._at(other, name.name)
        if "/" in name.full and name.provider not in LOCAL:
            yield self._at("openrouter", name.full)
        elif not name.provider and name.name.startswith(_ROUTED):
            yield self._at("openrouter", f"qwen/{name.name}")

    def _at(self, provider: str, name: str) -> Entry | None:
        ways: Iterable[str] = cloud_spellings(name) if provider == "aws" else spellings(name)
        known = self._decoded(provider)[1]
        return next((known[way] for way in ways if way in known), None)

    def _decoded(self, provider: str) -> tuple[_Provider, dict[str, Entry]]:
        if provider not in self._providers:
            raw = self.file.providers.get(provider)
            held = msgspec.json.decode(raw, type=_Provider) if raw is not None else _Provider()
            held = msgspec.structs.replace(
                held, models=tuple(msgspec.structs.replace(entry, provider=provider) for entry in held.models)
            )
            self._providers[provider] = (held, {name: entry for entry in held.models for name in entry.names})
        return self._providers[provider]
