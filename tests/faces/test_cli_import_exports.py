"""import of what other programs exported: ChatGPT, Claude.ai and session context files."""

from __future__ import annotations

import copy
import json
import zipfile

import pytest

from tests.contracts.samples import chatgpt_export, claude_ai_export
from tests.unit.test_interchange_session_context import NEW as CONTEXT


def write(cli, name, tree):
    (cli.home / name).write_text(json.dumps(tree), encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "sample"), [("chatgpt", chatgpt_export.SAMPLE), ("claude-ai", claude_ai_export.SAMPLE)]
)
def test_an_export_is_told_from_its_content_and_a_second_import_adds_nothing(empty, kind, sample):
    with zipfile.ZipFile(empty.home / "data.zip", "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", json.dumps(sample))
    first = empty.json("import", "data.zip")
    assert (first["format"], first["sessions"]) == (kind, 2)
    assert first["messages_added"] > 0
    listed = empty.json("list", "--no-sync")["sessions"]
    again = empty.json("import", "data.zip")
    assert (again["messages_added"], again["replaced"]) == (0, 0)
    assert empty.json("list", "--no-sync")["sessions"] == listed
    assert {s["agent"] for s in listed} == {kind}


def test_words_of_an_export_are_found_and_what_was_hidden_is_not_shown(empty):
    write(empty, "conversations.json", chatgpt_export.SAMPLE)
    empty("import", "conversations.json")
    (hit,) = empty.json("search", "metres", "--no-sync")["hits"]
    shown = empty("show", hit["session"]).stdout
    assert "Twelve metres." in shown
    assert "About nine." not in shown
    assert "hidden rules" not in shown
    assert "About nine." in empty("show", hit["session"], "--all").stdout


def test_a_later_export_adds_what_was_said_since_and_follows_the_person_to_another_branch(empty):
    write(empty, "one.json", chatgpt_export.SAMPLE)
    empty("import", "one.json")
    later = copy.deepcopy(chatgpt_export.SAMPLE)
    later[1]["current_node"] = "more"
    later[1]["title"] = "Renamed"
    later[1]["mapping"]["a2"]["children"] = ["more"]
    later[1]["mapping"] |= dict([chatgpt_export.node("more", "a2", [], "user", chatgpt_export.text("three"), at=105)])
    write(empty, "two.json", later)
    done = empty.json("import", "two.json")
    assert (done["sessions"], done["messages_added"], done["replaced"]) == (2, 1, 2)
    said = empty.json("show", done["ids"][1])
    assert said["session"]["title"] == "Renamed"
    assert [p["text"] for m in said["messages"] for p in m["parts"]] == ["pick", "two", "three"]


def test_an_import_under_another_id_leaves_the_first_alone(empty):
    write(empty, "context.json", CONTEXT)
    first = empty.json("import", "context.json")
    second = empty.json("import", "context.json", "--session-id", "new-id")
    again = empty.json("import", "context.json", "-s", "new-id")
    assert first["ids"] != second["ids"] == again["ids"]
    assert again["messages_added"] == 0
    shown = empty.json("show", "new-id")["session"]
    assert (shown["native_id"], shown["tags"]) == ("new-id", ["api", "backend"])
    assert len(empty.json("list", "--no-sync")["sessions"]) == 2


def test_one_id_for_several_sessions_is_refused_before_anything_is_read(empty):
    write(empty, "conversations.json", chatgpt_export.SAMPLE)
    assert empty("import", "conversations.json", "--session-id", "x").exit_code == 2
    assert empty.json("list", "--no-sync")["sessions"] == []


def test_an_import_never_takes_the_id_of_a_session_that_was_observed(cli):
    cli("export", cli.id_of("Fix the build"), "-o", "out.json")
    held = cli.json("list", "--no-sync")["sessions"]
    native = next(s["native_id"] for s in held if s["title"] == "Fix the build")
    assert cli("import", "out.json", "--session-id", native).exit_code == 6
    assert cli.json("list", "--no-sync")["sessions"] == held


def test_the_older_name_imports_context_files(empty):
    write(empty, "context.json", CONTEXT)
    answer = empty("import-context", "context.json", "--session-id", "new-id")
    assert answer.exit_code == 0
    assert "1 session read as session-context, 1 message new" in answer.stdout
    listed = empty.json("list", "--no-sync", "--project", "My Web App", "--tag", "backend")["sessions"]
    assert [s["native_id"] for s in listed] == ["new-id"]
