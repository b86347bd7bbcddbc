"""Qwen Code's sessions: rewinds, branches, sub-agents, titles, tokens whose thoughts stand inside or beside the output."""

from __future__ import annotations

import json

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Text, Thinking, ToolResult, conversation, observed_id
from holdfast.sources.qwen_code import QwenCode
from holdfast.testing._readings import Gathered
from tests.contracts.samples import qwen_code as sample
from tests.contracts.samples.qwen_code import answered, asked, record, result, system


def read(root):
    found = Gathered()
    for ref in QwenCode().discover([root]):
        found.take(QwenCode().read(ref, None))
    return found


def read_records(root, *records):
    sample.write(root / "projects" / "p" / "chats" / f"{sample.MAIN}.jsonl", list(records))
    return read(root)


def only(found):
    (session,) = found.sessions.values()
    return session


def live(found):
    return conversation([m for m in found.all_messages if m.id not in found.dropped])


def usage_of(root, **counts):
    answer = answered(1, {"text": "x"}, counts=(1, 0, 1, 0), parent=0)
    answer["usageMetadata"] = counts
    return [r.usage for r in read_records(root, answer).requests.values()]


def test_a_rewound_turn_leaves_the_conversation_and_stays_billed(tmp_path):
    found = read_records(tmp_path, *sample.main())
    kept = [m.text for m in live(found) if m.role in ("user", "assistant")]
    assert kept == ["Run the tests", "I will run them.", "Two fail.", "Try again", "Zażółć."]
    assert len(found.requests) == 4


def test_a_rewind_to_the_beginning_leaves_nothing_before_it(tmp_path):
    again = [system(20, "rewind", {"truncatedCount": 9}, parent=0), asked(21, "Afresh")]
    found = read_records(tmp_path, *sample.main(), *again)
    assert [m.text for m in live(found)] == ["Afresh"]


def test_a_branch_names_its_parent_begins_when_it_was_made_and_bills_copies_once(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    session = found.sessions[observed_id("qwen-code", sample.BRANCH)]
    assert session.parent is not None
    assert (session.parent.id, session.parent.kind) == (observed_id("qwen-code", sample.MAIN), "fork")
    assert session.started == found.messages[session.id][f"bbbbbbbb-0000-4000-8000-{101:012d}"].at
    assert len(found.requests) == sample.EXPECTED["requests"]["requests"]


def test_a_sub_agent_names_its_session_and_is_described_by_what_lies_beside_it(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    session = found.sessions[observed_id("qwen-code", f"{sample.MAIN}/{sample.AGENT}")]
    assert (session.parent.id, session.parent.kind) == (observed_id("qwen-code", sample.MAIN), "subagent")
    assert (session.title, session.models) == ("Explore the shop", ("qwen3-coder",))
    assert session.extra["role"] == "explore"
    answers = [m for m in found.messages[session.id].values() if m.role == "assistant"]
    assert [m.continues for m in answers] == [False, True]
    assert not any(r.main for r in found.requests.values() if r.model == "qwen3-coder")


def test_a_session_says_where_with_what_and_how_full(tmp_path):
    session = only(read_records(tmp_path, *sample.main()))
    assert (session.native_id, session.cwd, session.branch) == (sample.MAIN, sample.CWD, "main")
    assert (session.version, session.models) == ("0.15.0", ("qwen3.5-plus",))
    assert (session.context.used, session.context.limit, session.context.source) == (220, 1000000, "recorded")
    assert session.title == "Mend the tests"


def test_an_archived_session_says_so(tmp_path):
    sample.build(tmp_path)
    assert read(tmp_path).sessions[observed_id("qwen-code", sample.ARCHIVED)].extra == {"archived": True}


def test_a_title_that_a_person_gave_stays_before_one_that_was_made(tmp_path):
    given = system(20, "custom_title", {"customTitle": "Mine"})
    made = system(21, "custom_title", {"customTitle": "Made later", "titleSource": "auto"})
    assert only(read_records(tmp_path, asked(1, "first"), given, made)).title == "Mine"
    assert only(read_records(tmp_path, asked(1, "first"))).title == "first"


def test_thoughts_stand_inside_the_output_unless_the_counts_say_otherwise(tmp_path):
    (inside,) = usage_of(
        tmp_path, promptTokenCount=16928, candidatesTokenCount=40, thoughtsTokenCount=21, totalTokenCount=16968
    )
    assert (inside.input, inside.output, inside.reasoning, inside.reasoning_apart) == (16928, 40, 21, 0)
    (beside,) = usage_of(
        tmp_path, promptTokenCount=100, candidatesTokenCount=40, thoughtsTokenCount=21, totalTokenCount=161
    )
    assert (beside.output, beside.reasoning_apart) == (40, 21)
    (more,) = usage_of(tmp_path, promptTokenCount=100, candidatesTokenCount=20, thoughtsTokenCount=80)
    assert more.reasoning_apart == 80


def test_cached_tokens_are_taken_out_of_the_prompt(tmp_path):
    (usage,) = usage_of(tmp_path, promptTokenCount=1000, cachedContentTokenCount=900, candidatesTokenCount=20)
    assert (usage.input, usage.cache_read, usage.output) == (100, 900, 20)
    assert usage_of(tmp_path, promptTokenCount=0) == []


def test_results_say_whether_they_failed_and_with_which_code(tmp_path):
    ran = result(2, "c1", "run_shell_command", {"output": "no\nExit Code: 2"})
    lost = result(3, "c2", "read_file", {"error": "File not found"}, status="error")
    stopped = result(4, "c3", "edit", {"output": ""}, status="cancelled", resultDisplay="stopped")
    found = read_records(tmp_path, asked(1, "go"), ran, lost, stopped)
    results = [p for m in found.all_messages for p in m.parts if isinstance(p, ToolResult)]
    assert results == [
        ToolResult(call="c1", text="no\nExit Code: 2", exit_code=2),
        ToolResult(call="c2", text="File not found", error=True),
        ToolResult(call="c3", text="stopped", error=True),
    ]
    assert {m.role for m in found.all_messages[1:]} == {"tool"}


def test_what_the_program_added_to_a_prompt_is_not_what_the_person_said(tmp_path):
    shown = {"systemPayload": {"displayText": "Look at @a.py", "hookContext": ""}}
    prompt = asked(1, "Look at @a.py", **shown)
    prompt["message"]["parts"].append({"text": "--- a.py ---\nprint()"})
    found = read_records(tmp_path, prompt, asked(2, "And now?", systemPayload={"displayText": "And now?"}))
    assert [(m.role, m.text) for m in found.all_messages] == [
        ("user", "Look at @a.py"),
        ("system", "--- a.py ---\nprint()"),
        ("user", "And now?"),
    ]


@pytest.mark.parametrize("subtype", ["notification", "cron", "goal_runtime"])
def test_what_no_person_wrote_is_no_prompt(tmp_path, subtype):
    (message,) = read_records(tmp_path, asked(1, "Task done", subtype=subtype)).all_messages
    assert message.role == "system"


def test_what_was_typed_while_it_worked_is_a_prompt(tmp_path):
    (message,) = read_records(tmp_path, asked(1, "Wait!", subtype="mid_turn_user_message")).all_messages
    assert message.is_prompt


def test_a_compression_is_a_summary_and_says_how_full_the_context_is_now(tmp_path):
    history = [{"role": "user", "parts": [{"text": "<state_snapshot>so far</state_snapshot>"}]}, {"role": "model"}]
    packed = system(20, "chat_compression", {"info": {"newTokenCount": 77}, "compressedHistory": history})
    found = read_records(tmp_path, *sample.main(), packed)
    assert found.all_messages[-1].parts == (Summary("<state_snapshot>so far</state_snapshot>"),)
    assert only(found).context.used == 77


def test_a_failed_request_is_an_error(tmp_path):
    event = {"event.name": "qwen-code.api_error", "error_message": "Connection error."}
    (message,) = read_records(tmp_path, system(1, "ui_telemetry", {"uiEvent": event})).all_messages
    assert (message.text, message.extra) == ("Connection error.", {"error": True})


def test_commands_for_the_program_and_their_output_are_kept_as_such(tmp_path):
    shown = {"phase": "result", "rawCommand": "/about", "outputHistoryItems": [{"type": "info", "text": "Qwen 0.15"}]}
    asked_for = system(1, "slash_command", {"phase": "invocation", "rawCommand": "/about"})
    found = read_records(tmp_path, asked_for, system(2, "slash_command", shown))
    assert [(m.role, m.text) for m in found.all_messages] == [("system", "/about"), ("system", "Qwen 0.15")]


def test_a_session_made_by_another_names_it(tmp_path):
    made = system(1, "parent_session", {"parentSessionId": sample.BRANCH})
    parent = only(read_records(tmp_path, made)).parent
    assert (parent.id, parent.kind) == (observed_id("qwen-code", sample.BRANCH), "subagent")


def test_parts_of_every_kind_are_read(tmp_path):
    parts = [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, {"thoughtSignature": "x"}, {"mystery": 1}]
    found = read_records(
        tmp_path, record("user", 1, message={"role": "user", "parts": [*parts, {"text": "t", "thought": True}, "bare"]})
    )
    (message,) = found.all_messages
    assert message.parts == (Attachment(media="image/png", size=3), Thinking("t"), Text("bare"))
    assert found.unknown == {"block:mystery": 1}


def test_an_answer_of_another_shape_is_kept_as_it_stands(tmp_path):
    (message,) = read_records(tmp_path, result(1, "c1", "tool", {"rows": [1]}, resultDisplay="")).all_messages
    assert message.parts == (ToolResult(call="c1", text='{"rows": [1]}'),)


def test_an_answer_nested_however_deep_is_survived(tmp_path):
    path = tmp_path / "projects" / "p" / "chats" / f"{sample.MAIN}.jsonl"
    path.parent.mkdir(parents=True)
    whole = json.dumps(result(1, "c1", "tool", {"rows": "HERE"})).replace('"HERE"', "{}")
    lines = [whole.replace("{}", "[" * deep + "]" * deep) for deep in range(700, 1000)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read(tmp_path)
    assert found.damaged + found.messages_read == len(lines)


def test_records_of_types_not_known_are_counted(tmp_path):
    found = read_records(tmp_path, record("novelty", 1), system(2, "managed_session_event_v1", {}))
    assert found.unknown == {"record:novelty": 1, "system:managed_session_event_v1": 1}


def test_a_setting_moves_the_sessions(tmp_path):
    home = tmp_path / ".qwen"
    home.mkdir()
    (home / "settings.json").write_text('{"advanced": {"runtimeOutputDir": "~/kept"}}', encoding="utf-8")
    assert QwenCode().roots({}, tmp_path, "linux") == (tmp_path / "kept", home)
    (home / "settings.json").write_text('{"advanced": {"runtimeOutputDir": "beside-each-project"}}', encoding="utf-8")
    assert QwenCode().roots({}, tmp_path, "linux") == (home,)


def test_it_is_resumed_by_id_and_an_id_like_an_option_is_refused(tmp_path):
    session = only(read_records(tmp_path, *sample.main()))
    assert QwenCode().resume_command(session).argv == ("qwen", "--resume", sample.MAIN)
    sample.write(tmp_path / "other" / "projects" / "p" / "chats" / "--help.jsonl", sample.archived())
    with pytest.raises(Unsafe):
        QwenCode().resume_command(only(read(tmp_path / "other")))
