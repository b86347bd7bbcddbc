"""Usage: counts that may be added, requests counted once, keys that never collide by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from holdfast.model import Request, Usage, band, buckets, dedupe, kind_of
from holdfast.model.usage import BAND_LIMITS, key_hash, short_key, shown_key

COUNTS = [n for n in asdict(Usage()) if n != "cost"]
small = st.integers(0, 10**6)
usages = st.builds(Usage, **dict.fromkeys(COUNTS, small), cost=st.none() | small)


def request(key: str, *, output: int = 1, model: str = "m", **fields) -> Request:
    return Request(key=key, model=model, usage=Usage(input=10, output=output), **fields)


@given(usages, usages, usages)
def test_adding_is_in_any_order_and_nothing_is_lost(a, b, c):
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Usage() == a
    assert (a + b).total == a.total + b.total


def test_a_cost_is_known_if_either_side_knows_one():
    assert (Usage(cost=2) + Usage()).cost == 2
    assert (Usage() + Usage()).cost is None
    assert (Usage(cost=0) + Usage()).cost == 0


def test_every_token_stands_once_in_the_total():
    usage = Usage(
        input=1, cache_read=10, cache_write=100, output=1000, reasoning=600, reasoning_apart=10_000, cache_write_1h=50
    )
    assert (usage.prompt, usage.total, usage.context) == (111, 11_111, 11_111)


@pytest.mark.parametrize(
    ("tokens", "number"), [(0, 0), (32_000, 0), (32_001, 1), (200_000, 3), (200_001, 4), (10**7, len(BAND_LIMITS))]
)
def test_a_band_ends_with_its_limit(tokens, number):
    assert band(Usage(input=tokens - tokens // 2, cache_read=tokens // 2)) == number


def test_a_repeated_key_keeps_its_first_place_and_its_greatest_output():
    found = dedupe(
        [request("k", output=5, line=1, at=1), request("k", output=50, line=2, at=2), request("k", output=7, line=3)]
    )
    assert found == {"k": request("k", output=50, line=1, at=1)}


def test_requests_are_added_up_by_model_band_kind_and_whether_they_know_their_cost():
    found = buckets([
        request("a"), request("b", output=4), request("c", model="other"), request("d", kind="estimated"),
        Request(key="e", model="m", usage=Usage(input=10, cost=3)), Request(key="f", model="m", usage=Usage(input=40_000)),
    ])  # fmt: skip
    assert [(b.model, b.band, b.kind, b.requests, b.recorded, b.usage.output) for b in found] == [
        ("m", 0, "reported", 2, 0, 5), ("other", 0, "reported", 1, 0, 1), ("m", 0, "estimated", 1, 0, 1),
        ("m", 0, "reported", 1, 1, 0), ("m", 1, "reported", 1, 0, 0),
    ]  # fmt: skip


def test_one_estimate_makes_the_whole_an_estimate():
    assert kind_of(buckets([request("a"), request("b", kind="estimated")])) == "estimated"
    assert kind_of(buckets([request("a"), request("b", kind="exact")])) == "exact"
    assert kind_of([]) == "none"


@given(st.text(max_size=40))
def test_a_short_key_stands_for_the_same_number_as_the_key_it_was_made_of(key):
    number = key_hash(key)
    assert -(1 << 63) <= number < 1 << 63
    assert key_hash(short_key(key)) == number
    assert shown_key(number) == short_key(key)


def test_the_short_key_of_a_stand_in_says_so_and_stands_for_the_same_number():
    short = short_key("counted:anything")
    assert short == f"counted:{shown_key(key_hash('counted:anything'))}"
    assert (key_hash(short), short_key(short)) == (key_hash("counted:anything"), short)


@pytest.mark.parametrize(
    "key", ["#" + "z" * 16, "#" + "0" * 15 + " ", "#0123456789abcde\n", "#" + "\u0661" * 16, "#" + "A" * 16]
)
def test_what_only_looks_like_a_short_key_is_hashed_like_any_other(key):
    assert key_hash(key) != key_hash(key + "x")
    assert isinstance(key_hash(key), int)


@given(
    st.permutations(
        [
            Usage(output=o, input=i, cache_read=r, cost=c)
            for o in (1, 2)
            for i in (0, 3)
            for r in (0, 3)
            for c in (None, 0)
        ]
    )
)
def test_records_of_one_request_count_the_same_in_any_order_of_reading(figures):
    found = dedupe([Request(key="k", model="m", usage=usage) for usage in figures])
    assert found["k"].usage == Usage(output=2, input=3, cache_read=3, cost=0)


def test_of_two_records_with_the_same_output_the_one_with_the_greater_prompt_counts():
    plain, cached = Usage(input=100, output=50), Usage(input=100, output=50, cache_read=300, cache_write=200)
    for order in ((plain, cached), (cached, plain)):
        found = dedupe([Request(key="k", usage=usage, line=n) for n, usage in enumerate(order)])
        assert found == {"k": Request(key="k", usage=cached, line=0)}
