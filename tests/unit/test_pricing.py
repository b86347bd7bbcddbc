"""What requests cost: golden prices, bands, exactness, and silence where a price is not known."""

from __future__ import annotations

import subprocess
import sys
from decimal import Context, Decimal, Inexact, localcontext

import pytest

from holdfast.model import Bucket, Usage
from holdfast.model.usage import BAND_LIMITS, band
from holdfast.pricing import Prices

MILLION = 1_000_000


@pytest.fixture(scope="module")
def prices():
    return Prices.load()


def one(prices, model, usage):
    return prices.cost_of(model, usage, band(usage))


def bucket(model, usage, *, requests=1, recorded=0):
    return Bucket(model=model, band=band(usage), requests=requests, usage=usage, recorded=recorded)


@pytest.mark.parametrize(
    ("model", "input_", "output", "write_5m", "write_1h", "read"),
    [
        ("claude-opus-4-1-20250805", "15", "75", "18.75", "30", "1.5"),
        ("claude-sonnet-4-20250514", "3", "15", "3.75", "6", "0.3"),
        ("claude-sonnet-4-5-20250929", "3", "15", "3.75", "6", "0.3"),
        ("claude-haiku-4-5-20251001", "1", "5", "1.25", "2", "0.1"),
    ],
)
def test_claude_costs_what_anthropic_lists_for_each_class_of_tokens(
    prices, model, input_, output, write_5m, write_1h, read
):
    thousand = Decimal(1000)
    assert one(prices, model, Usage(input=1000)) * thousand == Decimal(input_)
    assert one(prices, model, Usage(output=1000)) * thousand == Decimal(output)
    assert one(prices, model, Usage(cache_write=1000)) * thousand == Decimal(write_5m)
    assert one(prices, model, Usage(cache_write=1000, cache_write_1h=1000)) * thousand == Decimal(write_1h)
    assert one(prices, model, Usage(cache_read=1000)) * thousand == Decimal(read)


def test_an_unknown_model_has_no_price_rather_than_a_price_of_zero(prices):
    unknown = bucket("claude-zephyr-9-20261101", Usage(input=5, output=7))
    assert prices.cost(unknown) is None
    assert prices.explain(unknown).basis == "unknown"


def test_a_total_adds_what_is_known_and_names_what_is_not(prices):
    total = prices.total(
        [
            bucket("claude-sonnet-4-5", Usage(output=MILLION)),
            bucket("claude-zephyr-9-20261101", Usage(output=5)),
            bucket("claude-zephyr-9-20261101", Usage(output=6)),
            bucket("ollama/bielik:7b", Usage(output=5)),
        ]
    )
    assert total.amount == Decimal(15)
    assert total.unpriced == ("claude-zephyr-9-20261101",)


def test_a_total_of_unknown_models_only_is_unknown(prices):
    assert prices.total([bucket("claude-zephyr-9-20261101", Usage(output=5))]).amount is None


def test_a_cost_that_the_agent_recorded_for_all_requests_wins_and_says_so(prices):
    cost = prices.explain(bucket("claude-sonnet-4-5", Usage(output=MILLION, cost=1_234_567), requests=2, recorded=2))
    assert (cost.amount, cost.basis) == (Decimal("1.234567"), "recorded")


def test_a_cost_recorded_for_some_requests_only_does_not_stand_for_all(prices):
    cost = prices.explain(bucket("claude-sonnet-4-5", Usage(output=MILLION, cost=1), requests=2, recorded=1))
    assert (cost.amount, cost.basis, cost.model) == (Decimal(15), "listed", "anthropic/claude-sonnet-4-5")


@pytest.mark.parametrize("model", ["ollama/bielik:7b", "ollama:llama3.2", "lmstudio/qwen3-8b", "LMStudio/Qwen3-8B"])
def test_a_model_on_the_own_machine_is_free(prices, model):
    cost = prices.explain(bucket(model, Usage(input=1000, output=1000)))
    assert (cost.amount, cost.basis) == (Decimal(0), "free")


def test_a_model_that_a_local_program_sends_to_its_cloud_is_not_called_free(prices):
    assert one(prices, "ollama/gpt-oss:120b-cloud", Usage(output=5)) is None


def test_reasoning_that_output_leaves_out_is_paid_like_output(prices):
    inside = one(prices, "gemini-2.5-pro", Usage(output=30, reasoning=20))
    apart = one(prices, "gemini-2.5-pro", Usage(output=10, reasoning=20, reasoning_apart=20))
    assert inside == apart == Decimal("0.0003")


def test_a_band_is_the_price_of_the_whole_request(prices):
    at_limit = one(prices, "gemini-2.5-pro", Usage(input=200_000, output=1000))
    above = one(prices, "gemini-2.5-pro", Usage(input=200_001, output=1000))
    assert at_limit == Decimal("0.26")
    assert above == Decimal("0.5150025")


def test_cached_tokens_count_for_the_band(prices):
    usage = Usage(input=1, cache_read=200_000)
    assert one(prices, "gemini-2.5-pro", usage) == Decimal("0.0500025")


def test_a_bucket_of_many_small_requests_stays_in_its_band(prices):
    usage = Usage(input=100 * 100_000)
    small = Bucket(model="claude-sonnet-4-5", band=0, requests=100, usage=usage)
    assert prices.cost(small) == Decimal(30)
    large = Bucket(model="claude-sonnet-4-5", band=4, requests=45, usage=usage)
    assert prices.cost(large) == Decimal(60)


def test_sonnet_costs_more_only_where_a_prompt_needed_the_long_window(prices):
    assert one(prices, "claude-sonnet-4-5", Usage(input=200_000)) == Decimal("0.6")
    assert one(prices, "claude-sonnet-4-5", Usage(input=200_001)) == Decimal("1.200006")
    assert one(prices, "claude-sonnet-4", Usage(input=200_000)) == Decimal("0.6")
    assert one(prices, "claude-sonnet-4-6", Usage(input=900_000)) == Decimal("2.7")


def test_requests_whose_price_changes_inside_their_band_have_no_price_however_many_they_are(prices):
    model = "novita/minimax/minimax-m3"
    for requests in (1, 2):
        row = Bucket(model=model, band=len(BAND_LIMITS), requests=requests, usage=Usage(input=1_200_000))
        assert prices.cost(row) is None
        assert prices.explain(row).why == "price changes inside the band"
    assert one(prices, model, Usage(input=512_000)) is not None


def test_a_total_is_priced_exactly_where_its_parts_are(prices):
    for model in ("anthropic/claude-haiku-5-5", "openrouter/qwen/qwen3.7-flash", "gemini-2.5-pro", "grok-4.5"):
        for prompt in (10, 40_000, 110_000, 150_000, 250_000, 600_000):
            part = bucket(model, Usage(input=prompt))
            whole = Bucket(model=model, band=part.band, requests=3, usage=Usage(input=3 * prompt))
            cost = prices.cost(part)
            assert prices.cost(whole) == (None if cost is None else 3 * cost)


def test_every_price_change_lies_on_a_limit_that_buckets_know_but_for_the_listed_ones(prices):
    odd = {above for entry in prices._table.entries() for above, _ in entry.bands} - set(BAND_LIMITS)
    assert odd <= {32_000, 100_000, 524_288}


def test_web_searches_cost_ten_dollars_per_thousand_at_anthropic(prices):
    assert one(prices, "claude-sonnet-4-5", Usage(web_searches=3)) == Decimal("0.03")


def test_the_sum_of_75000_requests_is_exact_to_the_last_digit(prices):
    with localcontext(Context(prec=28, traps=[Inexact])):
        total = Decimal(0)
        for number in range(75_000):
            usage = Usage(input=number % 7, output=number % 11, cache_read=number % 13, cache_write=number % 17)
            total += one(prices, "claude-haiku-4-5", usage)
    counts = [sum(n % m for n in range(75_000)) for m in (7, 11, 13, 17)]
    whole = counts[0] * 100 + counts[1] * 500 + counts[2] * 10 + counts[3] * 125
    assert total == Decimal(whole) / (100 * MILLION)


def test_a_synthetic_corpus_costs_its_true_sum(prices):
    rows = [
        ("claude-sonnet-4-5-20250929", (53209, 2520729, 7744038, 3390740, 602030263)),
        ("claude-haiku-4-5-20251001", (26327, 1264174, 3829285, 1656142, 293170903)),
        ("claude-opus-4-1-20250805", (25772, 1162707, 3788145, 1514793, 281328340)),
        ("claude-sonnet-4-20250514", (1835, 73264, 226253, 130791, 16617798)),
    ]
    total = prices.total(
        Bucket(
            model=model,
            band=0,
            requests=7561,
            usage=Usage(input=i, output=o, cache_write=c5 + c1, cache_write_1h=c1, cache_read=cr),
        )
        for model, (i, o, c5, c1, cr) in rows
    )
    assert round(total.amount, 6) == Decimal("945.504024")


def test_provenance_says_date_source_and_version(prices):
    told = prices.provenance
    assert (told["source"], told["date"] > "2026-11", bool(told["version"])) == ("genai-prices", True, True)
    assert told["overrides"] == ""


def test_opening_prices_reads_nothing_until_a_model_is_asked_for():
    code = (
        "import sys; from holdfast.pricing import Prices; p = Prices.load();"
        "assert 'file' not in vars(p._table);"
        "print(p.window('claude-haiku-4-5'), sorted(p._table._providers));"
        "assert not {'yaml', 'genai_prices', 'pydantic', 'splintr'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "200000 ['anthropic']"
