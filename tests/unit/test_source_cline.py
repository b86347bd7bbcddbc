"""Cline's tasks, joined from two lists, and its newer sessions: who said what, what was billed, and what a rewind leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.model import Attachment, Session, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.cline import Cline
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import cline as sample
from tests.contracts.samples.cline import (
    CWD,
    FORK,
    LEAD,
    SHOWN,
    SUB,
    TASK,
    ask,
    counts,
    details,
    request,
    say,
    words,
    write,
)

AT = int(TASK)


def read(root: Path) -> Gathered:
    found = Gathered()
    for ref in Cline().discover([root]):
        found.take(Cline().read(ref, None))
    return found


def task(root: Path, *, shown: Any = None, sent: Any = None, **facts: Any) -> Gathered:
    folder = root / "tasks" / TASK
    for name, value in (("ui_messages", shown), ("api_conversation_history", sent), *facts.items()):
        if value is not None:
            write(folder / f"{name}.json", value)
    return read(root)


def one(found: Gathered) -> Session:
    (session,) = found.sessions.values()
    return session


def of(found: Gathered, native: str) -> list[Any]:
    return list(found.messages[observed_id("cline", native)].values())


def sample_home(tmp_path: Path) -> Gathered:
    sample.build(tmp_path)
    return read(tmp_path)


def test_a_task_is_described_by_the_list_of_tasks_and_its_own_files(tmp_path):
    session = sample_home(tmp_path).sessions[observed_id("cline", TASK)]
    assert (session.title, session.cwd, session.version) == ("Why does the build fail?", CWD, "3.89.2")
    assert (session.started, session.active) == (AT, AT + 7000)
    assert session.models == (sample.MODEL,)
    assert session.context.used == 60
    assert session.extra == {"providers": ["anthropic"]}


def test_what_was_sent_is_joined_with_what_only_the_person_saw(tmp_path):
    found = of(sample_home(tmp_path), TASK)
    assert [m.role for m in found] == ["user", "system", "assistant", "assistant", "tool", "user", "system", "assistant",
                                       "system", "tool", "system"]  # fmt: skip
    assert found[2].parts == (Thinking("I will run it."),)
    assert [m.text for m in found if m.is_prompt] == ["Why does the build fail?", "Use make instead"]
    assert [m.text for m in found if m.extra.get("error")] == ["The model is overloaded"]


def test_a_call_written_as_markup_gets_its_result_and_exit_code(tmp_path):
    found = of(sample_home(tmp_path), TASK)
    (call,) = (p for p in found[3].parts if isinstance(p, ToolCall))
    assert (call.name, call.input) == ("execute_command", {"command": "make", "requires_approval": "false"})
    (result,) = found[4].parts
    assert isinstance(result, ToolResult)
    assert (result.call, result.error, result.exit_code) == (call.id, True, 2)
    assert "Use make instead" not in result.text


def test_messages_without_a_time_take_it_from_what_was_shown_meanwhile(tmp_path):
    found = of(sample_home(tmp_path), TASK)
    assert [m.at for m in found if m.role == "user"] == [AT + 100, AT + 5000]
    assert found[3].at == AT + 3000


def test_a_task_with_only_what_was_shown_is_read_from_that(tmp_path):
    found = of(sample_home(tmp_path), SHOWN)
    assert [m.role for m in found] == ["user", "assistant", "assistant", "assistant", "tool", "user", "assistant"]
    assert [m.text for m in found if m.text] == ["Say hello", "Hello.", "Louder", "HELLO"]
    assert found[2].parts == (ToolCall(id=found[2].id, name="readFile", input={"path": "a.py"}),)
    assert found[4].parts == (ToolResult(call=found[3].id, text="a.py"),)


@pytest.mark.parametrize(
    ("provider", "sent", "expected"),
    [("anthropic", 900, 900), ("openai", 900, 500), ("litellm", 300, 300), ("", 900, 900)],
)
def test_a_prompt_is_counted_without_what_is_cached_whatever_the_provider_counts(tmp_path, provider, sent, expected):
    model = {"modelInfo": {"modelId": "m", "providerId": provider}}
    found = task(tmp_path, shown=[request(AT, counts(sent, 7, read=300, write=100), **model)])
    assert totals(found.requests.values()) == {
        "requests": 1, "input": expected, "cache_read": 300, "cache_write": 100, "output": 7, "reasoning": 0,
        "reasoning_apart": 0,
    }  # fmt: skip


def test_a_request_takes_its_model_from_the_changes_the_program_noted(tmp_path):
    usage = [{"ts": AT, "model_id": "one", "model_provider_id": "anthropic"}, {"ts": AT + 9_000, "model_id": "two"}]
    shown = [request(AT - 500, counts(10, 1)), request(AT + 20_000, counts(10, 1))]
    found = task(tmp_path, shown=shown, task_metadata={"model_usage": usage})
    assert [r.model for r in found.requests.values()] == ["one", "two"]
    assert one(found).models == ("one", "two")


def test_a_cost_is_kept_in_millionths_of_a_dollar_and_zero_is_unknown(tmp_path):
    shown = [request(AT, counts(10, 1, cost=0.0125)), request(AT + 1, counts(10, 1))]
    assert [r.usage.cost for r in task(tmp_path, shown=shown).requests.values()] == [12_500, None]


def test_a_request_without_counts_is_billed_once_they_are_there(tmp_path):
    waiting = {"ts": AT, "type": "say", "say": "api_req_started", "text": '{"request":"..."}'}
    assert task(tmp_path, shown=[waiting]).requests == {}
    assert len(task(tmp_path, shown=[request(AT, counts(10, 1))]).requests) == 1


def test_a_failed_request_is_an_error_and_a_cancelled_one_is_not(tmp_path):
    shown = [
        request(AT, {"cancelReason": "streaming_failed", "streamingFailedMessage": "overloaded"}),
        request(AT + 1, {"cancelReason": "user_cancelled"}),
    ]
    found = task(tmp_path, shown=shown).all_messages
    assert [(m.text, m.extra) for m in found] == [("overloaded", {"error": True}), ("user_cancelled", {})]


def test_sub_agents_of_a_task_are_billed_beside_its_own_requests(tmp_path):
    shown = [request(AT, counts(10, 1)), say(AT + 1, "subagent_usage", json.dumps(counts(40, 4)))]
    found = task(tmp_path, shown=shown)
    assert totals(found.requests.values())["input"] == 50
    assert one(found).context.used == 11


def test_rewound_requests_are_billed_when_they_were_never_read_and_only_then(tmp_path):
    gone = say(AT + 50, "deleted_api_reqs", json.dumps(counts(90, 9)))
    shown = [request(AT, counts(10, 1)), gone, request(AT + 100, counts(10, 1))]
    assert totals(task(tmp_path, shown=shown).requests.values())["input"] == 110
    folder = tmp_path / "tasks" / TASK
    write(folder / "ui_messages.json", [request(AT, counts(10, 1)), request(AT + 10, counts(90, 9))])
    seen = Gathered()
    for state in ([*shown[:1], request(AT + 10, counts(90, 9))], shown):
        write(folder / "ui_messages.json", state)
        (ref,) = Cline().discover([tmp_path])
        seen.take(Cline().read(ref, seen.cursor))
    assert totals(seen.requests.values())["input"] == 110


def test_a_rewound_message_leaves_the_conversation_under_a_name_of_its_own(tmp_path):
    sent = [{"role": "user", "content": "First"}, {"role": "assistant", "content": "Wrong."}]
    before = [m.id for m in task(tmp_path, sent=sent).all_messages]
    after = [m.id for m in task(tmp_path, sent=[sent[0], {"role": "assistant", "content": "Right."}]).all_messages]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_torn_file_takes_nothing_out_of_the_conversation(tmp_path):
    task(tmp_path, shown=[say(AT, "task", "First")], sent=[{"role": "user", "content": "First"}])
    (tmp_path / "tasks" / TASK / "api_conversation_history.json").write_text('[{"role": "us')
    (ref,) = Cline().discover([tmp_path])
    transcript = next(iter(Cline().read(ref, None))).transcript
    assert (transcript.replaces, transcript.losses.damaged) == (False, 1)


def test_every_file_of_a_task_is_kept_byte_for_byte(tmp_path):
    sample.build(tmp_path)
    kept = read(tmp_path).raw
    folder = tmp_path / "tasks" / TASK
    for path in (*folder.iterdir(), *(tmp_path / "sessions" / LEAD).iterdir()):
        assert kept[str(path)] == path.read_bytes()


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_of_copies_of_a_task_below_several_editors_the_newest_is_read(tmp_path, order):
    for name, text, at in (("a", "Old", 1), ("b", "New", 2)):
        path = tmp_path / name / "tasks" / TASK / "ui_messages.json"
        write(path, [say(AT, "task", text)])
        os.utime(path, (at, at))
    (ref,) = Cline().discover([tmp_path / name for name in order])
    assert [m.text for m in Gathered().take(Cline().read(ref, None)).all_messages] == ["New"]


def test_a_change_of_any_file_of_a_task_is_noticed(tmp_path):
    task(tmp_path, shown=[], sent=[])
    (before,) = Cline().discover([tmp_path])
    write(tmp_path / "tasks" / TASK / "api_conversation_history.json", [{"role": "user", "content": "More"}])
    os.utime(tmp_path / "tasks" / TASK / "api_conversation_history.json", ns=(0, before.mtime_ns + 1))
    (after,) = Cline().discover([tmp_path])
    assert before.path == after.path
    assert not next(iter(Cline().read(before, None))).cursor.covers(after, 1)


def test_a_file_is_as_large_as_it_is_by_itself_so_that_restoring_it_misses_nothing(tmp_path):
    sample.build(tmp_path)
    for ref in Cline().discover([tmp_path]):
        assert ref.size == Path(ref.path).stat().st_size
        assert all(r.cursor.size == ref.size for r in Cline().read(ref, None))


def test_a_task_without_a_listed_directory_takes_it_from_the_environment(tmp_path):
    found = task(tmp_path, sent=[{"role": "user", "content": [words("<task>Hi</task>"), details("gpt-x")]},
                                 {"role": "assistant", "content": "Hello"}])  # fmt: skip
    assert (one(found).cwd, one(found).models) == (CWD, ("gpt-x",))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Only words", (Text("Only words"),)),
        ("<thinking>Hm.</thinking>Yes.", (Thinking("Hm."), Text("Yes."))),
        ("<read_file>\n<path>a<b.py</path>\n", (ToolCall(id="?", name="read_file", input={"path": "a<b.py"}),)),
        (
            "<write_to_file><path>a.xml</path><content>\n<content>x</content>\n</content></write_to_file>",
            (ToolCall(id="?", name="write_to_file", input={"path": "a.xml", "content": "<content>x</content>"}),),
        ),
        ("a <b> c </b>", (Text("a <b> c </b>"),)),
    ],
)
def test_markup_in_an_answer_is_taken_apart(tmp_path, text, parts):
    (message,) = task(tmp_path, sent=[{"role": "assistant", "content": text}]).all_messages
    named = tuple(ToolCall(id="?", name=p.name, input=p.input) if isinstance(p, ToolCall) else p for p in message.parts)
    assert named == parts


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Do it", "user"),
        ("<user_message>\nDo it\n</user_message>", "user"),
        ("[ERROR] You did not use a tool in your previous response!", "system"),
        ("[TASK RESUMPTION] This task was interrupted", "system"),
        ("<environment_details>\n</environment_details>", "system"),
        ("[list_files for '.'] Result:\n\na.py", "tool"),
    ],
)
def test_what_the_program_adds_is_no_persons_word(tmp_path, text, role):
    (message,) = task(tmp_path, sent=[{"role": "user", "content": text}]).all_messages
    assert message.role == role


def test_images_are_described_without_their_bytes(tmp_path):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD" * 4}}
    (message,) = task(tmp_path, sent=[{"role": "user", "content": [image]}]).all_messages
    assert message.parts == (Attachment(media="image/png", size=12),)


def test_unknown_records_and_blocks_are_counted(tmp_path):
    shown = [say(AT, "telepathy", "x"), ask(AT, "dance", "x"), 7]
    found = task(tmp_path, shown=shown, sent=[{"role": "user", "content": [{"type": "hologram"}]}, {"role": "ghost"}])
    assert found.unknown == {"record:say:telepathy": 1, "record:ask:dance": 1, "record:?": 1, "block:hologram": 1,
                             "record:message": 1}  # fmt: skip


def test_a_session_is_described_by_its_manifest(tmp_path):
    found = sample_home(tmp_path)
    lead = found.sessions[observed_id("cline", LEAD)]
    assert (lead.title, lead.cwd, lead.models, lead.context.used) == ("Polish letters", CWD, (sample.MODEL,), 109)
    assert lead.started == 1_767_601_000_000
    assert [m.text for m in of(found, LEAD) if m.is_prompt] == ["Zażółć gęślą jaźń"]


def test_a_sub_agent_and_a_fork_name_the_session_they_come_from(tmp_path):
    found = sample_home(tmp_path).sessions
    parents = {s.native_id: s.parent and (s.parent.id, s.parent.kind) for s in found.values()}
    assert parents[f"{LEAD}/{SUB}"] == (observed_id("cline", LEAD), "subagent")
    assert parents[FORK] == (observed_id("cline", LEAD), "fork")


def test_a_session_counts_its_whole_prompt_and_we_take_out_what_is_cached(tmp_path):
    (request_,) = (r for r in sample_home(tmp_path).requests.values() if ":m2:" in r.key)
    assert (request_.usage.input, request_.usage.cache_read, request_.usage.cache_write) == (60, 30, 10)
    assert request_.usage.cost == 2_000


def test_a_summary_and_what_the_program_shows_of_its_own_are_no_prompts(tmp_path):
    summary = sample.message("c1", "user", "It was about letters.", 1, metadata={"kind": "compaction_summary"})
    banner = sample.message("c2", "assistant", "No credit", 2, metadata={"displayOnly": True, "displayRole": "error"})
    sample.session(tmp_path, LEAD, [summary, banner])
    one_, two = read(tmp_path).all_messages
    assert (one_.id, one_.role, one_.parts) == ("c1", "system", (Summary("It was about letters."),))
    assert (two.role, two.text, two.extra) == ("system", "No credit", {"error": True})


@pytest.mark.parametrize(
    ("path", "argv"),
    [
        (f"/h/.cline/data/sessions/{LEAD}/{LEAD}.messages.json", ("cline", f"--id={LEAD}")),
        ("/h/.config/Cursor/User/globalStorage/x/tasks/1/ui_messages.json", ("cursor", ".")),
        ("C:\\Users\\a\\AppData\\Roaming\\Code - Insiders\\User\\tasks\\1\\ui_messages.json", ("code-insiders", ".")),
    ],
)
def test_a_session_goes_on_at_the_command_line_and_a_task_in_its_editor(path, argv):
    session = Session(id="x" * 16, agent="cline", native_id=LEAD, cwd=CWD, source_path=path)
    assert Cline().resume_command(session).argv == argv
    assert Cline().resume_command(session).cwd == CWD


@pytest.mark.parametrize("piece", ["<task>", "<read_file>", "<a>", "</task>", "[read_file for ", "<thinking>x"])
def test_hostile_markup_takes_no_time(tmp_path, piece):
    began = process_time()
    sent = [{"role": "user", "content": piece * 100_000}, {"role": "assistant", "content": piece * 100_000}]
    task(tmp_path, sent=sent)
    assert process_time() - began < 2
