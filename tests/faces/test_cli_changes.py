"""export, import, restore, resume, tags, trash, purge, config and store."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

TITLE = "Fix the build"


def secret() -> str:
    return "AKIA" + "IOSFODNN7" + "QWERTY2"


@pytest.fixture
def leaky(unread):
    """Return a machine where a session holds a key."""
    path = next((unread.home / ".claude").rglob("1111*.jsonl"))
    text = path.read_text(encoding="utf-8").replace(
        "Why does the build fail?", f"Why does the build fail with {secret()}?"
    )
    path.write_text(text, encoding="utf-8")
    assert unread("sync").exit_code == 0
    return unread


def test_an_export_is_masked_and_says_what_was_masked(leaky):
    answer = leaky("export", leaky.id_of(TITLE), "-o", "out.md")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "secret" in answer.stderr
    assert "masked (" in answer.stderr
    text = (leaky.home / "out.md").read_text(encoding="utf-8")
    assert secret() not in text
    assert "[REDACTED:" in text


def test_a_raw_export_says_that_nothing_was_masked(leaky):
    answer = leaky("export", leaky.id_of(TITLE), "--raw", "-f", "yaml")
    assert secret() in answer.stdout
    assert "nothing was masked" in answer.stderr


def test_an_export_without_a_file_goes_to_stdout(cli):
    answer = cli("export", cli.id_of(TITLE), "-f", "markdown")
    assert "Why does the build fail?" in answer.stdout
    assert "1 session exported as markdown" in answer.stderr


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.json", "json"), ("a.yaml", "yaml"), ("a.md", "markdown"), ("a.holdfast", "native"), ("a.txt", "json")],
)
def test_the_name_of_the_file_chooses_the_format(cli, name, kind):
    assert cli.json("export", "agent:codex", "-o", name)["format"] == kind


def test_a_query_exports_all_that_match(cli):
    done = cli.json("export", "agent:codex", "-o", "codex.json")
    assert done["sessions"] == len(cli.json("list", "agent:codex")["sessions"])
    assert done["masked"] == {}


def test_an_export_is_readable_by_its_owner_alone_and_leaves_nothing_beside(cli):
    cli("export", "-", "-o", "out.json")
    assert stat.S_IMODE((cli.home / "out.json").stat().st_mode) == 0o600
    assert [p.name for p in cli.home.iterdir() if p.name.startswith(".out")] == []


def test_an_export_replaces_a_file_only_when_told_to(cli):
    (cli.home / "out.json").write_text("mine")
    assert cli("export", "-", "-o", "out.json").exit_code == 9
    assert (cli.home / "out.json").read_text() == "mine"
    assert cli("export", "-", "-o", "out.json", "--force").exit_code == 0
    assert (cli.home / "out.json").read_text() != "mine"


@pytest.mark.parametrize("kind", ["json", "yaml", "native"])
def test_what_was_exported_comes_back_in_another_archive_and_twice_changes_nothing(cli, monkeypatch, tmp_path, kind):
    before = cli.json("show", cli.id_of(TITLE), "--all")
    assert cli("export", before["session"]["id"], "-f", kind, "-o", "out.file").exit_code == 0
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("HOLDFAST_SYNC_AUTO", "false")
    first, second = cli.json("import", "out.file"), cli.json("import", "out.file")
    assert (first["sessions"], first["messages_added"], second["messages_added"]) == (1, len(before["messages"]), 0)
    after = cli.json("show", before["session"]["id"], "--all")
    assert after["messages"] == before["messages"]
    assert after["session"]["tokens"] == before["session"]["tokens"]


def test_a_session_is_restored_byte_for_byte_after_its_files_are_gone(cli):
    files = {p: p.read_bytes() for p in (cli.home / ".claude").rglob("*.jsonl") if p.name != "history.jsonl"}
    ident = cli.id_of(TITLE)
    for path in files:
        path.unlink()
    done = cli.json("restore", ident)
    assert {f["fate"] for f in done["files"]} == {"written"}
    assert {p: p.read_bytes() for p in files} == files


def test_a_file_in_the_way_is_not_touched(cli):
    path = next((cli.home / ".claude").rglob("1111*.jsonl"))
    path.write_text("mine")
    answer = cli("restore", cli.id_of(TITLE))
    assert answer.exit_code == 6
    assert path.read_text() == "mine"
    assert "in the way" in answer.stdout


def test_restored_files_stand_below_the_folder_as_they_stood_below_the_agents(cli, tmp_path):
    cli("restore", cli.id_of(TITLE), "--to", str(tmp_path / "back"))
    assert next((tmp_path / "back" / "projects").rglob("1111*.jsonl")).is_file()


def test_resume_prints_a_line_that_a_shell_understands(cli):
    answer = cli("resume", cli.id_of(TITLE))
    assert answer.stdout == "cd /home/ada/shop && claude --resume 11111111-2222-4333-8444-555555555555\n"
    assert "its directory is gone" in answer.stderr


def test_resume_in_json_gives_the_arguments_one_by_one(cli):
    found = cli.json("resume", cli.id_of(TITLE))
    assert found["argv"] == ["claude", "--resume", "11111111-2222-4333-8444-555555555555"]
    assert found["cwd"] == "/home/ada/shop"


def test_resume_becomes_the_agent(cli, monkeypatch, tmp_path):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "claude").write_text("#!/bin/sh\n")
    (bin_folder / "claude").chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_folder))
    became = []
    monkeypatch.setattr(os, "execvp", lambda program, argv: became.append((program, argv)))
    monkeypatch.setattr(os, "chdir", became.append)
    assert cli("resume", cli.id_of(TITLE), "--exec").exit_code == 0
    assert became == ["/home/ada/shop", ("claude", ["claude", "--resume", "11111111-2222-4333-8444-555555555555"])]


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


def test_a_deleted_session_is_in_the_trash_and_comes_back(cli):
    ident = cli.id_of(TITLE)
    assert cli.json("delete", ident, "--yes")["action"] == "deleted"
    assert TITLE not in [s["title"] for s in cli.json("list")["sessions"]]
    assert [s["id"] for s in cli.json("list", "--trash")["sessions"]] == [ident]
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


def test_a_setting_is_changed_and_comments_around_it_stay(cli):
    path = cli.data / "config.yaml"
    path.write_text("# mine\ntrash:\n  days: 3  # short\nsources.exclude:\n  - aider\n# end\n")
    assert cli("config", "set", "trash.days", "9").exit_code == 0
    assert cli("config", "set", "sources.exclude", "[pi]").exit_code == 0
    assert cli("config", "set", "archive.capture", "never").exit_code == 0
    text = path.read_text()
    assert text.startswith("# mine\ntrash:\n  days: 9  # short\n")
    assert "# end\n" in text
    values = {s["name"]: (s["value"], s["origin"]) for s in cli.json("config", "show")["settings"]}
    assert values["trash.days"] == (9, "user")
    assert values["sources.exclude"] == (["pi"], "user")
    assert values["archive.capture"] == ("never", "user")


def test_the_place_that_wins_is_told(cli, monkeypatch):
    cli("config", "set", "trash.days", "9")
    monkeypatch.setenv("HOLDFAST_TRASH_DAYS", "4")
    assert "environment HOLDFAST_TRASH_DAYS" in cli("config", "show", "trash.days", "--origin").stdout
    assert cli("config", "show", "trash.days").stdout == "4\n"
    assert "wins over it" in cli("config", "set", "trash.days", "8").stderr


def test_a_project_sets_only_what_does_no_harm(cli):
    assert cli("config", "set", "usage.timezone", "UTC", "--project").exit_code == 0
    assert (cli.home / ".holdfast.yaml").read_text() == "usage.timezone: UTC\n"
    assert cli("config", "set", "store", "memory://", "--project").exit_code == 4


def test_a_new_config_file_explains_every_setting_and_sets_none(cli):
    assert cli("config", "init").exit_code == 0
    assert {s["origin"] for s in cli.json("config", "show")["settings"]} == {"default"}
    assert stat.S_IMODE((cli.data / "config.yaml").stat().st_mode) == 0o600
    assert cli("config", "init").exit_code == 9


def test_a_copied_archive_holds_the_same(cli):
    target = f"sqlite:///{cli.home / 'copy' / 'sessions.db'}"
    before = cli.json("list", "agent:codex", "--no-sync")["sessions"]
    done = cli.json("store", "copy", f"sqlite:///{cli.data / 'sessions.db'}", target)
    assert done["sessions"] > len(before)
    assert cli.json("list", "agent:codex", "--no-sync", "--store", target)["sessions"] == before


def test_an_archive_that_reads_well_is_said_to(cli):
    assert cli.json("store", "verify")["faults"] == []
    assert "read back" in cli("store", "verify").stdout


def test_json_of_an_export_to_stdout_is_the_export_alone(cli):
    answer = cli("export", "-", "--json")
    assert json.loads(answer.stdout)
    assert answer.stderr == ""
    assert cli("export", "-", "--json", "-f", "yaml").exit_code == 2
