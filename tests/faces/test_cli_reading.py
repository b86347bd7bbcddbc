"""list, show, search, usage and sync, as a person and as a program see them."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from holdfast.errors import Unavailable
from holdfast.faces.cli._ids import short_ids
from holdfast.faces.cli._progress import Progress
from holdfast.faces.cli._state import State
from holdfast.faces.cli._values import moment, money
from holdfast.faces.cli.render import count, dollars, span
from tests.contracts.samples import amp, claude_code
from tests.unit.homes import Claude, said

FIELDS = {
    "id", "agent", "native_id", "name", "title", "project", "cwd", "branch", "models", "parent", "started", "last_activity",
    "status", "messages", "user_messages", "tool_calls", "errors", "tokens", "tokens_kind", "requests", "cost_usd",
    "unpriced_models", "context", "tags", "description", "source_path", "source_exists", "captured", "source_expires", "expires",
}  # fmt: skip


def rows_of(answer) -> list[str]:
    return answer.stdout.splitlines()[1:]


def test_a_session_in_json_has_every_published_field(cli):
    found = cli.json("list")["sessions"]
    assert [s["id"] for s in found if not set(s) >= FIELDS] == []


def test_the_numbers_of_a_session_are_those_of_its_transcript(cli):
    [built] = [s for s in cli.json("list")["sessions"] if s["title"] == "Fix the build"]
    assert built["tokens"] == {"input": 12, "cache_read": 2000, "cache_write": 500, "output": 70, "reasoning": 0}
    assert (built["messages"], built["user_messages"], built["tool_calls"], built["errors"], built["requests"]) == (
        3,
        1,
        1,
        1,
        2,
    )
    assert (built["tokens_kind"], built["models"], built["unpriced_models"]) == ("reported", ["claude-opus-4-7"], [])
    assert Decimal(built["cost_usd"]) > 0
    assert (built["started"], built["last_activity"]) == ("2026-01-05T10:00:01.000Z", "2026-01-05T10:00:06.000Z")
    assert (built["source_exists"], built["captured"], built["agent"]) == (True, True, "claude-code")


def test_a_context_limit_says_where_it_comes_from(cli):
    contexts = {s["title"]: s["context"] for s in cli.json("list")["sessions"]}
    assert contexts["Fix the build"]["source"] == "table"
    assert contexts["A packed wish"] == {"used": 610, "limit": 258400, "source": "recorded"}


def test_a_source_that_is_gone_is_told(cli):
    path = next(s["source_path"] for s in cli.json("list")["sessions"] if s["title"] == "Fix the build")
    (cli.home / path).unlink()
    [built] = [s for s in cli.json("list")["sessions"] if s["title"] == "Fix the build"]
    assert built["source_exists"] is False


def test_sub_agents_stand_in_their_parents_row_for_people_and_apart_for_programs(cli):
    shown = cli("list").stdout
    [row] = [line for line in shown.splitlines() if "Fix the build" in line]
    assert "+1" in row
    assert "Look at the Makefile" not in shown
    assert "Look at the Makefile" in cli("list", "--all").stdout
    assert "Look at the Makefile" in [s["title"] for s in cli.json("list")["sessions"]]


def test_a_sub_agent_whose_parent_is_not_listed_has_a_row(cli):
    assert "Look at the Makefile" in cli("list", "is:subagent").stdout


@pytest.mark.parametrize(
    ("line", "agents"),
    [
        (("agent:codex",), {"codex"}),
        (("--agent", "codex"), {"codex"}),
        (("-agent:codex", "-agent:gemini-cli"), {"claude-code"}),
        (("--project", "shop", "--until", "2025-12-01"), {"codex"}),
        (("--since", "2030-01-01"), set()),
    ],
)
def test_filters_choose_sessions(cli, line, agents):
    line = ("--", *line) if line[0].startswith("-agent") else line
    assert {s["agent"] for s in json.loads(cli("--json", "list", *line).stdout)["sessions"]} == agents


def test_words_choose_the_sessions_that_hold_them(cli):
    assert [s["title"] for s in cli.json("list", "build", "fail")["sessions"]] == ["Fix the build"]


def test_tags_choose_sessions(cli):
    cli("tag", cli.id_of("Fix the build"), "api")
    assert [s["title"] for s in cli.json("list", "--tag", "api")["sessions"]] == ["Fix the build"]
    assert cli.json("list", "--tag", "api", "--tag", "other")["sessions"] == []


def test_words_choose_every_session_that_holds_them_in_the_trash_too(empty):
    home = Claude(empty.home)
    (empty.home / "claude").rename(empty.home / ".claude")
    home.project = empty.home / ".claude" / "projects" / "-home-ada-shop"
    for number in range(320):
        home.write(f"s{number:03}", said(f"heliotrope {number}", 1))
    home.write("other", said("nothing of it", 1))
    empty("sync")
    assert len(empty.json("list", "heliotrope")["sessions"]) == 320
    assert empty.json("export", "heliotrope", "-o", str(empty.data / "all.json"))["sessions"] == 320
    ident = empty.json("list", "heliotrope")["sessions"][0]["id"]
    empty("delete", ident, "--yes")
    assert len(empty.json("list", "heliotrope")["sessions"]) == 319
    assert [s["id"] for s in empty.json("list", "heliotrope", "--trash")["sessions"]] == [ident]


def test_a_limit_cuts_the_list(cli):
    assert len(cli.json("list", "--limit", "2")["sessions"]) == 2
    assert len(rows_of(cli("list", "--limit", "2"))) == 2


def test_expiring_sessions_come_with_their_time_and_whether_they_are_kept(cli):
    answer = cli("list", "--expiring")
    assert "GOES IN" in answer.stdout
    assert all(re.search(r"(gone|\d+\w+)\s+captured", row) for row in rows_of(answer))
    expiring = cli.json("list", "--expiring")["sessions"]
    assert expiring
    assert [s["source_expires"] for s in expiring] == sorted(s["source_expires"] for s in expiring)


def test_list_first_reads_what_changed(unread):
    found = unread.json("list")
    assert found["stale"] == 0
    assert len(found["sessions"]) > 5


def test_list_says_how_many_files_wait_when_the_time_is_over(unread, monkeypatch):
    monkeypatch.setattr("holdfast.faces.cli._fresh.WITHIN", -1.0)
    answer = unread("list")
    assert "12 files not read yet: holdfast sync" in answer.stderr
    assert unread.json("list")["stale"] == 12
    assert unread.json("search", "build")["stale"] == 12


@pytest.mark.parametrize("line", [("list",), ("search", "build")], ids=" ".join)
def test_no_sync_looks_at_nothing_and_says_so(unread, line):
    assert unread.json(*line, "--no-sync")["stale"] is None


@pytest.mark.parametrize("line", [("list",), ("search", "build")], ids=" ".join)
def test_where_reading_failed_nobody_looked_and_the_list_stands_all_the_same(cli, monkeypatch, line):
    held = {s["id"] for s in cli.json("list")["sessions"]}

    def refuse(*_, **__):
        raise Unavailable("another process is writing", "try again")

    monkeypatch.setattr("holdfast.services.sync.Sync.run", refuse)
    found = cli.json(*line)
    assert found["stale"] is None
    assert {s["id"] for s in found["sessions"]} == held if line == ("list",) else found["hits"]
    assert "not synced: another process is writing" in cli(*line).stderr


def test_the_setting_that_turns_reading_off_is_kept(unread, monkeypatch):
    monkeypatch.setenv("HOLDFAST_SYNC_AUTO", "false")
    assert unread.json("list") == {"schema_version": 1, "stale": None, "sessions": []}


def test_holdfast_alone_reads_everything_the_first_time_and_lists_it(unread, monkeypatch):
    monkeypatch.setattr("holdfast.faces.cli._fresh.WITHIN", -1.0)
    answer = unread()
    assert answer.exit_code == 0
    assert "Fix the build" in answer.stdout
    assert "not read yet" not in answer.stderr


def test_with_nothing_found_it_says_where_it_looked_and_names_the_demo(empty):
    answer = empty()
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "~/.claude" in answer.stderr
    assert "~/.codex" in answer.stderr
    assert "holdfast demo" in answer.stderr


def test_with_nothing_found_json_is_an_empty_list(empty):
    assert empty.json("list") == {"schema_version": 1, "stale": 0, "sessions": []}


def test_show_tells_facts_files_commands_and_what_was_said(cli):
    shown = cli("show", cli.id_of("Fix the build")).stdout
    for expected in (
        "Fix the build",
        "claude-opus-4-7",
        "2,582 reported",
        "Commands (1)",
        "make",
        "Why does the build fail?",
        "Zażółć",
    ):
        assert expected in shown


def test_show_folds_tools_to_a_line_and_gives_them_whole_with_all(cli):
    ident = cli.id_of("Fix the build")
    assert "  > Bash  make\n  ! make: *** [all] Error 2\n" in cli("show", ident).stdout
    assert "      command: make\n" in cli("show", ident, "--all").stdout


def test_show_says_who_speaks_also_where_an_answer_begins_with_thinking(cli):
    path = next((cli.home / ".claude").rglob("1111*.jsonl"))
    thought = claude_code.answer("msg_7", [{"type": "thinking", "thinking": "secretly"}], 1)
    said = claude_code.answer("msg_7", [{"type": "text", "text": "aloud"}], 2)
    records = [claude_code.record("user", 7, message={"role": "user", "content": "and now?"})]
    records += [
        claude_code.record("assistant", 8 + i, requestId="req_7", message=m) for i, m in enumerate((thought, said))
    ]
    with path.open("ab") as stream:
        stream.write(b"".join(json.dumps(r).encode() + b"\n" for r in records))
    cli("sync")
    shown = cli("show", cli.id_of("Fix the build")).stdout
    assert re.search(r"and now\?\n\nagent  [^\n]*\n  aloud", shown)
    assert "secretly" not in shown
    assert "secretly" in cli("show", cli.id_of("Fix the build"), "--all").stdout


def test_show_the_last_messages_only(cli):
    ident = cli.id_of("Fix the build")
    assert [m["seq"] for m in cli.json("show", ident, "--last", "1")["messages"]] == [4]
    assert "Why does the build fail?" not in cli("show", ident, "--last", "1").stdout


@pytest.mark.parametrize("reference", ["prefix", "native", "name", "-"])
def test_a_session_is_found_by_any_of_its_names(cli, reference):
    ident = cli.json("list", "--limit", "1")["sessions"][0]["id"]
    cli("describe", ident, "--name", "a name of mine")
    native = cli.json("show", ident)["session"]["native_id"]
    given = {"prefix": ident[:5], "native": native, "name": "a name of mine", "-": "-"}[reference]
    assert cli.json("show", given)["session"]["id"] == ident


def test_search_hits_say_where_they_stand(cli):
    hits = cli.json("search", "fail")["hits"]
    [hit] = [h for h in hits if h["kind"] == "said"]
    assert set(hit) == {"session", "message", "seq", "role", "kind", "at", "snippet", "highlights", "score"}
    assert [hit["snippet"][a:b] for a, b in hit["highlights"]] == ["fail"]
    assert (hit["role"], hit["seq"], hit["at"]) == ("user", 0, "2026-01-05T10:00:01.000Z")


def test_search_names_the_next_command_and_marks_nothing_on_a_pipe(cli):
    answer = cli("search", "fail")
    assert f"holdfast show {cli.id_of('Fix the build')[:6]}" in answer.stdout
    assert "Why does the build fail?" in answer.stdout


def test_search_marks_the_words_in_colour(cli):
    assert "\x1b[1;33mfail\x1b[0m" in cli("search", "fail", "--color", "always").stdout


def test_search_details_name_the_message(cli):
    assert "message 11111111-0000-4000-8000-000000000001, place 0" in cli("search", "fail", "--details").stdout


def test_search_works_after_the_index_was_deleted_also_without_a_sync(cli):
    for path in cli.data.glob("index.db*"):
        path.unlink()
    assert cli.json("search", "fail", "--no-sync")["hits"]


def test_search_finds_nothing_quietly(cli):
    answer = cli("search", "nosuchwordanywhere")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "nothing found" in answer.stderr


def test_usage_adds_up_to_what_the_sessions_say(cli):
    table = cli.json("usage", "--by", "session")
    listed = {s["id"]: s for s in cli.json("list", "--all")["sessions"] if s["requests"]}
    assert {r["key"]: r["tokens"] for r in table["rows"]} == {i: s["tokens"] for i, s in listed.items()}
    assert table["total"]["requests"] == sum(s["requests"] for s in listed.values())
    assert Decimal(table["total"]["cost_usd"]) == sum(Decimal(s["cost_usd"] or 0) for s in listed.values())


@pytest.mark.parametrize("by", ["day", "week", "month", "session", "model", "project", "agent"])
def test_usage_by_anything_has_the_same_total(cli, by):
    assert cli.json("usage", "--by", by)["total"]["tokens"] == cli.json("usage")["total"]["tokens"]


def test_usage_names_models_without_a_price(cli):
    answer = cli("usage")
    assert "without a price, so not in the cost: unknown" in answer.stdout
    assert re.search(r"^2026-01-02 .* \?$", answer.stdout, re.MULTILINE)


def test_usage_is_complete_before_anything_was_synced(unread):
    live = unread.json("usage")
    assert live["live"] > 0
    unread("sync")
    assert unread.json("usage")["total"]["tokens"] == live["total"]["tokens"]


def test_usage_explains_each_number_with_file_and_line(cli):
    found = cli.json("usage", "--explain", cli.id_of("Fix the build"))
    assert [r["line"] for r in found["counted"]] == [3, 6]
    assert all(r["source_path"].endswith(".jsonl") for r in found["counted"])
    assert len(found["dropped"]) == 1
    drawn = cli("usage", "--explain", cli.id_of("Fix the build")).stdout
    path, _, rest = drawn.partition("Not counted again: 1 copy")[2].strip().partition("\n")
    (repeat,) = rest.partition("\n\n")[0].splitlines()[1:]
    assert path == found["dropped"][0]["source_path"]
    assert repeat.split()[2:] == [str(found["dropped"][0]["line"]), "same", "request"]  # where, and no zeros for tokens


def test_days_begin_where_the_time_zone_says(cli):
    assert cli.json("usage", "--timezone", "Pacific/Kiritimati")["timezone"] == "Pacific/Kiritimati"
    assert cli("usage", "--timezone", "Nowhere/Land").exit_code == 2


def test_sync_counts_what_it_met(unread):
    first, second = unread.json("sync"), unread.json("sync")
    assert first["files"]["read"] == first["files"]["seen"] == 12
    assert first["messages_added"] > 20
    assert second["files"] == {"seen": 12, "read": 0, "skipped": 12, "failed": 0}
    assert (second["messages_added"], second["rows_written"]) == (0, 0)


def test_sync_reads_one_agent_or_a_copy_somewhere_else(unread, tmp_path):
    (unread.home / ".claude").rename(tmp_path / "backup")
    assert unread.json("sync", "--agent", "codex")["sessions"] == 6
    assert unread.json("sync", "--root", f"claude-code={tmp_path / 'backup'}")["sessions"] == 3


def test_sync_empties_the_trash_of_what_is_old(cli, monkeypatch):
    cli("delete", cli.id_of("Fix the build"), "--yes")
    monkeypatch.setenv("HOLDFAST_TRASH_DAYS", "-1")
    assert cli.json("sync")["trash_purged"] == 2
    assert cli.json("list", "--trash")["sessions"] == []


def test_sync_tells_unknown_records_and_damaged_lines(unread):
    path = next((unread.home / ".claude").rglob("1111*.jsonl"))
    with path.open("ab") as stream:
        stream.write(b'{"type":"brand-new","sessionId":"11111111-2222-4333-8444-555555555555"}\nnot json at all\n')
    found = unread.json("sync")
    assert found["unknown"] == {"claude-code record:brand-new": 1}
    assert (found["unknown_records"], found["damaged_lines"]) == (1, 1)


class At:
    def __init__(self, files, size):
        self.files, self.of_files, self.bytes, self.of_bytes, self.path = files, 10, size, 1000, ""


def test_progress_off_a_terminal_is_a_line_per_tenth_after_a_second(capsys):
    now = iter([0.0, *(2.0 + i for i in range(50))])
    progress = Progress(State({}), clock=lambda: next(now))
    for done in range(0, 1000, 40):
        progress(At(done // 100, done))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" %")[0] for line in lines] == ["10", "20", "30", "40", "50", "60", "70", "80", "90"]
    assert "MB/s" in lines[0]
    assert "left" in lines[0]


def test_short_ids_grow_until_each_is_the_only_one():
    ids = ["aaaaaabbbb", "aaaaaabccc", "aaaaaadddd", "zzzzzzzzzz"]
    assert short_ids(ids) == {ids[0]: "aaaaaabb", ids[1]: "aaaaaabc", ids[2]: "aaaaaad", ids[3]: "zzzzzz"}
    assert short_ids(ids[3:], ids) == {ids[3]: "zzzzzz"}


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9999, "9999"), (12_345, "12k"), (1_234_567, "1.2M"), (234_000_000, "234M"), (5_600_000_000, "5.6G")],
)
def test_counts_are_short(number, text):
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5s"),
        (61, "1m"),
        (7200, "2h"),
        (86400 * 3, "3d"),
        (86400 * 20, "2w"),
        (86400 * 100, "3mo"),
        (86400 * 800, "2y"),
    ],
)
def test_spans_have_one_unit(seconds, text):
    assert span(seconds) == text


def test_costs_say_what_is_unknown_missing_and_estimated():
    assert [dollars(None), dollars(None, requests=0), dollars("0"), dollars("0.004"), dollars("1234.5")] == [
        "?",
        "-",
        "$0.00",
        "<$0.01",
        "$1,234.50",
    ]
    assert dollars("2", ("x",), kind="estimated") == "~$2.00+"


def test_money_is_exact_and_without_exponent():
    assert [money(Decimal(t)) for t in ("0E-8", "1E+3", "0.010", "12.3456789")] == ["0", "1000", "0.01", "12.3456789"]


def test_times_are_utc_with_milliseconds_or_nothing():
    assert moment(1_767_600_000_001) == "2026-01-05T08:00:00.001Z"
    assert moment(-1) == "1969-12-31T23:59:59.999Z"
    assert [moment(None), moment(10**30), moment(10**16)] == [None, None, None]


@pytest.mark.parametrize(
    ("held", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (1_500, "2 kB"), (2_500_000, "2.5 MB")]
)
def test_an_amount_read_is_never_rounded_to_nothing(held, shown):
    from holdfast.faces.cli.commands.sync import _size

    assert _size(held) == shown


def test_a_sync_says_how_much_and_how_long(unread):
    assert re.search(r", \d+ kB in \d+(\.\d)? m?s$", unread("sync").stdout, re.MULTILINE)


def test_a_watch_reads_the_wanted_agents_alone(unread, monkeypatch):
    asked = []

    def watch(self, stop, agents=None):
        asked.append(agents)
        return iter(())

    monkeypatch.setattr("holdfast.services.sync.Sync.watch", watch)
    unread("sync", "--watch", "--agent", "codex")
    assert asked == [("codex",)]
    assert unread("sync", "--watch", "--agent", "nosuch").exit_code == 2


def test_the_version_in_json_is_json(empty):
    assert set(json.loads(empty("--json", "--version").stdout)) == {"schema_version", "version"}


def test_a_cost_below_a_cent_reads_the_same_everywhere(cli, monkeypatch):
    monkeypatch.setattr("holdfast.faces.cli._items.money", lambda _: "0.0034")
    assert re.search(r"^cost +<\$0\.01$", cli("show", cli.id_of("Fix the build")).stdout, re.MULTILINE)


def test_usage_explains_what_each_request_cost_and_whether_a_place_is_a_line_or_an_item(cli):
    found = cli.json("usage", "--explain", cli.id_of("Fix the build"))
    assert {r["place"] for r in found["counted"]} == {"line"}
    assert sum(Decimal(r["cost_usd"]) for r in found["counted"]) == Decimal(found["total"]["cost_usd"])
    amp.build(cli.home / ".local" / "share" / "amp")
    cli("sync")
    ident = next(s["id"] for s in cli.json("list")["sessions"] if s["agent"] == "amp" and s["requests"])
    assert {r["place"] for r in cli.json("usage", "--explain", ident)["counted"]} == {"item"}
    drawn = cli("usage", "--explain", ident).stdout
    assert ("ITEM" in drawn, "LINE" in drawn, "COST" in drawn) == (True, False, True)
