"""Claude Code transcripts: what each record means, and what counts once however often it is written."""

from __future__ import annotations

import json
import os

import pytest

from holdfast.model import Session, Summary, Thinking, ToolCall, ToolResult, conversation
from holdfast.sources.claude_code import ClaudeCode
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import claude_code as sample
from tests.contracts.samples.claude_code import CWD, MAIN, answer, record

DAY_NS = 86_400 * 10**9


def read(root):
    found = Gathered()
    for ref in ClaudeCode().discover([root]):
        found.take(ClaudeCode().read(ref, None))
    return found


def read_records(root, *records):
    sample.lines(root / "projects" / "-home-ada-shop" / f"{MAIN}.jsonl", list(records))
    return read(root)


def session_of(found, native=MAIN):
    return next(s for s in found.sessions.values() if s.native_id == native)


def parts(found, kind):
    return [p for m in found.all_messages for p in m.parts if isinstance(p, kind)]


def prompt(number, said, **more):
    return record("user", number, message={"role": "user", "content": said}, **more)


def reply(number, said, output, *, name="msg_1", request="req_1", **more):
    text = [{"type": "text", "text": said}]
    return record("assistant", number, requestId=request, message=answer(name, text, output), **more)


ROOTS = [
    ({}, "linux", [".claude", ".config/Claude/local-agent-mode-sessions"]),
    ({"XDG_CONFIG_HOME": "{home}/xdg"}, "linux", [".claude", "xdg/Claude/local-agent-mode-sessions"]),
    ({"CLAUDE_CONFIG_DIR": "{home}/one,{home}/two"}, "linux", ["one", "two", ".config/Claude/local-agent-mode-sessions"]),
    ({}, "darwin", [".claude", "Library/Application Support/Claude/local-agent-mode-sessions"]),
    ({}, "win32", [".claude", "AppData/Roaming/Claude/local-agent-mode-sessions"]),
    ({"APPDATA": "{home}/roaming"}, "win32", [".claude", "roaming/Claude/local-agent-mode-sessions"]),
]  # fmt: skip


@pytest.mark.parametrize(("env", "platform", "expected"), ROOTS)
def test_the_homes_are_known_on_every_platform(tmp_path, env, platform, expected):
    given = {k: v.format(home=tmp_path) for k, v in env.items()}
    assert list(ClaudeCode().roots(given, tmp_path, platform)) == [tmp_path / e for e in expected]


def test_a_streamed_answer_is_one_request_with_its_greatest_output(tmp_path):
    found = read_records(tmp_path, reply(1, "a", 5), reply(2, "b", 40), reply(3, "c", 30))
    (request,) = found.requests.values()
    assert (request.usage.output, request.line) == (40, 1)
    assert [m.continues for m in found.all_messages] == [False, True, True]


def test_a_record_that_stands_twice_in_a_file_is_no_further_record_of_its_answer(tmp_path):
    turn = (prompt(1, "go"), reply(2, "a", 5), reply(3, "b", 5))
    found = read_records(tmp_path, *turn, *turn)
    again = {m.id: m.continues for m in found.all_messages}
    assert list(again.values()) == [False, False, True]


def test_a_note_of_an_interruption_is_nothing_that_a_person_said(tmp_path):
    noted = "[Request interrupted by user for tool use]"
    found = read_records(tmp_path, prompt(1, "go"), prompt(2, [{"type": "text", "text": noted}]))
    assert [m.role for m in found.all_messages] == ["user", "system"]


def test_a_resumed_copy_is_the_same_request(tmp_path):
    other = "22222222-2222-4333-8444-555555555555"
    sample.lines(tmp_path / "projects" / "-home-ada-shop" / f"{other}.jsonl", [reply(1, "a", 5, session=other)])
    assert len(read_records(tmp_path, reply(1, "a", 5)).requests) == 1


def test_each_class_of_token_is_counted_apart(tmp_path):
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 400,
        "cache_creation": {"ephemeral_1h_input_tokens": 10, "ephemeral_5m_input_tokens": 20},
        "server_tool_use": {"web_search_requests": 3},
        "iterations": [{"input_tokens": 1, "output_tokens": 2}],
    }
    said = reply(1, "a", 2)
    said["message"]["usage"] = usage
    (request,) = read_records(tmp_path, said).requests.values()
    found = request.usage
    assert (found.input, found.output, found.cache_write, found.cache_read) == (1, 2, 30, 400)
    assert (found.cache_write_1h, found.web_searches) == (10, 3)


def test_an_error_text_that_the_agent_made_itself_is_no_request(tmp_path):
    made = reply(1, "API Error", 0, isApiErrorMessage=True)
    made["message"]["model"] = "<synthetic>"
    found = read_records(tmp_path, made)
    assert found.requests == {}
    assert found.all_messages[0].extra["error"] is True


def test_the_context_in_use_is_the_last_request_of_the_main_chain(tmp_path):
    side = reply(2, "b", 900, name="msg_2", isSidechain=True)
    found = read_records(tmp_path, reply(1, "a", 5), side)
    assert session_of(found).context.used == 11
    assert [r.main for r in found.requests.values()] == [True, False]


def test_after_a_compaction_the_context_is_what_its_record_says(tmp_path):
    border = record("system", 2, subtype="compact_boundary", compactMetadata={"preTokens": 900, "postTokens": 70})
    summary = prompt(3, "They fixed it.", isCompactSummary=True)
    found = read_records(tmp_path, reply(1, "a", 5), border, summary)
    assert session_of(found).context.used == 70
    assert parts(found, Summary) == [Summary("They fixed it.")]
    assert [m.role for m in found.all_messages] == ["assistant", "system"]


TITLES = [
    ([{"type": "custom-title", "customTitle": "Mine"}, {"type": "ai-title", "aiTitle": "Its"}], "Mine"),
    ([{"type": "ai-title", "aiTitle": "Its"}, {"type": "ai-title", "aiTitle": "Its newer"}], "Its newer"),
    ([{"type": "agent-name", "agentName": "Agent"}, {"type": "ai-title", "aiTitle": "Its"}], "Agent"),
    ([{"type": "summary", "summary": "Old summary", "leafUuid": "x"}], "Old summary"),
    ([], "Fix the build"),
]


@pytest.mark.parametrize(("records", "expected"), TITLES)
def test_the_best_title_wins(tmp_path, records, expected):
    assert session_of(read_records(tmp_path, prompt(1, "Fix the build"), *records)).title == expected


def test_a_title_does_not_show_what_programs_put_around_a_prompt(tmp_path):
    said = "<ide_opened_file>The user opened a.py.</ide_opened_file>\nFix the build"
    assert session_of(read_records(tmp_path, prompt(1, said))).title == "Fix the build"


@pytest.mark.parametrize(
    "said", ["<local-command-stdout>x</local-command-stdout>", "<task-notification>x</task-notification>"]
)
def test_what_a_program_said_is_no_prompt(tmp_path, said):
    assert [m.role for m in read_records(tmp_path, prompt(1, said)).all_messages] == ["system"]


def test_a_prompt_typed_while_it_worked_is_a_prompt(tmp_path):
    queued = record("attachment", 1, attachment={"type": "queued_command", "prompt": "Also this"})
    noise = record("attachment", 2, attachment={"type": "skill_listing", "content": "much"})
    assert [m.text for m in read_records(tmp_path, queued, noise).all_messages if m.is_prompt] == ["Also this"]


def test_thinking_calls_and_results_are_parts(tmp_path):
    said = reply(1, "", 5)
    said["message"]["content"] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "gAAA"},
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
    ]
    result = prompt(
        2,
        [
            {
                "type": "tool_result",
                "tool_use_id": "toolu_1",
                "content": [{"type": "text", "text": "no"}],
                "is_error": True,
            }
        ],
    )
    found = read_records(tmp_path, said, result)
    assert parts(found, Thinking) == [Thinking("Hm.")]
    assert parts(found, ToolCall) == [ToolCall(id="toolu_1", name="Bash", input={"command": "ls"})]
    assert parts(found, ToolResult) == [ToolResult(call="toolu_1", text="no", error=True)]
    assert [m.role for m in found.all_messages] == ["assistant", "tool"]


def test_a_rewind_leaves_the_conversation_and_stays_billed(tmp_path):
    first = prompt(1, "One")
    left = prompt(3, "Two", parentUuid=first["uuid"])
    taken = prompt(5, "Three", parentUuid=first["uuid"])
    found = read_records(
        tmp_path, first, left, reply(4, "yes", 5), taken, reply(6, "no", 5, name="msg_2", request="req_2")
    )
    assert [m.text for m in conversation(found.all_messages)] == ["One", "Three", "no"]
    assert totals(found.requests.values())["requests"] == 2


def test_a_record_that_is_no_message_does_not_break_the_chain(tmp_path):
    between = record("system", 2, subtype="turn_duration", durationMs=5)
    found = read_records(tmp_path, prompt(1, "One"), between, reply(3, "yes", 5))
    assert found.all_messages[1].parent == found.all_messages[0].id


def test_a_sub_agent_in_its_own_file_knows_its_parent(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    child = session_of(found, f"{MAIN}/{sample.AGENT}")
    assert (child.parent.id, child.parent.kind) == (session_of(found).id, "subagent")


def test_place_and_version_are_the_latest(tmp_path):
    found = read_records(tmp_path, prompt(1, "One"), prompt(2, "Two", gitBranch="feature", version="2.2.0"))
    session = session_of(found)
    assert (session.cwd, session.branch, session.version) == (CWD, "feature", "2.2.0")


@pytest.mark.parametrize(
    ("settings", "days"), [(None, 30), ('{"cleanupPeriodDays": 7}', 7), ("[]", 30), ("no json", 30)]
)
def test_a_session_expires_when_its_agent_cleans_up(tmp_path, settings, days):
    if settings is not None:
        (tmp_path / "settings.json").write_text(settings, encoding="utf-8")
    path = tmp_path / "projects" / "-home-ada-shop" / f"{MAIN}.jsonl"
    sample.lines(path, [prompt(1, "One")])
    os.utime(path, ns=(10 * DAY_NS, 20_000 * DAY_NS))
    assert session_of(read(tmp_path)).source_expires == (20_000 + days) * 86_400_000


def test_prompts_of_a_lost_session_are_rebuilt_and_marked(tmp_path):
    sample.build(tmp_path)
    lost = session_of(read(tmp_path), sample.LOST)
    assert lost.partial is True
    assert lost.cwd == CWD


def test_unknown_records_and_blocks_are_counted(tmp_path):
    said = reply(3, "", 5)
    said["message"]["content"] = [{"type": "new_block"}]
    found = read_records(tmp_path, record("new-record", 1), record("system", 2, subtype="new_kind"), said)
    assert found.unknown == {"record:new-record": 1, "system:new_kind": 1, "block:new_block": 1}


def test_a_damaged_line_is_counted_with_its_number(tmp_path):
    path = tmp_path / "projects" / "p" / f"{MAIN}.jsonl"
    sample.lines(path, [prompt(1, "One")])
    path.write_bytes(b"{broken\n" + path.read_bytes() + b'{"torn')
    (ref,) = ClaudeCode().discover([tmp_path])
    (reading,) = ClaudeCode().read(ref, None)
    losses = reading.transcript.losses
    assert (losses.damaged, losses.damaged_lines, len(reading.transcript.messages)) == (1, (1,), 1)


def test_lone_surrogates_and_bad_bytes_are_replaced(tmp_path):
    path = tmp_path / "projects" / "p" / f"{MAIN}.jsonl"
    sample.lines(path, [prompt(1, "One SURROGATE BYTE")])
    data = path.read_bytes().replace(b"SURROGATE", b"\\ud800").replace(b"BYTE", b"\xff")
    path.write_bytes(data)
    (message,) = read(tmp_path).all_messages
    assert message.text.startswith("One ")
    message.text.encode()


def test_a_session_is_resumed_in_its_folder():
    command = ClaudeCode().resume_command(Session(id="x", agent="claude-code", native_id=f"{MAIN}/agent-1", cwd=CWD))
    assert (command.argv[0], command.cwd) == ("claude", CWD)
    assert MAIN in command.argv[-1]


def test_hostile_types_are_harmless(tmp_path):
    values: list[object] = [3, [], {}, None, True]
    odd = [{"type": "user", "message": v, "timestamp": v, "cwd": v} for v in values]
    path = tmp_path / "projects" / "p" / f"{MAIN}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(json.dumps(v).encode() + b"\n" for v in odd))
    assert len(read(tmp_path).sessions) == 1


def test_words_after_a_reminder_are_the_persons_own(tmp_path):
    import json

    from holdfast.sources.claude_code import ClaudeCode

    folder = tmp_path / "projects" / "-p"
    folder.mkdir(parents=True)
    said = "<system-reminder>be brief</system-reminder>\nmend the login"
    lines = [
        {"type": "user", "uuid": "u1", "sessionId": "s", "timestamp": "2026-11-01T10:00:00.000Z", "message": {"role": "user", "content": said}},
        {"type": "user", "uuid": "u2", "sessionId": "s", "timestamp": "2026-11-01T10:00:01.000Z",
         "message": {"role": "user", "content": "<system-reminder>only this</system-reminder>"}},
    ]  # fmt: skip
    (folder / "s.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    source = ClaudeCode()
    (ref,) = source.discover([tmp_path])
    (reading,) = source.read(ref, None)
    assert [m.role for m in reading.transcript.messages] == ["user", "system"]
    assert reading.transcript.session.title == "mend the login"
