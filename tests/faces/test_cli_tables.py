"""--format on list and usage, blocks of five hours, and pages in HTML."""

from __future__ import annotations

import csv
import io
import json

import pytest


def rows(answer):
    assert answer.exit_code == 0, answer.stderr
    return list(csv.DictReader(io.StringIO(answer.stdout)))


def test_a_list_as_csv_says_what_the_list_in_json_says(cli):
    told = cli.json("list", "--no-sync")["sessions"]
    found = rows(cli("list", "--no-sync", "--format", "csv"))
    assert [(r["id"], r["title"], int(r["messages"]), r["last_activity"]) for r in found] == [
        (s["id"], s["title"], s["messages"], s["last_activity"]) for s in told
    ]
    assert [int(r["input"]) for r in found] == [s["tokens"]["input"] for s in told]


def test_format_json_is_what_json_prints(cli):
    plain = cli("list", "--no-sync", "-f", "json")
    assert json.loads(plain.stdout) == cli.json("list", "--no-sync")
    assert plain.stderr == ""
    assert json.loads(cli("usage", "--format", "json").stdout) == cli.json("usage")


@pytest.mark.parametrize("title", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\uff1d1"])
def test_no_cell_of_a_table_is_a_formula(cli, title):
    ident = cli.id_of("Fix the build")
    cli("describe", "--name", title, "--", ident, title)
    (row,) = [r for r in rows(cli("list", "--no-sync", "-f", "csv")) if r["id"] == ident]
    assert (row["name"], row["description"]) == (f"'{title}", f"'{title}")


def test_usage_as_csv_adds_up_to_the_total(cli):
    found = rows(cli("usage", "--by", "model", "-f", "csv"))
    total = cli.json("usage")["total"]
    assert sum(int(r["output"]) for r in found) == total["tokens"]["output"]
    assert sum(int(r["requests"]) for r in found) == total["requests"]


def test_blocks_have_the_total_of_every_other_table(cli):
    found = cli.json("usage", "--by", "block")
    assert found["total"]["tokens"] == cli.json("usage")["total"]["tokens"]
    assert {tuple(r["block"]) for r in found["rows"]} == {("start", "end", "last_request", "active", "gap")}
    assert next(r["block"] for r in cli.json("usage")["rows"]) is None
    assert rows(cli("usage", "--by", "block", "-f", "csv"))[0]["active"] == "false"


def test_blocks_are_drawn_with_their_gaps(cli):
    drawn = cli("usage", "--by", "block", "--timezone", "UTC").stdout
    assert drawn.splitlines()[0].split()[:3] == ["BLOCK", "STATE", "USED"]
    assert "gap of" in drawn
    assert "total" in drawn.splitlines()[-1] or "price" in drawn


def test_a_csv_of_explanations_is_refused(cli):
    assert cli("usage", "--explain", cli.id_of("Fix the build"), "-f", "csv").exit_code == 2


@pytest.mark.parametrize(
    ("name", "kind"), [("a.html", "html"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl"), ("a.csv", "csv")]
)
def test_the_name_of_the_file_chooses_the_format(cli, name, kind):
    assert cli.json("export", "agent:codex", "-o", name)["format"] == kind


def test_a_page_holds_the_conversation(cli):
    page = cli("export", cli.id_of("Fix the build"), "-f", "html").stdout
    assert page.startswith("<!doctype html>")
    assert "Why does the build fail?" in page
    assert "Secrets masked" in page


def test_lines_come_back_in_another_archive_and_twice_changes_nothing(cli, monkeypatch, tmp_path):
    before = cli.json("show", cli.id_of("Fix the build"), "--all")
    assert cli("export", before["session"]["id"], "-o", "out.jsonl").exit_code == 0
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("HOLDFAST_SYNC_AUTO", "false")
    first, second = cli.json("import", "out.jsonl"), cli.json("import", "out.jsonl")
    assert (first["messages_added"], second["messages_added"]) == (len(before["messages"]), 0)
    assert cli.json("show", before["session"]["id"], "--all")["messages"] == before["messages"]


@pytest.mark.parametrize("kind", ["html", "csv", "markdown"])
def test_what_is_for_people_cannot_be_read_back_and_says_what_can(cli, kind):
    cli("export", "-", "-f", kind, "-o", "out.file")
    answer = cli("import", "out.file")
    assert answer.exit_code == 2
    assert "json, jsonl, yaml or native" in answer.stderr
