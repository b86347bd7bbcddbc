"""Amp's threads: blocks with results of their own shape, tokens by answer or by ledger, what is said of a thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.amp import Amp
from holdfast.testing._readings import Gathered
from tests.contracts.samples import amp as sample
from tests.contracts.samples.amp import NEWER, OLDER, START, message, newer, older, result, usage, words, write


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in Amp().discover([root]):
        found.take(Amp().read(one, None))
    return found


def one(tmp_path: Path, *messages: dict[str, Any], **facts: Any) -> Gathered:
    write(tmp_path, {"id": NEWER, "created": START, "messages": list(messages), **facts})
    return read(tmp_path)


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def test_a_thread_says_where_and_by_what_it_was_made(tmp_path):
    write(tmp_path, newer())
    found = session_in(read(tmp_path))
    assert (found.title, found.cwd, found.branch, found.version) == ("Fix the build", sample.CWD, "main", "0.0.1767")
    assert found.models == ("claude-sonnet-4-5", "gpt-5.2")
    assert found.active - found.started == 25_000
    assert (found.context.used, found.context.limit, found.context.source) == (765, 168_000, "recorded")
    assert found.extra == {"mode": "smart", "client": "CLI"}


def test_a_thread_without_title_is_named_by_its_first_prompt(tmp_path):
    write(tmp_path, older())
    found = session_in(read(tmp_path))
    assert (found.title, found.extra) == ("Zażółć gęślą jaźń", {"credits": 6.5})


@pytest.mark.parametrize(
    ("uri", "cwd"),
    [("file:///c%3A/Users/ada/shop", "c:/Users/ada/shop"), ("https://x/y", ""), ("file:///a%20b", "/a b"), (3, "")],
)
def test_the_directory_is_the_first_tree_s(tmp_path, uri, cwd):
    assert session_in(one(tmp_path, env={"initial": {"trees": [{"uri": uri}]}})).cwd == cwd


def test_thoughts_calls_and_results_are_parts(tmp_path):
    write(tmp_path, newer())
    found = read(tmp_path).all_messages
    assert found[2].parts == (
        Thinking("Look at it first."),
        Text("Running it."),
        ToolCall(id="toolu-1", name="Bash", input={"cmd": "make", "cwd": sample.CWD}),
    )
    assert (found[3].role, found[3].parts) == (
        "tool",
        (ToolResult(call="toolu-1", text="no rule", error=True, exit_code=2),),
    )
    assert found[0].role == "system"


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (result("c", "done", result="plain"), ToolResult(call="c", text="plain")),
        (result("c", "done", result=["a", "b"]), ToolResult(call="c", text="a\nb")),
        (result("c", "done", result={"diff": "+x"}), ToolResult(call="c", text="+x")),
        (result("c", "done", result={"success": False}), ToolResult(call="c", text='{"success": false}', error=True)),
        (result("c", "error", error={"message": "denied"}), ToolResult(call="c", text="denied", error=True)),
        (result("c", "cancelled"), ToolResult(call="c", text="cancelled")),
        (
            {"type": "tool_result", "tool_use_id": "c", "content": "old", "is_error": True},
            ToolResult(call="c", text="old", error=True),
        ),
    ],
)
def test_a_result_says_what_came_out(tmp_path, block, expected):
    (found,) = one(tmp_path, message("user", 1, block)).all_messages
    assert (found.role, found.parts) == ("tool", (expected,))


def test_pictures_and_summaries_are_known(tmp_path):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    summary = {"type": "summary", "summary": {"type": "message", "summary": "So far"}}
    found = one(tmp_path, message("user", 1, picture), message("info", 2, summary))
    assert [m.parts for m in found.all_messages] == [(Attachment(media="image/png", size=3),), (Summary("So far"),)]
    assert found.unknown == {}


def test_blocks_and_roles_that_are_not_known_are_counted(tmp_path):
    found = one(tmp_path, message("oracle", 1), message("user", 2, words("Hello"), {"type": "hologram"}))
    assert found.unknown == {"record:oracle": 1, "block:hologram": 1}
    assert [m.text for m in found.all_messages] == ["Hello"]


def test_each_answer_that_counts_itself_is_a_request(tmp_path):
    write(tmp_path, newer())
    found = read(tmp_path).requests
    first, second = found[f"amp:{NEWER}:2"].usage, found[f"amp:{NEWER}:5"].usage
    assert (first.input, first.cache_read, first.cache_write, first.output) == (10, 900, 30, 20)
    assert (second.input, second.cache_read, second.cache_write) == (700, 50, 0)


def test_a_ledger_is_billed_with_its_side_work_apart(tmp_path):
    write(tmp_path, older())
    found = read(tmp_path).requests
    assert {k: (r.usage.input, r.main) for k, r in found.items()} == {
        f"amp:{OLDER}:2": (150, True),
        f"amp:{OLDER}:1:title-generation": (20, False),
        f"amp:{OLDER}:3": (5, True),
    }


def test_an_answer_in_the_ledger_is_not_billed_twice_and_says_what_the_ledger_lacks(tmp_path):
    event = {"model": "claude-sonnet-4", "tokens": {"input": 10, "output": 20}, "toMessageId": 2}
    counted = usage("claude-sonnet-4", 10, 20, read=900, write=30, second=4)
    found = one(
        tmp_path,
        message("assistant", 2, words("a"), usage=counted),
        message("assistant", 3, words("b"), usage=usage("claude-sonnet-4", 1, 1)),
        usageLedger={"events": [event, event]},
    ).requests
    assert list(found) == [f"amp:{NEWER}:2", f"amp:{NEWER}:2#2", f"amp:{NEWER}:3"]
    (ref,) = Amp().discover([tmp_path])
    assert [len(r.transcript.requests) for r in Amp().read(ref, None)] == [3]
    first = found[f"amp:{NEWER}:2"]
    assert (first.usage.cache_read, first.usage.cache_write, first.at) == (900, 30, START + 4000)


def test_an_answer_that_ended_in_an_error_says_so(tmp_path):
    (found,) = one(tmp_path, message("assistant", 1, words("x"), state={"type": "error"})).all_messages
    assert found.extra == {"error": True}


def test_a_thread_that_was_shortened_replaces_the_longer_one(tmp_path):
    write(tmp_path, newer())
    (ref,) = Amp().discover([tmp_path])
    (reading,) = Amp().read(ref, None)
    assert reading.transcript.replaces
    assert reading.raw is not None
    assert reading.raw.whole


def test_a_damaged_thread_is_counted_and_names_no_session(tmp_path):
    (tmp_path / "threads").mkdir()
    (tmp_path / "threads" / "T-1.json").write_bytes(b'{"id": "T-1", "messages": [')
    found = read(tmp_path)
    assert (found.damaged, found.sessions) == (1, {})


def test_a_root_without_a_threads_folder_is_searched_for_threads_only(tmp_path):
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    (tmp_path / "T-1.json").write_text('{"id": "T-1", "messages": []}', encoding="utf-8")
    assert [s.native_id for s in read(tmp_path).sessions.values()] == ["T-1"]


def test_the_command_to_go_on_runs_in_the_session_s_directory(tmp_path):
    write(tmp_path, newer())
    found = read(tmp_path).sessions[observed_id("amp", NEWER)]
    command = Amp().resume_command(found)
    assert (command.argv, command.cwd) == (("amp", "threads", "continue", NEWER), sample.CWD)


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    write(tmp_path, {"id": "--yolo", "messages": []})
    with pytest.raises(Unsafe):
        Amp().resume_command(session_in(read(tmp_path)))


def test_a_thread_that_times_no_message_was_active_when_it_was_created(tmp_path):
    answer = message("assistant", 1, words("hi"), usage={"model": "m", "inputTokens": 5, "outputTokens": 2})
    found = one(tmp_path, answer)
    assert (session_in(found).started, session_in(found).active) == (START, START)
