"""What `usage` and its neighbours take as a bound or a filter, and what they refuse."""

from __future__ import annotations

import json

import pytest

from holdfast.faces.cli._doubts import VALUES
from tests.unit.homes import answered, lines

TIMES = ("2026-11-18T16:00:00.000Z", "2026-11-19T01:00:00.000Z", "2026-11-19T23:30:00.000Z")


@pytest.fixture
def dated(empty):
    folder = empty.home / ".claude" / "projects" / "-home-ada-shop"
    folder.mkdir(parents=True)
    (folder / "aaaa.jsonl").write_bytes(lines(*(answered("x", n, at=at) for n, at in enumerate(TIMES, 1))))
    return empty


def days(cli, *given: str) -> dict[str, int]:
    return {row["key"]: row["requests"] for row in cli.json("usage", *given)["rows"]}


@pytest.mark.parametrize("bound", [("--since", "2026-11-19"), ("since:2026-11-19",)], ids="".join)
def test_a_bound_of_usage_is_read_in_the_zone_of_its_days(dated, bound, monkeypatch):
    zone = ("--timezone", "Asia/Tokyo")
    assert days(dated, *zone) == {"2026-11-19": 2, "2026-11-20": 1}
    assert days(dated, *zone, *bound) == {"2026-11-19": 2, "2026-11-20": 1}
    assert days(dated, *zone, *bound, "--until", "2026-11-20") == {"2026-11-19": 2}
    monkeypatch.setenv("HOLDFAST_USAGE_TIMEZONE", "Asia/Tokyo")
    assert days(dated, *bound) == {"2026-11-19": 2, "2026-11-20": 1}


def test_the_requests_without_a_time_are_explained_with_the_start_of_their_session(empty):
    folder = empty.home / ".local" / "share" / "amp" / "threads"
    folder.mkdir(parents=True)
    used = {"model": "m", "inputTokens": 5, "outputTokens": 2}
    answer = {"role": "assistant", "messageId": 1, "content": [{"type": "text", "text": "hi"}], "usage": used}
    thread = {"id": "T-1", "created": 1_740_477_600_000, "title": "Old", "messages": [answer]}
    (folder / "T-1.json").write_text(json.dumps(thread), encoding="utf-8")
    empty("sync")
    assert "~2025-02-25T10:00:00" in empty("usage", "--explain", empty.id_of("Old")).stdout


@pytest.mark.parametrize("bogus", ["role:bogus", "-kind:bogus", "status:bogus", "is:bogus"])
@pytest.mark.parametrize(
    "line", [("list",), ("search", "build"), ("export",), ("usage",), ("batch", "export")], ids=" ".join
)
def test_a_value_that_a_filter_does_not_know_is_refused_with_those_it_knows(cli, line, bogus):
    answer = cli(*line, bogus)
    assert (answer.exit_code, answer.stdout, "known: " in answer.stderr) == (2, "", True)


@pytest.mark.parametrize("line", [("list",), ("search", "build"), ("export",), ("usage",), ("batch", "export", "all")])
def test_a_state_that_is_misspelt_is_told_with_the_one_that_may_be_meant(cli, line):
    answer = cli(*line, "-s", "wating")
    assert (answer.exit_code, "did you mean status:waiting; known: " in answer.stderr) == (2, True)


@pytest.mark.parametrize("key", ["role", "kind", "status", "is"])
def test_every_known_value_is_taken(cli, key):
    for value in VALUES[key]:
        assert cli("search", "build", f"{key}:{value.title()}", "--no-sync").exit_code == 0


def test_a_filter_that_narrows_words_says_that_it_does_nothing_without_one(cli):
    assert "role: says where words may stand" in cli("list", "role:user").stderr
    assert "role:" not in cli("list", "role:user", "build").stderr
