"""doctor, info and demo, as a person and as a program see them."""

from __future__ import annotations

import json
import tempfile

import pytest


def test_doctor_names_every_check_with_its_level_and_ends_with_0(cli):
    answer = cli("doctor")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.rstrip().splitlines()[-1].split()[1] == "checks:"
    assert "  ok       integrity" in answer.stdout


def test_doctor_in_json_has_one_item_for_each_check(cli):
    found = cli.json("doctor")
    assert (found["schema_version"], len(found["checks"]) >= 25) == (1, True)
    assert {frozenset(c) for c in found["checks"]} == {frozenset({"area", "name", "level", "found", "fix", "damaged"})}


def test_doctor_ends_with_8_when_the_archive_is_damaged_and_still_prints_everything(cli):
    path = cli.data / "sessions.db"
    path.write_bytes(b"broken " * 3000)
    answer = cli("doctor")
    assert (answer.exit_code, "1 problem: integrity" in answer.stderr) == (8, True)
    assert "checks:" in answer.stdout


def test_doctor_ends_with_8_when_a_page_of_the_archive_is_damaged(cli):
    path = cli.data / "sessions.db"
    for log in cli.data.glob("sessions.db-*"):
        log.unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
    answer = cli("doctor")
    assert (answer.exit_code, "this is a bug" in answer.stderr) == (8, False)
    assert "integrity" in answer.stderr
    assert "checks:" in answer.stdout


def test_doctor_runs_where_the_settings_are_broken_and_says_so(cli):
    cli("config", "set", "trash.days", "7")
    (cli.data / "config.yaml").write_text("trash:\n  dyas: 7\n")
    answer = cli("doctor")
    assert (answer.exit_code, "trash.dyas" in answer.stdout) == (1, True)


def test_doctor_does_not_print_where_the_home_is(cli):
    assert str(cli.home) not in cli("doctor").stdout + cli("info").stdout


def test_info_says_of_a_damaged_archive_what_can_be_known(cli):
    archive = cli.data / "sessions.db"
    for path in cli.data.glob("sessions.db*"):
        path.unlink()
    archive.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    answer = cli("info")
    facts = dict(line.split("  ", 1) for line in answer.stdout.splitlines())
    facts = {name: value.strip() for name, value in facts.items()}
    assert answer.exit_code == 8
    assert facts["archive"].endswith("sessions.db")
    assert facts["archive size"] == "5.0 KB"
    assert facts["damage"] in answer.stderr
    assert facts["next"].startswith("holdfast ")
    assert {"holdfast", "data", "index", "sqlite"} <= facts.keys()
    assert json.loads(cli("info", "--json").stdout)["facts"]


def test_info_prints_a_path_or_version_on_each_line(cli):
    facts = {f["name"]: f["value"] for f in cli.json("info")["facts"]}
    assert facts["archive"].endswith("sessions.db")
    assert [name for name in facts if name not in cli("info").stdout] == []


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_demo_runs_every_command_without_a_failure_and_leaves_nothing(cli, temporary):
    before = sorted(cli.home.rglob("*"))
    found = cli.json("demo")
    assert ([s["command"] for s in found["steps"] if s["exit_code"]], found["kept"]) == ([], None)
    assert len(found["steps"]) >= 7
    assert (sorted(cli.home.rglob("*")), list(temporary.iterdir())) == (before, [])


def test_demo_shows_each_command_before_what_it_printed(cli, temporary):
    printed = cli("demo").stdout
    assert printed.index("$ holdfast list") < printed.index("JWT refresh logs people out")
    assert "1 secret masked" in printed


def test_demo_keeps_its_home_where_wanted_and_refuses_a_folder_with_other_files(cli, tmp_path):
    assert cli("demo", "--keep", str(tmp_path / "ada")).exit_code == 0
    assert (tmp_path / "ada" / ".claude").is_dir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "file").touch()
    assert cli("demo", "--keep", str(tmp_path / "own")).exit_code == 9


def test_agents_that_are_not_here_take_one_line_and_json_says_where_each_was_looked_for(cli):
    page = cli("doctor").stdout
    assert page.count("looked in") == 0
    line = page[page.index("not here") :]
    assert all(name in " ".join(line.split()) for name in ("aider,", "zed"))
    absent = [c for c in cli.json("doctor")["checks"] if c["found"].startswith("not found; looked in")]
    assert len(absent) > 20
