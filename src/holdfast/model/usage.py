"""Tokens and requests: what was billed, and how certain each count is.

Counts of one `Usage` may be added: `input`, `cache_read`, `cache_write` and `output` never overlap. `reasoning` says how many
reasoning tokens there were; most agents count them inside `output`, and where they do not, `reasoning_apart` holds those
that `output` leaves out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from hashlib import blake2b

TokensKind = Literal["reported", "exact", "estimated", "none"]
_CERTAINTY: tuple[TokensKind, ...] = ("none", "reported", "exact", "estimated")


class Usage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one request or of many; `cost` is micro-USD as the agent recorded it, None where it did not."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    reasoning_apart: int = 0
    cache_write_1h: int = 0
    """The part of `cache_write` that is kept for an hour (priced higher)."""
    web_searches: int = 0
    cost: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """Add two counts; a cost stays known only if either side knows one."""
        costs = [c for c in (self.cost, other.cost) if c is not None]
        return Usage(
            input=self.input + other.input,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
            reasoning_apart=self.reasoning_apart + other.reasoning_apart,
            cache_write_1h=self.cache_write_1h + other.cache_write_1h,
            web_searches=self.web_searches + other.web_searches,
            cost=sum(costs) if costs else None,
        )

    @property
    def context(self) -> int:
        """Tokens that entered the context window: all input and everything generated."""
        return self.prompt + self.output + self.reasoning_apart

    @property
    def prompt(self) -> int:
        """All input tokens, cached or not; price bands look at this."""
        return self.input + self.cache_read + self.cache_write

    @property
    def total(self) -> int:
        """Every token once."""
        return self.context


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One billed request to a model, wherever its record was copied to afterwards.

    `key` is the same in every copy of the record (resumed, forked and compacted files), so that it is counted once.
    `line` is the 1-based line of the source file, or the row or message number where the source has no lines.
    """

    key: str
    at: int | None = None
    model: str = ""
    usage: Usage = Usage()
    kind: TokensKind = "reported"
    path: str = ""
    line: int = 0
    main: bool = True
    """False for a request of a side chain: it is billed, but it says nothing about the context in use."""


class Bucket(Struct, frozen=True, kw_only=True, omit_defaults=True, array_like=True):
    """Requests of one model whose prompts fall into one price band, added up."""

    model: str
    band: int
    requests: int
    usage: Usage
    kind: TokensKind = "reported"
    recorded: int = 0
    """How many of the requests carry a cost of their own in `usage.cost`."""


COUNTED = "counted:"
"""How the key of a request begins that stands in for usage nobody recorded: it goes when a recorded one comes."""
_SHORT = re.compile(rf"(?:{COUNTED})?#[0-9a-f]{{16}}", re.ASCII)
BAND_LIMITS = (32_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000)
"""Prompt sizes at which some price list changes its price for the whole request."""


def band(usage: Usage) -> int:
    """Return the number of the price band that one request's prompt falls into."""
    return bisect_left(BAND_LIMITS, usage.input + usage.cache_read + usage.cache_write)


def key_hash(key: str) -> int:
    """Return the signed 64-bit number under which a ledger keeps a request; a short key stands for its own number."""
    if key.startswith(("#", COUNTED)) and _SHORT.fullmatch(key):
        return int.from_bytes(bytes.fromhex(key[-16:]), "big", signed=True)
    digest = _hasher()(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@cache
def _hasher() -> type[blake2b]:
    import hashlib  # noqa: PLC0415 - lists make no keys, and should be quick

    return hashlib.blake2b


def short_key(key: str) -> str:
    """Return a request's key as a ledger shows it: `#` and 16 hexadecimal digits, `counted:` before those of a stand-in."""
    return shown_key(key_hash(key), counted=key.startswith(COUNTED))


def shown_key(number: int, *, counted: bool = False) -> str:
    """Return the short key of a ledger's number."""
    return f"{COUNTED if counted else ''}#{number & (1 << 64) - 1:016x}"


def is_counted(request: Request) -> bool:
    """Tell whether a request stands in for usage that the agent did not record."""
    return request.kind == "estimated" and request.key.startswith(COUNTED)


def dedupe(requests: Iterable[Request]) -> dict[str, Request]:
    """Count each request key once, keeping the first place it was seen at and the greatest figures."""
    seen: dict[str, Request] = {}
    for request in requests:
        first = seen.get(request.key)
        seen[request.key] = request if first is None else grown(first, request)
    return seen


def grown(first: Request, other: Request) -> Request:
    """Return a request as its first record has it, with the figures of whichever of two records has the greater."""
    if other.usage == first.usage or weight(other.usage) <= weight(first.usage):
        return first
    return replace(first, usage=other.usage, model=first.model or other.model)


def weight(usage: Usage) -> tuple[int, ...]:
    """Order the records of one request: the greatest output, then the greatest prompt, then figure by figure.

    Records of equal weight have equal figures, so that no order of reading decides anything.
    """
    return (
        usage.output,
        usage.input + usage.cache_read + usage.cache_write,
        usage.cache_read,
        usage.cache_write,
        usage.reasoning,
        usage.reasoning_apart,
        usage.cache_write_1h,
        usage.web_searches,
        -1 if usage.cost is None else usage.cost,
    )


def buckets(requests: Iterable[Request]) -> tuple[Bucket, ...]:
    """Add up requests by model and price band, in the order in which they first appear."""
    rows: dict[tuple[str, int, TokensKind, bool], list[int | Usage]] = {}
    for request in requests:
        costed = request.usage.cost is not None
        row = rows.setdefault((request.model, band(request.usage), request.kind, costed), [0, Usage()])
        row[0] = _int(row[0]) + 1
        row[1] = request.usage + _usage(row[1])
    return tuple(
        Bucket(model=m, band=b, kind=k, requests=_int(n), usage=_usage(u), recorded=_int(n) if costed else 0)
        for (m, b, k, costed), (n, u) in rows.items()
    )


def kind_of(rows: Iterable[Bucket]) -> TokensKind:
    """Return the least certain kind among the rows: an estimate makes the whole an estimate."""
    return max((row.kind for row in rows), key=_CERTAINTY.index, default="none")


def _int(value: int | Usage) -> int:
    return value if isinstance(value, int) else 0


def _usage(value: int | Usage) -> Usage:
    return value if isinstance(value, Usage) else Usage()
