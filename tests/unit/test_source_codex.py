"""Codex rollouts: what each record means, and what a hostile one cannot do."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from holdfast._sqlite import open_database
from holdfast.model import Attachment, Session, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._codex import zst
from holdfast.sources.codex import Codex
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import codex as sample

NATIVE = "019b8d50-0000-7000-8000-000000000009"


def read(root):
    found = Gathered()
    for ref in Codex().discover([root]):
        found.take(Codex().read(ref, None))
    return found


def read_lines(root, *records):
    sample.rollout(root, NATIVE, [sample.meta(NATIVE, 0), *records])
    return read(root)


def only(found):
    (session,) = found.sessions.values()
    return session


def parts(found, kind):
    return [p for m in found.all_messages for p in m.parts if isinstance(p, kind)]


def item(kind, second=1, **payload):
    return sample.line("response_item", second, type=kind, **payload)


def event(kind, second=1, **payload):
    return sample.line("event_msg", second, type=kind, **payload)


@pytest.mark.parametrize(("env", "expected"), [({}, ".codex"), ({"CODEX_HOME": "/elsewhere"}, "/elsewhere")])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_home_is_in_one_place_on_every_platform(tmp_path, env, expected, platform):
    assert Codex().roots(env, tmp_path, platform) == (tmp_path / expected,)


def test_prompts_of_history_jsonl_are_no_transcript(tmp_path):
    sample.build(tmp_path)
    assert [r for r in Codex().discover([tmp_path]) if r.path.endswith(("history.jsonl", "index.jsonl"))] == []


def test_a_plain_rollout_wins_over_its_packed_twin(tmp_path):
    path = sample.rollout(tmp_path, NATIVE, [sample.meta(NATIVE, 0), *sample.said("user", "Hello", 1)])
    Path(f"{path}.zst").write_bytes(zstandard.compress(b"not read"))
    assert [r.path for r in Codex().discover([tmp_path])] == [str(path)]


def test_a_folder_of_sessions_may_be_given_itself(tmp_path):
    sample.build(tmp_path)
    below = [r.path for r in Codex().discover([tmp_path / "sessions"])]
    assert below == [r.path for r in Codex().discover([tmp_path]) if "archived" not in r.path]


def test_what_is_written_twice_is_read_once(tmp_path):
    found = read_lines(tmp_path, *sample.said("user", "Hello", 1), *sample.said("assistant", "Hi", 2))
    assert [(m.role, m.text) for m in found.all_messages] == [("user", "Hello"), ("assistant", "Hi")]


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_written_in_one_way_only_is_read_too(tmp_path, which):
    found = read_lines(tmp_path, sample.said("user", "Hello", 1)[which], sample.said("assistant", "Hi", 2)[which])
    assert [(m.role, m.text) for m in found.all_messages] == [("user", "Hello"), ("assistant", "Hi")]


def test_the_same_words_said_twice_stay_two_messages(tmp_path):
    found = read_lines(tmp_path, *sample.said("user", "ok", 1), *sample.said("user", "ok", 2))
    assert [m.text for m in found.all_messages] == ["ok", "ok"]


def test_an_answer_whose_event_lacks_a_citation_is_one_message(tmp_path):
    full = item("message", role="assistant", content=[{"type": "output_text", "text": "Hi <cite>1</cite>"}])
    found = read_lines(tmp_path, event("agent_message", message="Hi"), full)
    assert [m.text for m in found.all_messages] == ["Hi"]


@pytest.mark.parametrize(
    "said",
    [
        "# AGENTS.md instructions for /home/ada\n\nBe kind.",
        "<environment_context>\n<cwd>/home/ada</cwd>\n</environment_context>",
        "<turn_aborted>\nThe user interrupted.\n</turn_aborted>",
        "<some_new_context>\nwhatever\n</some_new_context>",
    ],
)
def test_injected_context_is_no_prompt(tmp_path, said):
    found = read_lines(tmp_path, sample.said("user", said, 1)[0])
    assert [m.role for m in found.all_messages] == ["system"]


def test_a_person_may_type_a_tag(tmp_path):
    found = read_lines(tmp_path, *sample.said("user", "<div>help</div>", 1))
    assert [(m.role, m.text) for m in found.all_messages if m.is_prompt] == [("user", "<div>help</div>")]


def test_the_title_is_the_request_without_what_an_editor_puts_before_it(tmp_path):
    said = "# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nFix the tests\n"
    assert only(read_lines(tmp_path, *sample.said("user", said, 1))).title == "Fix the tests"


def test_a_thread_that_was_named_has_that_title(tmp_path):
    found = read_lines(
        tmp_path, *sample.said("user", "Hello", 1), event("thread_name_updated", thread_name="Greetings")
    )
    assert only(found).title == "Greetings"


def test_names_come_from_the_newest_state_database_then_the_index(tmp_path):
    sample.build(tmp_path)
    newest = open_database(tmp_path / "state_12.sqlite", durability="derived")
    newest.execute("CREATE TABLE threads (id TEXT, name TEXT)")
    newest.execute("INSERT INTO threads VALUES (?, 'Newest name')", (sample.MAIN,))
    newest.close()
    titles = {s.native_id: s.title for s in read(tmp_path).sessions.values()}
    assert titles[sample.MAIN] == "Newest name"
    assert titles[sample.CHILD] == "Counting"
    assert titles[sample.PAGED] == "Write hello.txt"


def test_a_damaged_state_database_is_left_alone(tmp_path):
    sample.build(tmp_path)
    (tmp_path / "state_5.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    titles = {s.native_id: s.title for s in read(tmp_path).sessions.values()}
    assert titles[sample.MAIN] == "Run the tests"


def test_requests_are_what_the_total_moved_by(tmp_path):
    found = read_lines(
        tmp_path,
        *sample.turn("t1", 1),
        event("token_count", info=None),
        sample.tokens([100, 60, 10, 5, 2], [100, 60, 10, 5, 2], 2),
        sample.tokens([100, 60, 10, 5, 2], [100, 60, 10, 5, 2], 3),
        sample.tokens([150, 60, 10, 9, 2], [50, 0, 0, 4, 0], 4),
    )
    expected = {
        "requests": 2,
        "input": 80,
        "cache_read": 60,
        "cache_write": 10,
        "output": 9,
        "reasoning": 2,
        "reasoning_apart": 0,
    }
    assert totals(found.requests.values()) == expected


def test_without_the_last_usage_the_totals_are_subtracted(tmp_path):
    records = [sample.tokens([100, 60, 0, 5, 0], [0] * 5, 1), sample.tokens([150, 70, 0, 9, 0], [0] * 5, 2)]
    for record in records:
        del record["payload"]["info"]["last_token_usage"]
    found = read_lines(tmp_path, *sample.turn("t1", 1), *records)
    assert [(r.usage.input, r.usage.cache_read, r.usage.output) for r in found.requests.values()] == [
        (40, 60, 5),
        (40, 10, 4),
    ]


def test_a_request_belongs_to_the_model_of_its_turn(tmp_path):
    found = read_lines(
        tmp_path,
        *sample.turn("t1", 1, "gpt-5.3-codex"),
        sample.tokens([100, 0, 0, 5, 0], [100, 0, 0, 5, 0], 2),
        *sample.turn("t2", 3, "gpt-5.5"),
        sample.tokens([200, 0, 0, 9, 0], [100, 0, 0, 4, 0], 4),
    )
    assert [r.model for r in found.requests.values()] == ["gpt-5.3-codex", "gpt-5.5"]
    assert only(found).models == ("gpt-5.3-codex", "gpt-5.5")


def test_after_a_compaction_the_context_is_small_and_nothing_more_is_billed(tmp_path):
    compacted = sample.tokens([100, 0, 0, 5, 0], [0, 0, 0, 0, 0], 3)
    compacted["payload"]["info"]["last_token_usage"]["total_tokens"] = 42
    before = sample.tokens([100, 0, 0, 5, 0], [100, 0, 0, 5, 0], 2)
    summary = sample.line("compacted", 3, message="They said hello.", replacement_history=[])
    found = read_lines(tmp_path, *sample.turn("t1", 1), before, summary, compacted)
    context = only(found).context
    assert (context.used, context.limit, context.source) == (42, 258400, "recorded")
    assert len(found.requests) == 1
    assert parts(found, Summary) == [Summary("They said hello.")]


def test_a_fork_says_only_what_is_its_own_and_is_billed_only_for_that(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    fork = next(s for s in found.sessions.values() if s.native_id == sample.FORK)
    main = next(s for s in found.sessions.values() if s.native_id == sample.MAIN)
    assert (fork.parent.id, fork.parent.kind) == (main.id, "fork")
    assert [m.text for m in found.messages[fork.id].values()] == ["Try another way", "Well then."]
    assert len(found.requests) == sample.EXPECTED["requests"]["requests"]


def test_copied_turns_without_version_7_ids_are_told_by_their_age(tmp_path):
    copied = [*sample.turn("old", 1), *sample.said("user", "Before", 600)]
    own = [*sample.turn("new", 601), *sample.said("user", "After", 601)]
    sample.rollout(tmp_path, NATIVE, [sample.meta(NATIVE, 600, forked_from_id=sample.MAIN), *copied, *own])
    assert [m.text for m in read(tmp_path).all_messages] == ["After"]


def test_copied_lines_without_turns_are_told_by_being_written_at_once(tmp_path):
    lines = [*sample.said("user", "Before", 600), *sample.said("user", "After", 660)]
    sample.rollout(tmp_path, NATIVE, [sample.meta(NATIVE, 600, forked_from_id=sample.MAIN), *lines])
    assert [m.text for m in read(tmp_path).all_messages] == ["After"]


def test_a_session_meta_written_again_changes_nothing(tmp_path):
    found = read_lines(tmp_path, *sample.said("user", "One", 1), sample.meta(NATIVE, 2), *sample.said("user", "Two", 3))
    assert [m.text for m in found.all_messages] == ["One", "Two"]


def test_a_sub_agent_knows_its_parent_and_its_nickname(tmp_path):
    sample.build(tmp_path)
    child = next(s for s in read(tmp_path).sessions.values() if s.native_id == sample.CHILD)
    assert child.parent.kind == "subagent"
    assert child.extra["nickname"] == "Noether"


def test_a_sub_agent_hears_its_task_from_another_agent(tmp_path):
    task = item("agent_message", author="/root", content=[{"type": "input_text", "text": "Count"}])
    sample.rollout(tmp_path, NATIVE, [sample.meta(NATIVE, 0, parent_thread_id=sample.MAIN), task])
    assert [m.text for m in read(tmp_path).all_messages if m.is_prompt] == ["Count"]


def test_calls_keep_their_arguments_decoded_where_they_are_json(tmp_path):
    found = read_lines(
        tmp_path,
        item("function_call", name="shell", arguments='{"command":["ls"]}', call_id="a"),
        item("function_call", name="odd", arguments="not json", call_id="b"),
        item("custom_tool_call", name="apply_patch", input="*** Begin Patch", call_id="c"),
        item("local_shell_call", action={"type": "exec", "command": ["ls"]}, call_id="d"),
        item("web_search_call", action={"type": "search", "query": "x"}, id="e"),
    )
    assert [(c.id, c.name, c.input) for c in parts(found, ToolCall)] == [
        ("a", "shell", {"command": ["ls"]}),
        ("b", "odd", "not json"),
        ("c", "apply_patch", "*** Begin Patch"),
        ("d", "local_shell", {"type": "exec", "command": ["ls"]}),
        ("e", "web_search", {"type": "search", "query": "x"}),
    ]


RESULTS = [
    ("Chunk ID: 1\nProcess exited with code 3\nOutput:\nno", 3, True),
    ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nyes", 0, False),
    ('{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.1}}', 1, True),
    ([{"type": "input_text", "text": "Script failed\nWall time 0.2 seconds\nOutput:\n"}], None, True),
    ({"content": "no", "success": False}, None, True),
    ("Plan updated", None, False),
    ("Output:\nExit code: 7", None, False),
]


@pytest.mark.parametrize(("output", "code", "failed"), RESULTS)
def test_results_say_how_they_ended(tmp_path, output, code, failed):
    (result,) = parts(read_lines(tmp_path, item("function_call_output", call_id="a", output=output)), ToolResult)
    assert (result.exit_code, result.error) == (code, failed)


def test_an_event_tells_how_a_call_ended_where_its_output_does_not(tmp_path):
    found = read_lines(
        tmp_path,
        event("exec_command_end", call_id="a", exit_code=4),
        item("function_call_output", call_id="a", output="no"),
        event("patch_apply_end", call_id="b", success=False),
        item("custom_tool_call_output", call_id="b", output="no"),
        event("mcp_tool_call_end", call_id="c", result={"Err": "no"}),
        item("function_call_output", call_id="c", output="no"),
    )
    assert [(r.exit_code, r.error) for r in parts(found, ToolResult)] == [(4, True), (None, True), (None, True)]


def test_records_of_one_answer_are_one_message_in_the_count(tmp_path):
    found = read_lines(
        tmp_path,
        *sample.turn("t1", 1),
        item("reasoning", summary=[{"type": "summary_text", "text": "Hm."}], encrypted_content="gAAA"),
        item("function_call", name="shell", arguments="{}", call_id="a"),
        item("function_call_output", call_id="a", output="ok"),
        sample.tokens([100, 0, 0, 5, 0], [100, 0, 0, 5, 0], 2),
        *sample.said("assistant", "Done", 3),
    )
    assert [m.continues for m in found.all_messages if m.role == "assistant"] == [False, True, False]
    assert parts(found, Thinking) == [Thinking("Hm.")]


def test_reasoning_that_is_sealed_is_no_message(tmp_path):
    found = read_lines(tmp_path, item("reasoning", summary=[], encrypted_content="gAAA"))
    assert (found.all_messages, found.unknown) == ([], {})


def test_a_rollback_takes_turns_out_of_the_conversation_and_leaves_them_billed(tmp_path):
    found = read_lines(
        tmp_path,
        *sample.said("user", "One", 1),
        *sample.said("user", "Two", 2),
        *sample.said("assistant", "Yes", 3),
        sample.tokens([100, 0, 0, 5, 0], [100, 0, 0, 5, 0], 3),
        event("thread_rolled_back", num_turns=1),
        *sample.said("user", "Three", 4),
    )
    assert [m.text for m in found.all_messages if m.id not in found.dropped] == ["One", "Three"]
    assert len(found.requests) == 1


def test_errors_are_marked(tmp_path):
    found = read_lines(
        tmp_path,
        *sample.turn("t1", 1),
        event("error", message="usage limit"),
        event("task_complete", error="usage limit"),
    )
    assert [(m.text, m.extra) for m in found.all_messages] == [("usage limit", {"error": True})]


def test_an_image_is_an_attachment_without_its_bytes(tmp_path):
    image = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 4000}
    said = item("message", role="user", content=[{"type": "input_text", "text": "Look"}, image])
    found = read_lines(tmp_path, said)
    assert found.all_messages[0].parts == (Text("Look"), Attachment(media="image/png", size=3000))


def test_unknown_records_items_events_and_blocks_are_counted(tmp_path):
    found = read_lines(
        tmp_path,
        sample.line("new_line", 1),
        item("new_item"),
        event("new_event"),
        event("item_completed", item={"type": "NewItem"}),
        item("message", role="user", content=[{"type": "new_block"}]),
    )
    assert found.unknown == {
        "record:new_line": 1,
        "item:new_item": 1,
        "event:new_event": 1,
        "item:NewItem": 1,
        "block:new_block": 1,
    }


def test_lines_of_old_have_neither_envelope_nor_usage(tmp_path):
    sample.rollout(tmp_path, sample.OLD, sample.old())
    session = only(read(tmp_path))
    assert (session.native_id, session.cwd, session.branch) == (sample.OLD, sample.CWD, "main")


def test_a_rollout_whose_name_has_no_id_takes_it_from_its_first_line(tmp_path):
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / "rich.jsonl").write_bytes(
        sample.encoded([sample.meta("codex-rich-session", 0), *sample.said("user", "Hi", 1)])
    )
    assert only(read(tmp_path)).native_id == "codex-rich-session"


def test_an_archived_session_says_so(tmp_path):
    sample.build(tmp_path)
    packed = next(s for s in read(tmp_path).sessions.values() if s.native_id == sample.PACKED)
    assert packed.extra["archived"] is True


def packed_file(tmp_path, data):
    folder = tmp_path / "archived_sessions"
    folder.mkdir()
    path = folder / f"rollout-2026-01-05T10-00-00-{NATIVE}.jsonl.zst"
    path.write_bytes(data)
    return path


def test_packing_a_rollout_changes_neither_ids_nor_keys(tmp_path):
    data = sample.encoded(sample.packed())
    sample.rollout(tmp_path / "plain", sample.PACKED, sample.packed())
    packed_file(tmp_path / "packed" if (tmp_path / "packed").mkdir() is None else tmp_path, zstandard.compress(data))
    plain, packed = read(tmp_path / "plain"), read(tmp_path / "packed")
    assert list(plain.requests) == list(packed.requests)
    assert [m.id for m in plain.all_messages] == [m.id for m in packed.all_messages]


def test_the_packed_bytes_are_kept_as_they_are(tmp_path):
    data = zstandard.compress(sample.encoded([sample.meta(NATIVE, 0)]) + os.urandom(3_000_000).hex().encode())
    path = packed_file(tmp_path, data)
    assert read(tmp_path).raw[str(path)] == data


def test_a_packed_rollout_that_ends_in_its_middle_is_read_so_far_and_counted(tmp_path):
    data = zstandard.compress(
        sample.encoded([sample.meta(NATIVE, 0), *sample.said("user", "Hello", 1)])
        + os.urandom(400_000).hex().encode()
        + b"\n"
    )
    path = packed_file(tmp_path, data[:200_000] + b"\xff" * 100)
    found = read(tmp_path)
    assert [m.text for m in found.all_messages] == ["Hello"]
    assert found.damaged >= 1
    assert found.raw[str(path)] == path.read_bytes()


def test_a_packed_rollout_cannot_unpack_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(zst, "FREE", 1 << 20)
    head = sample.encoded([sample.meta(NATIVE, 0), *sample.said("user", "Hello", 1)])
    packed_file(tmp_path, zstandard.compress(head + (b" " * 1023 + b"\n") * 200_000))
    tracemalloc.start()
    found = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [m.text for m in found.all_messages] == ["Hello"]
    assert found.damaged == 1
    assert peak < 50 << 20


def test_a_session_is_resumed_by_its_id_in_its_folder():
    session = Session(id="x", agent="codex", native_id=NATIVE, cwd="/home/ada")
    command = Codex().resume_command(session)
    assert (command.argv, command.cwd) == (("codex", "resume", "--", NATIVE), "/home/ada")


def test_hostile_types_in_the_first_line_are_harmless(tmp_path):
    odd = {"id": 3, "cwd": ["/"], "git": "x", "source": {"subagent": "x"}, "timestamp": {}, "cli_version": None}
    folder = tmp_path / "sessions"
    folder.mkdir()
    lines = [
        {"type": "session_meta", "payload": odd},
        {"type": "event_msg", "payload": {"type": ["x"]}},
        {"payload": 3},
        7,
        [],
    ]
    (folder / f"rollout-x-{NATIVE}.jsonl").write_bytes(b"".join(json.dumps(v).encode() + b"\n" for v in lines))
    found = read(tmp_path)
    assert only(found).native_id == NATIVE
    assert found.damaged == 2


def test_rollbacks_without_end_drop_each_line_once(tmp_path):
    prompts = [sample.said("user", str(n), n % 60)[0] for n in range(400)]
    found = read_lines(tmp_path, *prompts, *(event("thread_rolled_back", num_turns=1) for _ in range(500)))
    (ref,) = Codex().discover([tmp_path])
    dropped = [i for reading in Codex().read(ref, None) for i in reading.transcript.dropped]
    assert [m for m in found.all_messages if m.id not in found.dropped] == []
    assert len(dropped) < 1000
