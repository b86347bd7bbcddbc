"""Pi's sessions: the tree, the two folds, titles, forks, shell commands, and its relatives' records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Summary, ToolCall, ToolResult, conversation, observed_id
from holdfast.sources._files import ref
from holdfast.sources.pi import Pi
from holdfast.testing._readings import Gathered
from tests.contracts.samples import pi as sample
from tests.contracts.samples.pi import answered, entry, header, said, text


def written(
    folder: Path, entries: list[dict[str, Any]], name: str = f"2026-01-05T10-00-00-000Z_{sample.FIRST}"
) -> Path:
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(e) + "\n" for e in entries), encoding="utf-8")
    return path


def read(path: Path, kind: str = "") -> Gathered:
    found = ref("pi", path, kind=kind)
    assert found is not None
    return Gathered().take(Pi().read(found, None))


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def test_the_conversation_follows_the_newest_branch_and_every_branch_is_billed(tmp_path):
    entries = [
        header(sample.FIRST),
        said(1, "user", "one", parent=0),
        answered(2, [text("one")], counts=(10, 1, 0, 0)),
        said(3, "user", "two"),
        answered(4, [text("two")], counts=(10, 1, 0, 0)),
        said(5, "user", "three", parent=2),
        answered(6, [text("three")], counts=(10, 1, 0, 0)),
    ]
    found = read(written(tmp_path, entries))
    kept = conversation(found.all_messages)
    assert [m.text for m in kept] == ["one", "one", "three", "three"]
    assert len(found.requests) == 3


def test_entries_that_are_no_messages_do_not_break_the_tree(tmp_path):
    entries = [
        header(sample.FIRST),
        said(1, "user", "a", parent=0),
        entry("label", 2),
        entry("custom", 3),
        said(4, "user", "b"),
    ]
    first, second = read(written(tmp_path, entries)).all_messages
    assert second.parent == first.id


def test_a_session_is_described_by_its_header_its_name_and_its_last_request(tmp_path):
    session = session_in(read(written(tmp_path, sample.first_entries())))
    assert session.native_id == sample.FIRST
    assert session.title == "Fix the build"
    assert session.cwd == sample.CWD
    assert session.models == ("claude-sonnet-4-5",)
    assert session.context.used == 2210
    assert session.extra == {"provider": "anthropic", "format": 3}
    assert session.active is not None
    assert session.started == session.active - 9000


def test_a_session_without_a_name_is_called_by_its_first_prompt(tmp_path):
    assert session_in(read(written(tmp_path, sample.first_entries()[:-1]))).title == "Why does the build fail?"


def test_a_name_that_a_person_gave_stays_before_one_that_was_made(tmp_path):
    made = entry("title_change", 3, title="Made later", source="auto")
    entries = [header(sample.FIRST), entry("session_info", 2, name="Mine"), made]
    assert session_in(read(written(tmp_path, entries))).title == "Mine"


def test_a_fork_names_its_parent_begins_when_it_was_made_and_bills_copies_once(tmp_path):
    sample.build(tmp_path)
    found = Gathered()
    for one in Pi().discover([tmp_path]):
        found.take(Pi().read(one, None))
    fork = found.sessions[observed_id("pi", sample.FORK)]
    assert fork.parent is not None
    assert (fork.parent.id, fork.parent.kind) == (observed_id("pi", sample.FIRST), "fork")
    assert len(found.requests) == sample.EXPECTED["requests"]["requests"]


def test_a_copied_request_has_the_same_key_in_both_files(tmp_path):
    one = read(written(tmp_path / "a", sample.first_entries()))
    copied = [header(sample.FORK), *sample.first_entries()[1:]]
    two = read(written(tmp_path / "b", copied, f"2026-01-05T11-00-00-000Z_{sample.FORK}"))
    assert list(one.requests) == list(two.requests)
    assert list(one.sessions) != list(two.sessions)


def test_a_shell_command_of_the_person_is_a_call_with_its_result(tmp_path):
    (message,) = [m for m in read(written(tmp_path, sample.first_entries())).all_messages if m.id == "00000006"]
    call, result = message.parts
    assert message.role == "tool"
    assert call == ToolCall(id="00000006", name="bashExecution", input={"command": "echo hi"})
    assert result == ToolResult(call="00000006", text="hi\n", exit_code=0)


def test_a_failed_shell_command_is_an_error(tmp_path):
    ran = {"role": "bashExecution", "command": "false", "output": "", "exitCode": 1}
    (message,) = read(
        written(tmp_path, [header(sample.FIRST), entry("message", 1, parent=0, message=ran)])
    ).all_messages
    assert message.parts[1] == ToolResult(call="00000001", error=True, exit_code=1)


def test_compactions_and_branch_summaries_are_summaries(tmp_path):
    entries = [
        header(sample.FIRST),
        entry("compaction", 1, parent=0, summary="so far"),
        entry("branch_summary", 2, summary="left"),
    ]
    found = read(written(tmp_path, entries)).all_messages
    assert [(m.role, m.parts) for m in found] == [("system", (Summary("so far"),)), ("system", (Summary("left"),))]


def test_an_answer_that_failed_is_an_error_and_not_billed(tmp_path):
    failed = answered(1, [], counts=(0, 0, 0, 0), parent=0)
    failed["message"] |= {
        "stopReason": "error",
        "errorMessage": "model not found",
        "usage": {"input": 0, "cost": {"total": 0}},
    }
    found = read(written(tmp_path, [header(sample.FIRST), failed]))
    (message,) = found.all_messages
    assert message.extra == {"error": True}
    assert message.text == "model not found"
    assert found.requests == {}


def test_costs_are_kept_as_recorded_in_millionths_of_a_dollar(tmp_path):
    found = read(written(tmp_path, [header(sample.FIRST), answered(1, [text("x")], counts=(5, 2, 3, 1), parent=0)]))
    (request,) = found.requests.values()
    usage = request.usage
    assert (usage.input, usage.output, usage.cache_read, usage.cache_write, usage.cost) == (5, 2, 3, 1, 3000)
    assert request.main


@pytest.mark.parametrize("cost", [None, "0.1", True, {"total": float("inf")}, {"total": -1}, {}], ids=str)
def test_a_cost_that_is_no_amount_is_unknown(tmp_path, cost):
    answer = answered(1, [text("x")], counts=(5, 2, 3, 1), parent=0)
    answer["message"]["usage"]["cost"] = cost
    (request,) = read(written(tmp_path, [header(sample.FIRST), answer])).requests.values()
    assert request.usage.cost is None


def test_requests_beside_the_conversation_are_billed_and_leave_the_context_alone(tmp_path):
    counts = {"input": 40, "output": 2, "cacheRead": 0, "cacheWrite": 0, "cost": {"total": 0.5}}
    entries = [
        header(sample.FIRST),
        answered(1, [text("x")], counts=(5, 2, 3, 1), parent=0),
        entry("model_usage", 2, purpose="title", model="tiny", usage=counts),
        entry("child_usage_attributed", 3, targetId="00000001", childUsage=counts, aggregateUsage={"input": 45}),
    ]
    found = read(written(tmp_path, entries))
    assert [(r.main, r.usage.input) for r in found.requests.values()] == [(True, 5), (False, 40), (False, 40)]
    assert session_in(found).context.used == 11
    assert found.unknown == {}


def test_a_sub_agent_of_oh_my_pi_names_its_parent(tmp_path):
    home = tmp_path / ".omp" / "agent"
    folder = home / "sessions" / "-shop" / f"2026-01-05T10-00-00-000Z_{sample.FIRST}"
    written(folder, [header("x"), said(1, "user", "look", parent=0)], "Scout")
    (found,) = Pi().discover([home])
    session = session_in(Gathered().take(Pi().read(found, None)))
    assert session.native_id == f"{sample.FIRST}/Scout"
    assert session.parent is not None
    assert (session.parent.id, session.parent.kind) == (observed_id("pi", sample.FIRST), "subagent")
    assert session.extra["program"] == "omp"


def test_a_file_without_a_time_in_its_name_is_named_by_its_header(tmp_path):
    path = written(tmp_path, [said(1, "user", "early", parent=0), header(sample.FORK)], "session")
    assert session_in(read(path)).native_id == sample.FORK


def test_old_files_without_ids_are_read_in_order(tmp_path):
    old = [{k: v for k, v in e.items() if k not in ("id", "parentId")} for e in sample.first_entries()[1:4]]
    found = read(written(tmp_path, [header(sample.FIRST), *old]))
    assert [m.id for m in found.all_messages] == ["line:3", "line:4"]
    assert len(found.requests) == 1


def test_a_folder_that_is_no_home_offers_only_names_that_pi_gives(tmp_path):
    written(tmp_path, [header(sample.FIRST)], "notes")
    kept = written(tmp_path, [header(sample.FIRST)])
    assert [r.path for r in Pi().discover([tmp_path])] == [str(kept)]


def test_a_setting_moves_the_sessions(tmp_path):
    agent = tmp_path / ".pi" / "agent"
    agent.mkdir(parents=True)
    (agent / "settings.json").write_text('{"sessionDir": "~/kept"}', encoding="utf-8")
    assert Pi().roots({}, tmp_path, "linux")[0] == tmp_path / "kept"


@pytest.mark.parametrize(
    ("folder", "argv"),
    [(".pi", ("pi", "--session")), (".omp", ("omp", "--resume")), (".prime", ("prime-agent", "--session"))],
)
def test_each_relative_resumes_with_its_own_program(tmp_path, folder, argv):
    session = session_in(read(written(tmp_path / folder / "agent" / "sessions", sample.first_entries())))
    assert Pi().resume_command(session).argv == (*argv, sample.FIRST)
    assert Pi().resume_command(session).cwd == sample.CWD


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    session = session_in(read(written(tmp_path, [header("--help")], "session")))
    with pytest.raises(Unsafe):
        Pi().resume_command(session)


def test_deeply_nested_content_is_survived(tmp_path):
    content = "[" * 900 + "]" * 900
    path = tmp_path / f"2026-01-05T10-00-00-000Z_{sample.FIRST}.jsonl"
    path.write_text(
        f'{{"type":"message","id":"a","message":{{"role":"user","content":{content}}}}}\n', encoding="utf-8"
    )
    assert len(read(path).all_messages) <= 1
