"""What a Gemini CLI log means: two folds, tokens made disjoint, places, retention, and the reader's patience."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from holdfast.model import Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources.gemini_cli import GeminiCli
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import gemini_cli as sample

DAY = 86_400_000
HEADER = sample.header(sample.MAIN)


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in GeminiCli().discover([root]):
        found.take(GeminiCli().read(ref, None))
    return found


def log(root: Path, *records: object, name: str = "session-2026-01-05T10-00-aaaaaaaa.jsonl") -> Path:
    path = root / "tmp" / "shop" / "chats" / name
    sample.lines(path, [HEADER, *records])
    return path


def only(found: Gathered):
    (session,) = found.sessions.values()
    return session


def shown(found: Gathered) -> list[str]:
    return [m.text for m in found.all_messages if m.id not in found.dropped and m.text]


def answer(number: int, text: str, **more: object) -> dict[str, object]:
    return sample.message(number, "gemini", content=text, model="gemini-2.5-pro", **more)


def test_a_rewind_drops_the_message_and_all_after_it_from_the_conversation(tmp_path):
    log(
        tmp_path,
        sample.said(1, "one"),
        answer(2, "1"),
        sample.said(3, "two"),
        answer(4, "2"),
        {"$rewindTo": sample.name(3)},
        sample.said(5, "three"),
    )
    assert shown(read(tmp_path)) == ["one", "1", "three"]


def test_what_one_reading_brings_and_takes_out_again_is_dropped_after_it_was_given(tmp_path):
    log(tmp_path, sample.said(1, "one"), sample.said(2, "two"), {"$rewindTo": sample.name(2)})
    (ref,) = GeminiCli().discover([tmp_path])
    given, taken = GeminiCli().read(ref, None)
    assert [m.text for m in given.transcript.messages] == ["one", "two"]
    assert given.transcript.dropped == ()
    assert taken.transcript.dropped == (sample.name(2),)
    assert [r.cursor.done for r in (given, taken)] == [False, True]
    assert given.raw is None


def test_a_rewind_to_an_unknown_message_drops_everything(tmp_path):
    log(tmp_path, sample.said(1, "one"), answer(2, "1"), {"$rewindTo": "nowhere"}, sample.said(5, "three"))
    assert shown(read(tmp_path)) == ["three"]


def test_a_checkpoint_replaces_the_conversation(tmp_path):
    log(
        tmp_path,
        sample.said(1, "one"),
        answer(2, "1"),
        {"$set": {"messages": [sample.said(1, "one"), answer(9, "kept")]}},
    )
    assert shown(read(tmp_path)) == ["one", "kept"]


def test_a_message_written_again_replaces_the_first_version(tmp_path):
    log(tmp_path, sample.said(1, "one"), answer(2, "draft"), answer(2, "final"))
    assert shown(read(tmp_path)) == ["one", "final"]


def test_rewound_answers_stay_billed_and_repeated_records_are_billed_once(tmp_path):
    usage = sample.tokens(100, 5)
    log(
        tmp_path,
        answer(2, "1", tokens=usage),
        answer(2, "1", tokens=usage),
        {"$rewindTo": sample.name(2)},
        {"$set": {"messages": [answer(2, "1", tokens=usage)]}},
    )
    assert totals(read(tmp_path).requests.values())["input"] == 100


def test_a_message_dropped_in_one_reading_and_kept_by_a_later_checkpoint_comes_back(tmp_path):
    path = log(tmp_path, sample.said(1, "one"), {"$rewindTo": sample.name(1)})
    (ref,) = GeminiCli().discover([tmp_path])
    *_, first = GeminiCli().read(ref, None)
    with path.open("ab") as stream:
        stream.write(json.dumps({"$set": {"messages": [sample.said(1, "one")]}}).encode() + b"\n")
    (ref,) = GeminiCli().discover([tmp_path])
    (second,) = GeminiCli().read(ref, first.cursor)
    assert first.transcript.dropped == (sample.name(1),)
    assert second.transcript.dropped == ()
    assert [m.text for m in second.transcript.messages] == ["one"]


def test_cached_tokens_are_taken_out_of_input_and_thoughts_stand_apart(tmp_path):
    log(
        tmp_path,
        answer(2, "1", tokens={"input": 1000, "cached": 400, "output": 20, "thoughts": 7, "tool": 3, "total": 1030}),
    )
    (request,) = read(tmp_path).requests.values()
    usage = request.usage
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning, usage.reasoning_apart) == (603, 400, 20, 7, 7)
    assert usage.total == 1030


def test_the_context_in_use_is_that_of_the_last_standing_answer(tmp_path):
    log(
        tmp_path,
        answer(2, "1", tokens=sample.tokens(100, 5)),
        answer(3, "2", tokens=sample.tokens(900, 5)),
        {"$rewindTo": sample.name(3)},
    )
    assert only(read(tmp_path)).context.used == 105


def test_a_tool_call_and_its_result_stand_once_although_the_log_has_the_result_twice(tmp_path):
    sample.build(tmp_path)
    parts = [p for m in read(tmp_path).all_messages for p in m.parts]
    assert [p for p in parts if isinstance(p, ToolCall)] == [
        ToolCall("run_shell_command__1", "run_shell_command", {"command": "ls"})
    ]
    assert [p for p in parts if isinstance(p, ToolResult)] == [
        ToolResult("run_shell_command__1", "Makefile\nExit Code: 2", error=True, exit_code=2)
    ]
    assert Thinking("Looking\nI should list them.") in parts


def test_a_tool_result_without_a_call_record_is_kept(tmp_path):
    log(tmp_path, sample.message(4, "user", content=[sample.response("left over")]))
    (message,) = read(tmp_path).all_messages
    assert (message.role, message.parts) == ("tool", (ToolResult("run_shell_command__1", "left over"),))


def test_injected_context_and_compaction_summaries_are_no_prompts(tmp_path):
    snapshot = "<scratchpad>\nx\n</scratchpad>\n\n<state_snapshot>\n<overall_goal>ship</overall_goal></state_snapshot>"
    log(tmp_path, sample.said(1, sample.CONTEXT), sample.said(2, snapshot), sample.said(3, "Go on"))
    found = read(tmp_path)
    assert [m.role for m in found.all_messages] == ["system", "system", "user"]
    assert found.all_messages[1].parts == (Summary(snapshot),)
    assert only(found).title == "Go on"
    assert only(found).cwd == "/home/ada/shop"


def test_the_agents_own_summary_is_the_title(tmp_path):
    log(tmp_path, sample.said(3, "Go on"), {"$set": {"summary": "Ship the shop"}})
    assert only(read(tmp_path)).title == "Ship the shop"


def test_errors_are_marked_and_notices_are_not(tmp_path):
    log(
        tmp_path,
        sample.message(1, "error", content="API Error"),
        sample.message(2, "warning", content="slow"),
        sample.message(3, "info", content=""),
    )
    error, warning = read(tmp_path).all_messages
    assert error.extra == {"error": True}
    assert "error" not in warning.extra
    assert {error.role, warning.role} == {"system"}


def test_thought_parts_are_read_only_where_the_thoughts_are_not_listed_besides(tmp_path):
    content = [{"text": "hm", "thought": True}, {"text": "ok"}, {"thoughtSignature": "AAAA"}]
    log(
        tmp_path,
        sample.message(1, "gemini", content=content),
        sample.message(2, "gemini", content=content, thoughts=[{"subject": "S", "description": "D"}]),
    )
    assert [m.parts for m in read(tmp_path).all_messages] == [
        (Thinking("hm"), Text("ok")),
        (Thinking("S\nD"), Text("ok")),
    ]


def test_files_are_described_without_their_bytes(tmp_path):
    log(
        tmp_path,
        sample.message(
            1, "user", content=[{"text": "see"}, {"inlineData": {"mimeType": "image/png", "data": "A" * 400}}]
        ),
    )
    (message,) = read(tmp_path).all_messages
    assert (message.parts[1].media, message.parts[1].size) == ("image/png", 300)


def test_a_legacy_file_that_went_on_as_a_log_is_one_session(tmp_path):
    path = log(tmp_path, sample.said(1, "one"), name="session-x.jsonl")
    path.with_suffix(".json").write_text(json.dumps({**HEADER, "messages": [sample.said(1, "one")]}))
    assert [r.path for r in GeminiCli().discover([tmp_path])] == [str(path)]


def test_a_legacy_file_replaces_what_was_read_of_it(tmp_path):
    path = tmp_path / "tmp" / "shop" / "chats" / "session-x.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(sample.legacy_document()))
    (ref,) = GeminiCli().discover([tmp_path])
    (reading,) = GeminiCli().read(ref, None)
    assert reading.transcript.replaces
    assert reading.raw.whole
    assert reading.raw.data == path.read_bytes()
    assert [m.line for m in reading.transcript.messages] == [1, 2]


def test_a_legacy_file_that_has_a_message_twice_keeps_the_last(tmp_path):
    path = tmp_path / "tmp" / "shop" / "chats" / "session-x.json"
    path.parent.mkdir(parents=True)
    emptied = sample.message(1, "user", content=[])
    path.write_text(json.dumps({**HEADER, "messages": [sample.said(1, "one"), emptied, sample.said(2, "two")]}))
    assert shown(read(tmp_path)) == ["two"]


def test_a_legacy_file_in_the_middle_of_a_write_replaces_nothing(tmp_path):
    path = tmp_path / "tmp" / "shop" / "chats" / "session-x.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(sample.legacy_document())[:200])
    (ref,) = GeminiCli().discover([tmp_path])
    (reading,) = GeminiCli().read(ref, None)
    assert not reading.transcript.replaces
    assert reading.transcript.losses.damaged == 1
    assert reading.cursor.sessions == ()


def test_a_sub_agents_log_names_its_parent(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    child = next(s for s in found.sessions.values() if "/" in s.native_id)
    parent = next(s for s in found.sessions.values() if s.native_id == sample.MAIN)
    assert (child.parent.id, child.parent.kind) == (parent.id, "subagent")


@pytest.mark.parametrize("known_by", ["root file", "slug", "hash"])
def test_the_working_directory_comes_from_the_project_registry_where_the_log_does_not_say(tmp_path, known_by):
    cwd = "/home/ada/shop"
    slug = hashlib.sha256(cwd.encode()).hexdigest() if known_by == "hash" else "shop"
    sample.lines(tmp_path / "tmp" / slug / "chats" / "session-x.jsonl", [HEADER, sample.said(1, "one")])
    if known_by == "root file":
        (tmp_path / "tmp" / slug / ".project_root").write_text(cwd + "\n")
    else:
        (tmp_path / "projects.json").write_text(json.dumps({"projects": {cwd: "shop" if known_by == "slug" else "x"}}))
    assert only(read(tmp_path)).cwd == cwd


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ("{}", 30),
        ('{"general": {"sessionRetention": {"enabled": true, "maxAge": "7d"}}}', 7),
        ('{"general": {"sessionRetention": {"maxAge": "2w"}}}', 14),
        ('{"general": {"sessionRetention": {"maxAge": "1m"}}}', 30),
        ('{"general": {"sessionRetention": {"maxAge": "forever"}}}', 30),
        ('{"general": {"sessionRetention": {"enabled": false}}}', None),
        ("no json", 30),
    ],
)
def test_the_log_is_deleted_when_the_settings_say(tmp_path, settings, days):
    path = log(tmp_path, sample.said(1, "one"))
    os.utime(path, ns=(1_767_600_000_000_000_000, 1_767_600_000_000_000_000))
    (tmp_path / "settings.json").write_text(settings)
    expected = None if days is None else 1_767_600_000_000 + days * DAY
    assert only(read(tmp_path)).source_expires == expected


def test_a_record_nested_without_end_is_counted_and_not_followed(tmp_path):
    deep: object = "x"
    for _ in range(700):
        deep = [deep]
    log(
        tmp_path,
        sample.message(1, "gemini", toolCalls=[{"id": "c", "name": "t", "result": deep}]),
        sample.said(2, "still here"),
    )
    found = read(tmp_path)
    assert shown(found) == ["still here"]
    assert found.unknown == {"record:too-deep": 1}


def test_ids_the_agent_did_not_make_random_are_billed_per_session(tmp_path):
    for name in ("one", "two"):
        path = tmp_path / "tmp" / "shop" / "chats" / f"session-{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**sample.legacy_document(), "sessionId": name}))
    assert len(read(tmp_path).requests) == 2


def test_a_session_is_resumed_where_it_ran(tmp_path):
    sample.build(tmp_path)
    commands = {GeminiCli().resume_command(s) for s in read(tmp_path).sessions.values()}
    assert {c.argv for c in commands} == {("gemini", f"--resume={s}") for s in (sample.MAIN, sample.LEGACY)}
