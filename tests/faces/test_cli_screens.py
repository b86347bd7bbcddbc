"""What a person at a real terminal sees: width, colour, pager and progress; and what a pipe never gets."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from holdfast.faces.cli._terminal import columns

SGR = re.compile(r"\x1b\[[0-9;]*m")


def screen(*arguments, wide=80, high=200, **more) -> str:
    """Run in a pseudo-terminal and return all that came out of it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", high, wide, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | more
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        close_fds=True,
    )
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    assert process.wait(timeout=20) == 0
    return b"".join(pieces).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("wide", [40, 60, 80, 120])
@pytest.mark.parametrize(
    "line",
    [("list",), ("list", "--expiring"), ("usage", "--by", "model"), ("config", "show"), ("config", "show", "--origin")],
    ids=" ".join,
)
def test_tables_fit_the_terminal(cli, line, wide):
    shown = SGR.sub("", screen(*line, wide=wide))
    assert [text for text in shown.splitlines() if columns(text) > wide and "without a price" not in text] == []


def test_what_a_setting_does_is_told_at_80_columns(cli):
    assert "WHAT IT DOES" in screen("config", "show", wide=80)


def test_a_title_stays_readable_at_80_columns(cli):
    cli("describe", cli.id_of("Fix the build"), "--name", "a very long name for a session " * 3)
    head = SGR.sub("", screen("list", wide=80)).splitlines()[0]
    assert head.index("WHEN") - head.index("TITLE") >= 22


def test_colour_is_on_at_a_terminal_and_off_when_unwanted(cli):
    assert SGR.search(screen("list"))
    assert not SGR.search(screen("list", NO_COLOR="1"))
    assert not SGR.search(screen("list", TERM="dumb"))
    assert not SGR.search(screen("list", "--color", "never"))
    assert not SGR.search(screen("list", CLICOLOR="0"))


def test_json_at_a_terminal_holds_no_colour(cli):
    assert "\x1b" not in screen("list", "--json")


def test_usage_draws_bars_at_a_terminal_only(cli):
    assert "█" in screen("usage", "--by", "model")
    assert "█" not in cli("usage", "--by", "model").stdout


def test_long_output_goes_to_the_pager_and_short_output_does_not(cli, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path / 'paged'}\n")
    pager.chmod(0o755)
    screen("list", high=200, PAGER=str(pager))
    assert not (tmp_path / "paged").exists()
    screen("list", high=5, PAGER=str(pager))
    assert "Fix the build" in (tmp_path / "paged").read_text()


def test_no_pager_where_it_is_refused_or_cannot_work(cli, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nexit 1\n")
    pager.chmod(0o755)
    assert "Fix the build" in screen("list", "--no-pager", high=5, PAGER=str(pager))
    assert "Fix the build" in screen("list", high=5, PAGER=str(pager), TERM="dumb")
    assert "Fix the build" in screen("list", high=5, PAGER="no-such-pager")


def test_the_setting_for_the_pager_wins_over_the_environment(cli, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path / 'paged'}\n")
    pager.chmod(0o755)
    screen("list", high=5, PAGER="false", HOLDFAST_OUTPUT_PAGER=str(pager))
    assert (tmp_path / "paged").exists()


def test_a_question_is_asked_and_no_is_heard(cli):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "delete", "-"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"n\n")
    said = b""
    while True:
        try:
            said += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.wait(timeout=20) == 0
    assert b"Move 1 session to the trash? [y/N]" in said
    assert b"nothing changed" in said
    assert cli.json("list", "--trash")["sessions"] == []


HEAVY = ("rich", "watchfiles", "psutil", "yaml", "asyncio", "pydantic", "hyperscan", "sqlite3")
OURS = (
    "index",
    "redact",
    "interchange",
    "services.exchange",
    "services.doctor",
    "services.sync",
    "sources.codex",
    "faces.cli.commands.sync",
)


def loaded(*arguments) -> set[str]:
    code = (
        f"import sys; sys.argv[1:] = {list(arguments)!r}\nfrom holdfast.faces.cli.main import main; main()\n"
        "sys.stderr.write(chr(10) + ' '.join(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(answer.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("line", [("--help",), ("--version",)], ids=" ".join)
def test_help_loads_no_library_at_all(home, line):
    found = loaded(*line)
    assert {name.partition(".")[0] for name in found} & {*HEAVY, "click", "msgspec", "apsw", "zstandard"} == set()
    assert [name for name in found if name.startswith("holdfast.") and ".cli." in name and "commands" in name] == []


def test_a_list_loads_only_what_lists_need(cli):
    found = loaded("list", "--no-sync")
    assert {name.partition(".")[0] for name in found} & set(HEAVY) == set()
    assert [name for name in OURS if f"holdfast.{name}" in found] == []


@pytest.mark.parametrize("wide", [80, 100])
def test_a_long_fact_breaks_between_words_and_behind_folders_never_inside_them(cli, wide):
    ident = cli.id_of("Fix the build")
    path = cli.json("show", ident)["session"]["source_path"]
    assert len(path) > wide - 12, "the sample's path is too short to be broken"
    shown = SGR.sub("", screen("show", ident, "--no-pager", wide=wide)).splitlines()
    first = next(n for n, line in enumerate(shown) if line.startswith("source "))
    after = next(n for n in range(first + 1, len(shown)) if not shown[n].startswith(" " * 12))
    lines = [line[12:] for line in shown[first:after]]
    assert len(lines) > 1
    assert all(columns(line) <= wide - 12 for line in lines)
    whole = "".join(line if line.endswith("/") else f"{line} " for line in lines)
    assert whole.startswith(f"{path} (exists, captured")
