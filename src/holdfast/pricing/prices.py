"""Knows what a count of tokens costs and how much a model can hold. Refuses to guess: unknown is None, never zero.

All arithmetic is exact: prices are decimals, counts are integers, and nothing is rounded before the caller does it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast.model import Bucket, Usage
from holdfast.model.usage import BAND_LIMITS
from holdfast.pricing.names import LOCAL, split
from holdfast.pricing.overrides import Overrides, read
from holdfast.pricing.table import Entry, Rates, Table
from holdfast.pricing.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Basis = Literal["recorded", "listed", "free", "unknown"]
_MILLION = Decimal("0.000001")
_THOUSAND = Decimal("0.001")


class Cost(Struct, frozen=True, kw_only=True):
    """USD of some requests, where the number comes from, and why it is missing if it is."""

    amount: Decimal | None
    basis: Basis
    model: str = ""
    """The listed model, as `provider/id`."""
    why: str = ""


class Total(Struct, frozen=True, kw_only=True):
    """USD of many requests: the sum of what is known (None if nothing is), and the models it leaves out."""

    amount: Decimal | None
    unpriced: tuple[str, ...] = ()


class Prices:
    """The shipped table, the context windows and a person's own entries over both."""

    def __init__(self, overrides: Overrides | None = None) -> None:
        self._table = Table()
        self._windows = Windows()
        self._own = overrides or Overrides()
        self._found: dict[str, Entry | None] = {}
        self._quick: dict[tuple[str, int], tuple[Rates, Decimal | None]] = {}
        """Rates by model and band: a list of thousands of sessions asks for the same few again and again."""

    @classmethod
    def load(cls, overrides: Path | None = None) -> Prices:
        """Open the price table, with a person's own file over it; the table is read when a model is first asked for."""
        return cls(read(overrides) if overrides is not None else None)

    @property
    def provenance(self) -> dict[str, str]:
        """Say how old the numbers are and where they come from."""
        held = self._table.file
        return {
            "date": held.date,
            "source": held.source,
            "version": held.version,
            "windows_date": self._windows.file.date,
            "windows_source": self._windows.file.source,
            "overrides": self._own.path,
        }

    def cost(self, bucket: Bucket) -> Decimal | None:
        """Return what a bucket cost in USD, None where that is unknown."""
        usage = bucket.usage
        if usage.cost is not None and bucket.recorded == bucket.requests:
            return usage.cost * _MILLION
        place = (bucket.model, bucket.band)
        quick = self._quick.get(place)
        if quick is not None:
            return _amount(quick[0], usage, quick[1])
        found = self._listed(bucket.model, usage, bucket.band)
        entry = self._entry(bucket.model)
        if found.basis == "listed" and entry is not None:
            rates = _rates(entry, bucket.band)
            if rates is not None:
                self._quick[place] = (rates, entry.web_search)
        return found.amount

    def cost_of(self, model: str, usage: Usage, band: int) -> Decimal | None:
        """Return what tokens of requests in one price band cost by the list, None where that is unknown."""
        return self._listed(model, usage, band).amount

    def explain(self, bucket: Bucket) -> Cost:
        """Return what a bucket cost and where that number comes from; a recorded cost wins over the list."""
        if bucket.usage.cost is not None and bucket.recorded == bucket.requests:
            return Cost(amount=bucket.usage.cost * _MILLION, basis="recorded")
        return self._listed(bucket.model, bucket.usage, bucket.band)

    def total(self, rows: Iterable[Bucket]) -> Total:
        """Add up buckets and name the models whose price is unknown."""
        known: list[Decimal] = []
        unpriced: dict[str, None] = {}
        for row in rows:
            amount = self.cost(row)
            if amount is None:
                unpriced[row.model] = None
            else:
                known.append(amount)
        return Total(amount=sum(known, Decimal(0)) if known else None, unpriced=tuple(unpriced))

    def window(self, model: str, used: int = 0) -> int | None:
        """Return how many tokens a model can hold; a use that was observed shows that a smaller limit is wrong."""
        own = self._own.find(model)
        if own is not None and own.window is not None:
            return own.window
        return self._windows.window(model, self._entry(model), used)

    def max_output(self, model: str) -> int | None:
        """Return how many tokens a model can answer at once."""
        own = self._own.find(model)
        return own.max_output if own is not None and own.max_output is not None else self._windows.max_output(model)

    def _entry(self, model: str) -> Entry | None:
        if model not in self._found:
            self._found[model] = self._own.over(model, self._table.find)
        return self._found[model]

    def _listed(self, model: str, usage: Usage, band: int) -> Cost:
        entry = self._entry(model)
        if (entry is not None and entry.free) or (entry is None and _is_local(model)):
            return Cost(amount=Decimal(0), basis="free", model=model)
        if entry is None or entry.rates.input is None:
            return Cost(amount=None, basis="unknown", why="no listed price")
        rates = _rates(entry, band)
        amount = None if rates is None else _amount(rates, usage, entry.web_search)
        why = "" if rates is not None else "price changes inside the band"
        why = "no listed output price" if rates is not None and amount is None else why
        basis: Basis = "unknown" if amount is None else "listed"
        return Cost(amount=amount, basis=basis, model=f"{entry.provider}/{entry.id}".strip("/"), why=why)


def _is_local(model: str) -> bool:
    """Say whether a model runs on the person's own machine; what a local program sends to its cloud does not."""
    name = split(model)
    return name.provider in LOCAL and not name.name.endswith(("-cloud", ":cloud"))


def _rates(entry: Entry, band: int) -> Rates | None:
    """Choose the rates that hold for a whole band, None if they change within it.

    Only the band decides, never how many requests there are: a total must be priced exactly where its parts are.
    """
    least = BAND_LIMITS[band - 1] if band else 0
    most = BAND_LIMITS[band] if band < len(BAND_LIMITS) else None
    chosen = entry.rates
    for above, rates in entry.bands:
        if least >= above:
            chosen = rates
        elif most is None or most > above:
            return None
    return chosen


def _amount(rates: Rates, usage: Usage, web_search: Decimal | None) -> Decimal | None:
    written = usage.output + usage.reasoning_apart
    if rates.input is None or (written and rates.output is None):
        return None
    write = rates.input if rates.cache_write is None else rates.cache_write
    tokens = (
        usage.input * rates.input
        + usage.cache_read * (rates.input if rates.cache_read is None else rates.cache_read)
        + (usage.cache_write - usage.cache_write_1h) * write
        + usage.cache_write_1h * (write if rates.cache_write_1h is None else rates.cache_write_1h)
        + written * (rates.output or 0)
    )
    return tokens * _MILLION + usage.web_searches * (web_search or 0) * _THOUSAND
