"""Hermes' sessions: one database a profile, rewound and compacted rows, tokens by model, what a session is to its parent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, conversation, observed_id
from holdfast.sources.hermes import Hermes
from holdfast.testing._readings import Gathered
from tests.contracts.samples import hermes as sample
from tests.contracts.samples.hermes import CHILD, MAIN, OLDER, SCHEMA, START, insert, open_database, said, used


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in Hermes().discover([root]):
        found.take(Hermes().read(one, None))
    return found


def home(tmp_path: Path):
    sample.build(tmp_path)
    return read(tmp_path)


def messages(found: Gathered, native: str = MAIN):
    return list(found.messages[observed_id("hermes", native)].values())


def one(tmp_path: Path, *rows: dict[str, Any], **facts: Any) -> Gathered:
    """Read a database with one session of these rows."""
    db = open_database(tmp_path / "state.db", SCHEMA)
    insert(db, "sessions", **{"id": MAIN, "source": "cli", "started_at": START, **facts})
    for number, row in enumerate(rows, 1):
        said(db, MAIN, row.pop("role"), row.pop("content", ""), number, **row)
    db.close()
    return read(tmp_path)


def test_a_session_is_described_by_its_row(tmp_path):
    found = home(tmp_path).sessions[observed_id("hermes", MAIN)]
    assert (found.title, found.cwd, found.project, found.branch) == ("Fix the build", sample.CWD, sample.CWD, "main")
    assert found.models == ("gpt-5.6-luna", "gpt-5.6-mini")
    assert found.started == 1_767_607_200_250
    assert found.active - found.started == 300_000
    assert found.extra == {"source": "cli", "end_reason": "cli_close", "billing_provider": "openai"}


def test_profiles_have_databases_of_their_own(tmp_path):
    found = home(tmp_path).sessions[observed_id("hermes", OLDER)]
    assert (found.title, found.extra) == ("Zażółć gęślą jaźń", {"source": "telegram"})


def test_thoughts_calls_and_results_are_parts(tmp_path):
    found = messages(home(tmp_path))
    assert found[1].parts == (
        Thinking("Look at it first."),
        ToolCall(id="call-1", name="terminal", input={"command": "make"}),
    )
    (result,) = found[2].parts
    assert isinstance(result, ToolResult)
    assert (found[2].role, result.call, result.error, result.exit_code) == ("tool", "call-1", True, 2)


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        ('{"output": "ok", "exit_code": 0, "error": null}', False, 0),
        ('{"success": false}', True, None),
        ('{"error": "no such file"}', True, None),
        ('{"success": true}', False, None),
        ("{broken", False, None),
        ("plain", False, None),
    ],
)
def test_a_result_says_whether_it_failed(tmp_path, words, error, code):
    (message,) = messages(one(tmp_path, {"role": "tool", "content": words, "tool_call_id": "c"}))
    assert message.parts == (ToolResult(call="c", text=words, error=error, exit_code=code),)


def test_the_thread_is_without_rewound_rows_and_has_compacted_ones_once(tmp_path):
    standing = conversation(messages(home(tmp_path)))
    assert [m.text for m in standing if m.is_prompt] == ["Why does the build fail?", "And now?"]
    assert "Done." not in [m.text for m in standing]
    assert len(messages(home(tmp_path / "other"))) == 10


def test_a_rewind_is_seen_at_the_next_reading(tmp_path):
    sample.build(tmp_path)
    (ref, _) = Hermes().discover([tmp_path])
    cursor = Gathered().take(Hermes().read(ref, None)).cursor
    db = open_database(tmp_path / "state.db", "")
    db.execute("UPDATE messages SET active = 0 WHERE content = 'And now?'")
    db.close()
    (reading,) = Hermes().read(ref, cursor)
    assert [m.live for m in reading.transcript.messages if m.text == "And now?"] == [False]
    assert reading.transcript.replaces


def test_what_the_program_put_in_is_no_prompt_and_a_compaction_is_a_summary(tmp_path):
    found = messages(home(tmp_path))
    assert (found[3].role, found[3].parts) == ("system", (Summary("[CONTEXT COMPACTION] The build failed."),))
    assert found[-1].role == "system"


def test_content_in_blocks_stands_behind_a_mark(tmp_path):
    blocks = [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    mark = "\x01json:"
    (message,) = messages(one(tmp_path, {"role": "user", "content": mark + json.dumps(blocks)}))
    assert message.parts == (Text("See"), Attachment(media="image/png", size=3))


def test_each_model_of_a_session_is_a_request_and_tasks_beside_the_thread_say_nothing_of_its_context(tmp_path):
    found = home(tmp_path).requests
    first, second = found[f"hermes:{MAIN}"], found[f"hermes:{MAIN}:gpt-5.6-mini::::title"]
    assert (first.usage.input, first.usage.cache_read, first.usage.cache_write, first.usage.output) == (
        100,
        900,
        30,
        40,
    )
    assert (first.usage.cost, second.usage.cost) == (12_500, 500)
    assert (first.main, second.main) == (True, False)


def test_a_database_without_counts_by_model_is_billed_by_session(tmp_path):
    request = home(tmp_path).requests[f"hermes:{OLDER}"]
    assert (request.usage.input, request.usage.output, request.model) == (1, 7, "hermes-4")


def test_growing_counts_replace_the_earlier_ones(tmp_path):
    sample.build(tmp_path)
    (ref, _) = Hermes().discover([tmp_path])
    found = Gathered().take(Hermes().read(ref, None))
    db = open_database(tmp_path / "state.db", "")
    db.execute("UPDATE session_model_usage SET output_tokens = 50 WHERE task = '' AND session_id = ?", (MAIN,))
    db.close()
    found.take(Hermes().read(ref, found.cursor))
    assert found.requests[f"hermes:{MAIN}"].usage.output == 50


PARENTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"model_config": json.dumps({"_delegate_from": MAIN})}, "subagent"),
    ({}, {"model_config": json.dumps({"_branched_from": MAIN})}, "fork"),
    ({}, {"model_config": json.dumps({"_branched_from": "other"})}, "subagent"),
    ({"end_reason": "compression", "ended_at": START + 50}, {}, "continuation"),
    ({"end_reason": "compression", "ended_at": START + 500}, {}, "subagent"),
    ({"end_reason": "branched", "ended_at": START + 50}, {}, "fork"),
    ({"end_reason": "idle", "ended_at": START + 50, "session_key": "k"}, {"session_key": "k"}, "continuation"),
    ({"end_reason": "idle", "ended_at": START + 50}, {}, "subagent"),
]


@pytest.mark.parametrize(("above", "below", "kind"), PARENTS)
def test_a_session_says_what_it_is_to_its_parent(tmp_path, above, below, kind):
    db = open_database(tmp_path / "state.db", SCHEMA)
    insert(db, "sessions", id=MAIN, source="cli", started_at=START, **above)
    insert(db, "sessions", id=CHILD, source="cli", started_at=START + 60, parent_session_id=MAIN, **below)
    db.close()
    parent = read(tmp_path).sessions[observed_id("hermes", CHILD)].parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("hermes", MAIN), kind)


def test_only_sessions_that_changed_are_read_again(tmp_path):
    sample.build(tmp_path)
    (ref, _) = Hermes().discover([tmp_path])
    cursor = Gathered().take(Hermes().read(ref, None)).cursor
    db = open_database(tmp_path / "state.db", "")
    said(db, CHILD, "user", "More", 90)
    used(db, CHILD, "gpt-5.6-luna", (1, 1, 0, 0, 0))
    db.close()
    (reading,) = Hermes().read(ref, cursor)
    assert reading.transcript.session.native_id == CHILD
    assert reading.raw is not None
    assert reading.raw.rows


def test_rows_of_an_unknown_role_are_counted(tmp_path):
    found = one(tmp_path, {"role": "oracle", "content": "?"}, {"role": "user", "content": "Hello"})
    assert found.unknown == {"record:oracle": 1}
    assert [m.text for m in messages(found)] == ["Hello"]


def test_an_answer_that_ended_in_an_error_says_so(tmp_path):
    (message,) = messages(one(tmp_path, {"role": "assistant", "content": "", "finish_reason": "error"}))
    assert message.extra == {"finish_reason": "error", "error": True}


def test_the_command_to_go_on_runs_in_the_session_s_directory(tmp_path):
    found = home(tmp_path).sessions[observed_id("hermes", MAIN)]
    command = Hermes().resume_command(found)
    assert (command.argv, command.cwd) == (("hermes", "--resume", MAIN), sample.CWD)


def test_an_id_that_looks_like_an_option_is_refused(tmp_path):
    (session,) = one(tmp_path, id="--yolo").sessions.values()
    with pytest.raises(Unsafe):
        Hermes().resume_command(session)
