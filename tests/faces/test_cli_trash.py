"""delete, undelete and purge."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

TITLE = "Fix the build"


def test_a_deleted_session_is_in_the_trash_and_comes_back(cli):
    ident = cli.id_of(TITLE)
    done = cli.json("delete", ident, "--yes")
    assert (done["action"], [s["title"] for s in done["sessions"]]) == ("deleted", [TITLE, "Look at the Makefile"])
    assert TITLE not in [s["title"] for s in cli.json("list")["sessions"]]
    assert {s["id"] for s in cli.json("list", "--trash")["sessions"]} == {s["id"] for s in done["sessions"]}
    assert cli("show", ident[:8]).exit_code == 0
    assert cli.json("undelete", ident[:8])["action"] == "undeleted"
    assert TITLE in [s["title"] for s in cli.json("list")["sessions"]]


@pytest.mark.parametrize("command", ["delete", "purge"])
def test_nothing_goes_without_a_yes(cli, command):
    answer = cli(command, cli.id_of(TITLE))
    assert answer.exit_code == 9
    assert "--yes" in answer.stderr
    assert TITLE in answer.stderr
    assert cli("show", cli.id_of(TITLE)).exit_code == 0


@pytest.mark.parametrize("command", ["delete", "purge"])
def test_a_dry_run_shows_what_would_go(cli, command):
    assert TITLE in cli(command, cli.id_of(TITLE), "--dry-run").stdout
    assert cli.json(command, cli.id_of(TITLE), "--dry-run")["action"] == "none"
    assert cli("show", cli.id_of(TITLE)).exit_code == 0


def test_one_wrong_id_among_many_changes_nothing(cli):
    assert cli("delete", cli.id_of(TITLE), "nosuchsession", "--yes").exit_code == 3
    assert cli.json("list", "--trash")["sessions"] == []


def test_a_purged_session_is_gone_with_its_sub_agents_and_no_byte_is_left(cli):
    ident = cli.id_of(TITLE)
    answer = cli.json("purge", ident, "--yes")
    [gone] = answer["purged"]
    assert gone["sessions"][0] == ident
    assert len(gone["sessions"]) == 2
    assert gone["samples"] > 0
    assert gone["traces"] == []
    assert all(Path(p).exists() for p in gone["sources"])
    cli("sync")
    assert cli("show", ident).exit_code == 3


def test_a_purge_says_how_it_was_proved_and_what_is_not_ours_to_delete(cli):
    shown = cli("purge", cli.id_of(TITLE), "--yes").stdout
    assert "none left" in shown
    assert "still there, the agent's own: " in shown


def test_what_is_printed_is_the_state_after_the_change(cli):
    ident = cli.id_of(TITLE)
    assert all(s["trashed"] for s in cli.json("delete", ident, "--yes")["sessions"])
    assert [s["trashed"] for s in cli.json("undelete", ident)["sessions"]] == [None, None]


def test_undelete_says_where_to_look_and_what_is_not_in_the_trash(cli):
    assert "holdfast list --trash" in cli("undelete", "nosuchsession").stderr
    answer = cli("undelete", cli.id_of(TITLE))
    assert (answer.exit_code, "is not in the trash" in answer.stderr) == (3, True)


def test_the_way_back_names_the_archive_that_was_named(cli):
    url = f"sqlite:///{cli.data / 'sessions.db'}"
    ident = cli.id_of(TITLE)
    assert f"holdfast undelete {ident[:8]} --store {url}" in cli("delete", ident, "--yes", "--store", url).stdout


@pytest.mark.parametrize("line", [("show",), ("tag", "x"), ("delete", "--yes"), ("restore",), ("usage", "--explain")])
def test_too_short_an_id_is_told_how_long_it_must_be(cli, line):
    ident = cli.id_of(TITLE)
    name, *rest = line
    given = (name, *rest, ident[:3]) if name == "usage" else (name, ident[:3], *rest)
    answer = cli(*given)
    assert (answer.exit_code, "needs 4 characters" in answer.stderr, ident[:6] in answer.stderr) == (3, True, True)


@pytest.mark.parametrize("command", [("export",), ("tag", "x"), ("delete", "--yes"), ("export", "nosuch")])
def test_a_session_in_the_trash_is_not_called_unknown(cli, command):
    ident = cli.id_of(TITLE)
    cli("delete", ident, "--yes")
    answer = cli(command[0], ident, *command[1:])
    assert answer.exit_code == 3
    assert f"session '{ident}' is in the trash" in answer.stderr
    assert f"holdfast undelete {ident[:8]}" in answer.stderr


def test_the_trash_says_when_a_session_is_purged(cli):
    cli("delete", cli.id_of(TITLE), "--yes")
    (cli.data / "config.yaml").write_text("trash.days: 7\n")
    for item in cli.json("list", "--trash")["sessions"]:
        assert datetime.fromisoformat(item["expires"]) - datetime.fromisoformat(item["trashed"]) == timedelta(days=7)
    shown = cli("list", "--trash").stdout
    assert "PURGED IN" in shown
    assert "6d" in shown
    assert "PURGED IN" not in cli("list").stdout
