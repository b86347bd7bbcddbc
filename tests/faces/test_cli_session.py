"""session and preferences: every spelling of the older tool's documents, and nothing goes without being said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from holdfast.compat import UserMemory
from holdfast.services.own_sessions import OwnSessions
from holdfast.workspace import Workspace

DATA = Path(__file__).resolve().parents[1] / "data"
BACKUP = {
    "session_id": "esp32-project",
    "interactions": [
        {"query": "Deploy ESP32 firmware", "response_summary": "Used OTA", "metadata": {}, "timestamp": 1708000000.0}
    ],
    "preferences": {"preferred_tool": "platformio", "lang": "pl"},
}


@pytest.fixture
def project(empty, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "session_backup.json").write_text(json.dumps(BACKUP))
    return empty


def test_a_session_is_begun_listed_cleared_and_deleted(project):
    made = project.json("session", "new", "frontend-work")
    assert (made["action"], made["name"]) == ("new", "frontend-work")
    assert [s["name"] for s in project.json("session", "list")["sessions"]] == ["frontend-work"]
    assert "frontend-work" in project("session", "list").stdout
    assert project("session", "new", "frontend-work").exit_code == 6
    assert project.json("session", "clear", "frontend-work", "--force")["action"] == "clear"
    assert project("session", "delete", "frontend-work").exit_code == 9
    assert project.json("session", "delete", "frontend-work", "--yes")["action"] == "deleted"
    assert project.json("session", "list")["sessions"] == []
    assert project("session", "new", "frontend-work").exit_code == 0


def test_a_session_without_a_name_gets_one(project):
    made = project.json("session", "new")
    assert re.fullmatch(r"session-\d{13}-[a-z0-9]{6}", made["name"])


def test_what_is_missing_is_not_found(project):
    assert project("session", "clear", "nobody").exit_code == 3
    assert project("session", "delete", "nobody").exit_code == 3
    assert project("session", "import", "nowhere.json").exit_code == 3
    assert project("session", "export", "x.json", "--id", "nobody").exit_code == 3
    assert project("session", "clear").exit_code == 3
    assert project("session", "export", "x.json").exit_code == 2
    assert not Path(".prellm").exists()


def test_every_line_of_the_older_tools_document_works(project):
    Path(".prellm").mkdir()
    for file in ("user_memory.db", "custom.db", "sessions.db"):
        memory = UserMemory(path=Path(".prellm") / file)
        memory._pool.add(f"asked in {file}", "answered")
        memory.close()
    assert "asked in user_memory.db" in project("session", "list").stdout
    assert "asked in custom.db" in project("session", "list", "--memory", ".prellm/custom.db").stdout
    done = project("session", "export", "first.json")
    assert re.search(r"Session exported to first.json\n   ID: session_\d+\n   Interactions: 1\n", done.stdout)
    for flag in ("--id", "--session-id"):
        line = ("session", "export", f"backup{flag}.json", flag, "my-project", "--memory", ".prellm/sessions.db")
        assert project(*line).exit_code == 0
        told = json.loads(Path(f"backup{flag}.json").read_text())
        assert (told["session_id"], told["interactions"][0]["query"]) == ("my-project", "asked in sessions.db")
        assert Path(f"backup{flag}.json").stat().st_mode & 0o777 == 0o600
    assert project("session", "import", "session_backup.json").exit_code == 0
    assert project("session", "import", "backup--id.json", "--memory", ".prellm/new.db").exit_code == 0
    assert "asked in sessions.db" in project("session", "list", "--memory", ".prellm/new.db").stdout
    assert project("session", "clear").exit_code == 9
    assert project("session", "clear", "--force").exit_code == 0
    assert "No interactions found." in project("session", "list").stdout


def test_importing_a_snapshot_twice_adds_nothing_and_its_preferences_are_active(project):
    first = project.json("session", "import", "session_backup.json")
    assert (first["interactions"], first["preferences"]) == (1, 2)
    again = project.json("session", "import", "session_backup.json")
    assert (again["interactions"], again["preferences"]) == (0, 0)
    listed = project.json("preferences", "list")["preferences"]
    assert {(p["key"], p["value"], p["writer"]) for p in listed} == {
        ("lang", "pl", "import:session_backup.json"),
        ("preferred_tool", "platformio", "import:session_backup.json"),
    }
    assert project("preferences", "forget", "lang").exit_code == 0
    assert project("preferences", "forget", "lang").exit_code == 3
    assert [p["key"] for p in project.json("preferences", "list")["preferences"]] == ["preferred_tool"]


def test_a_preference_is_stated_shown_and_its_secrets_masked(project):
    secret = "sk-ant-" + "api03-" + "Qw3Er4Ty" * 11 + "-AAAA"
    assert "editor=vim" in project("preferences", "set", "editor", "vim").stdout
    assert project("preferences", "list").stdout == "editor=vim (person)\n"
    assert secret not in project("preferences", "set", "key", secret).stdout
    assert project("preferences", "set", "", "x").exit_code == 2


def test_a_named_session_is_exported_as_any_format(project):
    project("session", "import", "session_backup.json")
    assert project("session", "export", "out.json", "--id", "esp32-project").exit_code == 0
    assert json.loads(Path("out.json").read_text())["interactions"] == BACKUP["interactions"]
    assert project("session", "export", "out.json", "--id", "esp32-project").exit_code == 9
    assert project("session", "export", "out.json", "--id", "esp32-project", "--force").exit_code == 0
    assert project("session", "export", "out.toon", "--id", "esp32-project", "-f", "toon").exit_code == 0
    assert Path("out.toon").read_text().startswith("session_id: esp32-project\n")


def test_a_session_that_nobody_used_for_its_time_goes_to_the_trash_and_comes_back(project):
    project("session", "new", "short", "--ttl", "1h")
    assert project("session", "new", "odd", "--ttl", "soon").exit_code == 2
    with Workspace() as workspace:
        assert workspace.own_sessions.sweep() == []
        late = OwnSessions(workspace.store, now=lambda: 10_000_000_000.0)
        late.note_export([late.named("short")])
        (gone,) = late.sweep()
        assert (gone.session.name, gone.exported) == ("short", True)
        assert late.sweep() == []
        assert workspace.store.delete(gone.session.id, at=None)
        assert [g.exported for g in late.sweep()] == [False]


def test_the_command_says_which_session_was_never_exported(project, monkeypatch):
    project("session", "new", "short", "--ttl", "1s")
    import holdfast.services.own_sessions as module

    monkeypatch.setattr(module.OwnSessions.__init__, "__kwdefaults__", {"now": lambda: 10_000_000_000.0})
    answer = project("session", "list")
    assert "'short'" in answer.stderr
    assert "NEVER EXPORTED" in answer.stderr
    assert "undelete" in answer.stderr


def test_a_folder_is_imported_and_what_could_not_be_read_is_named(project, tmp_path):
    folder = tmp_path / "old"
    (folder / ".anyllm").mkdir(parents=True)
    (folder / ".anyllm" / "project_context.json").write_bytes((DATA / "anyllm" / "project_context.json").read_bytes())
    (folder / "coding_task_chat.toon").write_bytes((DATA / "agentry" / "coding_task_chat.toon").read_bytes())
    done = project.json("import", str(folder))
    assert (done["sessions"], [f["format"] for f in done["files"]]) == (2, ["agentry", "anyllm-project"])
    (folder / "codebase.toon").write_bytes((DATA / "agentry" / "codebase.toon").read_bytes())
    answer = project("import", str(folder))
    assert answer.exit_code == 7
    assert "not a session" in answer.stdout
    (tmp_path / "nothing").mkdir()
    assert project("import", str(tmp_path / "nothing")).exit_code == 3
    assert project("import", str(folder), "-f", "agentry").exit_code == 2
