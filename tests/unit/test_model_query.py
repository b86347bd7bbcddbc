"""The query language: every filter, negation, quoting and time, and any text at all."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.model import Filter, Parent, Query, Session, Term, matches, moment, parse

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
DAY = 86_400_000
SESSION = Session(
    id="abcdefgh23456723",
    agent="claude-code",
    native_id="Native-1",
    name="Fix the Login",
    title="Broken tests",
    project="/home/ada/Shop",
    cwd="/home/ada/Shop/api",
    branch="main",
    models=("claude-opus-4-7", "haiku"),
    parent=Parent(id="parent2345672345", kind="fork"),
    status="waiting-permission",
    started=1000,
    active=5000,
    tags=("API", "login"),
    source_expires=9,
    captured=True,
)


def ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("jwt refresh", [["jwt"], ["refresh"]]),
        ("jwt OR cookie refresh", [["jwt", "cookie"], ["refresh"]]),
        ("a OR b OR c", [["a", "b", "c"]]),
        ("OR a", [["OR"], ["a"]]),
        ("a OR", [["a"]]),
        ("a OR agent:pi b", [["a"], ["b"]]),
        ("or", [["or"]]),
        ("http://x.y/z", [["http://x.y/z"]]),
        ("a:b", [["a:b"]]),
        ("agent:", [["agent:"]]),
        ("-", [["-"]]),
        ("c++ a-b", [["c++"], ["a-b"]]),
        ("", []),
        (" \t\n ", []),
    ],
)
def test_words_are_clauses_and_or_joins_them(text, clauses):
    assert [[t.text for t in clause] for clause in parse(text).clauses] == clauses


def test_phrases_prefixes_and_exclusions_are_told_apart():
    query = parse('"refresh token" sess* -legacy -"old way" "begins so"*')
    assert query.clauses == (
        (Term(text="refresh token", phrase=True),),
        (Term(text="sess", prefix=True),),
        (Term(text="begins so", phrase=True, prefix=True),),
    )
    assert query.excluded == (Term(text="legacy"), Term(text="old way", phrase=True))


def test_filters_are_no_words_and_may_be_quoted_and_negated():
    query = parse('Agent:Codex -tag:api project:"my shop" branch:feat/x')
    assert query.filters == (
        Filter(key="agent", value="Codex"),
        Filter(key="tag", value="api", negated=True),
        Filter(key="project", value="my shop"),
        Filter(key="branch", value="feat/x"),
    )
    assert not query.has_words


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("agent:claude-code", True), ("agent:CLAUDE-CODE", True), ("agent:claude", False), ("-agent:codex", True),
        ("status:waiting", True), ("status:waiting-permission", True), ("status:wait", False), ("branch:main", True),
        ("branch:mai", False), ("tag:api", True), ("tag:ap", False), ("-tag:login", False), ("model:opus", True),
        ("model:HAIKU", True), ("model:gpt", False), ("id:abcd", True), ("id:native-1", True), ("id:bcde", False),
        ("parent:parent", True), ("parent:x", False), ("project:shop", True), ("project:/home/ada/shop", True),
        ("project:sho", False), ("project:ada", False), ("name:login", True), ("name:tests", False), ("title:broken", True),
        ("cwd:api", True), ("is:fork", True), ("is:subagent", False), ("is:continuation", False), ("is:expiring", True),
        ("is:observed", True), ("is:owned", False), ("is:trashed", False), ("is:captured", True), ("is:partial", False),
        ("is:named", True), ("is:__class__", False), ("is:revision", False), ("is:nonsense", False), ("-is:nonsense", True),
        ("role:user", True), ("kind:tool", True), ("agent:claude-code tag:api -branch:dev", True),
        ("agent:claude-code tag:none", False),
    ],
)  # fmt: skip
def test_each_filter_looks_at_its_own_field(text, passes):
    assert matches(SESSION, parse(text)) == passes


def test_a_windows_project_is_named_by_its_last_folder():
    session = Session(id="x", agent="a", native_id="n", project="C:\\code\\Shop\\")
    assert matches(session, parse("project:shop"))


def test_a_session_passes_when_its_time_overlaps():
    def passes(**times) -> bool:
        return matches(SESSION, Query(**times))

    assert [passes(since=s) for s in (4999, 5000, 5001)] == [True, True, False]
    assert [passes(until=u) for u in (999, 1000, 1001)] == [False, True, True]
    unknown = Session(id="x", agent="a", native_id="n")
    assert not matches(unknown, Query(since=1))
    assert matches(unknown, Query(until=1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", ms(2026, 11, 13, 15, 30)),
        ("12h", ms(2026, 11, 20, 3, 30)),
        ("90min", ms(2026, 11, 20, 14)),
        ("90m", ms(2026, 11, 20, 14)),
        ("2w", ms(2026, 11, 6, 15, 30)),
        ("1mo", ms(2026, 10, 21, 15, 30)),
        ("1y", ms(2025, 11, 20, 15, 30)),
        ("0d", ms(2026, 11, 20, 15, 30)),
        ("today", ms(2026, 11, 20)),
        ("yesterday", ms(2026, 11, 19)),
        ("2026-11-20", ms(2026, 11, 20)),
        ("2026-11-20T08:00", ms(2026, 11, 20, 8)),
        ("2026-11-20T08:00:00Z", ms(2026, 11, 20, 8)),
        ("2026-11-20T08:00:00+02:00", ms(2026, 11, 20, 6)),
        (" 7d ", ms(2026, 11, 13, 15, 30)),
    ],
)
def test_times_are_spans_days_or_moments(text, expected):
    assert moment(text, now=NOW) == expected
    if " " not in text:
        assert parse(f"since:{text} word", now=NOW).since == expected
        assert parse(f"UNTIL:{text}", now=NOW).until == expected


def test_a_day_begins_at_midnight_where_the_person_is():
    there = NOW.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert moment("today", now=there) == ms(2026, 11, 19, 18, 15)
    assert moment("2026-11-20", now=there) == ms(2026, 11, 19, 18, 15)


@pytest.mark.parametrize(
    "text",
    ["soon", "7", "d", "7days", "2026-13-01", "2026-02-30", "99999999999999d", "999999y", "9999-12-31T23:59:59-23:59", "-7d", "1e3d", ""],
)  # fmt: skip
def test_what_is_no_time_is_an_error_that_shows_some(text):
    with pytest.raises(BadInput) as caught:
        moment(text, now=NOW)
    assert "2026-11-20" in caught.value.hint


def test_only_an_unreadable_time_is_an_error():
    with pytest.raises(BadInput):
        parse("since:soon")
    assert parse("-since:soon").excluded == (Term(text="since:soon"),)
    assert parse("since:").clauses == ((Term(text="since:"),),)


@given(st.text(max_size=60))
def test_any_text_can_be_parsed_and_asked(text):
    try:
        query = parse(text, now=NOW)
    except BadInput:
        assert "since:" in text.lower() or "until:" in text.lower()
        return
    assert query.text == text
    assert matches(SESSION, query) in (True, False)


@given(
    st.lists(
        st.sampled_from(['"', "-", "*", ":", "OR", " ", "agent:", "since:", "7d", "a", "\x00", "\ud800"]), max_size=12
    )
)
def test_pieces_of_the_language_in_any_order_are_safe(pieces):
    try:
        query = parse("".join(pieces), now=NOW)
    except BadInput:
        return
    assert matches(SESSION, query) in (True, False)


def test_a_day_begins_by_the_clock_of_that_day_and_a_span_is_real_time():
    there = datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("Europe/Berlin"))  # an hour was repeated in that night
    assert moment("today", now=there) == ms(2026, 10, 24, 22)
    assert moment("12h", now=there) == ms(2026, 10, 24, 23)
