"""The shipped price table is what its script makes of the package, and costs what the package says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import genai_prices
import msgspec
import pytest
from genai_prices import data

from holdfast.model import Usage
from holdfast.model.usage import BAND_LIMITS, band
from holdfast.pricing import Prices

ROOT = Path(__file__).parents[2]
CHANGES_INSIDE_A_BAND = {"claude-haiku-5-5"} if 100_000 not in BAND_LIMITS else set()
TABLE = ROOT / "src" / "holdfast" / "pricing" / "prices.json"


@pytest.fixture(scope="module")
def script():
    spec = spec_from_file_location("make_price_table", ROOT / "scripts" / "make_price_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_shipped_table_again(script):
    shipped = TABLE.read_text(encoding="utf-8")
    head = msgspec.json.decode(shipped)
    assert head["version"] == genai_prices.__version__, "run scripts/make_price_table.py --date RELEASED"
    assert script.table(date.fromisoformat(head["date"])) == shipped


def test_a_name_stands_once_for_each_provider():
    entries = list(Prices.load()._table.entries())
    assert len(entries) > 1500
    names = [(entry.provider, name) for entry in entries for name in entry.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input=1234, output=567),
        Usage(input=1000, cache_read=50_000, cache_write=700, cache_write_1h=300, output=9, web_searches=2),
        Usage(input=300_000, cache_read=300_000, output=11),
    ],
    ids=["plain", "cached", "long"],
)
def test_our_costs_equal_those_of_the_package_for_all_models_of_the_makers(usage, script):
    ours = Prices.load()
    day = date.fromisoformat(ours.provenance["date"])
    differing = []
    for provider in data.providers:
        if provider.id not in {"anthropic", "openai", "google", "x-ai", "mistral", "moonshotai", "groq", "minimax"}:
            continue
        for model in (
            m for m in provider.models if script.is_priced(m, day) and script.in_force(m, day).output_mtok is not None
        ):
            mine = ours.cost_of(f"{provider.id}/{model.id}", usage, band(usage))
            theirs = _theirs(model, provider, usage, day)
            if mine != theirs and (mine is not None or model.id not in CHANGES_INSIDE_A_BAND):
                differing.append((provider.id, model.id, mine, theirs))
    assert differing == []


def _theirs(model, provider, usage, day) -> Decimal:
    counts = genai_prices.Usage(
        input_tokens=usage.prompt,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output,
        web_searches=usage.web_searches,
    )
    when = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return model.calc_price(counts, provider, genai_request_timestamp=when).total_price


def test_the_limits_that_no_bucket_knows_are_few_and_named():
    odd = {
        (entry.provider, entry.id, above)
        for entry in Prices.load()._table.entries()
        for above, _ in entry.bands
        if above not in {*BAND_LIMITS, 32_000, 100_000}
    }
    assert odd == {("novita", "minimax/minimax-m3", 524_288)}
