"""Usage by blocks of five hours: where they begin, what they hold, and the gaps between."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from holdfast.model import Query, Request, Session, Transcript, Usage, observed_id
from holdfast.services._blocks import BLOCK_MS, HOUR_MS, block_of, blocks
from holdfast.services.usage import UsageReport
from holdfast.stores.inmemory import InMemoryStore

MINUTE = 60_000
NINE = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp() * 1000)


def shape(*times, now=0):
    return [(b.start - NINE, b.end - NINE, b.gap) for b in blocks([NINE + t for t in times], now=NINE + now)]


def test_a_block_begins_at_the_full_hour_of_its_first_request_and_lasts_five():
    assert shape(37 * MINUTE, 4 * HOUR_MS) == [(0, BLOCK_MS, False)]


def test_the_first_request_after_five_hours_begins_another():
    assert shape(MINUTE, BLOCK_MS - 1) == [(0, BLOCK_MS, False)]
    assert shape(MINUTE, BLOCK_MS) == [(0, BLOCK_MS, False), (BLOCK_MS, 2 * BLOCK_MS, False)]


def test_more_than_five_hours_without_a_request_are_a_gap():
    last = 30 * MINUTE
    after = last + BLOCK_MS + MINUTE
    assert shape(0, last, after) == [
        (0, BLOCK_MS, False),
        (last + BLOCK_MS, after, True),
        (BLOCK_MS, 2 * BLOCK_MS, False),
    ]
    assert [gap for *_, gap in shape(0, last, last + BLOCK_MS)] == [False, False]


def test_only_the_block_that_runs_is_active():
    found = blocks([NINE, NINE + BLOCK_MS], now=NINE + BLOCK_MS + 1)
    assert [b.active for b in found] == [False, True]
    assert [b.active for b in blocks([NINE], now=NINE + BLOCK_MS)] == [False]


@pytest.mark.parametrize("step", [MINUTE, 47 * MINUTE, HOUR_MS, 299 * MINUTE, BLOCK_MS, BLOCK_MS + 1])
def test_blocks_never_overlap_and_hold_every_request(step):
    times = [NINE + n * step for n in range(60)]
    real = [b for b in blocks(times, now=0) if not b.gap]
    assert all(a.end <= b.start for a, b in pairwise(real))
    starts = [b.start for b in real]
    assert all(real[block_of(starts, at)].start <= at < real[block_of(starts, at)].end for at in times)


class NoPrices:
    def cost(self, bucket):
        return None


def no_sync():
    raise AssertionError("a report of what is kept syncs nothing")


def report(*times):
    store = InMemoryStore.from_url("memory://")
    session = Session(id=observed_id("codex", "n"), agent="codex", native_id="n")
    requests = tuple(
        Request(key=f"k{n}", at=None if at is None else NINE + at, model="m", usage=Usage(output=10))
        for n, at in enumerate(times)
    )
    store.put(Transcript(session=session, requests=requests))
    return UsageReport(store, no_sync, NoPrices)


def table(given, **more):
    return given.table("block", fresh=False, now=NINE + BLOCK_MS + HOUR_MS, **more)


def test_rows_are_blocks_in_order_with_their_gaps_and_add_up_to_the_total():
    found = table(report(0, MINUTE, 20 * HOUR_MS), zone=UTC)
    assert [(r.label, r.requests, r.block.gap) for r in found.rows] == [
        ("2026-03-01 09:00 - 14:00", 2, False),
        ("2026-03-01 14:01 - 03-02 05:00", 0, True),
        ("2026-03-02 05:00 - 10:00", 1, False),
    ]
    assert found.total.requests == 3
    assert len({r.key for r in found.rows}) == 3


def test_a_time_that_is_left_out_moves_no_block():
    given = report(0, 4 * HOUR_MS, 6 * HOUR_MS)
    whole = table(given)
    late = table(given, query=Query(since=NINE + 3 * HOUR_MS))
    assert [r.key for r in late.rows] == [r.key for r in whole.rows]
    assert [r.requests for r in late.rows] == [1, 1]
    assert late.total.requests == 2
    assert [r.requests for r in table(given, query=Query(since=NINE + 5 * HOUR_MS)).rows] == [1]


def test_a_request_without_a_time_is_counted_in_a_row_of_its_own():
    found = table(report(0, None))
    assert [(r.key, r.block is None) for r in found.rows] == [("unknown", True), ("2026-03-01T09:00:00Z", False)]


def test_hours_are_told_on_the_clock_of_a_zone_and_blocks_stay():
    found = table(report(30 * MINUTE), zone=ZoneInfo("Asia/Kolkata"))
    assert found.rows[0].label == "2026-03-01 14:30 - 19:30"
    assert found.rows[0].key == "2026-03-01T09:00:00Z"


def test_without_requests_there_are_no_blocks():
    assert table(report()).rows == ()
