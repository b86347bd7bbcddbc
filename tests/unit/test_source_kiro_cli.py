"""Kiro CLI's three stores: logs with a side file, the third engine's folders, and the databases of old."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import apsw
import pytest

from holdfast.errors import Unsafe
from holdfast.model import Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.kiro_cli import KiroCli
from holdfast.testing._readings import Gathered
from tests.contracts.samples import kiro_cli as sample
from tests.contracts.samples.kiro_cli import CLASSIC, CWD, PAIRED, V2, V3, database, entry, event, lines, text, use


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in KiroCli().discover([root]):
        found.take(KiroCli().read(one, None))
    return found


def home(tmp_path: Path) -> Gathered:
    sample.build(tmp_path)
    return read(tmp_path)


def of(found: Gathered, native: str):
    return found.sessions[observed_id("kiro-cli", native)]


def messages_of(found: Gathered, native: str):
    return list(found.messages[observed_id("kiro-cli", native)].values())


def log(tmp_path: Path, *records: dict[str, Any], side: dict[str, Any] | None = None) -> Gathered:
    lines(tmp_path / "sessions" / "cli" / f"{V2}.jsonl", list(records))
    if side is not None:
        (tmp_path / "sessions" / "cli" / f"{V2}.json").write_text(json.dumps(side), encoding="utf-8")
    return read(tmp_path)


def events(tmp_path: Path, *records: dict[str, Any]) -> Gathered:
    lines(tmp_path / "sessions" / "hash" / V3 / "messages.jsonl", list(records))
    return read(tmp_path)


def test_a_session_is_described_by_the_file_beside_its_log(tmp_path):
    session = of(home(tmp_path), V2)
    assert (session.title, session.cwd, session.models) == ("Fix the build", CWD, ("auto",))
    assert (session.context.used, session.context.limit, session.context.source) == (3000, 200_000, "recorded")
    assert session.extra == {
        "store": "v2",
        "credits": 0.75,
        "context_percent": 1.5,
        "profile": "kiro_default",
        "reason": "user",
    }
    assert session.active - session.started == 5 * 60_000


def test_no_store_counts_tokens_and_none_is_made_up(tmp_path):
    assert home(tmp_path).requests == {}


def test_a_log_without_its_side_file_is_called_by_its_name_and_its_first_prompt(tmp_path):
    found = log(tmp_path, *sample.v2_records())
    session = of(found, V2)
    assert (session.title, session.started) == ("Why does the build fail?", 1_767_607_200_000)


@pytest.mark.parametrize(("reason", "kind"), [("subagent", "subagent"), ("user", "fork")])
def test_a_parent_is_named_with_why(tmp_path, reason, kind):
    side = sample.v2_side(parent_session_id="above", session_created_reason=reason)
    parent = of(log(tmp_path, *sample.v2_records(), side=side), V2).parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("kiro-cli", "above"), kind)


def test_calls_results_and_summaries_are_parts(tmp_path):
    found = messages_of(home(tmp_path), V2)
    assert found[1].parts == (ToolCall(id="use-shell", name="shell", input={"command": "make"}),)
    assert found[2].parts == (ToolResult(call="use-shell", text="out\nno rule", error=True, exit_code=2),)
    assert found[4].parts == (Summary("The build failed."),)
    assert [m.role for m in found] == ["user", "assistant", "tool", "assistant", "system", "user"]


def test_a_prompt_that_was_cancelled_is_dropped(tmp_path):
    found = log(tmp_path, entry("Prompt", 1, text("stay")), entry("Prompt", 2, text("go")), {"kind": "CancelledPrompt"})
    assert found.dropped == {"m-2"}
    assert found.unknown == {}


def test_unknown_records_and_blocks_are_counted(tmp_path):
    found = log(tmp_path, entry("ResetTo", 1), entry("Prompt", 2, {"kind": "video", "data": {}}, text("see")))
    assert found.unknown == {"record:ResetTo": 1, "block:video": 1}
    assert [m.text for m in found.all_messages] == ["see"]


def test_other_files_of_a_session_s_folder_are_no_sessions(tmp_path):
    sample.build(tmp_path)
    lines(tmp_path / "sessions" / "b550143462be8201" / V3 / "notes.jsonl", [event("user", 1, content="x")])
    lines(tmp_path / "sessions" / "cli" / "inner" / "more.jsonl", [entry("Prompt", 1, text("x"))])
    assert sorted(r.kind for r in KiroCli().discover([tmp_path])) == ["classic", "v2", "v2-side", "v3", "v3-side"]


def test_thoughts_and_images_are_parts(tmp_path):
    thought = {"kind": "thinking", "data": {"text": "hm", "signature": "opaque"}}
    found = log(
        tmp_path,
        entry("AssistantMessage", 1, thought, use("read", path="a"), {"kind": "image", "data": {"format": "png"}}),
    )
    assert [type(p).__name__ for p in found.all_messages[0].parts] == ["Thinking", "ToolCall", "Attachment"]


def test_the_third_engine_s_session_has_its_credits_and_its_share_of_the_window(tmp_path):
    session = of(home(tmp_path), V3)
    assert (session.cwd, session.title) == (CWD, "Add a route")
    assert session.extra == {"store": "v3", "credits": 1.5, "context_percent": 42.4}


def test_the_third_engine_s_records_are_messages(tmp_path):
    found = messages_of(home(tmp_path), V3)
    assert [m.role for m in found] == ["user", "assistant", "assistant", "tool", "assistant", "system"]
    assert found[1].parts == ()
    assert found[3].parts == (ToolResult(call="t1", text="denied", error=True),)


def test_reasoning_in_the_clear_is_kept_and_errors_are_marked(tmp_path):
    found = events(
        tmp_path,
        event("assistant", 1, operationType="Reasoning", content="because"),
        event("error", 2, message="throttled"),
        event("user", 3, content=[{"type": "text", "text": "one"}, "two"], images=[{"mimeType": "image/png"}]),
    ).all_messages
    assert found[0].parts == (Thinking("because"),)
    assert (found[1].parts, found[1].extra) == ((Text("throttled"),), {"error": True})
    assert found[2].text == "one\ntwo"


def test_a_conversation_in_the_database_is_read_whole(tmp_path):
    found = home(tmp_path)
    session = of(found, CLASSIC)
    assert (session.title, session.cwd, session.models) == ("Read the Makefile", CWD, ("claude-sonnet-4.5",))
    assert (session.started, session.active) == (1_767_603_600_000, 1_767_603_700_000)
    assert session.extra == {"store": "classic", "credits": 0.05}
    assert [(m.id, m.role) for m in messages_of(found, CLASSIC)] == [
        ("summary", "system"),
        ("a-1:user", "user"),
        ("a-1", "assistant"),
        ("a-2:user", "tool"),
        ("a-2", "assistant"),
    ]


def test_the_newest_of_equal_ids_wins(tmp_path):
    assert "an old copy" not in [m.text for m in home(tmp_path).all_messages]


def test_pairs_and_cancelled_tools_of_amazon_q_are_read(tmp_path):
    found = messages_of(home(tmp_path), PAIRED)
    assert found[2].role == "user"
    assert found[2].text == "wait, plan first"
    assert isinstance(found[2].parts[0], ToolResult)


def test_amazon_q_resumes_by_directory(tmp_path):
    database(tmp_path / "amazon-q" / "data.sqlite3", [], [(CWD, json.dumps(sample.paired_value()))])
    session = of(read(tmp_path / "amazon-q"), PAIRED)
    assert session.extra["program"] == "amazon-q"
    assert KiroCli().resume_command(session).argv == ("q", "chat", "--resume")
    assert session.cwd == CWD


def test_only_conversations_that_changed_are_read_again(tmp_path):
    sample.build(tmp_path)
    (ref,) = [r for r in KiroCli().discover([tmp_path]) if r.kind == "classic"]
    cursor = Gathered().take(KiroCli().read(ref, None)).cursor
    value = sample.paired_value()
    value["history"].append([sample.asked("More"), {"Response": {"message_id": "q-3", "content": "Yes."}}])
    connection = apsw.Connection(ref.path)
    connection.execute("UPDATE conversations SET value = ?", (json.dumps(value),))
    connection.close()
    readings = list(KiroCli().read(ref, cursor))
    assert [r.transcript.session.native_id for r in readings] == [PAIRED]
    assert readings[0].transcript.replaces
    assert readings[0].raw is not None
    assert readings[0].raw.rows
    assert json.loads(readings[0].raw.data)["table"] == "conversations"


def test_what_stands_only_in_the_write_ahead_log_is_read_and_seen_as_a_change(tmp_path):
    path = tmp_path / "data.sqlite3"
    database(path, [], [])
    before = next(iter(KiroCli().discover([tmp_path])))
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("wal_autocheckpoint", 0)
    connection.execute("INSERT INTO conversations VALUES (?, ?)", (CWD, json.dumps(sample.paired_value())))
    after = next(iter(KiroCli().discover([tmp_path])))
    found = read(tmp_path)
    connection.close()
    assert after.size > before.size
    assert of(found, PAIRED).title == "Say hello"


def test_a_damaged_row_is_counted_and_the_others_are_read(tmp_path):
    rows = [(CWD, "broken", '{"history": [', 1, 1), *sample.classic_rows()]
    database(tmp_path / "data.sqlite3", rows, [])
    found = read(tmp_path)
    assert found.damaged == 1
    assert of(found, CLASSIC).title == "Read the Makefile"


def test_a_row_that_is_no_text_is_counted(tmp_path):
    database(tmp_path / "data.sqlite3", [], [(CWD, json.dumps(sample.paired_value()))])
    connection = apsw.Connection(str(tmp_path / "data.sqlite3"))
    connection.execute("INSERT INTO conversations VALUES (?, ?)", ("/other", b"\xff\xfe{}"))
    connection.execute("INSERT INTO conversations VALUES (?, CAST(? AS TEXT))", ("/third", b'{"\xff": 1'))
    connection.close()
    found = read(tmp_path)
    assert found.damaged == 2
    assert of(found, PAIRED).title == "Say hello"


def test_a_database_that_is_none_is_counted_and_names_no_session(tmp_path):
    (tmp_path / "data.sqlite3").write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    found = read(tmp_path)
    assert found.damaged == 1
    assert found.sessions == {}


def test_a_database_without_the_tables_holds_nothing(tmp_path):
    connection = apsw.Connection(str(tmp_path / "data.sqlite3"))
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    found = read(tmp_path)
    assert (found.sessions, found.damaged) == ({}, 0)


@pytest.mark.parametrize(
    ("native", "argv"),
    [
        (V2, ("kiro-cli", "chat", "--resume-id", V2)),
        (V3, ("kiro-cli", "chat", "--v3", "--resume-id", V3)),
        (CLASSIC, ("kiro-cli", "chat", "--resume-id", CLASSIC)),
    ],
)
def test_each_store_has_its_command_to_go_on(tmp_path, native, argv):
    command = KiroCli().resume_command(of(home(tmp_path), native))
    assert (command.argv, command.cwd) == (argv, CWD)


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    found = log(tmp_path, *sample.v2_records(), side=sample.v2_side(session_id="--trust-all-tools"))
    with pytest.raises(Unsafe):
        KiroCli().resume_command(of(found, "--trust-all-tools"))
