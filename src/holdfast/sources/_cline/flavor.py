"""What tells the programs of the family apart, and what their token counts mean. Refuses to know files and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model import Usage
from holdfast.sources._content import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.model import Json

MICRO = 1_000_000
_WHOLE_PROVIDERS = frozenset({
    "openai", "litellm", "doubao", "fireworks", "hicap", "lmstudio", "qwen", "xai", "zai",
})  # fmt: skip
"""Providers for which Cline writes the whole prompt as `tokensIn`, though it names the cached part besides."""


class Flavor(Struct, frozen=True, kw_only=True):
    """One program of the family."""

    agent: str
    whole_since: int | None = None
    """From when on `tokensIn` is the whole prompt for every provider; None where that never changed."""
    native: Callable[[str], str] = str
    """Gives the session's own id for a task's name."""


class Counted(Struct, frozen=True, kw_only=True):
    """What is known of a request beside its counts."""

    at: int | None
    provider: str = ""


def usage_of(info: dict[str, Json], flavor: Flavor, known: Counted) -> Usage:
    """Make a request's counts disjoint: what is cached is taken out of the prompt where it is counted in it."""
    sent = number(info.get("tokensIn"))
    read, write = number(info.get("cacheReads")), number(info.get("cacheWrites"))
    if sent >= read + write and _is_whole(info, flavor, known):
        sent -= read + write
    return Usage(
        input=sent,
        cache_read=read,
        cache_write=write,
        output=number(info.get("tokensOut")),
        cost=micro(info.get("cost")),
    )


def micro(cost: Json) -> int | None:
    """Return a cost in USD as micro-USD; 0 stands for models without a price and is unknown."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 < cost < MICRO:
        return None
    return round(cost * MICRO)


def _is_whole(info: dict[str, Json], flavor: Flavor, known: Counted) -> bool:
    if flavor.whole_since is None:
        return known.provider in _WHOLE_PROVIDERS
    return info.get("apiProtocol") == "openai" or (known.at or 0) >= flavor.whole_since
