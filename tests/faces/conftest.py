"""A home with sessions of three agents, and the command line run on it in this process."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.contracts.samples import claude_code, codex, gemini_cli

BUILD_TITLE = "Fix the build"


class Cli:
    """Runs `holdfast` with arguments; `json` decodes what it printed."""

    def __init__(self, home: Path, data: Path) -> None:
        self.home = home
        self.data = data

    def __call__(self, *arguments: str, typed: str | None = None) -> Result:
        program = import_module("holdfast.faces.cli._program").program
        return CliRunner().invoke(program, list(arguments), input=typed)

    def json(self, *arguments: str):
        answer = self(*arguments, "--json")
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    def id_of(self, title: str) -> str:
        found = self.json("list", "--no-sync")["sessions"] + self.json("list", "--trash", "--no-sync")["sessions"]
        return next(s["id"] for s in found if s["title"] == title)


@pytest.fixture
def empty(home, tmp_path, monkeypatch) -> Cli:
    """Return the command line on a machine without any agent."""
    data = tmp_path / "data"
    monkeypatch.setenv("HOLDFAST_HOME", str(data))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(home)
    return Cli(home, data)


@pytest.fixture
def unread(empty) -> Cli:
    """Return the command line on a machine with three agents, nothing read yet."""
    claude_code.build(empty.home / ".claude")
    codex.build(empty.home / ".codex")
    gemini_cli.build(empty.home / ".gemini")
    return empty


@pytest.fixture
def cli(unread) -> Cli:
    """Return the command line on a machine with three agents, everything read."""
    assert unread("sync").exit_code == 0
    return unread
