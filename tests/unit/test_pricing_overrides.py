"""A person's own price file: what it adds and replaces, and what is said about a bad one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.errors import BadInput
from holdfast.model import Bucket, Usage
from holdfast.model.usage import band
from holdfast.pricing import Prices


@pytest.fixture
def load(tmp_path):
    def write(text):
        path = tmp_path / "prices.yaml"
        path.write_text(text, encoding="utf-8")
        return Prices.load(path)

    return write


def cost(prices, model, **counts):
    usage = Usage(**counts)
    return prices.cost(Bucket(model=model, band=band(usage), requests=1, usage=usage))


def test_a_new_model_gets_a_price_and_a_window(load):
    prices = load("models:\n  acme/house-model: {input: 0.1, output: 6, window: 128_000, max_output: 4096}\n")
    assert cost(prices, "acme/house-model", input=1, output=1) == Decimal("0.0000061")
    assert cost(prices, "ACME/House-Model", cache_read=10) == Decimal("0.000001")
    assert (prices.window("acme/house-model"), prices.max_output("acme/house-model")) == (128_000, 4096)


def test_a_listed_model_keeps_what_the_file_does_not_name(load):
    prices = load("models:\n  claude-sonnet-4-5: {window: 1000000, output: 10}\n")
    assert prices.window("claude-sonnet-4-5-20250929") == 1_000_000
    assert cost(prices, "claude-sonnet-4-5-20250929", output=1_000_000) == 10
    assert cost(prices, "claude-sonnet-4-5-20250929", input=100_000) == Decimal("0.3")


def test_a_window_of_its_own_leaves_the_listed_bands(load):
    prices = load("models:\n  claude-sonnet-4-5: {window: 1000000}\n")
    assert cost(prices, "claude-sonnet-4-5", input=300_000) == Decimal("1.8")


def test_a_person_can_set_bands(load):
    prices = load("models:\n  acme/m: {input: 1, output: 2, above: {200000: {input: 3}}}\n")
    assert cost(prices, "acme/m", input=200_000) == Decimal("0.2")
    assert cost(prices, "acme/m", input=300_000, output=1_000_000) == Decimal("2.9")


def test_a_model_or_a_provider_can_be_marked_free(load):
    prices = load("free: [vllm]\nmodels:\n  acme/house-model: {free: true}\n  ollama/dear: {input: 1, output: 1}\n")
    assert cost(prices, "vllm/any-model", output=5) == 0
    assert cost(prices, "acme/house-model", output=5) == 0
    assert cost(prices, "ollama/dear", output=1_000_000) == 1
    assert prices.explain(Bucket(model="vllm/x", band=0, requests=1, usage=Usage())).basis == "free"


def test_an_entry_for_a_maker_does_not_reach_the_same_name_at_a_router(load):
    prices = load("models:\n  claude-sonnet-4-5: {output: 10}\n  anthropic/claude-opus-4.5: {output: 10}\n")
    assert cost(prices, "openrouter/anthropic/claude-sonnet-4.5", output=1_000_000) == 15
    assert cost(prices, "openrouter/anthropic/claude-opus-4.5", output=1_000_000) == 25
    assert cost(prices, "anthropic/claude-opus-4-5", output=1_000_000) == 10


def test_an_entry_for_one_model_reaches_no_near_miss(load):
    prices = load("models:\n  acme: {input: 1, output: 1}\n")
    assert cost(prices, "acme-2", output=5) is None
    assert cost(prices, "acme/acme-2", output=5) is None


def test_an_empty_file_changes_nothing(load):
    assert cost(load(""), "claude-sonnet-4-5", output=1_000_000) == 15


def test_provenance_names_the_file(load, tmp_path):
    assert load("").provenance["overrides"] == str(tmp_path / "prices.yaml")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("models: [1]", "models"),
        ("modles: {}", "modles"),
        ("- a", "the file"),
        ("free: vllm", "free"),
        ("models: {m: 3}", "models.m"),
        ("models: {m: {inptu: 3}}", "models.m.inptu"),
        ("models: {m: {input: cheap}}", "models.m.input"),
        ("models: {m: {input: -1}}", "models.m.input"),
        ("models: {m: {input: .nan}}", "models.m.input"),
        ("models: {m: {input: [1]}}", "models.m.input"),
        ("models: {m: {window: 1.5}}", "models.m.window"),
        ("models: {m: {window: 0}}", "models.m.window"),
        ("models: {m: {free: maybe}}", "models.m.free"),
        ("models: {m: {above: {150000: {input: 1}}}}", "models.m.above.150000"),
        ("models: {m: {above: {200000: {inptu: 1}}}}", "models.m.above.200000.inptu"),
        ("models: {m: {web_search: x}}", "models.m.web_search"),
        ("models: {m: ", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_key(load, tmp_path, text, key):
    with pytest.raises(BadInput) as caught:
        load(text)
    assert str(tmp_path / "prices.yaml") in caught.value.message
    assert key in caught.value.message


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"absent\.yaml"):
        Prices.load(tmp_path / "absent.yaml")
