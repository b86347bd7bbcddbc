"""Usage: the same numbers in every grouping, before and after a sync, with copies counted once."""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from holdfast.model import Query, Request, Session, Transcript, Usage, observed_id, parse
from holdfast.model.usage import is_counted
from tests.unit.homes import AGENTS, Claude, answered, build, said, workspace

BEGAN = 1_772_366_400_000  # noon of 1 March 2026
DAY = 86_400_000
GROUPINGS = ("day", "week", "month", "session", "model", "project", "agent")
COUNTS = (
    "input",
    "cache_read",
    "cache_write",
    "output",
    "reasoning",
    "reasoning_apart",
    "cache_write_1h",
    "web_searches",
)


def summed(usages) -> Usage:
    total = Usage()
    for usage in usages:
        total += usage
    return total


def rows_of(table) -> dict:
    return {r.key: (r.requests, r.usage, r.cost, r.kind, set(r.unpriced), r.sessions) for r in table.rows}


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_adds_up_to_the_sessions_own_counts(tmp_path, by):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        sessions = list(ws.store.find())
        table = ws.usage.table(by)
        own = summed(b.usage for s in sessions for b in s.rollup.usage)
        assert table.total.usage == own == summed(r.usage for r in table.rows)
        assert table.total.requests == sum(s.rollup.requests for s in sessions) == sum(r.requests for r in table.rows)
        costs = [r.cost for r in table.rows if r.cost is not None]
        assert table.total.cost == sum(costs)
        assert table.live == 0
        assert table.total.requests > 0


@pytest.mark.parametrize("slug", AGENTS)
@pytest.mark.parametrize("by", ["day", "session", "model", "agent"])
def test_an_empty_archive_gives_the_numbers_that_a_full_one_gives(tmp_path, slug, by):
    with workspace(tmp_path, build(tmp_path, slug)) as ws:
        before = ws.usage.table(by)
        assert list(ws.store.find()) == []
        ws.sync.run()
        after = ws.usage.table(by)
        assert rows_of(before) == rows_of(after)
        assert (before.total, after.live) == (after.total, 0)


@pytest.mark.parametrize("slug", AGENTS)
def test_a_sample_home_has_the_requests_it_says(tmp_path, slug):
    from tests.unit.homes import sample

    expected = sample(slug).EXPECTED["requests"]
    with workspace(tmp_path, build(tmp_path, slug)) as ws:
        ws.sync.run()
        billed = [e.request for e in ws.store.ledger()]
        recorded = [r for r in billed if not is_counted(r)]
        assert {r.kind for r in billed if is_counted(r)} <= {
            "estimated"
        }  # its agent recorded none, so ours says what it is
        found = {name: getattr(summed(r.usage for r in recorded), name) for name in expected if name in COUNTS}
        assert found | {"requests": len(recorded)} == expected


def test_a_half_read_archive_counts_everything_once(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1), answered("one", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", answered("two", 3))
        claude.write("bbbb", said("y", 1), answered("three", 4))
        table = ws.usage.table("session")
        assert (table.live, table.total.requests, table.total.usage.output) == (2, 3, 21)
        stale = ws.usage.table("session", fresh=False)
        assert (stale.live, stale.total.requests) == (0, 1)
        ws.sync.run()
        assert rows_of(ws.usage.table("session")) == rows_of(table)


def recorded(figures: dict) -> dict:
    """Build one record of a request whose copies do not agree on its figures."""
    record = answered("same", 2, request="shared")
    record["message"]["usage"] = figures
    return record


FIGURES = (
    {"input_tokens": 100, "output_tokens": 50},
    {"input_tokens": 100, "output_tokens": 50, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 300},
    {"input_tokens": 700, "output_tokens": 9},
)


@pytest.mark.parametrize("split", range(4))
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_any_order_of_reading_and_any_split_between_archive_and_files_count_the_same(tmp_path, order, split):
    claude = Claude(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        for done, place in enumerate(order):
            if done == split:
                ws.sync.run()
            claude.write("abc"[place] * 4, recorded(FIGURES[place]))
        for _ in range(2):
            table = ws.usage.table("session")
            assert [(r.key, r.requests, r.usage) for r in table.rows] == [
                (
                    min(observed_id("claude-code", letter * 4) for letter in "abc"),
                    1,
                    Usage(input=100, output=50, cache_write=200, cache_read=300),
                )
            ]
            ws.sync.run()


def fork(claude: Claude, native: str, own: str, at: str) -> None:
    """Write a session that begins with a copy of the shared first answer."""
    claude.write(
        native,
        said("shared question", 1),
        answered("shared answer", 2, request="shared", output=40),
        said(own, 3, session=native, at=at),
        answered(own, 4, session=native, request=native, at=at),
    )


@pytest.mark.parametrize("order", list(permutations(["aaaa", "bbbb", "cccc"])), ids="-".join)
def test_copies_are_counted_once_whatever_is_read_first(tmp_path, order):
    claude = Claude(tmp_path)
    seen = []
    for native in order:
        fork(claude, native, f"own {native}", f"2026-03-0{'abc'.index(native[0]) + 2}T09:00:00.000Z")
        with workspace(tmp_path, claude.roots) as ws:
            seen.append(ws.usage.table("session").total.requests)
            ws.sync.run()
    with workspace(tmp_path, claude.roots) as ws:
        table = ws.usage.table("session")
        counts = {r.key: (r.requests, r.usage.output) for r in table.rows}
        assert counts == {
            observed_id("claude-code", "aaaa"): (2, 47),
            observed_id("claude-code", "bbbb"): (1, 7),
            observed_id("claude-code", "cccc"): (1, 7),
        }
        assert seen == [2, 3, 4]
        assert sum(s.rollup.requests for s in ws.store.find()) == 4


def test_before_a_sync_a_session_is_called_by_its_project_and_start_never_by_its_file(tmp_path):
    with workspace(tmp_path, build(tmp_path)) as ws:
        before = {r.key: r.label for r in ws.usage.table("session", zone=UTC).rows}
        ws.sync.run()
        after = {s.id: s for s in ws.store.find()}
        assert before
        for ident, label in before.items():
            assert label not in ("", after[ident].native_id)
            assert "/" not in label or label == after[ident].title
    claude = Claude(tmp_path / "more")
    claude.write("aaaa", answered("a", 1))
    with workspace(tmp_path / "more", claude.roots) as ws:
        (row,) = ws.usage.table("session", zone=UTC).rows
        assert row.label == "shop 2026-03-01 10:00"


def test_copies_are_counted_in_the_same_session_before_and_after_a_sync(tmp_path):
    claude = Claude(tmp_path)
    for place, native in enumerate(["cccc", "aaaa", "bbbb"]):
        fork(claude, native, f"own {native}", f"2026-03-0{place + 2}T09:00:00.000Z")
    with workspace(tmp_path, claude.roots) as ws:
        before = rows_of(ws.usage.table("session"))
        ws.sync.run()
        assert rows_of(ws.usage.table("session")) == before


def test_a_copy_counts_while_the_session_that_made_the_request_lies_in_the_trash(tmp_path):
    claude = Claude(tmp_path)
    fork(claude, "aaaa", "own", "2026-03-02T09:00:00.000Z")
    fork(claude, "bbbb", "own", "2026-03-03T09:00:00.000Z")
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        before = rows_of(ws.usage.table("session"))
        early, late = ws.sessions.resolve("aaaa"), ws.sessions.resolve("bbbb")
        ws.sessions.delete(early)
        for _ in range(2):
            table = ws.usage.table("session")
            assert [(r.key, r.requests, r.usage.output) for r in table.rows] == [(late.id, 2, 47)]
            assert ws.usage.priced(ws.store.get(late.id)).requests == 2
            assert [e.request.line for e in ws.usage.explain(late).counted] == [2, 4]
            claude.append("aaaa", said("more", 9))
        ws.sync.run()
        ws.sessions.undelete(early)
        assert {key: row[:2] for key, row in rows_of(ws.usage.table("session")).items()} == {
            key: row[:2] for key, row in before.items()
        }


def test_a_request_that_grew_counts_on_the_day_it_began(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", answered("begun", 1, request="r", output=2, at="2026-03-01T23:59:59.000Z"))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", answered("done", 2, request="r", output=50, at="2026-03-02T00:00:01.000Z"))
        for _ in range(2):
            table = ws.usage.table("day", zone=UTC)
            assert [(r.key, r.requests, r.usage.output) for r in table.rows] == [("2026-03-01", 1, 50)]
            ws.sync.run()


def test_explain_names_what_was_counted_and_what_was_not(tmp_path):
    claude = Claude(tmp_path)
    fork(claude, "aaaa", "own", "2026-03-02T09:00:00.000Z")
    fork(claude, "bbbb", "own", "2026-03-03T09:00:00.000Z")
    claude.append(
        "bbbb", answered("priceless", 9, model="model-of-the-moon"), answered("own again", 10, request="bbbb")
    )
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("bbbb")
        explained = ws.usage.explain(session)
        path = str(claude.path("bbbb"))
        assert {(e.request.path, e.request.line) for e in explained.counted} == {(path, 4), (path, 5)}
        owners = {(e.request.line, e.owner) for e in explained.dropped}
        assert owners == {(2, observed_id("claude-code", "aaaa")), (6, session.id)}
        assert explained.unpriced == ("model-of-the-moon",)
        assert (explained.row.requests, explained.row.usage) == (2, ws.usage.priced(session).usage)
        assert explained.row.cost == ws.usage.priced(session).cost


def test_a_model_that_no_list_names_has_no_price_and_is_named(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1), answered("a", 2, model="model-of-the-moon"))
    with workspace(tmp_path, claude.roots) as ws:
        total = ws.usage.table("model").total
        assert (total.cost, total.unpriced, total.requests) == (None, ("model-of-the-moon",), 1)
        claude.append("aaaa", answered("b", 3))
        total = ws.usage.table("model").total
        assert (total.cost > 0, total.unpriced) == (True, ("model-of-the-moon",))


def test_a_price_is_exact_to_the_last_digit(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", *(answered("a", n, output=1) for n in range(1, 4)))
    with workspace(tmp_path, claude.roots) as ws:
        one = ws.usage.table("session").total.cost
        assert isinstance(one, Decimal)
        assert one == 3 * (3 * Decimal(5) + 100 * Decimal("0.5") + Decimal(25)) / 1_000_000


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        (UTC, ["2026-03-28", "2026-03-29"]),
        (ZoneInfo("Europe/Berlin"), ["2026-03-29"]),
        (ZoneInfo("America/New_York"), ["2026-03-28"]),
        (ZoneInfo("Pacific/Kiritimati"), ["2026-03-29"]),
        (ZoneInfo("Asia/Kathmandu"), ["2026-03-29"]),
    ],
    ids=str,
)
def test_a_day_begins_where_the_person_is(tmp_path, zone, days):
    claude = Claude(tmp_path)
    times = ("2026-03-28T23:30:00.000Z", "2026-03-29T00:10:00.000Z", "2026-03-29T03:59:00.000Z")
    claude.write("aaaa", *(answered("a", n, at=at) for n, at in enumerate(times, 1)))
    with workspace(tmp_path, claude.roots) as ws:
        assert [r.key for r in ws.usage.table("day", zone=zone).rows] == days


def test_the_days_on_which_clocks_change_are_whole(tmp_path):
    """Berlin's 29 March 2026 has 23 hours and its 25 October 25: midnight to midnight in UTC 23:00-22:00, 22:00-23:00."""
    claude = Claude(tmp_path)
    times = (
        "2026-03-28T22:59:59.999Z", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z", "2026-03-29T22:00:00.000Z",
        "2026-10-24T21:59:59.999Z", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z", "2026-10-25T23:00:00.000Z",
    )  # fmt: skip
    claude.write("aaaa", *(answered("a", n, at=at) for n, at in enumerate(times, 1)))
    with workspace(tmp_path, claude.roots) as ws:
        table = ws.usage.table("day", zone=ZoneInfo("Europe/Berlin"))
        assert [(r.key, r.requests) for r in table.rows] == [
            ("2026-03-28", 1), ("2026-03-29", 2), ("2026-03-30", 1),
            ("2026-10-24", 1), ("2026-10-25", 2), ("2026-10-26", 1),
        ]  # fmt: skip


def test_a_request_without_a_time_counts_at_its_sessions_time(tmp_path):
    with workspace(tmp_path, {"pi": []}) as ws:
        for native, began in (("old", BEGAN), ("new", BEGAN + 3 * DAY)):
            request = Request(key=native, model="m-1", usage=Usage(output=1))
            ident = observed_id("test", native)
            session = Session(id=ident, agent="test", native_id=native, started=began, active=BEGAN + 9 * DAY)
            ws.store.put(Transcript(session=session, requests=(request,)))
        assert [r.key for r in ws.usage.table("day", zone=UTC).rows] == ["2026-03-01", "2026-03-04"]
        query = Query(since=BEGAN + DAY)
        assert [r.key for r in ws.usage.table("day", query, zone=UTC).rows] == ["2026-03-04"]
        query = Query(until=BEGAN + DAY)
        assert [r.key for r in ws.usage.table("day", query, zone=UTC).rows] == ["2026-03-01"]


def test_weeks_begin_on_monday_and_months_on_the_first(tmp_path):
    claude = Claude(tmp_path)
    times = ("2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")
    claude.write("aaaa", *(answered("a", n, at=at) for n, at in enumerate(times, 1)))
    with workspace(tmp_path, claude.roots) as ws:
        assert [r.key for r in ws.usage.table("week", zone=UTC).rows] == ["2026-02-23", "2026-03-02"]
        assert [r.key for r in ws.usage.table("month", zone=UTC).rows] == ["2026-02", "2026-03"]


def test_a_query_narrows_by_session_and_by_the_time_of_each_request(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", *(answered("a", n, at=f"2026-03-0{n}T12:00:00Z") for n in range(1, 5)))
    claude.write("bbbb", answered("b", 9, at="2026-03-02T12:00:00Z") | {"cwd": "/home/ada/other"})
    with workspace(tmp_path, claude.roots) as ws:
        for _ in range(2):
            assert ws.usage.table("day", parse("project:other")).total.requests == 1
            assert ws.usage.table("day", parse("-project:other")).total.requests == 4
            query = parse("project:shop since:2026-03-02T00:00:00Z until:2026-03-04T00:00:00Z")
            assert [r.key for r in ws.usage.table("day", query, zone=UTC).rows] == ["2026-03-02", "2026-03-03"]
            ws.sync.run()


def test_what_was_purged_excluded_or_thrown_away_is_not_counted_from_its_file(tmp_path):
    claude = Claude(tmp_path)
    for native in ("aaaa", "bbbb", "cccc"):
        claude.write(native, answered("x", 1, session=native, request=native))
    claude.write("dddd", answered("x", 1, session="dddd", request="dddd") | {"cwd": "/home/ada/secret"})
    with workspace(tmp_path, claude.roots, **{"sources.exclude": ["/home/ada/sec*"]}) as ws:
        assert ws.usage.table("session").total.requests == 3
        ws.sync.run()
        ws.sessions.purge(ws.sessions.resolve("aaaa"))
        ws.sessions.delete(ws.sessions.resolve("bbbb"))
        for native in ("aaaa", "bbbb", "cccc", "dddd"):
            cwd = "/home/ada/secret" if native == "dddd" else "/home/ada/shop"
            claude.append(native, answered("y", 2, session=native, request=f"{native}2") | {"cwd": cwd})
        before = ws.usage.table("session")
        assert [(r.key, r.requests) for r in before.rows] == [(observed_id("claude-code", "cccc"), 2)]
        ws.sync.run()
        assert rows_of(ws.usage.table("session")) == rows_of(before)


def test_an_empty_archive_without_files_adds_up_to_nothing(tmp_path):
    with workspace(tmp_path, {"pi": []}) as ws:
        table = ws.usage.table()
        assert (table.rows, table.total.requests, table.total.usage, table.total.cost) == ((), 0, Usage(), None)


def test_a_file_that_cannot_be_read_costs_no_other_figures(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    claude.write("aaaa", answered("x", 1))
    claude.write("bbbb", answered("y", 2))
    with workspace(tmp_path, claude.roots) as ws:
        source = ws.sources["claude-code"]
        real = source.usage

        def usage(ref, cursor):
            if "aaaa" in ref.path:
                raise PermissionError(13, "Permission denied")
            return real(ref, cursor)

        monkeypatch.setattr(source, "usage", usage)
        assert ws.usage.table("session").total.requests == 1


@pytest.mark.parametrize("synced", [False, True])
def test_a_request_without_a_time_counts_when_its_session_began(tmp_path, synced):
    used = {"model": "m", "inputTokens": 5, "outputTokens": 2}
    answer = {"role": "assistant", "messageId": 1, "content": [{"type": "text", "text": "hi"}], "usage": used}
    later = {"role": "user", "messageId": 2, "content": "and?", "meta": {"sentAt": BEGAN + 3 * DAY}}
    root = tmp_path / "amp"
    (root / "threads").mkdir(parents=True)
    thread = {"id": "T-1", "created": BEGAN, "messages": [answer, later]}
    (root / "threads" / "T-1.json").write_text(json.dumps(thread), encoding="utf-8")
    with workspace(tmp_path, {"amp": [root]}) as ws:
        if synced:
            ws.sync.run()
        assert [r.key for r in ws.usage.table("day", zone=UTC).rows] == ["2026-03-01"]
        assert [r.block.start for r in ws.usage.table("block", zone=UTC).rows] == [BEGAN]
