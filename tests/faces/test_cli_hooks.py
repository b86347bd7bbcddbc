"""hooks install, remove and show."""

from __future__ import annotations

import json

import pytest

THEIRS = '{\n  // mine\n  "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}\n}\n'


@pytest.fixture
def settings(unread):
    path = unread.home / ".claude" / "settings.json"
    path.write_text(THEIRS)
    return path


def test_the_change_is_shown_and_nothing_is_written_without_a_yes(unread, settings):
    answer = unread("hooks", "install", "claude-code")
    assert answer.exit_code == 9
    assert '"command": ' in answer.stderr
    assert "holdfast-hook claude-code" in answer.stderr or "holdfast.hooks claude-code" in answer.stderr
    assert settings.read_text() == THEIRS


def test_a_dry_run_prints_the_diff_and_writes_nothing(unread, settings):
    answer = unread("hooks", "install", "claude-code", "--dry-run")
    assert (answer.exit_code, answer.stdout.startswith("--- "), settings.read_text()) == (0, True, THEIRS)


def test_hooks_go_in_and_out(unread, settings):
    done = unread.json("hooks", "install", "claude", "--yes")
    assert (done["action"], done["agents"][0]["status"]) == ("installed", "installed")
    assert done["agents"][0]["diff"].startswith("--- ")
    assert "// mine" in settings.read_text()
    assert unread.json("hooks", "install", "claude-code", "--yes")["action"] == "none"
    assert unread.json("hooks", "remove", "claude-code", "--yes")["action"] == "removed"
    assert settings.read_text() == THEIRS
    assert unread.json("hooks", "remove", "claude-code", "--yes")["action"] == "none"


def test_a_file_that_cannot_be_read_is_damaged_data(unread, settings):
    settings.write_text("{ not json")
    answer = unread("hooks", "install", "claude-code", "--yes")
    assert (answer.exit_code, "line 1" in answer.stderr, settings.read_text()) == (8, True, "{ not json")


def test_an_agent_that_was_never_here_is_not_found(unread):
    assert unread("hooks", "install", "cursor", "--yes").exit_code == 3
    assert unread("hooks", "install", "vim", "--yes").exit_code == 2


def test_codex_is_said_to_need_trust(unread):
    assert "/hooks" in unread("hooks", "install", "codex", "--yes").stderr


def test_show_says_who_spoke_last(unread, settings):
    unread("hooks", "install", "claude-code", "--yes")
    spool = unread.data / "spool"
    spool.mkdir(parents=True)
    line = {"v": 1, "at": 1_790_000_000_000, "event": "Stop", "state": "done-unread"}
    (spool / "claude-code.jsonl").write_text(json.dumps(line) + "\n")
    shown = {a["agent"]: a for a in unread.json("hooks", "show")["agents"]}
    assert (shown["claude-code"]["status"], shown["claude-code"]["last_state"]) == ("installed", "done-unread")
    assert shown["claude-code"]["last_heard"].startswith("2026-09-21T")
    assert (shown["codex"]["status"], shown["codex"]["last_heard"]) == ("not-installed", None)
    text = unread("hooks", "show").stdout
    assert "done-unread" in text
    assert "never" in text
