"""What is told where a line may not be what was meant, and what a machine that cannot be written to says."""

from __future__ import annotations

import errno
import re

import pytest

from holdfast.faces.cli._terminal import columns
from tests.faces.test_cli_screens import SGR, screen


@pytest.mark.parametrize("command", ["list", "search"])
def test_a_filter_of_another_spelling_is_told_and_searched_for_as_a_word(cli, command):
    answer = cli(command, "agnt:codex")
    assert (answer.exit_code, answer.stderr.splitlines()[0]) in (
        (0, "no filter 'agnt'; did you mean agent:"),
        (0, "nothing found"),
    )
    assert "no filter 'agnt'; did you mean agent:" in answer.stderr


@pytest.mark.parametrize("word", ["http://x.org", "std::move", "a:b", "12:30", '"agnt:codex"'])
def test_words_with_a_colon_that_are_near_no_filter_are_left_in_peace(cli, word):
    assert "no filter" not in cli("search", word).stderr


@pytest.mark.parametrize("line", [("list",), ("usage",), ("search", "build")], ids=" ".join)
def test_an_agent_nobody_knows_is_told_with_the_one_that_may_be_meant(cli, line):
    answer = cli(*line, "agent:codx")
    assert (answer.exit_code, "no agent 'codx'; did you mean agent:codex" in answer.stderr) == (0, True)


@pytest.mark.parametrize("line", [("list",), ("usage",), ("export",)], ids=" ".join)
def test_an_option_that_names_no_agent_is_refused(cli, line):
    answer = cli(*line, "--agent", "codx")
    assert (answer.exit_code, "did you mean codex" in answer.stderr) == (2, True)


def test_a_known_agent_without_a_session_is_no_mistake(cli):
    assert "no agent" not in cli("list", "agent:kiro-cli").stderr


def test_usage_says_which_filter_may_be_meant(cli):
    assert "did you mean agent:" in cli("usage", "agnt:codex").stderr


def test_a_filter_that_begins_with_a_dash_is_no_option(cli):
    found = cli.json("list", "-agent:codex", "-agent:gemini-cli", "--limit", "3")["sessions"]
    assert {s["agent"] for s in found} == {"claude-code"}


@pytest.mark.parametrize("command", ["list", "search"])
def test_a_line_that_only_leaves_words_out_is_refused_with_a_true_hint(cli, command):
    answer = cli(command, "--", "-build")
    assert (answer.exit_code, "holdfast search WORD -- -build" in answer.stderr) == (2, True)
    assert cli("search", "fail", "--", "-nosuchword").stdout
    assert cli("search", '"-build"').exit_code == 0


def test_a_missing_value_points_to_the_help_of_its_command(cli):
    assert "holdfast demo --help" in cli("demo", "--keep").stderr


def test_a_path_in_place_of_a_url_is_told_as_a_url(cli):
    answer = cli("list", "--store", "/tmp/x.db")
    assert (answer.exit_code, "--store sqlite:////tmp/x.db" in answer.stderr) == (2, True)


@pytest.fixture
def read_only(empty, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system", "/home/ada/.config")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    return empty


@pytest.mark.parametrize(
    "line",
    [(), ("list",), ("usage",), ("search", "x"), ("config", "set", "trash.days", "7"), ("config", "init")],
    ids=" ".join,
)
def test_a_home_that_cannot_be_written_is_told_once_with_a_way_out(read_only, line):
    answer = read_only(*line)
    assert answer.exit_code == 10
    assert (answer.stderr.count("Read-only file system"), "Errno" in answer.stderr) == (1, False)
    assert "HOLDFAST_HOME" in answer.stderr


@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, 10), (errno.ENOSPC, 10), (errno.EACCES, 4), (errno.EIO, 1)])
def test_what_the_system_refuses_is_told_in_words(cli, monkeypatch, number, code):
    def refuse(*_, **__):
        raise OSError(number, "no", "/some/place")

    monkeypatch.setattr("holdfast.services.sessions.Sessions.find", refuse)
    answer = cli("list", "--no-sync")
    assert (answer.exit_code, "Errno" in answer.stderr, "/some/place: no" in answer.stderr) == (code, False, True)


@pytest.mark.parametrize("command", ["sync", "list"])
def test_an_archive_beyond_its_wished_size_is_told_once(cli, monkeypatch, command):
    assert "max_size" not in cli(command).stderr
    monkeypatch.setenv("HOLDFAST_ARCHIVE_MAX_SIZE", "1 kB")
    assert cli(command).stderr.count("archive.max_size") == 1
    monkeypatch.setenv("HOLDFAST_ARCHIVE_MAX_SIZE", "20 GB")
    assert "max_size" not in cli(command).stderr


@pytest.mark.parametrize("wide", [60, 80, 120])
def test_the_head_of_a_hit_fits_the_terminal(cli, wide):
    ident = cli.id_of("Fix the build")
    cli("describe", ident, "--name", "a very long name for a session " * 5)
    cli("set-project", ident, "/home/ada/a-project-with-a-name-that-never-seems-to-end-at-all-however-long-you-look")
    shown = SGR.sub("", screen("search", "fail", wide=wide))
    assert [line for line in shown.splitlines() if columns(line) > wide] == []


def test_a_hit_in_a_session_names_its_field_and_does_not_repeat_the_title(cli):
    cli("describe", cli.id_of("A packed wish"), "about submarines")
    cli("sync")
    assert re.search(r"^  description +about submarines$", cli("search", "submarines").stdout, re.MULTILINE)
    assert re.search(r"^  title +the line above$", cli("search", "packed").stdout, re.MULTILINE)
