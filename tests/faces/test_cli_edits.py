"""tag, untag, describe and set-project."""

from __future__ import annotations

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
