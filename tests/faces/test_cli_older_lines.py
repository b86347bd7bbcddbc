"""Lines of LLM Session Manager's documents for list, export, import-context, search and projects, as they are written there."""

from __future__ import annotations

import json

import pytest

from tests.unit.test_interchange_session_context import NEW as CONTEXT

LINES = (
    "list",
    "list --format table",
    "list --format json",
    "list -f json",
    "list --status active",
    "list -s idle",
    "list --tag backend",
    "list -t backend",
    "list --project shop",
    "list -p shop",
    "list-projects",
    "list-projects -f json",
    "export ID --output context-1.json",
    "export ID -o context-2.json -f json",
    "export ID --output report.md --format markdown",
    "export ID --output data.yaml --format yaml",
    "import-context context.json",
    "import-context context.json --session-id new-id",
    "import-context context.json -s other-id",
    "import-context context-1.json",
    'search "build"',
    "search build --details",
    "search build -d",
    "show-config",
    "init-config",
)


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_older_documents_works(cli, line):
    ident = cli.id_of("Fix the build")
    (cli.home / "context.json").write_text(json.dumps(CONTEXT), encoding="utf-8")
    cli("export", ident, "-o", "context-1.json")
    words = [ident if w == "ID" else w.strip('"') for w in line.split()]
    answer = cli(*words, *(["--force"] if words[:1] == ["export"] else []))
    assert answer.exit_code == 0, answer.stderr


def test_a_status_of_the_older_documents_finds_the_state_that_it_means(cli, monkeypatch):
    from msgspec.structs import replace

    from holdfast.stores.sqlite import SqliteStore

    whole = SqliteStore.find
    states = ("working", "idle", "waiting-permission", "error")
    seen = []

    def find(self, query=None, *, trashed=False):
        from holdfast.model import matches

        found = [replace(s, status=states[n % 4]) for n, s in enumerate(whole(self, trashed=trashed))]
        return (s for s in found if query is None or matches(s, query))

    monkeypatch.setattr(SqliteStore, "find", find)
    active = {"working", "waiting-permission"}
    for older, ours in (
        ("active", active),
        ("idle", {"idle"}),
        ("waiting", {"waiting-permission"}),
        ("error", {"error"}),
    ):
        found = cli.json("list", "--no-sync", "--all", "--status", older)["sessions"]
        seen.append({s["status"] for s in found})
        assert seen[-1] == ours, older


def test_json_of_the_older_flag_is_json_alone(cli):
    answer = cli("list", "--format", "json")
    assert json.loads(answer.stdout)["sessions"]
    assert answer.stderr == ""


def test_search_finds_what_a_description_says_and_tells_where(cli):
    cli("describe", cli.id_of("Fix the build"), "Working on the auth feature")
    shown = cli("search", "auth", "--details").stdout
    assert "description" in shown
    assert "Working on the auth feature" in shown
