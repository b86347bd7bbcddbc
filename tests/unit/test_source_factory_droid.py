"""Droid's sessions: who speaks in a `user` record, rewinds, sub-agents, and tokens that stand beside the transcript."""

from __future__ import annotations

import pytest

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Summary, Text, Thinking, ToolResult, conversation, observed_id
from holdfast.sources.factory_droid import FactoryDroid
from holdfast.testing._readings import Gathered
from tests.contracts.samples import factory_droid as sample
from tests.contracts.samples.factory_droid import message, settings, start, text, usage


def read(root):
    found = Gathered()
    for ref in FactoryDroid().discover([root]):
        found.take(FactoryDroid().read(ref, None))
    return found


def read_records(root, *records, beside=None):
    sample.write(root / "sessions" / "-p", sample.MAIN, list(records), beside)
    return read(root)


def only(found):
    (session,) = found.sessions.values()
    return session


def test_a_session_is_described_by_its_records_and_its_settings(tmp_path):
    session = only(read_records(tmp_path, *sample.main(), beside=settings(archivedAt="2026-09-30T00:00:00Z")))
    assert (session.title, session.cwd) == ("Mend it", sample.CWD)
    assert session.models == ("claude-opus-5", "gpt-5.5")
    assert session.context.used == 1000
    assert session.extra == {"provider": "anthropic", "archived": True, "format": 2}
    assert session.source_path.endswith(f"{sample.MAIN}.jsonl")
    assert session.active - session.started == 10_000


def test_what_a_session_used_is_one_request_at_its_last_time(tmp_path):
    found = read_records(tmp_path, *sample.main(), beside=settings())
    (request,) = found.requests.values()
    assert (request.key, request.model) == (f"factory-droid:{sample.MAIN}", "claude-opus-5")
    assert request.at == only(found).active
    counts = request.usage
    assert (counts.input, counts.cache_read, counts.cache_write, counts.output) == (1000, 4000, 500, 200)
    assert (counts.reasoning, counts.reasoning_apart) == (40, 0)


def test_what_sub_agents_used_is_counted_with_them_alone(tmp_path):
    sample.build(tmp_path)
    assert len(read(tmp_path).requests) == 2


def test_the_figures_grow_with_the_settings_and_are_not_added_up(tmp_path):
    found = read_records(tmp_path, *sample.main(), beside=settings())
    sample.write(
        tmp_path / "sessions" / "-p", sample.MAIN, sample.main(), settings(tokenUsage=usage(2000, 300, 500, 9000, 40))
    )
    for ref in FactoryDroid().discover([tmp_path]):
        found.take(FactoryDroid().read(ref, None))
    (request,) = found.requests.values()
    assert (request.usage.input, request.usage.output, request.usage.cache_read) == (2000, 300, 9000)


def test_where_droid_chooses_the_model_the_chosen_one_counts(tmp_path):
    chosen = settings(model="auto", effectiveFactoryRouterModel={"modelId": "claude-opus-5"})
    (request,) = read_records(tmp_path, start(sample.MAIN), beside=chosen).requests.values()
    assert request.model == "claude-opus-5"


def test_a_sub_agent_names_the_session_that_called_it(tmp_path):
    sample.build(tmp_path)
    parent = read(tmp_path).sessions[observed_id("factory-droid", sample.CHILD)].parent
    assert (parent.id, parent.kind) == (observed_id("factory-droid", sample.MAIN), "subagent")


@pytest.mark.parametrize(("fields", "kind"), [({"forkedAtMessageId": "m1"}, "fork"), ({}, "continuation")])
def test_a_session_that_goes_on_from_another_names_it(tmp_path, fields, kind):
    parent = only(read_records(tmp_path, start(sample.MAIN, parent=sample.OLD, **fields))).parent
    assert (parent.id, parent.kind) == (observed_id("factory-droid", sample.OLD), kind)


def test_a_rewound_turn_leaves_the_conversation(tmp_path):
    found = read_records(tmp_path, *sample.main())
    kept = [m.text for m in conversation(found.all_messages) if m.is_prompt]
    assert kept == ["Mend the build", "Try again"]


def test_what_droid_put_into_a_prompt_is_not_what_the_person_said(tmp_path):
    found = read_records(tmp_path, *sample.main()[:3])
    assert [(m.role, m.id) for m in found.all_messages] == [("system", "m1"), ("system", "m2:context"), ("user", "m2")]
    assert found.all_messages[2].parts == (Text("Mend the build"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"visibility": "llm_only"},
        {"visibility": "user_only"},
        {"userMessageSource": "automation"},
        {"hookEventName": "Stop"},
    ],
    ids=str,
)
def test_what_no_person_wrote_is_no_prompt(tmp_path, fields):
    (said,) = read_records(tmp_path, message(1, "user", "words", parent=0, **fields)).all_messages
    assert said.role == "system"


def test_tools_thoughts_hooks_and_summaries_are_read(tmp_path):
    found = read_records(tmp_path, *sample.main())
    parts = [p for m in found.all_messages for p in m.parts]
    assert ToolResult(call="call_1", text="Error: no rule", error=True) in parts
    assert Thinking("They want a build.") in parts
    assert Text("checked") in parts
    assert Summary("So far.") in parts


def test_a_turn_that_failed_is_an_error_and_one_that_ended_is_not(tmp_path):
    found = read_records(tmp_path, *sample.main())
    assert [m.text for m in found.all_messages if m.extra.get("error")] == ["error"]


def test_images_are_described_without_their_bytes(tmp_path):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    found = read_records(tmp_path, message(1, "user", [text("see"), image], parent=0))
    assert found.all_messages[0].parts[1] == Attachment(media="image/png", size=3)


def test_a_session_without_a_title_is_called_by_its_first_prompt(tmp_path):
    assert only(read_records(tmp_path, start(sample.MAIN), message(1, "user", "Do it", parent=0))).title == "Do it"


def test_records_roles_and_blocks_not_known_are_counted(tmp_path):
    odd = [{"type": "novelty"}, message(1, "judge", "x", parent=0), message(2, "assistant", [{"type": "mystery"}])]
    found = read_records(tmp_path, *odd)
    assert found.unknown == {"record:novelty": 1, "role:judge": 1, "block:mystery": 1}


@pytest.mark.parametrize("data", [b"", b"[]", b"{broken", b'{"tokenUsage": 7, "model": []}', b"null"])
def test_settings_of_any_shape_are_survived(tmp_path, data):
    path = sample.write(tmp_path / "sessions" / "-p", sample.MAIN, sample.main(), {})
    path.with_name(f"{sample.MAIN}.settings.json").write_bytes(data)
    assert read(tmp_path).requests == {}


def test_it_is_resumed_by_id_and_an_id_like_an_option_is_refused(tmp_path):
    session = only(read_records(tmp_path, *sample.main()))
    assert FactoryDroid().resume_command(session).argv == ("droid", "--resume", sample.MAIN)
    assert FactoryDroid().resume_command(session).cwd == sample.CWD
    sample.write(tmp_path / "other" / "sessions", "--help", sample.old())
    with pytest.raises(Unsafe):
        FactoryDroid().resume_command(only(read(tmp_path / "other")))
