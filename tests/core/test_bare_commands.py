"""Every command that needs no extra works without any: on a home with made-up sessions, one after the other."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from holdfast.faces.cli._program import program
from holdfast.testing import demo_home

LINES = (
    "sync",
    "list",
    "list --format csv",
    "list-projects",
    "show -",
    "search retry --details",
    "usage --by model",
    "usage --by block",
    "usage --explain -",
    "export - -f json",
    "export - -f yaml",
    "export - -f markdown",
    "export - -f html -o page.html",
    "export - -f csv -o table.csv",
    "export agent:codex -f jsonl -o codex.jsonl",
    "import codex.jsonl",
    "completion bash",
    "export agent:codex -f native -o codex.holdfast",
    "import codex.holdfast",
    "restore - --to back",
    "resume -",
    "tag - api",
    "untag - api",
    "set-project - shop",
    "describe - words",
    "config show",
    "config set trash.days 7",
    "store verify",
    "info",
    "delete - --yes",
    "list --trash",
    "purge - --yes",
)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_the_commands_run_one_after_the_other(home, monkeypatch, form):
    monkeypatch.chdir(home)
    demo_home(home)
    failed = {}
    for line in LINES:
        more = () if "-f yaml" in line or "-f markdown" in line else form
        answer = CliRunner().invoke(program, [*line.split(), *more])
        if answer.exit_code:
            failed[line] = answer.stderr
    assert failed == {}
