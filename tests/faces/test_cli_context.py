"""`context` on the command line: in any folder, as text and as JSON."""

from __future__ import annotations

import pytest


@pytest.fixture
def project(empty):
    for path, text in {
        "src/login.py": "class LoginController:\n    def sign_in(self): ...\n",
        "src/cart.py": "class Cart: ...\n",
    }.items():
        (empty.home / path).parent.mkdir(parents=True, exist_ok=True)
        (empty.home / path).write_text(text)
    (empty.home / ".git").mkdir()
    return empty


def test_the_map_is_the_text_that_a_model_reads(project):
    answer = project("context", "map", "fix", "the", "login", "controller")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[1] == "src/login.py"
    found = project.json("context", "map", "fix the login controller")
    assert found["text"] == answer.stdout.rstrip("\n")
    assert found["files"] == 2
    assert found["shown"][0]["why"] == ["words in it", "words in its path"]


def test_highlights_are_blocks_of_names(project):
    answer = project("context", "highlights", "--file", "src/login.py")
    assert answer.stdout == "Symbols in src/login.py:\n- LoginController\n  - sign_in\n"
    assert project.json("context", "highlights", "login")["files"][0]["path"] == "src/login.py"


def test_why_says_from_where_and_why(project):
    answer = project("context", "why", "login")
    assert "2 of 2 files, ranked for the question" in answer.stdout
    assert "    src/login.py" in answer.stdout
    assert "what would be told now" in answer.stderr
    found = project.json("context", "why", "login")
    assert found["recorded"] is False
    assert {i["kind"] for i in found["injected"]} == {"map", "highlights"}


def test_show_prints_habits_and_map_under_their_titles(project):
    project("preferences", "set", "editor", "vim")
    answer = project("context", "show", "login", "--window", "8000")
    assert answer.stdout.startswith("## What the person prefers\neditor: vim\n\n## Project map\n")
    assert "in a window of 8000" in answer.stderr


def test_what_was_told_in_the_latest_turn_is_printed_by_why(project):
    from holdfast.workspace import Workspace

    with Workspace() as workspace:
        session = workspace.own_sessions.new("mine")
        told = workspace.context.gather("login", project.home, session=session)
        workspace.context.record(session, told)
    found = project.json("context", "why", "--session", "mine")
    assert found["recorded"] is True
    assert found["text"] == told.text


@pytest.mark.parametrize("what", ["map", "show", "why", "highlights"])
def test_a_folder_without_files_has_nothing_to_tell(empty, what):
    answer = empty("context", what)
    assert answer.exit_code == 0
    assert answer.stdout.startswith(("no", "nothing"))


def test_wrong_files_and_sessions_are_refused(project):
    assert project("context", "highlights", "--file", "gone.py").exit_code == 3
    assert project("context", "highlights", "--file", "src").exit_code == 2
    assert project("context", "show", "--session", "nobody").exit_code == 3
    assert project("context", "map", "--budget", "0").exit_code == 2


def test_names_of_files_cannot_write_on_the_terminal(project):
    (project.home / "src" / "\x1b[31mred.py").write_text("")
    assert "\x1b" not in project("context", "map").stdout
