"""Kimi's sessions of both generations: what stands twice in the log counts once; undo, sub-agents, forks, calls in pieces."""

from __future__ import annotations

import time

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.kimi import Kimi
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import kimi as sample
from tests.contracts.samples.kimi import asked, counted, event, part, record, said, text


def read(root):
    found = Gathered()
    for ref in Kimi().discover([root]):
        found.take(Kimi().read(ref, None))
    return found


def read_wire(root, *records):
    sample.write(root / "sessions" / "wd_p_0" / sample.MAIN / "agents" / "main" / "wire.jsonl", list(records))
    return read(root)


def read_classic(root, *records):
    sample.write(root / "sessions" / "h" / sample.CLASSIC / "wire.jsonl", list(records))
    return read(root)


def session_of(root, native):
    sample.build(root)
    return read(root).sessions[observed_id("kimi", native)]


def only(found):
    (session,) = found.sessions.values()
    return session


def parts(found, kind):
    return [p for m in found.all_messages for p in m.parts if isinstance(p, kind)]


def test_a_prompt_stands_twice_in_the_log_and_is_said_once(tmp_path):
    found = read_wire(tmp_path, *asked("Again", 1), *asked("Again", 2))
    assert [m.text for m in found.all_messages] == ["Again", "Again"]


def test_a_prompt_that_stands_in_the_context_alone_is_said_too(tmp_path):
    (prompt,) = read_wire(tmp_path, asked("Only here", 1)[1]).all_messages
    assert prompt.is_prompt


def test_a_request_stands_twice_in_the_log_and_is_counted_once(tmp_path):
    both = counted("s1", 1, 10, 0, 0, 5)
    assert len(read_wire(tmp_path, *both).requests) == 1
    assert len(read_wire(tmp_path, *reversed(both)).requests) == 1
    assert len(read_wire(tmp_path, both[0]).requests) == 1
    assert len(read_wire(tmp_path, both[1]).requests) == 1
    assert len(read_wire(tmp_path, *both, *counted("s2", 2, 10, 0, 0, 5)).requests) == 2


def test_what_compactions_and_titles_used_is_billed_and_leaves_the_context_alone(tmp_path):
    usage = {"inputOther": 100, "output": 10}
    aside = record("usage.record", 2, model="kimi-mini", usage=usage, usageScope="session")
    found = read_wire(tmp_path, *counted("s1", 1, 10, 20, 30, 5), aside)
    assert [(r.main, r.model, r.usage.input) for r in found.requests.values()][1] == (False, "kimi-mini", 100)
    assert only(found).context.used == 65


def test_the_model_is_the_one_that_was_asked_and_not_its_alias(tmp_path):
    sample.build(tmp_path)
    session = read(tmp_path).sessions[observed_id("kimi", sample.MAIN)]
    assert session.models == ("kimi-k3", "kimi-mini")


def test_an_undone_turn_leaves_the_conversation_and_stays_billed(tmp_path):
    found = read_wire(tmp_path, *sample.main())
    live = [
        m.text for m in found.all_messages if m.id not in found.dropped and m.role in ("user", "assistant") and m.text
    ]
    assert live == ["Mend the build", "I will run it.", "Zażółć.", "Try again"]
    assert totals(found.requests.values())["requests"] == 4


def test_the_parts_of_a_step_are_one_answer(tmp_path):
    found = read_wire(tmp_path, *sample.main()[:15])
    answers = [m for m in found.all_messages if m.role == "assistant"]
    assert [m.continues for m in answers] == [False, True, True]
    assert parts(found, Thinking) == [Thinking("They want a build.")]
    assert parts(found, ToolCall) == [ToolCall(id="Bash_0", name="Bash", input={"command": "make"})]
    assert parts(found, ToolResult) == [ToolResult(call="Bash_0", text="make: *** Error 2", error=True)]


@pytest.mark.parametrize("origin", ["injection", "task", "cron_job", "hook_result", "skill_activation"])
def test_what_no_person_wrote_is_no_prompt(tmp_path, origin):
    found = read_wire(tmp_path, *asked("first", 1), *asked("words", 2, origin=origin))
    assert [m.role for m in found.all_messages] == ["user", "system"]


def test_a_turn_that_failed_is_an_error_and_a_compaction_a_summary(tmp_path):
    found = read_wire(tmp_path, *sample.main())
    assert [m.text for m in found.all_messages if m.extra.get("error")] == ["rate limited"]
    assert parts(found, Summary) == [Summary("So far.")]
    assert only(found).context.used == 30


def test_a_session_is_described_by_its_records_and_its_state(tmp_path):
    session = session_of(tmp_path, sample.MAIN)
    assert (session.title, session.cwd, session.started) == ("Mend it", sample.CWD, sample.BEGAN)
    assert session.source_path.endswith("wire.jsonl")


def test_a_sub_agent_names_its_session_and_hears_its_task_first(tmp_path):
    session = session_of(tmp_path, f"{sample.MAIN}/{sample.AGENT}")
    assert (session.parent.id, session.parent.kind) == (observed_id("kimi", sample.MAIN), "subagent")
    assert (session.title, session.extra) == ("Look around", {"role": "explore"})


def test_a_fork_names_its_parent_its_directory_comes_from_the_index_and_copies_are_billed_once(tmp_path):
    session = session_of(tmp_path, sample.FORK)
    assert (session.parent.id, session.parent.kind) == (observed_id("kimi", sample.MAIN), "fork")
    assert len(read(tmp_path).requests) == sample.EXPECTED["requests"]["requests"]
    forked = sample.main()[0], *asked("x", 1)
    sample.write(tmp_path / "sessions" / "wd" / sample.FORK / "agents" / "main" / "wire.jsonl", list(forked))
    assert session.cwd == sample.CWD


def test_an_older_session_is_found_by_the_hash_of_its_directory(tmp_path):
    session = session_of(tmp_path, sample.CLASSIC)
    assert (session.title, session.cwd, session.extra) == ("Say hi", sample.CWD, {"archived": True})
    assert (session.context.used, session.context.limit, session.context.source) == (120, 262144, "recorded")


def test_a_call_that_came_in_pieces_is_put_together(tmp_path):
    found = read_classic(tmp_path, *sample.classic())
    assert parts(found, ToolCall) == [ToolCall(id="Shell:0", name="Shell", input={"command": "echo hi"})]
    assert [p.text for p in parts(found, ToolResult)] == ["hi\n"]


def test_a_call_in_endless_pieces_is_read_in_time(tmp_path):
    piece = said("ToolCallPart", 4, arguments_part="0123456789")
    started = time.process_time()
    found = read_classic(tmp_path, *sample.classic()[:5], *[piece] * 40_000)
    assert time.process_time() - started < 5
    (call,) = parts(found, ToolCall)
    assert isinstance(call.input, str)
    assert len(call.input) > 300_000


def test_an_older_request_is_known_by_its_message(tmp_path):
    status = sample.classic()[6]
    found = read_classic(tmp_path, *sample.classic(), status)
    (request,) = found.requests.values()
    assert (request.key, request.usage.input, request.usage.output) == ("kimi:message:chatcmpl-1", 100, 20)


def test_what_a_sub_agent_did_inside_an_older_log_is_a_side_chain_unless_it_has_a_log_of_its_own(tmp_path):
    call = {"type": "ToolCall", "payload": {"id": "c", "function": {"name": "Glob", "arguments": "{}"}}}
    inside = said("SubagentEvent", 20, parent_tool_call_id="Agent:0", agent_id="a1", event=call)
    found = read_classic(tmp_path, *sample.classic(), inside)
    assert [m.extra for m in found.all_messages][-1] == {"side": True}
    (tmp_path / "sessions" / "h" / sample.CLASSIC / "subagents" / "a1").mkdir(parents=True)
    again = read_classic(tmp_path, *sample.classic(), inside)
    assert len(again.all_messages) == len(found.all_messages) - 1


def test_messages_without_a_log_are_read_where_there_is_no_log(tmp_path):
    sample.build(tmp_path)
    found = read(tmp_path)
    session = found.sessions[observed_id("kimi", sample.BARE)]
    assert [m.role for m in found.messages[session.id].values()] == ["user", "assistant", "tool"]
    assert (session.title, session.context.used) == ("An old wish", 9133)
    kinds = [r.kind for r in Kimi().discover([tmp_path]) if sample.CLASSIC in r.path]
    assert kinds == ["state", ""]


def test_media_are_described_without_their_bytes(tmp_path):
    picture = {"type": "image_url", "imageUrl": {"url": "data:image/png;base64,AAAA"}}
    found = read_wire(tmp_path, record("turn.prompt", 1, input=[text("see"), picture], origin={"kind": "user"}))
    assert found.all_messages[0].parts[1] == Attachment(media="image/png", size=3)


def test_calls_of_the_first_protocol_lie_one_level_deeper(tmp_path):
    calls = [{"type": "function", "id": "c", "function": {"name": "Read", "arguments": '{"path":"a"}'}}]
    message = {"role": "assistant", "content": [text("so")], "toolCalls": calls}
    found = read_wire(tmp_path, record("context.append_message", 1, message=message))
    assert parts(found, ToolCall) == [ToolCall(id="c", name="Read", input={"path": "a"})]


def test_types_not_known_are_counted(tmp_path):
    odd = [record("novelty", 1), event("step.novel", 2), part(3, type="hologram"), said("Novelty", 4)]
    found = read_wire(tmp_path, *odd)
    assert found.unknown == {"record:novelty": 1, "event:step.novel": 1, "block:hologram": 1, "event:Novelty": 1}


@pytest.mark.parametrize("data", [b"", b"[]", b"{broken", b'{"agents": 7, "title": [], "createdAt": {}}'])
def test_a_state_of_any_shape_is_survived(tmp_path, data):
    sample.build(tmp_path)
    for path in tmp_path.rglob("state.json"):
        path.write_bytes(data)
    assert len(read(tmp_path).sessions) == len(sample.EXPECTED["sessions"])


def test_it_is_resumed_by_id_and_an_id_like_an_option_is_refused(tmp_path):
    session = session_of(tmp_path, f"{sample.MAIN}/{sample.AGENT}")
    assert Kimi().resume_command(session).argv == ("kimi", "--session", sample.MAIN)
    sample.write(tmp_path / "other" / "sessions" / "h" / "--help" / "wire.jsonl", sample.classic())
    with pytest.raises(Unsafe):
        Kimi().resume_command(only(read(tmp_path / "other")))
