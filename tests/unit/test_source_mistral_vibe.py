"""Mistral Vibe's sessions: messages without times, facts and totals from `meta.json`, sessions that go on after a compaction."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Summary, Thinking, ToolCall, ToolResult, dedupe, observed_id
from holdfast.sources.mistral_vibe import MistralVibe
from holdfast.testing._readings import Gathered
from tests.contracts.samples import mistral_vibe as sample
from tests.contracts.samples.mistral_vibe import FIRST, counted, meta, returned, said, session


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in MistralVibe().discover([root]):
        found.take(MistralVibe().read(one, None))
    return found


def one(tmp_path: Path, messages: list[dict[str, Any]], facts: dict[str, Any] | None = None) -> Gathered:
    session(tmp_path / "logs" / "session" / f"session_20260105_100000_{FIRST[:8]}", messages, facts)
    return read(tmp_path)


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def test_a_session_is_described_by_its_meta(tmp_path):
    found = session_in(one(tmp_path, sample.first_messages(), meta(FIRST, 200, 40, 50)))
    assert found.native_id == FIRST
    assert found.title == "Fix the build"
    assert (found.cwd, found.branch, found.models) == (sample.CWD, "main", ("devstral-2",))
    assert found.context.used == 150
    assert found.active - found.started == 5 * 60_000
    assert found.extra == {"commit": "1" * 40, "title_source": "manual"}


def test_a_session_without_meta_takes_its_name_and_time_from_its_folder(tmp_path):
    found = session_in(one(tmp_path, sample.first_messages()))
    assert found.native_id == f"session_20260105_100000_{FIRST[:8]}"
    assert found.title == "Why does the build fail?"
    assert found.started == 1_767_607_200_000


def test_thoughts_calls_and_results_are_parts(tmp_path):
    found = one(tmp_path, sample.first_messages()).all_messages
    assert found[1].parts == (
        Thinking("Look at it first."),
        ToolCall(id="call2", name="bash", input={"command": "make"}),
    )
    (result,) = found[2].parts
    assert isinstance(result, ToolResult)
    assert (found[2].role, result.call, result.error, result.exit_code) == ("tool", "call2", True, 2)


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        ("stdout: ok\nreturncode: 0", False, 0),
        ("<tool_error>read_file failed</tool_error>", True, None),
        ("returncode: 3\nand more", False, None),
        ("", False, None),
    ],
)
def test_a_result_says_whether_it_failed(tmp_path, words, error, code):
    (message,) = one(tmp_path, [returned(words, 1)]).all_messages
    assert message.parts == (ToolResult(call="call1", text=words, error=error, exit_code=code),)


def test_arguments_that_are_no_json_are_kept_as_text(tmp_path):
    call = {"id": "c", "function": {"name": "bash", "arguments": "{broken"}}
    (message,) = one(tmp_path, [said("assistant", None, 1, tool_calls=[call])]).all_messages
    assert message.parts == (ToolCall(id="c", name="bash", input="{broken"),)


def test_what_the_program_injected_is_no_prompt_and_a_compaction_is_a_summary(tmp_path):
    found = one(tmp_path, [*sample.after_messages(), said("user", "note", 14, injected=True)])
    assert [m.text for m in found.all_messages if m.is_prompt] == ["And now?"]
    assert found.all_messages[0].parts == (Summary("The build failed."),)
    assert found.all_messages[-1].role == "system"


def test_the_totals_of_a_session_are_one_request_without_cached_tokens_in_the_input(tmp_path):
    (request,) = one(tmp_path, sample.first_messages(), meta(FIRST, 200, 40, 50)).requests.values()
    assert request.key == f"vibe:session:{FIRST}"
    assert (request.usage.input, request.usage.cache_read, request.usage.output) == (160, 40, 50)
    assert request.usage.cost == 50_000
    assert request.model == "devstral-2"


def test_growing_totals_replace_the_earlier_ones(tmp_path):
    early = one(tmp_path / "a", sample.first_messages(), meta(FIRST, 100, 0, 20))
    late = one(tmp_path / "b", sample.first_messages(), meta(FIRST, 200, 40, 50))
    (kept,) = dedupe([*early.requests.values(), *late.requests.values()]).values()
    assert (kept.usage.input, kept.usage.output) == (160, 50)


def test_a_session_after_a_compaction_is_billed_what_it_added(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    after = found.requests[f"vibe:session:{sample.AFTER}"].usage
    assert (after.input, after.cache_read, after.output, after.cost) == (100, 0, 10, 10_000)
    parent = found.sessions[observed_id("mistral-vibe", sample.AFTER)].parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("mistral-vibe", FIRST), "continuation")


def test_a_session_after_a_fresh_start_is_billed_whole(tmp_path):
    logs = tmp_path / "logs" / "session"
    session(logs / f"session_20260105_100000_{FIRST[:8]}", sample.first_messages(), meta(FIRST, 200, 40, 50))
    facts = meta(sample.AFTER, 300, 40, 60, parent_session_id=FIRST)
    session(logs / f"session_20260105_100600_{sample.AFTER[:8]}", sample.first_messages(), facts)
    after = read(tmp_path).requests[f"vibe:session:{sample.AFTER}"].usage
    assert (after.input, after.cache_read, after.output) == (260, 40, 60)


def test_another_session_with_the_same_short_id_is_not_taken_for_the_one_before(tmp_path):
    sample.build(tmp_path)
    other = tmp_path / "logs" / "session" / f"session_20250101_000000_{FIRST[:8]}"
    session(other, sample.first_messages(), meta(f"{FIRST[:8]}-other", 299, 0, 59))
    after = read(tmp_path).requests[f"vibe:session:{sample.AFTER}"].usage
    assert (after.input, after.output) == (100, 10)


def test_answers_that_count_their_tokens_are_requests_and_the_totals_are_not(tmp_path):
    found = one(tmp_path, sample.newer_messages(), meta(FIRST, 200, 80, 25))
    assert [(r.key, r.usage.input, r.usage.cache_read) for r in found.requests.values()] == [
        ("vibe:msg-32", 80, 20),
        ("vibe:msg-34", 40, 60),
    ]
    assert all(m.at for m in found.all_messages if m.role == "assistant")


def test_a_session_that_began_without_counts_keeps_to_its_totals(tmp_path):
    messages = [*sample.first_messages(), counted(40, 50, 0, 5)]
    found = one(tmp_path, messages, meta(FIRST, 250, 40, 55))
    assert list(found.requests) == [f"vibe:session:{FIRST}"]


def test_a_sub_agent_names_the_session_it_works_for(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path).sessions[observed_id("mistral-vibe", sample.AGENT)]
    assert found.parent is not None
    assert (found.parent.id, found.parent.kind) == (observed_id("mistral-vibe", FIRST), "subagent")


def test_messages_that_were_there_before_their_meta_are_read_again_under_the_right_id(tmp_path):
    folder = tmp_path / "logs" / "session" / f"session_20260105_100000_{FIRST[:8]}"
    session(folder, sample.first_messages(), None)
    (ref,) = MistralVibe().discover([tmp_path])
    cursor = Gathered().take(MistralVibe().read(ref, None)).cursor
    (folder / "meta.json").write_text(json.dumps(meta(FIRST, 1, 0, 1)), encoding="utf-8")
    found = Gathered().take(MistralVibe().read(ref, cursor))
    assert session_in(found).native_id == FIRST
    assert len(found.all_messages) == len(sample.first_messages())


def test_a_damaged_meta_is_counted_and_names_no_session(tmp_path):
    folder = tmp_path / "logs" / "session" / "session_20260105_100000_x"
    session(folder, sample.first_messages(), None)
    (folder / "meta.json").write_bytes(b'{"session_id": "a", \xff')
    found = read(tmp_path)
    assert found.damaged == 1
    assert session_in(found).native_id == folder.name


def test_the_settings_move_the_sessions(tmp_path):
    home = tmp_path / ".vibe"
    home.mkdir()
    (home / "config.toml").write_text('[session_logging]\nsave_dir = "~/kept"\n', encoding="utf-8")
    assert MistralVibe().roots({}, tmp_path, "linux") == (home, tmp_path / "kept")
    session(tmp_path / "kept" / "session_20260105_100000_a", sample.first_messages(), meta(FIRST, 1, 0, 1))
    assert len(list(MistralVibe().discover([tmp_path / "kept"]))) == 2


@pytest.mark.parametrize("words", ["not toml [", "session_logging = 3", "[session_logging]\nsave_dir = 4"])
def test_settings_that_say_nothing_are_passed_over(tmp_path, words):
    (tmp_path / ".vibe").mkdir()
    (tmp_path / ".vibe" / "config.toml").write_text(words, encoding="utf-8")
    assert MistralVibe().roots({}, tmp_path, "linux") == (tmp_path / ".vibe",)


def test_the_command_to_go_on_runs_in_the_session_s_directory(tmp_path):
    found = session_in(one(tmp_path, sample.first_messages(), meta(FIRST, 1, 0, 1)))
    command = MistralVibe().resume_command(found)
    assert (command.argv, command.cwd) == (("vibe", "--resume", FIRST), sample.CWD)


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    found = session_in(one(tmp_path, sample.first_messages(), meta("--yolo", 1, 0, 1)))
    with pytest.raises(Unsafe):
        MistralVibe().resume_command(found)


def test_text_made_to_hang_a_reader_does_not(tmp_path):
    started = process_time()
    found = one(
        tmp_path,
        [said("user", "<compaction_summary>" * 200_000, 1, injected=True), returned("returncode: 1\n" * 100_000, 2)],
    )
    assert process_time() - started < 2
    assert len(found.all_messages) == 2
