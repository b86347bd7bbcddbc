"""Write src/holdfast/pricing/prices.json from the installed package genai-prices; the network is never used.

    python scripts/make_price_table.py --date 2026-11-10            # the day the package was released
    python scripts/make_price_table.py --check                      # fail if the shipped table differs

One model per line, so that a new release reads as a list of price changes. Names are exact: a rule of the package that
says "starts with" gives that very start as a name, and nothing that merely begins with it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from genai_prices import data, types

from holdfast.pricing.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

TABLE = Path(__file__).parents[1] / "src" / "holdfast" / "pricing" / "prices.json"
SOURCE = "genai-prices"
LEFT_OUT = re.compile(r"huggingface_|elevenlabs|voyageai|openai-decisions|quicksilverpro|doubleword|typesafe|avian")
FALLBACKS = {"github-copilot": ["anthropic", "openai", "google", "x-ai"], "aws": []}
AT_LEAST = {199_999: 200_000}
"""One list says "from 200,000 tokens on" where all others say "above 200,000": the same limit, one token apart."""
CUT_DATE = re.compile(r"-20\d\d$|[^0-9a-z]$", re.IGNORECASE)
"""Where a "starts with" stops in the middle of a date or at a separator: a prefix, but no name."""
SPELLED = {
    "google": ("gemini-2.5-pro-preview-03-25", "gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-06-05"),
    "mistral": ("devstral-small-latest", "devstral-small-2507", "mistral-medium-2508", "mistral-large-2411"),
}
"""Names that agents record and the package matches by rule only; it decides which model each of them is."""
KEYS = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "output_mtok")


def names_of(clause: types.MatchLogic) -> Iterator[str]:
    """Yield the names that a match rule spells out."""
    match clause:
        case types.ClauseOr():
            for part in clause.or_:
                yield from names_of(part)
        case types.ClauseEquals():
            yield clause.equals
        case types.ClauseStartsWith():
            if not CUT_DATE.search(clause.starts_with):
                yield clause.starts_with


def in_force(model: types.ModelInfo, day: date) -> types.ModelPrice:
    """Return the price of a day; of prices that change with the hour, the one that holds longest."""
    if isinstance(model.prices, types.ModelPrice):
        return model.prices
    hours = [datetime(day.year, day.month, day.day, half // 2, half % 2 * 30, tzinfo=UTC) for half in range(48)]
    found = [model.get_prices(hour) for hour in hours]
    counts = Counter(map(id, found))
    return max(found, key=lambda prices: counts[id(prices)])


def at(price: Decimal | types.TieredPrices | None, above: int) -> str | None:
    """Return a price for prompts above a limit as exact text."""
    if isinstance(price, types.TieredPrices):
        steps = [tier.price for tier in price.tiers if tier.start <= above]
        price = steps[-1] if steps else price.base
    return None if price is None else format(price.normalize(), "f")


def rates(prices: types.ModelPrice, above: int = -1) -> list[str | None]:
    """Return the five token prices for prompts above a limit."""
    return [at(getattr(prices, key), above) for key in KEYS]


def row(model: types.ModelInfo, names: list[str], day: date) -> list[object]:
    """Return one model as the table holds it: id, names, window, rates, web search price, bands."""
    prices = in_force(model, day)
    tiered = [v for v in vars(prices).values() if isinstance(v, types.TieredPrices)]
    starts = sorted({tier.start for value in tiered for tier in value.tiers})
    bands = [[AT_LEAST.get(start, start), rates(prices, start)] for start in starts]
    return [model.id, names, model.context_window, rates(prices), at(prices.web_searches_kcount, -1), bands]


def is_priced(model: types.ModelInfo, day: date) -> bool:
    """Say whether text goes in or comes out at a known price."""
    prices = in_force(model, day)
    return prices.input_mtok is not None and (prices.output_mtok is not None or "embed" in model.id)


def provider_rows(provider: types.Provider, day: date) -> list[list[object]]:
    """Return a provider's models; a name that the package itself gives to another model is left out."""
    rows: list[list[object]] = []
    taken: set[str] = set()
    for model in sorted(provider.models, key=lambda model: model.id):
        if not is_priced(model, day):
            continue
        spelled = {model.id, *names_of(model.match), *SPELLED.get(provider.id, ())}
        own = {fold(name) for name in spelled if name == model.id or provider.find_model(name) is model}
        names = sorted(own - taken)
        taken |= own
        rows.append(row(model, names, day))
    return rows


def table(day: date) -> str:
    """Return the whole table as text."""
    head = {"date": day.isoformat(), "source": SOURCE, "version": version(SOURCE)}
    parts = [f'  "{key}": {json.dumps(value)},' for key, value in head.items()]
    blocks = []
    for provider in sorted(data.providers, key=lambda provider: provider.id):
        if LEFT_OUT.match(provider.id):
            continue
        back = FALLBACKS.get(provider.id, provider.fallback_model_providers or [])
        models = ",\n".join(
            "      " + json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in provider_rows(provider, day)
        )
        blocks.append(f'    "{provider.id}": {{"fallback": {json.dumps(back)}, "models": [\n{models}\n    ]}}')
    return "{\n" + "\n".join(parts) + '\n  "providers": {\n' + ",\n".join(blocks) + "\n  }\n}\n"


def main() -> int:
    """Write the table, or compare it with the shipped one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--date", type=date.fromisoformat, help="the day whose prices hold; default: as shipped")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the shipped table differs")
    options = parser.parse_args()
    shipped = TABLE.read_text(encoding="utf-8") if TABLE.exists() else "{}"
    day = options.date or date.fromisoformat(json.loads(shipped)["date"])
    made = table(day)
    if options.check:
        print("equal" if made == shipped else f"{TABLE} differs from {SOURCE} {version(SOURCE)}")
        return int(made != shipped)
    TABLE.write_text(made, encoding="utf-8")
    print(f"{TABLE}: {len(made) // 1024} KB, prices of {day}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
