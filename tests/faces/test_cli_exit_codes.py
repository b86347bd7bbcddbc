"""Each exit code, what leads to it, and how it is told: a line and a hint for people, one document for programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from holdfast.errors import EXIT_CODES, Conflict, HoldfastError, Unavailable

TESTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}


def told(answer) -> dict:
    """Return the document on stderr, which stands there alone."""
    assert answer.stdout == ""
    return json.loads(answer.stderr)


def test_every_exit_code_is_tested_here():
    assert set(EXIT_CODES) == TESTED


def test_0_when_all_is_well(cli):
    assert cli("list").exit_code == 0


def test_1_for_what_nobody_foresaw(cli, monkeypatch):
    def broken(*_, **__):
        message = "no such luck"
        raise RuntimeError(message)

    monkeypatch.setattr("holdfast.services.sessions.Sessions.find", broken)
    answer = cli("list", "--json")
    assert answer.exit_code == 1
    assert told(answer)["message"] == "RuntimeError: no such luck"
    assert "Traceback" not in cli("list").stderr
    monkeypatch.setenv("HOLDFAST_DEBUG", "1")
    assert isinstance(cli("list").exception, RuntimeError)


@pytest.mark.parametrize(
    "line",
    [("nosuch",), ("list", "--nosuch"), ("list", "--limit", "x"), ("search",), ("tag", "-"), ("sync", "--root", "codex"), ("sync", "--root", "nosuch=/tmp"),
     ("sync", "--agent", "nosuch"), ("list", "--since", "whenever"), ("config", "set", "trash.days", "many"), ("usage", "words"), ("config",), ("export",), ("list", "--store", "nosuch://x")],
    ids=" ".join,
)  # fmt: skip
def test_2_for_a_line_that_cannot_be_understood(cli, line):
    answer = cli(*line, "--json")
    assert answer.exit_code == 2
    assert set(told(answer)) == {"code", "message", "hint"} or told(answer)["code"] == "bad_input"


@pytest.mark.parametrize(
    "line",
    [
        ("show", "nosuch"),
        ("import", "nosuch.json"),
        ("delete", "nosuch", "--yes"),
        ("export", "agent:nosuch"),
        ("usage", "--explain", "nosuch"),
    ],
    ids=" ".join,
)
def test_3_for_what_is_not_there(cli, line):
    answer = cli(*line, "--json")
    assert answer.exit_code == 3
    assert told(answer)["code"] == "not_found"


def test_4_for_a_project_that_sets_too_much(cli):
    (cli.home / ".holdfast.yaml").write_text("store: memory://\n")
    answer = cli("list", "--json")
    assert answer.exit_code == 4
    assert told(answer)["code"] == "denied"


def test_5_for_a_name_that_two_sessions_have(cli):
    for title in ("Fix the build", "A packed wish"):
        cli("describe", cli.id_of(title), "--name", "twice")
    answer = cli("show", "twice", "--json")
    assert answer.exit_code == 5
    assert len(told(answer)["candidates"]) == 2
    assert "use a longer part" in cli("show", "twice").stderr


def test_6_for_an_archive_that_somebody_else_holds(cli, monkeypatch):
    def locked(*_, **__):
        raise Conflict("the archive is locked by another program", "try again in a moment")

    monkeypatch.setattr("holdfast.services.sessions.Sessions.tag", locked)
    answer = cli("tag", "-", "api", "--json")
    assert answer.exit_code == 6
    assert told(answer) == {
        "code": "conflict",
        "message": "the archive is locked by another program",
        "hint": "try again in a moment",
    }


def test_7_for_files_that_could_not_be_read(unread, monkeypatch):
    def unreadable(*_, **__):
        message = "Permission denied"
        raise OSError(message)

    monkeypatch.setattr("holdfast.sources.codex.Codex.read", unreadable)
    answer = unread("sync", "--json")
    assert answer.exit_code == 7
    assert json.loads(answer.stdout)["files"]["failed"] > 0
    assert json.loads(answer.stderr)["code"] == "partial"


def test_8_for_a_damaged_file(cli):
    cli("export", "agent:codex", "-f", "native", "-o", "out.holdfast")
    data = (cli.home / "out.holdfast").read_bytes()
    (cli.home / "out.holdfast").write_bytes(data[: len(data) // 2])
    answer = cli("import", "out.holdfast", "--json")
    assert answer.exit_code == 8
    assert json.loads(answer.stderr)["code"] == "unreadable"


def test_9_for_what_could_do_harm(cli):
    answer = cli("purge", "-")
    assert answer.exit_code == 9
    assert cli("delete", "-", "--json").exit_code == 9


def test_10_for_what_is_out_of_reach(cli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    answer = cli("resume", cli.id_of("Fix the build"), "--exec")
    assert answer.exit_code == Unavailable.exit_code == 10
    assert "claude is not installed" in answer.stderr


def test_130_when_interrupted(unread, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("holdfast.services.sync.Sync.run", stopped)
    answer = unread("sync")
    assert answer.exit_code == 130
    assert "interrupted, nothing lost; run holdfast sync to go on" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_errors_of_the_model_are_told_by_their_codes():
    codes = {kind("").code for kind in HoldfastError.__subclasses__() if kind.__module__ == "holdfast.errors"}
    assert codes == {
        "bad_input",
        "not_found",
        "denied",
        "ambiguous",
        "conflict",
        "partial",
        "unreadable",
        "unsafe",
        "unavailable",
    }


def started(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "holdfast", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
        **more,
    )


def test_a_reader_that_goes_away_is_no_failure(cli):
    reading, writing = os.pipe()
    os.close(reading)
    answer = subprocess.run(
        [sys.executable, "-m", "holdfast", "list", "--json"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_a_real_interrupt_ends_a_watch_with_130_and_no_trace(unread):
    process = started("sync", "--watch", "--json")
    assert json.loads(process.stdout.readline())["files"]["read"] == 12
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert json.loads(errors)["code"] == "interrupted"


def test_the_module_runs_from_any_directory(cli, tmp_path):
    answer = subprocess.run(
        [sys.executable, "-m", "holdfast", "list", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert len(json.loads(answer.stdout)["sessions"]) > 5


def test_the_version_is_one_line(cli):
    answer = subprocess.run([sys.executable, "-m", "holdfast", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("holdfast ")
