"""completion: what a shell is told, and how little is done for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from holdfast import registry
from holdfast.faces.cli._options import FORMATS
from holdfast.faces.cli._words import words
from tests.contracts.samples import claude_code

LINES = [
    ("holdfast list-pr", ["list-projects"]),
    ("holdfast usage --by bl", ["block"]),
    ("holdfast list --format c", ["csv"]),
    ("holdfast list --agent claud", ["claude-code"]),
    ("holdfast config sh", ["show"]),
    ("holdfast config set archive.c", ["archive.capture"]),
    ("holdfast config show trash.d", ["trash.days"]),
    ("holdfast export -f h", ["html"]),
    ("holdfast completion fi", ["fish"]),
    ("holdfast --store sqlite:////nowhere/at/all.db list --tag a", []),
]
BASH = """
source <("$PYTHON" -m holdfast completion bash)
compopt() { :; }
read -ra COMP_WORDS <<< "$LINE"; COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_holdfast; printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { : }; _files() { print files }; _describe() { print -l -- ${${(P)2}%%:*} | grep "^$PREFIX" }
compadd() { shift $argv[(i)--]; print -l -- $argv | grep "^$PREFIX" }
source <("$PYTHON" -m holdfast completion zsh)
words=(${=LINE}); CURRENT=$#words; PREFIX=$words[-1]
_holdfast
"""
FISH = """
$PYTHON -m holdfast completion fish | source
complete -C "$LINE" | string replace -r '\\t.*' ''
"""
SHELLS = {"bash": ["bash", "-c", BASH], "zsh": ["zsh", "-f", "-c", ZSH], "fish": ["fish", "--no-config", "-c", FISH]}


def offered(shell, line, data) -> list[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHON": sys.executable, "LINE": line, "HOLDFAST_HOME": str(data)}
    run = subprocess.run(SHELLS[shell], env=env, capture_output=True, text=True, timeout=60, check=False)
    return [word for word in run.stdout.splitlines() if word]


@pytest.mark.parametrize(("shell", "line"), list(product(SHELLS, range(len(LINES)))))
def test_a_shell_offers_what_fits(shell, line, cli):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    typed, wanted = LINES[line]
    assert offered(shell, typed, cli.data) == wanted


def test_every_format_that_can_be_written_is_offered():
    assert sorted(FORMATS) == sorted(registry.names("formats"))


def test_names_and_ids_of_sessions_are_offered_and_quoted_for_the_shell(cli):
    ident = cli.id_of("Fix the build")
    cli("describe", ident, "--name", "build $(touch pwned) fix")
    assert offered("bash", "holdfast show buil", cli.data) == [r"build\ \$\(touch\ pwned\)\ fix"]
    assert offered("bash", f"holdfast show {ident[:3]}", cli.data) == [ident[:6]]
    assert not (Path.cwd() / "pwned").exists()


def test_what_is_in_the_trash_is_offered_to_undelete_alone(cli):
    ident = cli.id_of("Fix the build")
    assert offered("bash", f"holdfast undelete {ident[:3]}", cli.data) == []
    cli("delete", ident, "--yes")
    assert offered("bash", f"holdfast undelete {ident[:3]}", cli.data) == [ident[:6]]
    assert offered("bash", f"holdfast show {ident[:6]}", cli.data) == []


def test_filters_are_offered_where_a_query_is_typed(cli):
    cli("tag", cli.id_of("Fix the build"), "urgent")
    assert [w for w, _ in words("query", "ta")] == ["tag:"]
    assert words("query", "tag:ur") == [("tag:urgent", "1 sessions")]
    assert words("query", "jwt") == []


def test_projects_are_offered_by_their_last_folder(cli):
    told = {p["name"]: p["project"] for p in cli.json("list-projects")["projects"]}
    assert dict(words("projects", "")) == told


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "tab\there", "\u202egnp", "--yes", "-x"])
def test_a_name_that_would_move_the_terminal_or_look_like_an_option_is_not_offered(cli, name):
    ident = cli.id_of("Fix the build")
    cli("describe", ident, f"--name={name}")
    assert [w for w, _ in words("sessions", "") if w not in {i[:6] for i in ids(cli)}] == []


def ids(cli) -> set[str]:
    return {s["id"] for s in cli.json("list", "--all", "--no-sync")["sessions"]}


def complete(*arguments, env=None) -> subprocess.CompletedProcess:
    line = [sys.executable, "-X", "importtime", "-m", "holdfast", "__complete", *arguments]
    return subprocess.run(
        line, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_answer_reads_each_session_once_and_loads_no_command_no_source_and_no_index(cli, monkeypatch):
    answer = complete("sessions", "", env={"HOLDFAST_HOME": str(cli.data)})
    assert len(answer.stdout.splitlines()) == len(ids(cli))
    loaded = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    heavy = (
        "click",
        "rich",
        "yaml",
        "inspect",
        "dataclasses",
        "holdfast.index",
        "holdfast.services",
        "zstandard",
        "apsw.ext",
    )
    sources = [m for m in loaded if m.startswith("holdfast.sources.")]
    assert sorted(m for m in loaded if m.startswith(heavy)) + sources == []
    reads = []
    from holdfast.stores.sqlite import SqliteStore

    whole = SqliteStore.find

    def noted(self, *given, **options):
        reads.append(given)
        return whole(self, *given, **options)

    monkeypatch.setattr(SqliteStore, "find", noted)
    for name in ("messages", "docs", "since", "ledger"):
        monkeypatch.setattr(SqliteStore, name, None)
    words("sessions", "ab")
    assert len(reads) == 1


def test_before_anything_was_typed_only_the_last_sessions_are_offered(empty):
    claude = empty.home / ".claude"
    claude_code.build(claude)
    template = next(claude.rglob("1111*.jsonl"))
    text = template.read_text(encoding="utf-8")
    for number in range(60):
        native = f"9{number:07d}-1111-4111-8111-111111111111"
        template.with_name(f"{native}.jsonl").write_text(text.replace(template.stem, native), encoding="utf-8")
    empty("sync")
    offered_ids = [w for w, _ in words("sessions", "")]
    assert len(offered_ids) == 50
    assert len(ids(empty)) > 50


def test_a_completion_creates_no_archive_and_says_nothing_where_something_is_wrong(tmp_path):
    data = tmp_path / "data"
    for env in ({"HOLDFAST_HOME": str(data)}, {"HOLDFAST_HOME": str(data), "HOLDFAST_STORE": "nonsense"}):
        answer = complete("sessions", "", env=env)
        assert (answer.returncode, answer.stdout) == (0, "")
    assert complete("nothing-like-it", env={"HOLDFAST_HOME": str(data)}).returncode == 0
    assert not data.exists()
