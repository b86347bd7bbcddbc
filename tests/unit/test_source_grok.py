"""Grok Build's sessions: chunks laid together, calls with their results, rewinds, turns billed by model, forks counted once."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.grok import Grok
from holdfast.testing._readings import Gathered
from tests.contracts.samples import grok as sample
from tests.contracts.samples.grok import FORK, GROUP, MAIN, OLD, chunk, line, say, summary, usage, write


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in Grok().discover([root]):
        found.take(Grok().read(one, None))
    return found


def one(tmp_path: Path, lines: list[dict[str, Any]], name: str = "updates.jsonl", **small: dict[str, Any]) -> Gathered:
    folder = tmp_path / "sessions" / GROUP / MAIN
    write(folder, name, lines)
    for file, facts in small.items():
        say(folder, f"{file}.json", facts)
    return read(tmp_path)


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def test_a_session_is_described_by_the_files_beside_its_log(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path).sessions[observed_id("grok", MAIN)]
    assert (found.title, found.cwd, found.branch) == ("Fix the build", sample.CWD, "main")
    assert (found.context.used, found.context.limit, found.context.source) == (12_000, 200_000, "recorded")
    assert found.models == ("grok-4.5", "grok-4-mini")
    assert found.active - found.started == 4 * 60_000
    assert found.extra == {"agent_name": "grok-build"}


def test_a_session_without_these_files_takes_its_directory_from_its_group_and_its_title_from_its_prompt(tmp_path):
    found = session_in(one(tmp_path, sample.first_lines()))
    assert (found.cwd, found.title) == (sample.CWD, "Why does the build fail?")
    assert found.started == 1_767_607_201_005


def test_a_group_with_too_long_a_name_keeps_its_directory_in_a_file(tmp_path):
    folder = tmp_path / "sessions" / "shortened-1a2b"
    write(folder / MAIN, "updates.jsonl", sample.first_lines())
    assert session_in(read(tmp_path)).cwd == ""
    (folder / ".cwd").write_text("/home/ada/long\n", encoding="utf-8")
    assert session_in(read(tmp_path)).cwd == "/home/ada/long"


def test_chunks_are_one_message_and_parts_of_one_answer_are_told(tmp_path):
    found = one(tmp_path, sample.first_lines()).all_messages
    assert [(m.role, m.continues) for m in found] == [
        ("user", False),
        ("assistant", False),
        ("assistant", True),
        ("assistant", True),
        ("tool", False),
        ("assistant", False),
    ]
    assert found[0].parts == (Text("Why does the build fail?"),)
    assert found[1].parts == (Thinking("Look at it first."),)
    assert found[2].parts == (Text("Zażółć gęślą."),)


def test_a_call_takes_the_arguments_that_come_later_and_its_result_says_how_it_ended(tmp_path):
    found = one(tmp_path, sample.first_lines()).all_messages
    assert found[3].parts == (ToolCall(id="call-1", name="run_terminal_command", input={"command": "make"}),)
    assert found[4].parts == (ToolResult(call="call-1", text="no rule", error=True, exit_code=2),)


def test_a_result_whose_call_was_never_seen_brings_the_call(tmp_path):
    update = line(MAIN, 1, "tool_call_update", toolCallId="c", title="Read", rawInput={"path": "a"}, status="completed")
    found = one(tmp_path, [update]).all_messages
    assert [type(m.parts[0]) for m in found] == [ToolCall, ToolResult]


def test_a_result_without_content_is_taken_from_the_raw_output(tmp_path):
    output = {"type": "ListDir", "Content": {"content": "file1"}}
    found = one(tmp_path, [line(MAIN, 1, "tool_call_update", toolCallId="c", status="completed", rawOutput=output)])
    assert found.all_messages[0].parts == (ToolResult(call="c", text="file1"),)


def test_a_rewind_takes_what_came_after_out_of_the_conversation_and_leaves_its_cost(tmp_path):
    turn = line(MAIN, 11, "turn_completed", own=True, prompt_id="prompt-2", usage=usage(10, 0, 0, 5))
    lines = [*sample.first_lines(), *sample.later_lines()]
    lines = [turn if r["params"]["update"].get("prompt_id") == "prompt-2" else r for r in lines]
    found = one(tmp_path, lines)
    standing = [m for m in found.all_messages if m.id not in found.dropped]
    assert [m.text for m in standing if m.is_prompt] == ["Why does the build fail?", "And now?"]
    assert "Done." not in [m.text for m in standing]
    assert found.requests["grok:prompt-2"].usage.input == 10


def test_each_model_of_a_turn_is_billed_without_its_cached_tokens_in_the_input(tmp_path):
    found = one(tmp_path, sample.first_lines()).requests
    main, small = found["grok:prompt-1:grok-4.5"].usage, found["grok:prompt-1:grok-4-mini"].usage
    assert (main.input, main.cache_read, main.cache_write, main.output, main.reasoning) == (170, 600, 30, 60, 20)
    assert (main.cost, small.cost) == (20_000, 5_000)


def test_a_partial_cost_is_unknown(tmp_path):
    counts = usage(10, 0, 0, 5, costUsdTicks=100_000, costIsPartial=True)
    (request,) = one(tmp_path, [line(MAIN, 1, "turn_completed", own=True, usage=counts)]).requests.values()
    assert request.usage.cost is None
    assert request.key == f"grok:{MAIN}:1"


def test_a_fork_names_its_parent_and_copied_turns_count_once(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    parent = found.sessions[observed_id("grok", FORK)].parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("grok", MAIN), "fork")
    assert [k for k in found.requests if "prompt-3" in k] == ["grok:prompt-3"]


def test_a_sub_agent_names_the_session_it_works_for(tmp_path):
    facts = summary(MAIN, parent_session_id=FORK, session_kind="subagent")
    assert session_in(one(tmp_path, sample.fork_lines(), summary=facts)).parent.kind == "subagent"


def test_without_a_log_the_history_is_read_and_what_was_put_in_is_no_prompt(tmp_path):
    sample.build(tmp_path)
    found = list(read(tmp_path).messages[observed_id("grok", OLD)].values())
    assert [m.role for m in found] == ["system", "system", "user", "assistant", "assistant", "tool"]
    assert found[2].text == "Read the Makefile"
    assert found[4].parts[1] == ToolCall(id="call-9", name="read_file", input={"target_file": "Makefile"})


def test_the_history_of_old_versions_is_read(tmp_path):
    function = {"name": "read_file", "arguments": "{broken"}
    lines: list[dict[str, Any]] = [
        {"role": "user", "content": "Go"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c", "function": function}],
            "reasoning_content": "Hm",
        },
        {"role": "tool", "content": "out", "tool_call_id": "c"},
        {"type": "backend_tool_call", "kind": {"tool_type": "web_search", "action": {"query": "q"}, "id": "w"}},
        {"type": "user", "content": "<user_info>\nOS: Linux</user_info>"},
    ]
    found = one(tmp_path, lines, "chat_history.jsonl").all_messages
    assert found[1].parts == (Thinking("Hm"), ToolCall(id="c", name="read_file", input="{broken"))
    assert found[3].parts == (ToolCall(id="w", name="web_search", input={"query": "q"}),)
    assert [m.role for m in found] == ["user", "assistant", "tool", "assistant", "system"]


def test_a_compaction_is_a_summary_and_a_picture_an_attachment(tmp_path):
    picture = {"type": "image", "mimeType": "image/png", "data": "AAAA"}
    lines = [
        line(MAIN, 1, "user_message_chunk", content=picture),
        line(MAIN, 2, "auto_compact_completed", own=True, summary_preview="So far", tokens_before=9, tokens_after=4),
    ]
    first, second = one(tmp_path, lines).all_messages
    assert first.parts == (Attachment(media="image/png", size=3),)
    assert (second.parts, second.extra) == ((Summary("So far"),), {"tokens_before": 9, "tokens_after": 4})


def test_lines_of_the_oldest_versions_have_no_envelope(tmp_path):
    bare = [chunk(MAIN, 1, "user_message_chunk", "Hello")["params"]]
    assert [m.text for m in one(tmp_path, bare).all_messages] == ["Hello"]


def test_a_damaged_summary_is_counted(tmp_path):
    folder = tmp_path / "sessions" / GROUP / MAIN
    write(folder, "updates.jsonl", sample.first_lines())
    (folder / "summary.json").write_bytes(b'{"info": \xff')
    assert read(tmp_path).damaged == 1


def test_the_command_to_go_on_runs_in_the_session_s_directory(tmp_path):
    found = session_in(one(tmp_path, sample.first_lines()))
    command = Grok().resume_command(found)
    assert (command.argv, command.cwd) == (("grok", "--resume", MAIN), sample.CWD)


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    write(tmp_path / "sessions" / GROUP / "--yolo", "updates.jsonl", sample.first_lines())
    with pytest.raises(Unsafe):
        Grok().resume_command(session_in(read(tmp_path)))


def test_very_many_small_chunks_are_read_in_time(tmp_path):
    lines = [chunk(MAIN, n, "agent_message_chunk", "word ") for n in range(20_000)]
    started = process_time()
    (message,) = one(tmp_path, lines).all_messages
    assert process_time() - started < 2
    assert message.text == "word " * 20_000
