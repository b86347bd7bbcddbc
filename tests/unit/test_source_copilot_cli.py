"""Copilot CLI sessions: what each event means, and how counters that run over several legs are counted once."""

from __future__ import annotations

import pytest

from holdfast._sqlite import open_database
from holdfast.model import Attachment, Session, Summary, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources.copilot_cli import CopilotCli
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import copilot_cli as sample
from tests.contracts.samples.copilot_cli import answer, event, shutdown

COLUMNS = (
    "id", "session_id", "created_at", "model", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "reasoning_tokens", "initiator", "agent_id",
)  # fmt: skip


def read(root):
    found = Gathered()
    for ref in CopilotCli().discover([root]):
        found.take(CopilotCli().read(ref, None))
    return found


def read_events(root, *events):
    sample.write(root / "session-state" / sample.MAIN / "events.jsonl", [sample.start(sample.MAIN), *events])
    return read(root)


def session_of(found, native=sample.MAIN):
    return next(s for s in found.sessions.values() if s.native_id == native)


def parts(found, kind):
    return [p for m in found.all_messages for p in m.parts if isinstance(p, kind)]


def rows(root, *listed):
    database = open_database(root / "session-store.db", durability="derived")
    database.execute(f"CREATE TABLE assistant_usage_events ({', '.join(COLUMNS)})")
    for row in listed:
        database.execute(f"INSERT INTO assistant_usage_events VALUES ({', '.join('?' * len(COLUMNS))})", row)
    database.close()


def row(number, second, tokens, *, model="gpt-5-mini", initiator=None, agent=None, session=sample.MAIN):
    return (number, session, f"2026-01-05T10:00:{second:02d}.000Z", model, *tokens, initiator, agent)


def billed(found):
    return {k: v for k, v in totals(found.requests.values()).items() if v}


@pytest.mark.parametrize(("env", "expected"), [({}, ".copilot"), ({"COPILOT_HOME": "/elsewhere"}, "/elsewhere")])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_home_is_in_one_place_on_every_platform(tmp_path, env, expected, platform):
    assert CopilotCli().roots(env, tmp_path, platform) == (tmp_path / expected,)


def test_only_events_and_flat_files_are_sessions(tmp_path):
    sample.build(tmp_path)
    state = tmp_path / "session-state"
    sample.write(state / sample.MAIN / "other.jsonl", [])
    sample.write(state / sample.MAIN / "files" / "events.jsonl", [])
    found = sorted(r.path.removeprefix(f"{state}/") for r in CopilotCli().discover([tmp_path]))
    assert found == [f"{sample.MAIN}/events.jsonl", f"{sample.CRASHED}/events.jsonl", f"{sample.FLAT}.jsonl"]


def test_a_session_knows_where_it_ran_and_its_latest_branch(tmp_path):
    sample.build(tmp_path)
    session = session_of(read(tmp_path))
    assert (session.cwd, session.branch, session.version) == (sample.CWD, "feature", "1.0.78")
    assert session.extra["total_nano_aiu"] == 4000
    assert session.models == ("gpt-5-mini",)


def test_the_name_in_the_workspace_file_is_the_title(tmp_path):
    sample.build(tmp_path)
    assert session_of(read(tmp_path)).title == "Mend the Makefile"


@pytest.mark.parametrize(
    "text", ["summary: From the summary", "[", "- a\n- b", "name: [1]", "name: !!python/object:os.system x", "\x00"]
)
def test_an_odd_workspace_file_is_no_harm(tmp_path, text):
    sample.build(tmp_path)
    (tmp_path / "session-state" / sample.MAIN / "workspace.yaml").write_text(text, encoding="utf-8")
    expected = "From the summary" if "summary" in text else "Run the tests"
    assert session_of(read(tmp_path)).title == expected


def test_a_shutdown_is_shared_by_the_calls_it_covers(tmp_path):
    found = read_events(tmp_path, answer(5, "a", 50), answer(8, "b", 20), shutdown(20, 2, [1001, 70, 400, 100, 30]))
    assert [(r.usage.output, r.line) for r in found.requests.values()] == [(50, 2), (20, 3)]
    assert billed(found) == {
        "requests": 2,
        "input": 501,
        "cache_read": 400,
        "cache_write": 100,
        "output": 70,
        "reasoning": 30,
    }


def test_counters_run_on_over_a_resume_and_are_counted_once(tmp_path):
    found = read_events(
        tmp_path,
        answer(5, "a", 50),
        shutdown(20, 1, [1000, 50, 400, 0, 0]),
        event("session.resume", 30, context={"cwd": sample.CWD}),
        answer(31, "b", 20),
        shutdown(40, 2, [1500, 70, 800, 0, 0]),
    )
    assert billed(found) == {"requests": 2, "input": 700, "cache_read": 800, "output": 70}


def test_counters_that_fell_were_reset_and_count_anew(tmp_path):
    found = read_events(tmp_path, shutdown(20, 3, [1000, 50, 400, 0, 0]), shutdown(40, 1, [300, 10, 0, 0, 0]))
    assert billed(found) == {"requests": 4, "input": 900, "cache_read": 400, "output": 60}


def test_a_shutdown_that_stands_there_twice_counts_once(tmp_path):
    found = read_events(tmp_path, shutdown(20, 1, [1000, 50, 0, 0, 0]), shutdown(20, 1, [1000, 50, 0, 0, 0]))
    assert billed(found) == {"requests": 1, "input": 1000, "output": 50}


def test_chunks_of_one_call_are_one_call_and_one_answer(tmp_path):
    chunks = [answer(n, "a", 50, apiCallId="same", chunkIndex=n - 5, chunkCount=2) for n in (5, 6)]
    found = read_events(tmp_path, *chunks, shutdown(20, 1, [1000, 50, 0, 0, 0]))
    assert [r.line for r in found.requests.values()] == [2]
    assert [m.continues for m in found.all_messages] == [False, True]


def test_after_a_crash_the_rows_of_the_database_are_the_requests(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    crashed = [r for r in found.requests.values() if sample.CRASHED in r.key]
    assert [(r.usage.input, r.usage.output, r.line) for r in crashed] == [(280, 45, 2)]


def test_a_later_shutdown_counts_only_what_the_rows_did_not(tmp_path):
    rows(tmp_path, row(1, 6, [1000, 50, 400, 0, 0]))
    path = tmp_path / "session-state" / sample.MAIN / "events.jsonl"
    begun = [sample.start(sample.MAIN), answer(5, "a", 50)]
    sample.write(path, begun)
    (ref,) = CopilotCli().discover([tmp_path])
    found = Gathered().take(CopilotCli().read(ref, None))
    sample.write(path, [*begun, answer(8, "b", 20), shutdown(20, 2, [1500, 70, 800, 0, 0])])
    (ref,) = CopilotCli().discover([tmp_path])
    found.take(CopilotCli().read(ref, found.cursor))
    assert billed(found) == {"requests": 2, "input": 700, "cache_read": 800, "output": 70}


def test_rows_that_do_not_agree_with_the_shutdown_are_left_out(tmp_path):
    rows(tmp_path, row(1, 6, [9999, 50, 400, 0, 0]), row(2, 7, [1, 1, 0, 0, 0], model="another"))
    found = read_events(tmp_path, answer(5, "a", 50), shutdown(20, 1, [1000, 50, 400, 0, 0]))
    assert billed(found) == {"requests": 1, "input": 600, "cache_read": 400, "output": 50}


def test_a_sub_agents_row_says_nothing_of_the_context(tmp_path):
    rows(tmp_path, row(1, 5, [10, 5, 0, 0, 0], agent="call_task"))
    assert [r.main for r in read_events(tmp_path, answer(5, "a", 5)).requests.values()] == [False]


def test_a_damaged_database_is_left_alone(tmp_path):
    (tmp_path / "session-store.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert read_events(tmp_path, answer(5, "a", 5)).requests == {}


def test_summarising_is_a_request_of_its_own_that_says_nothing_of_the_context_and_counts_once(tmp_path):
    spent = {"inputTokens": 100, "cacheReadTokens": 60, "outputTokens": 10, "model": "gpt-5-mini"}
    done = event(
        "session.compaction_complete", 9, summaryContent="All said.", tokenLimit=128000, compactionTokensUsed=spent
    )
    rows(tmp_path, row(1, 9, [100, 10, 60, 0, 0], initiator="compaction"))
    found = read_events(tmp_path, done, done)
    session = session_of(found)
    assert (session.context.limit, session.context.source) == (128000, "recorded")
    assert parts(found, Summary) == [Summary("All said.")]
    (request,) = found.requests.values()
    assert request.usage == Usage(input=40, cache_read=60, output=10)
    assert (request.model, request.main, request.line) == ("gpt-5-mini", False, 2)


def test_the_context_in_use_is_what_the_latest_event_says(tmp_path):
    sample.build(tmp_path)
    assert session_of(read(tmp_path)).context.used == 904


def test_a_sub_agent_is_a_session_of_its_own(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    child = session_of(found, f"{sample.MAIN}/{sample.AGENT}")
    assert (child.parent.id, child.parent.kind) == (session_of(found).id, "subagent")
    assert [m.text for m in found.messages[child.id].values()] == ["Count the lines", "Twelve."]
    assert child.branch == "main"


def test_a_sub_agent_that_never_spoke_is_no_session(tmp_path):
    started = event("subagent.started", 3, agent="call_x", agentName="task")
    failed = event("subagent.failed", 4, agent="call_x", error="no such model")
    assert len(read_events(tmp_path, started, failed).sessions) == 1


def test_a_prompt_that_a_program_wrote_is_no_prompt(tmp_path):
    found = read_events(tmp_path, event("user.message", 3, content="Go on", source="autopilot"))
    assert [m.role for m in found.all_messages] == ["system"]


def test_attachments_are_named_without_their_bytes(tmp_path):
    attached = [{"type": "file", "path": "/a.txt"}, {"type": "blob", "data": "A" * 400, "mimeType": "image/png"}]
    found = read_events(tmp_path, event("user.message", 3, content="Look", attachments=attached))
    expected = (Text("Look"), Attachment(media="file", name="/a.txt"), Attachment(media="image/png", size=300))
    assert found.all_messages[0].parts == expected


def test_thoughts_are_read_once(tmp_path):
    thought = event("assistant.reasoning", 4, content="Hm.")
    found = read_events(
        tmp_path, thought, answer(5, "a", 5, reasoningText="Hm."), answer(6, "b", 5, reasoningText="So.")
    )
    assert parts(found, Thinking) == [Thinking("Hm."), Thinking("So.")]


def test_a_call_is_read_from_the_request_or_else_from_its_start(tmp_path):
    asked = {"toolCallId": "a", "name": "bash", "arguments": {"command": "ls"}}
    found = read_events(
        tmp_path,
        answer(5, "", 5, toolRequests=[asked]),
        event("tool.execution_start", 6, toolCallId="a", toolName="bash", arguments={"command": "ls"}),
        event("tool.user_requested", 7, toolCallId="b", toolName="bash", arguments={"command": "pwd"}),
        event("tool.execution_start", 8, toolCallId="b", toolName="bash", arguments={"command": "pwd"}),
        event("tool.execution_start", 9, toolCallId="c", mcpServerName="github", mcpToolName="lookup"),
    )
    assert [(c.id, c.name) for c in parts(found, ToolCall)] == [("a", "bash"), ("b", "bash"), ("c", "github__lookup")]


RESULTS = [
    ({"success": True, "result": {"content": "x\n<shellId: 0 completed with exit code 0>"}}, 0, False),
    ({"success": True, "result": {"content": "x\n<exited with exit code 2>"}}, 2, False),
    ({"success": False, "error": {"message": "no"}}, None, True),
    ({"success": False, "error": "no"}, None, True),
    ({"success": True}, None, False),
]


@pytest.mark.parametrize(("data", "code", "failed"), RESULTS)
def test_results_say_how_they_ended(tmp_path, data, code, failed):
    (result,) = parts(read_events(tmp_path, event("tool.execution_complete", 5, toolCallId="a", **data)), ToolResult)
    assert (result.exit_code, result.error) == (code, failed)


def test_errors_are_marked(tmp_path):
    found = read_events(tmp_path, event("session.error", 3, errorType="rate_limit", message="Too many", statusCode=429))
    assert [(m.text, m.extra) for m in found.all_messages] == [("Too many", {"error": True})]


def test_a_rewind_takes_messages_out_of_the_conversation(tmp_path):
    prompts = [event("user.message", n, content=str(n)) for n in (1, 2, 3)]
    rewind = event("session.snapshot_rewind", 4, upToEventId=prompts[1]["id"], eventsRemoved=2)
    found = read_events(tmp_path, *prompts, rewind)
    assert [m.text for m in found.all_messages if m.id not in found.dropped] == ["1"]


def test_permissions_hooks_and_turns_are_known_and_say_nothing(tmp_path):
    quiet = (
        "permission.requested",
        "permission.completed",
        "hook.start",
        "assistant.turn_start",
        "session.mode_changed",
        "abort",
    )
    found = read_events(tmp_path, *(event(kind, n) for n, kind in enumerate(quiet)))
    assert (found.all_messages, found.unknown) == ([], {})


def test_unknown_events_are_counted(tmp_path):
    found = read_events(tmp_path, event("session.new_thing", 1), event("entirely.new", 2), {"type": 3}, {"data": {}})
    assert found.unknown == {"record:session.new_thing": 1, "record:entirely.new": 1, "record:?": 2}


def test_a_session_is_resumed_by_its_id_in_its_folder():
    session = Session(id="x", agent="copilot-cli", native_id=f"{sample.MAIN}/call_task", cwd="/home/ada")
    command = CopilotCli().resume_command(session)
    assert (command.argv, command.cwd) == (("copilot", f"--resume={sample.MAIN}"), "/home/ada")


def test_a_counter_without_measure_does_not_make_requests_without_end(tmp_path):
    found = read_events(tmp_path, shutdown(20, 10**12, [1000, 50, 0, 0, 0]))
    assert billed(found) == {"requests": 1, "input": 1000, "output": 50}


def test_agents_without_end_are_a_limited_number_of_sessions(tmp_path):
    events = [event("user.message", n, agent=f"call_{n}", content=str(n)) for n in range(700)]
    found = read_events(tmp_path, *events)
    assert len(found.sessions) < 600
    assert len(found.all_messages) == 700


def test_a_long_session_keeps_a_small_cursor(tmp_path):
    found = read_events(tmp_path, *(answer(n, str(n), 1, apiCallId="x" * 448 + str(n)) for n in range(6000)))
    assert len(repr(found.cursor.state)) < 400_000
