"""LM Studio's conversations: versions of which one is shown, steps with their own counts, calls with results, folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast.model import Attachment, Text, Thinking, ToolCall, ToolResult, conversation, observed_id
from holdfast.sources.lm_studio import LmStudio
from holdfast.testing._readings import Gathered
from tests.contracts.samples import lm_studio as sample
from tests.contracts.samples.lm_studio import MAIN, PLAIN, START, answer, asked, generated, step, words, write


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in LmStudio().discover([root]):
        found.take(LmStudio().read(one, None))
    return found


def home(tmp_path: Path) -> Gathered:
    sample.build(tmp_path)
    return read(tmp_path)


def one(tmp_path: Path, *messages: dict[str, Any], **facts: Any) -> Gathered:
    write(tmp_path / "conversations", MAIN, {"createdAt": START, "messages": list(messages), **facts})
    return read(tmp_path)


def test_a_conversation_says_its_name_times_window_and_folder(tmp_path):
    found = home(tmp_path).sessions[observed_id("lm-studio", MAIN)]
    assert (found.title, found.models, found.extra) == ("The folder", ("small-4b",), {"folder": "work"})
    assert (found.started, found.active) == (START, START + 6_500)
    assert (found.context.used, found.context.limit, found.context.source) == (101, 80_000, "recorded")


def test_a_conversation_without_a_name_is_named_by_its_first_prompt(tmp_path):
    found = home(tmp_path).sessions[observed_id("lm-studio", PLAIN)]
    assert (found.title, found.extra) == ("Zażółć gęślą jaźń", {})


def test_only_the_version_that_is_shown_is_in_the_thread(tmp_path):
    found = list(home(tmp_path).messages[observed_id("lm-studio", MAIN)].values())
    assert [m.text for m in found if not m.live] == ["No idea."]
    assert [m.text for m in conversation(found) if m.role == "assistant"] == ["", "Listing.", "One file."]


def test_thoughts_calls_results_and_files_are_parts(tmp_path):
    found = [m for m in home(tmp_path).messages[observed_id("lm-studio", MAIN)].values() if m.live]
    assert [m.role for m in found] == ["system", "user", "assistant", "assistant", "tool", "assistant"]
    assert [m.continues for m in found] == [False, False, False, True, False, False]
    assert found[1].parts[1] == Attachment(name="1-note.txt", size=12)
    assert found[2].parts == (Thinking("Look at it first."),)
    assert found[3].parts == (Text("Listing."), ToolCall(id="req-1", name="list_directory", input={"path": "."}))
    assert found[4].parts == (ToolResult(call="req-1", text="a.txt"),)
    assert (found[5].at, found[5].model) == (START + 6_000, "small-4b")


def test_each_step_that_counts_is_billed_also_in_a_version_that_is_not_shown(tmp_path):
    found = home(tmp_path).requests
    assert [(r.usage.input, r.usage.output, r.main) for r in found.values()] == [
        (20, 5, False),
        (20, 7, True),
        (90, 11, True),
    ]
    assert f"lm-studio:{START + 1000}-0.156" in found


def test_a_branch_s_copy_of_a_step_counts_once(tmp_path):
    sample.build(tmp_path)
    write(tmp_path / "conversations", "1767607300000", sample.main())
    assert len(read(tmp_path).requests) == 3


def test_counts_may_stand_in_a_step_of_their_own(tmp_path):
    steps = answer(step(1, words("Hello")), {"type": "genInfo", "genInfo": generated(3, 4)})
    found = one(tmp_path, {"versions": [steps], "currentlySelected": 0})
    (request,) = found.requests.values()
    assert (request.key, request.usage.input) == (f"lm-studio:{MAIN}.conversation.json:1:1", 3)
    assert found.unknown == {}


def test_a_choice_that_is_not_there_shows_the_first_version(tmp_path):
    found = one(tmp_path, {**asked(words("Hello")), "currentlySelected": 9})
    assert [m.live for m in found.all_messages] == [True]


def test_roles_steps_and_blocks_that_are_not_known_are_counted(tmp_path):
    odd = {"versions": [{"role": "oracle", "content": []}], "currentlySelected": 0}
    other = {"versions": [answer(step(1, kind="hologram"), step(2, {"type": "smell"}))], "currentlySelected": 0}
    found = one(tmp_path, odd, other, asked(words("Hello")))
    assert found.unknown == {"record:oracle": 1, "step:hologram": 1, "block:smell": 1}
    assert [m.text for m in found.all_messages if m.is_prompt] == ["Hello"]


@pytest.mark.parametrize("data", [b'{"name": "x", "messages": [', b"[]", b'{"messages": 3}'])
def test_a_damaged_conversation_is_counted_and_names_no_session(tmp_path, data):
    (tmp_path / "conversations").mkdir()
    (tmp_path / "conversations" / "1.conversation.json").write_bytes(data)
    found = read(tmp_path)
    assert (found.damaged, found.sessions) == (1, {})


def test_the_program_s_pointer_moves_its_home(tmp_path):
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{tmp_path / 'moved'}\n", encoding="utf-8")
    assert LmStudio().roots({}, tmp_path, "linux")[0] == tmp_path / "moved"
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{tmp_path / '.lmstudio'}", encoding="utf-8")
    assert LmStudio().roots({}, tmp_path, "linux") == (tmp_path / ".lmstudio", tmp_path / ".cache" / "lm-studio")


def test_a_conversation_that_times_no_message_was_active_when_it_was_created(tmp_path):
    found = one(tmp_path, asked("hi")).sessions[observed_id("lm-studio", MAIN)]
    assert (found.started, found.active) == (START, START)
