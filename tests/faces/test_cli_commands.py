"""What every command of the table keeps: a schema, examples, exit codes, a page, and the form of its JSON."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import msgspec
import pytest

from holdfast.errors import EXIT_CODES
from holdfast.faces.cli._table import ALIASES, COMMANDS, overview

REPOSITORY = Path(__file__).resolve().parents[2]
MADE = runpy.run_path(str(REPOSITORY / "scripts" / "make_cli_reference.py"))
FOUND = MADE["commands"]()
REFERENCE = REPOSITORY / "docs" / "reference"
LINES: dict[str, tuple[str, ...]] = {
    "session new": ("session", "new", "begun"),
    "session list": ("session", "list"),
    "session export": ("session", "export", "talk.json", "--id", "TRASHED"),
    "session import": ("session", "import", "whole.json"),
    "session clear": ("session", "clear", "mine", "--force"),
    "session delete": ("session", "delete", "mine", "--yes"),
    "context show": ("context", "show", "retry"),
    "context map": ("context", "map", "retry"),
    "context highlights": ("context", "highlights", "retry"),
    "context why": ("context", "why", "retry"),
    "preferences list": ("preferences", "list"),
    "preferences set": ("preferences", "set", "editor", "vim"),
    "preferences forget": ("preferences", "forget", "lang"),
    "sync": ("sync",),
    "list": ("list",),
    "list-projects": ("list-projects",),
    "show": ("show", "-"),
    "monitor": ("monitor", "--once"),
    "search": ("search", "build"),
    "usage": ("usage",),
    "health": ("health", "-"),
    "recommend": ("recommend",),
    "export": ("export", "-", "-o", "out.json"),
    "import": ("import", "whole.json"),
    "restore": ("restore", "-", "--to", "back"),
    "resume": ("resume", "-"),
    "tag": ("tag", "-", "api"),
    "untag": ("untag", "-", "api"),
    "set-project": ("set-project", "-", "shop"),
    "describe": ("describe", "-", "about it"),
    "auto-tag": ("auto-tag", "-"),
    "tag-stats": ("tag-stats",),
    "delete": ("delete", "-", "--yes"),
    "undelete": ("undelete", "TRASHED"),
    "purge": ("purge", "-", "--yes"),
    "close": ("close", "-", "--yes"),
    "batch tag": ("batch", "tag", "all", "api", "--yes"),
    "batch export": ("batch", "export", "all", "--output-dir", "out"),
    "batch close": ("batch", "close", "no-such-session-*"),  # never `all`: what runs on this machine is real
    "hooks install": ("hooks", "install", "claude-code", "--yes"),
    "hooks remove": ("hooks", "remove", "claude-code", "--yes"),
    "hooks show": ("hooks", "show"),
    "config show": ("config", "show"),
    "config set": ("config", "set", "trash.days", "7"),
    "config path": ("config", "path"),
    "config init": ("config", "init"),
    "store verify": ("store", "verify"),
    "store copy": ("store", "copy", "ARCHIVE", "COPY"),
    "doctor": ("doctor",),
    "info": ("info",),
    "completion": ("completion", "bash"),
    "demo": ("demo",),
}


def test_every_command_of_the_table_is_there():
    missing = [name for name in COMMANDS if name not in {found.partition(" ")[0] for found in FOUND}]
    assert missing == []


@pytest.mark.parametrize("name", FOUND)
def test_a_command_has_a_document_with_a_version(name):
    documents = FOUND[name].documents
    assert documents
    assert {d.__struct_fields__[0] for d in documents} == {"schema_version"}


@pytest.mark.parametrize("name", FOUND)
def test_a_command_has_examples_that_begin_with_its_name(name):
    examples = FOUND[name].examples
    assert examples
    assert [e for e in examples if f"holdfast {name}" not in e and name not in ("undelete", "resume")] == []


@pytest.mark.parametrize("name", FOUND)
def test_a_command_names_exit_codes_that_exist(name):
    exits = FOUND[name].exits
    assert {0, 2, 130} <= set(exits) <= set(EXIT_CODES)


@pytest.mark.parametrize("name", FOUND)
def test_a_command_has_a_page(name):
    assert (REFERENCE / "cli" / f"{name.replace(' ', '-')}.md").exists()


def test_pages_and_schemas_are_up_to_date():
    old = [
        str(p.relative_to(REPOSITORY)) for p, text in MADE["files"]().items() if not p.exists() or p.read_text() != text
    ]
    assert old == [], "run: python scripts/make_cli_reference.py"


def test_no_page_or_schema_is_left_over():
    kept = {*(REFERENCE / "cli").glob("*.md"), *MADE["SCHEMAS"].glob("*.json")}
    assert [str(p) for p in kept - set(MADE["files"]())] == []


@pytest.mark.parametrize("name", FOUND)
def test_help_holds_examples_and_exit_codes(cli, name):
    answer = cli(*name.split(), "--help")
    assert answer.exit_code == 0
    assert FOUND[name].examples[0] in answer.stdout
    assert "0 ok" in answer.stdout


def test_every_command_has_a_line_here():
    assert set(LINES) == set(FOUND)


def prepared(cli, name) -> list[str]:
    replaced = {
        "ARCHIVE": f"sqlite:///{cli.data / 'sessions.db'}",
        "COPY": f"sqlite:///{cli.home / 'copy' / 'sessions.db'}",
        "TRASHED": cli.id_of("Fix the build"),
    }
    if name == "undelete":
        assert cli("delete", replaced["TRASHED"], "--yes").exit_code == 0
    if name in ("session clear", "session delete"):
        assert cli("session", "new", "mine").exit_code == 0
    if name == "preferences forget":
        assert cli("preferences", "set", "lang", "pl").exit_code == 0
    if name in ("import", "session import"):
        assert cli("export", "agent:codex", "-o", "whole.json").exit_code == 0
    return [replaced.get(word, word) for word in LINES[name]]


@pytest.mark.parametrize("name", [n for n in FOUND if n != "demo"])
def test_json_is_one_document_of_the_declared_form_and_nothing_else(cli, name):
    line = prepared(cli, name)
    answer = cli(*line, "--json")
    assert answer.exit_code == 0, answer.stderr
    document = FOUND[name].documents[0]
    strict = msgspec.json.decode(answer.stdout_bytes, type=document)
    assert json.loads(msgspec.json.encode(strict)) == json.loads(answer.stdout)
    assert "\x1b" not in answer.output


@pytest.mark.parametrize("name", [n for n in FOUND if n not in ("demo", "export")])
def test_the_same_command_speaks_to_people_too(cli, name):
    line = prepared(cli, name)
    answer = cli(*line)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.strip()
    assert "\x1b" not in answer.output
    assert "\t" not in answer.stdout


@pytest.mark.parametrize("alias", ALIASES)
def test_a_name_from_before_works_and_says_once_what_it_is_now(cli, alias):
    answer = cli(alias, "--help")
    assert answer.exit_code == 0
    assert answer.stderr.count(f"holdfast {' '.join(ALIASES[alias])}") == 1


def test_the_overview_names_every_command():
    assert [name for name in COMMANDS if f"  {name} " not in overview()] == []


def test_help_takes_the_name_of_a_command(cli):
    assert cli("help", "list").stdout == cli("list", "--help").stdout == cli("list", "-h").stdout


def test_help_needs_no_command(cli):
    assert cli("--help").stdout == overview()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (("lsit",), "did you mean: list"),
        (("shwo", "-"), "did you mean: show"),
        (("list", "--agnet", "codex"), "did you mean: --agent"),
        (("config", "shwo"), "did you mean: show"),
        (("config", "set", "trash.dyas", "3"), "did you mean: trash.days"),
        (("show", "Fxi the build"), "holdfast list"),
    ],
)
def test_a_slip_is_answered_with_what_may_be_meant(cli, line, hint):
    answer = cli(*line)
    assert answer.exit_code in (2, 3)
    assert hint in answer.stderr
    assert answer.stdout == ""


def test_shared_options_stand_before_or_after_the_command(cli):
    assert cli("--json", "list").stdout == cli("list", "--json").stdout
    assert json.loads(cli("config", "--json", "path").stdout)["path"]


def test_another_archive_is_used_for_one_command(cli):
    assert cli.json("list", "--no-sync", "--store", "memory://")["sessions"] == []
    assert len(cli.json("list", "--no-sync")["sessions"]) > 5
