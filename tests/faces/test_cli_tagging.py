"""auto-tag, tag-stats and describe, as a person and a program use them."""

from __future__ import annotations

import pytest

TITLE = "Fix the build"


@pytest.fixture
def ident(cli):
    """Return a session with a description that hints at tags."""
    found = cli.id_of(TITLE)
    assert cli("describe", found, "jwt login with oauth, then a redis cache").exit_code == 0
    return found


def test_tags_are_proposed_and_none_is_applied(cli, ident):
    found = cli.json("auto-tag", ident)
    assert "auth" in [p["tag"] for p in found["proposals"]]
    assert (found["tags"], found["accepted"]) == ([], [])
    assert "description: jwt" in cli("auto-tag", ident).stdout


def test_applied_tags_are_found_by_every_filter(cli, ident):
    assert "tagged: " in cli("auto-tag", ident, "--apply").stdout
    assert ident in [s["id"] for s in cli.json("list", "tag:auth", "--no-sync")["sessions"]]
    cli("sync")
    assert "auth" in cli.json("show", ident)["session"]["tags"]


def test_each_tag_is_asked_for_and_the_answers_are_remembered(cli, ident):
    first, second = [p["tag"] for p in cli.json("auto-tag", ident)["proposals"]][:2]
    answer = cli("auto-tag", ident, "--interactive", typed="y\nn\nq\n")
    assert answer.exit_code == 0
    assert f"{first} [y/n/q]" in answer.stderr
    assert cli.json("show", ident)["session"]["tags"] == [first]
    rates = {r["name"]: r["rate"] for r in cli.json("tag-stats")["tags"]}
    assert rates == {first: 1.0, second: 0.0}
    assert second not in [p["tag"] for p in cli.json("auto-tag", ident)["proposals"]]


def test_tags_are_accepted_and_rejected_by_option(cli, ident):
    found = cli.json("auto-tag", ident, "--accept", "Mine", "--reject", "auth")
    assert (found["tags"], found["accepted"], found["rejected"]) == (["mine"], ["Mine"], ["auth"])
    text = cli("tag-stats").stdout
    assert "mine" in text
    assert "By type of project" in text


def test_nothing_learned_yet_is_said(cli):
    assert "auto-tag ID --interactive" in cli("tag-stats").stdout


@pytest.mark.parametrize("line", [("auto-tag", "-", "--ai"), ("describe", "-", "--ai")])
def test_without_a_model_the_extra_is_named(cli, line):
    answer = cli(*line)
    assert answer.exit_code == 10
    assert "holdfast[llm]" in answer.stderr


def test_a_description_is_shown_and_nothing_else(cli, ident):
    assert cli("describe", ident, "--show").stdout == "jwt login with oauth, then a redis cache\n"
    assert cli("describe", ident, "").exit_code == 0
    assert cli("describe", ident, "--show").stdout == "(no description)\n"
    assert cli.json("describe", ident, "--show")["session"]["description"] == ""


@pytest.mark.parametrize(
    "line",
    [("auto-tag", "-", "--apply", "--interactive"), ("describe", "-", "text", "--show"), ("describe", "-", "--show", "--ai"),
     ("auto-tag", "-", "--accept", "two words")],
)  # fmt: skip
def test_what_excludes_each_other_is_refused(cli, line):
    assert cli(*line).exit_code == 2
