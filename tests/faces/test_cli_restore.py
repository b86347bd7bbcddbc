"""restore and resume: the agent's own files back, and its session gone on with."""

from __future__ import annotations

import os

from tests.contracts.samples import cline as cline_sample

TITLE = "Fix the build"


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


def test_resume_prints_a_line_that_a_shell_understands(cli, monkeypatch):
    monkeypatch.setattr("pathlib.Path.is_dir", lambda _: True)
    answer = cli("resume", cli.id_of(TITLE))
    assert answer.stdout == "cd /home/ada/shop && claude --resume 11111111-2222-4333-8444-555555555555\n"
    assert answer.stderr == ""


def test_resume_never_goes_into_a_folder_that_is_gone(cli):
    answer = cli("resume", cli.id_of(TITLE))
    assert answer.stdout == "claude --resume 11111111-2222-4333-8444-555555555555\n"
    assert "its directory is gone: /home/ada/shop" in answer.stderr


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


def test_a_session_of_which_only_prompts_are_left_is_not_resumed(cli):
    answer = cli("resume", cli.id_of("an old question"))
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "its transcript is gone" in answer.stderr
    assert "no transcript was captured to restore" in answer.stderr


def test_a_task_whose_folder_is_not_known_is_not_resumed_in_the_folder_at_hand(empty):
    cline_sample.build(empty.home / ".cline" / "data")
    empty("sync")
    found = [s for s in empty.json("list")["sessions"] if not s["cwd"]]
    assert found
    answer = empty("resume", found[0]["id"])
    assert (answer.exit_code, answer.stdout) == (10, "")
    assert "the folder of this session is not known" in answer.stderr
