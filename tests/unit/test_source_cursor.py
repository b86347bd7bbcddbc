"""Cursor's sessions: bubbles in order, answers that go on, one session once in three stores, folders from recorded paths."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.model import Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources._cursor import ide, scripts
from holdfast.sources._cursor.parts import said_by_user
from holdfast.sources.cursor import Cursor
from holdfast.testing._readings import Gathered
from tests.contracts.samples import cursor as sample
from tests.contracts.samples.cursor import CHAT, EDITOR, SCRIPT, bubble, called, composer, name, put


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in Cursor().discover([root]):
        found.take(Cursor().read(one, None))
    return found


def editor(root: Path):
    return sample.database(root / "globalStorage" / "state.vscdb", "cursorDiskKV")


def conversation(root: Path, bubbles: list[dict[str, Any]], **facts: Any) -> Gathered:
    db = editor(root)
    sample.conversation(db, EDITOR, bubbles, **facts)
    db.close()
    return read(root)


def session_in(found: Gathered, native: str = EDITOR):
    return found.sessions[observed_id("cursor", native)]


def messages_in(found: Gathered, native: str = EDITOR):
    return list(found.messages[observed_id("cursor", native)].values())


def test_a_conversation_of_the_editor_is_described_by_its_facts(tmp_path):
    sample.build(tmp_path)
    found = session_in(read(tmp_path))
    assert (found.title, found.cwd, found.branch) == ("Build fails", sample.CWD, "main")
    assert found.models == ("claude-4.5-sonnet",)
    assert (found.context.used, found.context.limit, found.context.source) == (1280, 200_000, "recorded")
    assert (found.started, found.active) == (sample.START, 1_767_600_009_000)
    assert found.extra["mode"] == "agent"


def test_thoughts_words_and_calls_of_one_answer_go_together(tmp_path):
    found = messages_in(conversation(tmp_path, sample.bubbles()))
    assert [(m.role, m.continues) for m in found] == [
        ("user", False), ("assistant", False), ("assistant", True), ("tool", False), ("assistant", False),
    ]  # fmt: skip
    assert found[1].parts == (Thinking("I will run it."),)
    assert found[2].parts == (ToolCall(id="call_1", name="run_terminal_cmd", input={"command": "make"}),)
    assert found[3].parts == (ToolResult(call="call_1", text="Error 2", error=True, exit_code=2),)


def test_the_list_of_the_conversation_gives_the_order_not_the_keys(tmp_path):
    told = [bubble("z", 1, "first"), bubble("a", 2, "second")]
    assert [m.text for m in messages_in(conversation(tmp_path, told))] == ["first", "second"]


def test_bubbles_that_the_list_left_behind_are_kept_outside_the_conversation_and_billed(tmp_path):
    db = editor(tmp_path)
    left = bubble(name(8), 2, "Never mind.", tokenCount={"inputTokens": 5, "outputTokens": 6})
    sample.conversation(db, EDITOR, [bubble(name(1), 1, "Go")])
    put(db, f"bubbleId:{EDITOR}:{name(8)}", left)
    db.close()
    found = read(tmp_path)
    assert [m.live for m in messages_in(found)] == [True, False]
    assert found.dropped == {name(8)}
    assert [r.usage.output for r in found.requests.values()] == [6]


def test_a_row_is_found_by_the_id_that_its_bubble_gives_itself(tmp_path):
    db = editor(tmp_path)
    put(db, f"composerData:{EDITOR}", composer("inner"))
    put(db, f"bubbleId:{EDITOR}:row", bubble("inner", 1, "Hello"))
    db.close()
    assert [(m.text, m.live) for m in messages_in(read(tmp_path))] == [("Hello", True)]


@pytest.mark.parametrize(
    "facts",
    [
        {"conversation": [bubble("a", 1, "Hi"), bubble("b", 2, "Yes?")]},
        {"conversationMap": {"a": bubble("a", 1, "Hi"), "b": bubble("b", 2, "Yes?")}},
    ],
)
def test_older_conversations_hold_their_bubbles_themselves(tmp_path, facts):
    db = editor(tmp_path)
    put(db, f"composerData:{EDITOR}", facts)
    db.close()
    assert [(m.role, m.text) for m in messages_in(read(tmp_path))] == [("user", "Hi"), ("assistant", "Yes?")]


def test_an_empty_conversation_is_no_session(tmp_path):
    db = editor(tmp_path)
    put(db, "composerData:empty", composer())
    db.close()
    assert read(tmp_path).sessions == {}


def test_a_conversation_names_the_one_it_works_for(tmp_path):
    db = editor(tmp_path)
    sample.conversation(db, EDITOR, [bubble(name(1), 1, "Go")], subComposerIds=["child"])
    sample.conversation(db, "child", [bubble(name(2), 1, "Look")])
    db.close()
    parent = session_in(read(tmp_path), "child").parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("cursor", EDITOR), "subagent")


def test_only_conversations_that_changed_are_read_again(tmp_path):
    db = editor(tmp_path)
    sample.conversation(db, EDITOR, [bubble(name(1), 1, "Go")])
    sample.conversation(db, "other", [bubble(name(2), 1, "Stay")])
    (ref,) = Cursor().discover([tmp_path])
    cursor = Gathered().take(Cursor().read(ref, None)).cursor
    put(db, f"bubbleId:other:{name(2)}", bubble(name(2), 1, "Stay here"))
    db.close()
    (ref,) = Cursor().discover([tmp_path])
    assert list(Gathered().take(Cursor().read(ref, cursor)).sessions) == [observed_id("cursor", "other")]


def test_a_failed_tool_and_an_error_are_errors(tmp_path):
    failed = called("read_file", {"path": "x"}, "no such file", status="error")
    wrong = bubble("b", 2, errorDetails={"message": "Rate limit"})
    found = messages_in(conversation(tmp_path, [bubble("a", 2, toolFormerData=failed), wrong]))
    (result,) = found[1].parts
    assert isinstance(result, ToolResult)
    assert result.error
    assert found[2].extra == {"error": True, "message": "Rate limit"}


def test_costs_in_cents_are_kept_beside_the_session(tmp_path):
    usage = {"gpt-4": {"costInCents": 8, "amount": 2}, "x": {"costInCents": "many"}}
    found = session_in(conversation(tmp_path, [bubble("a", 1, "Hi")], usageData=usage))
    assert found.extra["cost_in_cents"] == {"gpt-4": 8}


def test_a_conversation_finds_its_folder_through_the_workspace_it_names(tmp_path):
    folder = tmp_path / "workspaceStorage" / "ws1"
    folder.mkdir(parents=True)
    (folder / "workspace.json").write_text(json.dumps({"folder": "file:///home/ada/my%20shop"}))
    found = conversation(tmp_path, [bubble("a", 1, "Hi")], workspaceIdentifier={"id": "ws1"})
    assert session_in(found).cwd == "/home/ada/my shop"


def test_a_session_of_two_stores_stands_once_with_what_the_better_one_knows(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    assert [m.role for m in messages_in(found)] == ["user", "assistant", "assistant", "tool", "assistant"]
    assert session_in(found, CHAT).title == "Files"
    assert [type(p) for m in messages_in(found, CHAT) for p in m.parts if m.role == "tool"] == [ToolResult]


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_editor_s_database_is_believed_before_that_of_the_command_line(tmp_path, newest_first):
    sample.chat(tmp_path, EDITOR, sample.chat_messages())
    db = editor(tmp_path)
    sample.conversation(db, EDITOR, [bubble(name(1), 1, "Go")])
    db.close()
    found = Gathered()
    refs = list(Cursor().discover([tmp_path]))
    for ref in reversed(refs) if newest_first else refs:
        found.take(Cursor().read(ref, None))
    assert [m.text for m in messages_in(found)] == ["Go"]


def test_the_database_replaces_what_a_transcript_had_told_before(tmp_path):
    path = sample.transcript(tmp_path, EDITOR, sample.asked("Go"), sample.answer("Done."))
    early = Gathered()
    (ref,) = Cursor().discover([tmp_path])
    early.take(Cursor().read(ref, None))
    assert len(early.all_messages) == 2
    db = editor(tmp_path)
    sample.conversation(db, EDITOR, [bubble(name(1), 1, "Go"), bubble(name(2), 2, "Done.")])
    db.close()
    path.write_bytes(path.read_bytes() + json.dumps(sample.answer("More.")).encode() + b"\n")
    for one in Cursor().discover([tmp_path]):
        early.take(Cursor().read(one, early.cursor if one.path == str(path) else None))
    assert [m.id for m in messages_in(early)] == [name(1), name(2)]


def test_a_transcript_is_read_where_the_database_has_only_an_empty_shell(tmp_path):
    db = editor(tmp_path)
    put(db, f"composerData:{EDITOR}", composer("lost"))
    db.close()
    sample.transcript(tmp_path, EDITOR, sample.asked("Go"))
    assert [m.text for m in messages_in(read(tmp_path))] == ["Go"]


def test_a_session_of_the_command_line_knows_model_folder_and_context(tmp_path):
    sample.chat(tmp_path, CHAT, sample.chat_messages())
    found = read(tmp_path)
    session = session_in(found, CHAT)
    assert (session.cwd, session.models, session.started) == (sample.CWD, ("gpt-5.2",), sample.START)
    assert (session.context.used, session.context.limit) == (2000, 200_000)
    assert [m.role for m in messages_in(found, CHAT)] == ["system", "system", "user", "assistant", "tool", "assistant"]


def test_the_same_words_said_twice_are_two_messages(tmp_path):
    again = {"role": "user", "content": "go on"}
    sample.chat(tmp_path, CHAT, [again, again])
    assert [m.text for m in messages_in(read(tmp_path), CHAT)] == ["go on", "go on"]


def test_a_compaction_of_the_command_line_is_a_summary(tmp_path):
    told = {"role": "user", "content": "It was built.", "providerOptions": {"cursor": {"isSummary": True}}}
    sample.chat(tmp_path, CHAT, [told])
    assert [m.parts for m in messages_in(read(tmp_path), CHAT)] == [(Summary("It was built."),)]


def test_the_file_beside_a_chat_says_where_and_when(tmp_path):
    sample.chat(tmp_path, CHAT, sample.chat_messages())
    beside = tmp_path / "chats" / "0f0f" / CHAT / "meta.json"
    beside.write_text(json.dumps({"cwd": "/srv/app", "createdAtMs": sample.START, "updatedAtMs": sample.START + 5}))
    found = session_in(read(tmp_path), CHAT)
    assert (found.cwd, found.active) == ("/srv/app", sample.START + 5)


def test_a_transcript_s_folder_is_the_recorded_path_that_shortens_to_its_project(tmp_path):
    sample.build(tmp_path)
    assert session_in(read(tmp_path), SCRIPT).cwd == sample.CWD


def test_a_transcript_without_a_recorded_path_has_no_folder(tmp_path):
    sample.transcript(
        tmp_path, SCRIPT, sample.asked("Hi"), sample.answer("I read.", sample.use("Read", path="src/a.py"))
    )
    assert session_in(read(tmp_path), SCRIPT).cwd == ""


def test_a_sub_agent_s_transcript_names_its_parent(tmp_path):
    sample.build(tmp_path)
    parent = session_in(read(tmp_path), sample.AGENT).parent
    assert parent is not None
    assert parent.id == observed_id("cursor", SCRIPT)


def test_a_transcript_without_times_was_active_when_it_was_written(tmp_path):
    path = sample.transcript(tmp_path, SCRIPT, sample.asked("Hi"))
    os.utime(path, ns=(sample.START * 1_000_000, sample.START * 1_000_000))
    found = session_in(read(tmp_path), SCRIPT)
    assert (found.started, found.active) == (None, sample.START)


def test_a_turn_that_failed_is_an_error(tmp_path):
    ended = {"type": "turn_ended", "status": "error", "error": "Connection lost"}
    sample.transcript(tmp_path, SCRIPT, sample.asked("Hi"), ended, {"type": "error", "message": "Stopped"})
    found = messages_in(read(tmp_path), SCRIPT)
    assert [m.extra for m in found[1:]] == [
        {"error": True, "message": "Connection lost"},
        {"error": True, "message": "Stopped"},
    ]


@pytest.mark.parametrize(
    ("words", "typed", "around"),
    [
        ("plain", "plain", ""),
        ("<user_query>\nask\n</user_query>", "ask", ""),
        ("<rules>r</rules>\n<user_query>ask</user_query>", "ask", "<rules>r</rules>"),
        ("<user_query>a</user_query><user_query>b</user_query>", "a\nb", ""),
        ("<user_query>open", "open", ""),
        ("<user_info>\nOS\n</user_info>", "", "<user_info>\nOS\n</user_info>"),
    ],
)
def test_what_the_program_puts_around_a_prompt_is_not_the_prompt(words, typed, around):
    assert said_by_user(words) == (typed, around)


def test_a_transcript_of_plain_text_gives_thoughts_calls_and_results():
    user, said, given = scripts.plain(sample.TEXT)
    assert user.parts == (Text("Zażółć gęślą jaźń"),)
    assert [type(p) for p in said.parts] == [Thinking, ToolCall, Text]
    assert (said.parts[1].name, said.parts[1].input) == ("Glob", {"pattern": "*.py"})
    assert given.parts == (ToolResult(call="", text="shop.py"),)


def test_a_plain_text_beside_its_newer_form_is_not_read_twice(tmp_path):
    path = sample.transcript(tmp_path, SCRIPT, sample.asked("Hi"))
    path.parent.with_name(f"{SCRIPT}.txt").write_text("user:\nHi\n")
    assert [m.text for m in messages_in(read(tmp_path), SCRIPT)] == ["Hi"]


def test_the_chat_panel_of_old_versions_is_read(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    assert session_in(found, sample.PANEL).title == "Monads"
    assert [m.text for m in messages_in(found, sample.PANEL)] == ["What is a monad?", "A burrito."]


def test_a_whole_conversation_in_a_workspace_s_database_is_read(tmp_path):
    db = sample.database(tmp_path / "workspaceStorage" / "w" / "state.vscdb", "ItemTable")
    (tmp_path / "globalStorage").mkdir()
    one = {"composerId": "old", "name": "Old", "conversation": [bubble("a", 1, "Hi"), bubble("b", 2, "Yes?")]}
    put(db, "composer.composerData", {"allComposers": [one, {"composerId": "shell"}]}, table="ItemTable")
    db.close()
    found = read(tmp_path)
    assert [s.native_id for s in found.sessions.values()] == ["old"]
    assert len(messages_in(found, "old")) == 2


def test_secrets_of_the_database_are_never_read(tmp_path):
    sample.build(tmp_path)
    for ref in Cursor().discover([tmp_path]):
        for reading in Cursor().read(ref, None):
            assert reading.raw is None or b"never read" not in reading.raw.data


@pytest.mark.parametrize("value", ["[]", "3", '"x"', "{", '{"type": 1, "text": {"a": 1}, "toolFormerData": [1]}', None])
def test_odd_rows_never_raise(tmp_path, value):
    db = editor(tmp_path)
    put(db, f"composerData:{EDITOR}", value)
    put(db, f"bubbleId:{EDITOR}:a", value)
    db.close()
    read(tmp_path)


def test_a_database_that_is_none_is_counted(tmp_path):
    path = tmp_path / "globalStorage" / "state.vscdb"
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    assert read(tmp_path).damaged == 1
    assert ide.told_by(path) == frozenset()


def test_text_made_to_hang_a_reader_does_not(tmp_path):
    started = process_time()
    said_by_user("<user_query>" * 200_000)
    scripts.plain("user:\n[Tool call] x\n" * 50_000)
    sample.transcript(tmp_path, SCRIPT, sample.answer("x", sample.use("Read", path="/" * 100_000)))
    read(tmp_path)
    assert process_time() - started < 2


def test_the_command_to_go_on_is_the_command_line_s_own_or_the_editor(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    chat = Cursor().resume_command(session_in(found, CHAT))
    assert (chat.argv, chat.cwd) == (("cursor-agent", f"--resume={CHAT}"), sample.CWD)
    assert Cursor().resume_command(session_in(found)).argv == ("cursor", sample.CWD)
