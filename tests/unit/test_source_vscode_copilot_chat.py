"""VS Code's chats: logs of changes replayed, calls with what the model's rounds say of them, turns that were cut off."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.model import Attachment, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._vscode.replay import Replay
from holdfast.sources.vscode_copilot_chat import VsCodeCopilotChat
from holdfast.testing._readings import Gathered
from tests.contracts.samples import vscode_copilot_chat as sample
from tests.contracts.samples.vscode_copilot_chat import LOG, chat, done, name, round_, shown, turn


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in VsCodeCopilotChat().discover([root]):
        found.take(VsCodeCopilotChat().read(one, None))
    return found


def one(tmp_path: Path, *turns: dict[str, Any], **facts: Any) -> Gathered:
    path = tmp_path / "workspaceStorage" / "w" / "chatSessions" / f"{LOG}.json"
    sample.document(path, chat(LOG, *turns, **facts))
    return read(tmp_path)


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def log_of(tmp_path: Path, records: list[dict[str, Any]]) -> Gathered:
    sample.lines(tmp_path / "workspaceStorage" / "w" / "chatSessions" / f"{LOG}.jsonl", records)
    return read(tmp_path)


def test_a_log_is_described_by_what_it_amounts_to(tmp_path):
    sample.build(tmp_path / "Code" / "User")
    found = next(s for s in read(tmp_path / "Code" / "User").sessions.values() if s.native_id == LOG)
    assert (found.title, found.cwd) == ("Build fails", sample.CWD)
    assert found.models == ("claude-sonnet-4.5", "claude-sonnet-4")
    assert found.started == sample.START
    assert found.context.used == 1050
    assert found.extra == {"editor": "Code", "responder": "GitHub Copilot"}


def test_words_before_and_after_a_call_are_messages_with_its_result_between(tmp_path):
    found = log_of(tmp_path, sample.log_records()).all_messages
    assert [(m.role, m.text) for m in found[:4]] == [
        ("user", "Why does the build fail?"),
        ("assistant", "I will run it."),
        ("tool", ""),
        ("assistant", "A rule is missing."),
    ]
    assert found[1].parts[1] == ToolCall(id="call_1", name="run_in_terminal", input={"command": "make"})
    assert found[2].parts == (ToolResult(call="call_1", text="Error 2", error=True, exit_code=2),)


def test_a_turn_that_was_cut_off_leaves_the_conversation_and_stays_billed(tmp_path):
    found = log_of(tmp_path, sample.log_records())
    assert [m.text for m in found.all_messages if not m.live] == ["Never mind", "Fine."]
    assert found.dropped == {name(2), f"{name(2)}:answer:0"}
    assert {r.usage.output for r in found.requests.values()} == {50, 25}


def test_an_undone_turn_leaves_the_conversation(tmp_path):
    undone = turn(2, "Undo me", {"value": "Yes."}, shouldBeRemovedOnSend={"requestId": "x"})
    found = one(tmp_path, turn(1, "Go", {"value": "Done."}), undone)
    assert [m.live for m in found.all_messages] == [True, True, False, False]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"kind": 0, "v": {"a": 1}}, {"kind": 1, "k": ["a"], "v": 2}], {"a": 2}),
        ([{"kind": 0, "v": {"a": [1, 2, 3]}}, {"kind": 2, "k": ["a"], "i": 1, "v": [9]}], {"a": [1, 9]}),
        ([{"kind": 0, "v": {"a": [1, 2]}}, {"kind": 2, "k": ["a"], "i": 0}], {"a": []}),
        ([{"kind": 0, "v": {}}, {"kind": 2, "k": ["a"], "v": [1]}], {"a": [1]}),
        ([{"kind": 0, "v": {"a": {"b": 1}}}, {"kind": 3, "k": ["a", "b"]}], {"a": {}}),
        ([{"kind": 0, "v": {"a": [{"b": 1}]}}, {"kind": 1, "k": ["a", 0, "b"], "v": 5}], {"a": [{"b": 5}]}),
        ([{"kind": 0, "v": {"a": [1]}}, {"kind": 1, "k": ["a", 7], "v": 5}], {"a": [1]}),
        ([{"kind": 0, "v": {"a": 1}}, {"kind": 1, "k": ["a", "b"], "v": 5}], {"a": 1}),
        ([{"kind": 0, "v": {"a": 1}}, {"kind": 1, "k": [], "v": 5}], {"a": 1}),
        ([{"kind": 1, "k": ["a"], "v": 5}], {"a": 5}),
    ],
)
def test_changes_are_applied_where_they_point(records, expected):
    replay = Replay()
    for record in records:
        replay.apply(record)
    assert replay.chat == expected


def test_calls_take_arguments_and_results_from_the_rounds_by_id(tmp_path):
    rounds = round_("Go", ("a__vscode-1", "read_file", {"filePath": "x"}), ("b__vscode-2", "grep", {"query": "y"}))
    results = {"b__vscode-2": {"content": [{"value": {"node": {"children": [{"text": "hit"}]}}}]}}
    found = one(tmp_path, turn(1, "Go", shown("copilot_findText", "b"), result=done(rounds, results=results)))
    call, result = found.all_messages[1].parts[0], found.all_messages[2].parts[0]
    assert (call.name, call.input) == ("copilot_findText", {"query": "y"})
    assert result == ToolResult(call="b", text="hit")


def test_calls_without_a_common_id_are_paired_by_place_or_by_name(tmp_path):
    rounds = round_("Go", ("a", "read_file", {"filePath": "x"}))
    sample.build(tmp_path / "whole")
    whole = [p for m in read(tmp_path / "whole").all_messages for p in m.parts if isinstance(p, ToolCall)]
    assert whole[-1].input == {"filePath": "a.py"}
    two = turn(1, "Go", shown("copilot_readFile", "u1"), shown("internal", "u2"), result=done(rounds))
    calls = [p for m in one(tmp_path / "two", two).all_messages for p in m.parts if isinstance(p, ToolCall)]
    assert [c.input for c in calls] == [{"filePath": "x"}, {"message": "Ran internal"}]


def test_an_answer_whose_calls_were_not_shown_is_taken_from_the_rounds(tmp_path):
    rounds = (round_("First.", ("a", "read_file", {"filePath": "x"})), round_("Then."))
    result = done(*rounds, results={"a": {"content": [{"value": "text"}]}})
    found = one(tmp_path, turn(1, "Go", {"value": "First.Then."}, result=result))
    assert [(m.role, m.text) for m in found.all_messages[1:]] == [
        ("assistant", "First."),
        ("tool", ""),
        ("assistant", "Then."),
    ]


def test_references_in_an_answer_stay_in_its_words(tmp_path):
    reference = {"kind": "inlineReference", "inlineReference": {"fsPath": "/w/test.txt", "path": "/w/test.txt"}}
    found = one(tmp_path, turn(1, "Go", {"value": "Read "}, reference, {"value": " first."}))
    assert found.all_messages[1].parts == (Text("Read `/w/test.txt` first."),)


def test_thoughts_and_attached_files_are_parts(tmp_path):
    variables = {"variables": [{"kind": "file", "name": "a.py"}, {"kind": "promptFile", "name": "rules"}]}
    thought = {"kind": "thinking", "value": ["One.", "Two."]}
    found = one(tmp_path, turn(1, "Go", thought, {"value": "Done."}, variableData=variables))
    assert found.all_messages[0].parts == (Text("Go"), Attachment(media="file", name="a.py"))
    assert found.all_messages[1].parts == (Thinking("One.\nTwo."), Text("Done."))


@pytest.mark.parametrize(
    ("more", "extra"),
    [
        ({"result": {"errorDetails": {"message": "Rate limit"}}}, {"error": True, "message": "Rate limit"}),
        ({"isCanceled": True}, {"aborted": True}),
        ({"result": {"errorDetails": {"code": "canceled", "message": "Canceled"}}}, {"aborted": True}),
    ],
)
def test_a_turn_that_failed_or_was_stopped_says_so(tmp_path, more, extra):
    assert one(tmp_path / "said", turn(1, "Go", {"value": "So"}, **more)).all_messages[-1].extra == extra
    silent = one(tmp_path / "silent", turn(1, "Go", **more)).all_messages
    assert (silent[-1].role, silent[-1].extra) == ("system", extra)


def test_what_the_editor_asked_by_itself_is_no_prompt(tmp_path):
    found = one(tmp_path, turn(1, "Summarise", {"value": "So."}, isSystemInitiated=True))
    assert [m.role for m in found.all_messages] == ["system", "assistant"]


@pytest.mark.parametrize(
    "more",
    [
        {"result": {"metadata": {"promptTokens": 10, "outputTokens": 3}}},
        {"result": {"promptTokens": 10, "outputTokens": 3}},
        {"usage": {"promptTokens": 10, "completionTokens": 3}},
    ],
)
def test_tokens_are_found_wherever_a_version_keeps_them(tmp_path, more):
    (request,) = one(tmp_path, turn(1, "Go", {"value": "x"}, **more)).requests.values()
    assert (request.usage.input, request.usage.output) == (10, 3)
    assert request.key == f"vscode-copilot-chat:{name(1)}"


def test_an_unknown_kind_of_answer_is_counted(tmp_path):
    assert one(tmp_path, turn(1, "Go", {"kind": "hologram"}, {"value": "x"})).unknown == {"block:hologram": 1}


@pytest.mark.parametrize(
    ("facts", "cwd"),
    [
        ({"folder": "file:///srv/app"}, "/srv/app"),
        ({"folder": "file:///c%3A/Users/ada/app"}, "c:/Users/ada/app"),
        ({"folder": "vscode-remote://ssh-remote%2Bbox/srv/app"}, "/srv/app"),
        ({"configuration": "file:///srv/all.code-workspace"}, "/srv"),
        ({"folder": 3}, ""),
    ],
)
def test_the_workspace_a_chat_lies_under_names_its_folder(tmp_path, facts, cwd):
    sample.document(tmp_path / "workspaceStorage" / "w" / "workspace.json", facts)
    assert session_in(one(tmp_path, turn(1, "Go"))).cwd == cwd


def test_a_chat_without_a_workspace_takes_the_folder_its_answers_name(tmp_path):
    told = {"value": "x", "baseUri": {"path": "/c:/Users/ada/app/", "scheme": "file"}}
    assert session_in(one(tmp_path, turn(1, "Go", told))).cwd == "c:/Users/ada/app"


def test_a_chat_in_which_nothing_was_said_is_no_session(tmp_path):
    assert one(tmp_path).sessions == {}


def test_a_log_that_grew_keeps_only_its_new_bytes_again(tmp_path):
    records = sample.log_records()
    path = sample.lines(tmp_path / "workspaceStorage" / "w" / "chatSessions" / f"{LOG}.jsonl", records[:-1])
    (ref,) = VsCodeCopilotChat().discover([tmp_path])
    cursor = Gathered().take(VsCodeCopilotChat().read(ref, None)).cursor
    size = path.stat().st_size
    sample.lines(path, records)
    (ref,) = VsCodeCopilotChat().discover([tmp_path])
    (reading,) = VsCodeCopilotChat().read(ref, cursor)
    assert reading.raw is not None
    assert (reading.raw.offset, reading.raw.data) == (size, path.read_bytes()[size:])
    assert len(reading.transcript.messages) == 8


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"requests": {"a": 1}}', b'{"requests": [3, {"response": 5}]}'])
def test_odd_files_never_raise(tmp_path, data):
    path = tmp_path / "workspaceStorage" / "w" / "chatSessions" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    path.with_name("y.jsonl").write_bytes(data)
    assert read(tmp_path).sessions == {}


def test_a_log_made_to_hang_a_reader_does_not(tmp_path):
    started = process_time()
    path = tmp_path / "workspaceStorage" / "w" / "chatSessions" / "x.jsonl"
    deep = {"kind": 1, "k": ["a"] * 10_000, "v": 1}
    sample.lines(
        path,
        [{"kind": 0, "v": chat("x", turn(1, "Go"))}, *[deep] * 50, *[{"kind": 2, "k": ["requests"], "i": 0}] * 5000],
    )
    with path.open("ab") as stream:
        stream.write(b'{"kind":1,"k":["a"],"v":' + b"[" * 100_000 + b"\n")
    assert read(tmp_path).damaged == 1
    assert process_time() - started < 2


def test_arguments_that_are_no_json_are_kept_as_text(tmp_path):
    rounds = {"response": "", "toolCalls": [{"id": "a", "name": "sh", "arguments": "{broken"}]}
    found = one(tmp_path, turn(1, "Go", shown("sh", "a"), result=done(json.loads(json.dumps(rounds)))))
    assert found.all_messages[1].parts == (ToolCall(id="a", name="sh", input="{broken"),)
