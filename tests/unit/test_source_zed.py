"""What Zed's threads say, packed or not, of which window and branch they are, and what is known of their tokens."""

from __future__ import annotations

import base64
import json
import random

import pytest

from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.zed import Zed
from holdfast.testing._mutations import mutated
from holdfast.testing._readings import Gathered, sound
from tests.contracts.samples import zed as sample

NAME = "6f1c0b2e-1111-4bbb-8ccc-000000000009"


def readings(root, cursor=None):
    return [r for ref in Zed().discover([root]) for r in Zed().read(ref, cursor)]


def read(root) -> Gathered:
    return Gathered().take(readings(root))


def session_of(found, native):
    return found.sessions[observed_id("zed", native)]


def messages_of(found, native):
    return list(found.messages[observed_id("zed", native)].values())


@pytest.fixture
def filled(tmp_path):
    sample.build(tmp_path)
    return tmp_path


@pytest.fixture
def db(tmp_path):
    opened = sample.database(tmp_path)
    yield opened
    opened.close()


def test_a_thread_says_where_it_ran_on_which_branch_and_with_what(filled):
    session = session_of(read(filled), sample.MAIN)
    assert (session.title, session.cwd, session.branch) == ("Fix the build", sample.CWD, "main")
    assert (session.models, session.version) == (("claude-sonnet-4-5",), "0.3.0")
    assert (session.started, session.active) == (1_767_607_200_000, 1_767_607_500_000)
    assert session.extra == {"provider": "anthropic", "profile": "write", "folders": [sample.CWD, "/home/ada/lib"]}


@pytest.mark.parametrize("order", [None, "", "0", "x,y", "1,0,2", "999999999999,1"])
def test_an_order_that_does_not_fit_leaves_the_folders_as_they_stand(db, tmp_path, order):
    sample.insert(db, NAME, sample.packed(sample.thread()), folder_paths="/a\n/b", folder_paths_order=order)
    assert session_of(read(tmp_path), NAME).cwd == "/a"


def test_without_folders_the_first_snapshot_tells_them(filled):
    session = session_of(read(filled), sample.OLD)
    assert (session.cwd, session.branch) == (sample.CWD, "main")
    assert session.started == 1_767_607_140_000


def test_a_table_of_five_columns_is_read(tmp_path):
    db = sample.database(tmp_path, sample.OLDER_SCHEMA)
    sample.insert(db, NAME, sample.packed(sample.thread(sample.user("u", "hello"))))
    db.close()
    assert [m.text for m in read(tmp_path).all_messages] == ["hello"]


def test_a_sub_agent_names_its_parent_and_is_titled_by_its_task(filled):
    session = session_of(read(filled), sample.HELPER)
    assert (session.parent.id, session.parent.kind) == (observed_id("zed", sample.MAIN), "subagent")
    assert session.title == "Look around"


def test_a_sub_agent_without_the_column_is_known_by_its_context(db, tmp_path):
    context = {"parent_thread_id": sample.MAIN, "depth": 1}
    sample.insert(db, NAME, sample.packed(sample.thread(subagent_context=context)))
    assert session_of(read(tmp_path), NAME).parent.id == observed_id("zed", sample.MAIN)


def test_what_was_said_thought_called_and_returned_is_told_apart(filled):
    found = messages_of(read(filled), sample.MAIN)
    assert [m.role for m in found] == ["user", "assistant", "tool", "system", "user", "assistant"]
    mention = Attachment(name="file:///home/ada/shop/Makefile", text="all:")
    assert found[0].parts == (Text("Why does the build fail?"), mention)
    assert found[1].parts == (Thinking("Hm."), ToolCall("t1", "terminal", {"command": "make"}))
    assert found[2].parts == (ToolResult("t1", "no rule", error=True),)
    assert found[3].parts == (Summary("The build failed."),)


def test_older_messages_with_roles_say_the_same(filled):
    found = messages_of(read(filled), sample.OLD)
    assert [m.role for m in found] == ["user", "assistant", "tool"]
    assert found[0].parts == (Text("Zażółć gęślą"),)
    assert found[1].parts == (Thinking("hm"), Text("jaźń"), ToolCall("t1", "grep", {"regex": "x"}))
    assert found[2].parts == (ToolResult("t1", "no match", error=True),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([{"Text": "one"}, {"Image": {"source": "AAAA"}}, {"Text": "two"}], "one\ntwo"),
        ({"Text": "alone"}, "alone"),
        ({"type": "text", "text": "tagged"}, "tagged"),
        ("bare", "bare"),
        ([], "output"),
    ],
    ids=["list", "one", "tagged", "bare", "none"],
)
def test_results_of_every_shape_are_read(db, tmp_path, content, said):
    results = sample.result("t", content=content, output="output")
    sample.insert(db, NAME, sample.packed(sample.thread(sample.agent(results=results))))
    assert messages_of(read(tmp_path), NAME)[0].parts == (ToolResult("t", said),)


def test_images_and_older_mentions_are_described(db, tmp_path):
    blocks = ({"Image": {"source": "A" * 400}}, {"Mention": {"uri": {"File": {"abs_path": "/a/b"}}, "content": "x"}})
    sample.insert(db, NAME, sample.packed(sample.thread(sample.user("u", *blocks))))
    parts = messages_of(read(tmp_path), NAME)[0].parts
    assert parts == (Attachment(media="image", size=300), Attachment(name="/a/b", text="x"))


def test_unknown_records_and_blocks_are_counted(db, tmp_path):
    messages: tuple = (
        {"Oracle": {}},
        sample.agent({"Hologram": 1}, "hello"),
        {"Compaction": {"ProviderNative": {}}},
        "Later",
    )
    sample.insert(db, NAME, sample.packed(sample.thread(*messages)))
    found = read(tmp_path)
    assert found.unknown == {"record:Oracle": 1, "block:Hologram": 1, "record:Later": 1}
    assert [m.text for m in found.all_messages] == ["hello"]


def test_a_thread_is_one_request_with_its_running_sum(filled):
    usage = read(filled).requests[f"zed:{sample.MAIN}"].usage
    assert (usage.input, usage.cache_read, usage.cache_write, usage.output) == (100, 700, 50, 40)


def test_where_no_sum_was_kept_the_requests_that_were_noted_count(filled):
    usage = read(filled).requests[f"zed:{sample.HELPER}"].usage
    assert (usage.input, usage.output) == (10, 5)


def test_a_sum_that_began_late_is_not_less_than_what_was_noted(db, tmp_path):
    sums = {"request_token_usage": {"u": sample.usage(500, 50)}, "cumulative_token_usage": sample.usage(10, 1)}
    sample.insert(db, NAME, sample.packed(sample.thread(sample.user("u", "x"), **sums)))
    assert [r.usage.input for r in read(tmp_path).requests.values()] == [500]


def test_the_context_in_use_is_that_of_the_last_prompt(filled):
    assert session_of(read(filled), sample.MAIN).context.used == 430


def test_after_a_compaction_nothing_is_known_of_the_context(db, tmp_path):
    messages = (sample.user("u", "x"), {"Compaction": {"Summary": "y"}})
    sample.insert(db, NAME, sample.packed(sample.thread(*messages, request_token_usage={"u": sample.usage(5, 5)})))
    assert session_of(read(tmp_path), NAME).context.used is None


def test_messages_that_were_taken_back_leave_the_conversation_and_stay_billed(db, tmp_path):
    before = sample.thread(sample.user("u", "one"), sample.user("v", "two"), cumulative_token_usage=sample.usage(90, 9))
    sample.insert(db, NAME, sample.packed(before))
    found = Gathered().take(readings(tmp_path))
    after = sample.thread(sample.user("u", "one"), cumulative_token_usage=sample.usage(90, 9))
    sample.insert(db, NAME, sample.packed(after), updated_at="2026-01-05T10:06:00Z")
    found.take(readings(tmp_path, found.cursor))
    assert [m.text for m in found.all_messages] == ["one"]
    assert [r.usage.input for r in found.requests.values()] == [90]


def test_only_the_thread_that_changed_is_unpacked_again(filled):
    cursor = readings(filled)[-1].cursor
    db = sample.reopened(filled)
    sample.insert(db, sample.HELPER, sample.packed(sample.thread(sample.user("u", "changed"))))
    db.close()
    assert [r.transcript.session.native_id for r in readings(filled, cursor)] == [sample.HELPER]


def test_a_row_is_kept_with_the_bytes_of_its_thread(filled):
    (raw,) = [r.raw for r in readings(filled) if r.transcript.session.native_id == sample.MAIN]
    (line,) = raw.data.splitlines()
    row = json.loads(line)["row"]
    assert base64.b64decode(row["data"]["base64"])[:4] == b"\x28\xb5\x2f\xfd"
    assert row["id"] == sample.MAIN


def test_packed_bytes_are_never_taken_for_a_text(db, tmp_path):
    for number in range(60):  # some of these hold no zero byte, some are even valid text
        sample.insert(
            db, f"{NAME}-{number}", sample.packed(sample.thread(sample.user("u", "x" * number), title=str(number)))
        )
    found = read(tmp_path)
    assert found.damaged == 0
    assert len(found.sessions) == 60


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + b"\xff" * 50, b"[" * 100_000, b"[1]"]
)
def test_a_damaged_thread_is_counted_and_the_others_are_read(db, tmp_path, data):
    sample.insert(db, "bad", data)
    sample.insert(db, NAME, sample.packed(sample.thread(sample.user("u", "hello"))))
    found = read(tmp_path)
    assert found.damaged == 1
    assert session_of(found, "bad").title == "Fix the build"
    assert [m.text for m in found.all_messages] == ["hello"]


def test_a_thread_that_unpacks_without_end_is_not_understood(db, tmp_path, monkeypatch):
    monkeypatch.setattr("holdfast.sources._zed.threads.MOST", 1000)
    sample.insert(db, NAME, sample.packed(sample.thread(sample.user("u", "x" * 1000))))
    assert read(tmp_path).damaged == 1


def test_odd_values_anywhere_in_a_thread_are_harmless(db, tmp_path):
    rng = random.Random(5)
    db.execute("PRAGMA synchronous = off")
    messages = (
        sample.user("u", "x", {"Mention": {"uri": "a", "content": "b"}}),
        sample.agent(sample.use("t", "x", a=1), results=sample.result("t", "y")),
        {"Compaction": {"Summary": "s"}},
        {"id": 1, "role": "assistant", "segments": [{"type": "text", "text": "z"}], "tool_uses": [{"id": "t"}]},
    )
    whole = sample.thread(
        *messages, initial_project_snapshot=sample.snapshot(), request_token_usage={"u": sample.usage(1, 2)}
    )
    data = json.dumps(whole).encode()
    for number in range(60):
        sample.insert(db, str(number), mutated(data, rng), folder_paths=rng.choice([b"\xff", 3, None, "/a\n/b"]))
    sound(read(tmp_path))
