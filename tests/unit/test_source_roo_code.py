"""Roo Code's tasks: what its counts mean by time and provider, sub-tasks, condensed conversations, storage of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.model import Summary, Thinking, ToolCall, observed_id
from holdfast.sources.roo_code import FLAVOR, RooCode
from holdfast.testing._readings import Gathered
from tests.contracts.samples import roo_code as sample
from tests.contracts.samples.cline import counts, say, words, write
from tests.contracts.samples.roo_code import CWD, OLD, SUB, TASK, details, request, sent

BEFORE, AFTER = (FLAVOR.whole_since or 0) - 1, FLAVOR.whole_since or 0


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in RooCode().discover([root]):
        found.take(RooCode().read(ref, None))
    return found


def sample_home(tmp_path: Path) -> Gathered:
    sample.build(tmp_path)
    return read(tmp_path)


def task(root: Path, *, shown: Any = None, sent_: Any = None) -> Gathered:
    for name, value in (("ui_messages", shown), ("api_conversation_history", sent_)):
        if value is not None:
            write(root / "tasks" / TASK / f"{name}.json", value)
    return read(root)


@pytest.mark.parametrize(
    ("at", "protocol", "tokens", "expected"),
    [
        (BEFORE, "anthropic", 900, 900),
        (BEFORE, "openai", 900, 500),
        (AFTER, "anthropic", 900, 500),
        (AFTER, "openai", 900, 500),
        (AFTER, "anthropic", 10, 10),
        (BEFORE, "", 900, 900),
    ],
)
def test_what_is_cached_is_taken_out_where_the_prompt_was_counted_whole(tmp_path, at, protocol, tokens, expected):
    found = task(tmp_path, shown=[request(at, protocol, counts(tokens, 7, read=300, write=100))])
    (asked,) = found.requests.values()
    assert (asked.usage.input, asked.usage.cache_read, asked.usage.cache_write) == (expected, 300, 100)


def test_a_task_is_described_by_its_history_item(tmp_path):
    session = sample_home(tmp_path).sessions[observed_id("roo-code", TASK)]
    assert (session.title, session.cwd, session.extra) == ("Why does the build fail?", CWD, {"mode": "orchestrator"})
    assert session.models == ("claude-sonnet-4-5",)
    assert session.context.used == 1320


def test_a_sub_task_names_the_task_it_works_for_and_its_own_model(tmp_path):
    session = sample_home(tmp_path).sessions[observed_id("roo-code", SUB)]
    assert session.parent is not None
    assert (session.parent.id, session.parent.kind) == (observed_id("roo-code", TASK), "subagent")
    assert (session.cwd, session.models) == (CWD, ("gpt-5",))


def test_a_request_has_the_model_that_was_named_in_what_was_sent_with_it(tmp_path):
    found = task(
        tmp_path,
        shown=[request(AFTER, "openai", counts(10, 1)), request(AFTER + 5000, "openai", counts(10, 1))],
        sent_=[
            sent("user", [words("<task>Hi</task>"), details("one")], AFTER + 50),
            sent("assistant", "Hello", AFTER + 1000),
            sent("user", [words("<feedback>More</feedback>"), details("two")], AFTER + 5050),
        ],
    )
    assert [r.model for r in found.requests.values()] == ["one", "two"]


def test_what_a_summary_took_the_place_of_is_read_from_what_was_shown(tmp_path):
    sample.build(tmp_path)
    found = list(read(tmp_path).messages[observed_id("roo-code", OLD)].values())
    kinds = [type(m.parts[0]).__name__ for m in found]
    assert kinds == ["Text", "Text", "Thinking", "ToolCall", "Summary", "Text"]
    assert found[2].parts == (Thinking("Nine letters."),)
    assert found[4].parts == (Summary("The letters were named."),)
    assert [m.text for m in found if m.is_prompt] == ["Zażółć gęślą jaźń"]


def test_a_condensation_is_billed_with_its_cost_and_says_what_is_left_in_the_window(tmp_path):
    shown = json.loads((sample_files(tmp_path) / "ui_messages.json").read_text())
    found = task(tmp_path, shown=shown[:5])
    (session,) = found.sessions.values()
    assert session.context.used == 80
    condensed = [r for r in found.requests.values() if r.key.endswith(":condense")]
    assert [(r.usage.total, r.usage.cost, r.main) for r in condensed] == [(0, 10_000, False)]


def sample_files(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    sample.old_files(folder)
    return folder


def test_a_condensation_that_hides_messages_keeps_them(tmp_path):
    found = task(
        tmp_path,
        sent_=[
            sent("user", "<task>First</task>", AFTER, condenseParent="c"),
            sent("user", "It was first.", AFTER + 1, isSummary=True, condenseId="c"),
            sent("assistant", "Next.", AFTER + 2),
        ],
    )
    assert [m.role for m in found.all_messages] == ["user", "system", "assistant"]


def test_records_of_the_second_version_are_read(tmp_path):
    call = {"type": "tool-call", "toolCallId": "c1", "toolName": "read_file", "input": {"path": "a"}}
    given = {
        "type": "tool-result",
        "toolCallId": "c1",
        "toolName": "read_file",
        "output": {"type": "text", "value": "A"},
    }
    records = [sent("user", [words("<task>Hi</task>")], AFTER), sent("assistant", [call], AFTER + 1),
               sent("tool", [given], AFTER + 2)]  # fmt: skip
    found = task(tmp_path, sent_={"version": 2, "messages": records})
    assert [m.role for m in found.all_messages] == ["user", "assistant", "tool"]
    assert found.all_messages[2].parts[0].text == "A"
    assert found.unknown == {}


def test_reasoning_that_stands_as_a_record_of_its_own_is_read_and_what_is_encrypted_is_not(tmp_path):
    record = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "A" * 99}
    found = task(tmp_path, sent_=[record, {**record, "summary": []}])
    assert [m.parts for m in found.all_messages] == [(Thinking("Hm."),)]


def test_a_file_read_with_markup_inside_of_arguments_is_named(tmp_path):
    found = list(sample_home(tmp_path).messages[observed_id("roo-code", SUB)].values())
    (call,) = (p for m in found for p in m.parts if isinstance(p, ToolCall))
    assert call.input["path"] == "Makefile"


def test_a_folder_that_an_editors_settings_name_is_looked_in(tmp_path):
    moved = tmp_path / "my tasks"
    settings = tmp_path / ".config" / "Code" / "User" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{\n // mine\n "roo-cline.customStoragePath": "~/my tasks",\n}')
    assert moved in RooCode().roots({}, tmp_path, "linux")
    settings.write_text('{"roo-cline.customStoragePath": 7, "x": "\\')
    assert moved not in RooCode().roots({}, tmp_path, "linux")


def test_the_first_thing_shown_is_the_prompt(tmp_path):
    found = task(tmp_path, shown=[say(AFTER, "text", "Do it"), say(AFTER + 1, "text", "Done.")])
    assert [(m.role, m.text) for m in found.all_messages] == [("user", "Do it"), ("assistant", "Done.")]
