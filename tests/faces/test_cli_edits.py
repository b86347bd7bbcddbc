"""tag, untag, describe and set-project."""

from __future__ import annotations

import pytest

TITLE = "Fix the build"


def test_describe_without_a_text_says_what_is_said(cli):
    cli("describe", cli.id_of(TITLE), "about it")
    assert "about it" in cli("describe", cli.id_of(TITLE)).stdout


def test_tags_names_descriptions_and_projects_survive_the_next_sync(cli):
    ident = cli.id_of(TITLE)
    for line in (
        ("tag", ident, "api", "#urgent"),
        ("untag", ident, "urgent"),
        ("describe", ident, "about it", "--name", "mine"),
        ("set-project", ident, "other"),
    ):
        assert cli(*line).exit_code == 0
    path = next((cli.home / ".claude").rglob("1111*.jsonl"))
    path.write_bytes(path.read_bytes() + b"\n")
    cli("sync")
    found = cli.json("show", ident)["session"]
    assert (found["tags"], found["description"], found["name"], found["project"]) == (
        ["api"],
        "about it",
        "mine",
        "other",
    )


def test_tags_are_kept_in_lower_case(cli):
    first = cli.json("list")["sessions"][0]["id"]
    assert cli.json("tag", first, "API", "#Urgent", "api")["session"]["tags"] == ["api", "urgent"]
    assert cli.json("untag", first, "URGENT")["session"]["tags"] == ["api"]


def test_untag_says_where_nothing_was_removed(cli):
    ident = cli.id_of("Fix the build")
    cli("tag", ident, "api")
    assert "nothing was removed: its tags are api" in cli("untag", ident, "nothere").stderr
    assert "nothing was removed" not in cli("untag", ident, "api").stderr


@pytest.mark.parametrize("command", ["show", "export", "tag"])
def test_the_last_session_of_an_empty_archive_is_none(empty, command):
    answer = empty(command, "-", *(["x"] if command == "tag" else []))
    assert answer.exit_code == 3
    assert "there are no sessions" in answer.stderr


@pytest.mark.parametrize("name", ["-", "@last"])
def test_what_means_the_last_session_is_no_name(cli, name):
    answer = cli("describe", cli.id_of("Fix the build"), "--name", name)
    assert (answer.exit_code, "means the session last active" in answer.stderr) == (2, True)
