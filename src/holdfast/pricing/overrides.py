"""Knows a person's own price file: adds models, replaces numbers, marks what is free. Refuses what it cannot read.

docs/reference/prices.md shows the format.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.model.usage import BAND_LIMITS
from holdfast.pricing.names import fold, spellings, split
from holdfast.pricing.table import Entry, Rates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RATES = frozenset(Rates.__struct_fields__)
_COUNTS = frozenset({"window", "max_output"})
_KEYS = _RATES | _COUNTS | {"web_search", "free", "above"}
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


class Own(Struct, frozen=True, kw_only=True):
    """What a person says about one model; None leaves the shipped number."""

    name: str
    rates: dict[str, Decimal] = {}
    web_search: Decimal | None = None
    bands: tuple[tuple[int, dict[str, Decimal]], ...] = ()
    window: int | None = None
    max_output: int | None = None
    free: bool | None = None


class Overrides(Struct, frozen=True, kw_only=True):
    """All of a person's own entries, by folded name."""

    path: str = ""
    models: dict[str, Own] = {}
    free: frozenset[str] = frozenset()

    def find(self, model: str) -> Own | None:
        """Find what a person says about a model."""
        name = split(model)
        for text in (name.full,) if "/" in name.name else (name.full, name.name):
            own = next((self.models[way] for way in spellings(text) if way in self.models), None)
            if own is not None:
                return own
        return None

    def over(self, model: str, listed: Callable[[str], Entry | None]) -> Entry | None:
        """Return the listed model with a person's own numbers over it."""
        entry, own = listed(model), self.find(model)
        if own is not None:
            entry = _merged(entry or Entry(id=own.name), own)
        head = model.strip().lower().partition("/")[0]
        if head in self.free:
            entry = replace(entry or Entry(id=model), free=True)
        return entry


def read(path: Path) -> Overrides:
    """Read a person's own price file; raise BadInput naming the file and the key that is wrong."""
    reader = _Reader(path)
    top = reader.mapping(_yaml(path), "the file")
    reader.known(top, frozenset({"models", "free", "date"}), "")
    free = top.get("free") or []
    if not isinstance(free, list) or not all(isinstance(name, str) for name in free):
        raise reader.bad("free", "must be a list of provider names")
    models = reader.mapping(top.get("models") or {}, "models")
    entries = {fold(name).removesuffix("[1m]"): reader.own(name, models[name]) for name in models}
    return Overrides(path=str(path), models=entries, free=frozenset(name.lower() for name in free))


def _yaml(path: Path) -> object:
    import yaml  # noqa: PLC0415 - wanted only where a person has a file of their own

    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=yaml.BaseLoader) or {}  # noqa: S506  # makes text only
    except OSError as error:
        raise BadInput(f"cannot read the price file {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"the price file {path} is not YAML: {error}") from error


def _merged(entry: Entry, own: Own) -> Entry:
    """Lay own numbers over a listed model; a new input or output price drops the listed bands."""
    rates = replace(entry.rates, **own.rates)
    bands = entry.bands if not own.rates else ()
    if own.bands:
        bands = tuple((above, replace(rates, **values)) for above, values in own.bands)
    return replace(
        entry,
        rates=rates,
        bands=bands,
        web_search=entry.web_search if own.web_search is None else own.web_search,
        window=own.window or entry.window,
        free=entry.free if own.free is None else own.free,
    )


class _Reader:
    """Checks the file's values and says where they stand."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def bad(self, key: str, why: str) -> BadInput:
        return BadInput(f"{self.path}: {key}: {why}", "docs/reference/prices.md shows the format")

    def mapping(self, value: object, key: str) -> dict[str, object]:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise self.bad(key, "must be a mapping")
        return value

    def known(self, values: dict[str, object], keys: frozenset[str], where: str) -> None:
        for key in values.keys() - keys:
            raise self.bad(f"{where}{key}", f"unknown key; known are {', '.join(sorted(keys))}")

    def own(self, name: str, value: object) -> Own:
        where = f"models.{name}."
        values = self.mapping(value, where.rstrip("."))
        self.known(values, _KEYS, where)
        limits = {key: self.count(values[key], where + key) for key in _COUNTS & values.keys()}
        return Own(
            name=name,
            rates=self.rates({key: values[key] for key in _RATES & values.keys()}, where),
            web_search=self.price(values["web_search"], where + "web_search") if "web_search" in values else None,
            bands=self.bands(values.get("above", {}), where + "above"),
            window=limits.get("window"),
            max_output=limits.get("max_output"),
            free=self.truth(values["free"], where + "free") if "free" in values else None,
        )

    def rates(self, values: dict[str, object], where: str) -> dict[str, Decimal]:
        return {key: self.price(value, where + key) for key, value in values.items()}

    def bands(self, value: object, key: str) -> tuple[tuple[int, dict[str, Decimal]], ...]:
        rows = []
        for limit, prices in self.mapping(value, key).items():
            above, where = self.count(limit, f"{key}.{limit}"), f"{key}.{limit}."
            if above not in BAND_LIMITS:
                raise self.bad(where.rstrip("."), f"must be one of {', '.join(map(str, BAND_LIMITS))}")
            named = self.mapping(prices, where.rstrip("."))
            self.known(named, _RATES, where)
            rows.append((above, self.rates(named, where)))
        return tuple(sorted(rows, key=lambda row: row[0]))

    def price(self, value: object, key: str) -> Decimal:
        try:
            price = Decimal(str(value))
        except InvalidOperation:
            raise self.bad(key, f"{value!r} is not a number") from None
        if not price.is_finite() or price < 0:
            raise self.bad(key, f"{value!r} is not a price")
        return price

    def count(self, value: object, key: str) -> int:
        text = str(value).replace("_", "")
        if not text.isdecimal() or not int(text):
            raise self.bad(key, f"{value!r} is not a number of tokens")
        return int(text)

    def truth(self, value: object, key: str) -> bool:
        if str(value).lower() not in _TRUTH:
            raise self.bad(key, f"{value!r} is neither true nor false")
        return _TRUTH[str(value).lower()]
