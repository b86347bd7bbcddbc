"""Open WebUI's chats: trees with a branch that is shown, message rows over documents, thinking and tools folded into texts."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import pytest

from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, conversation, observed_id
from holdfast.sources.open_webui import OpenWebUi
from holdfast.testing._readings import Gathered
from tests.contracts.samples import open_webui as sample
from tests.contracts.samples.open_webui import BRANCHED, OLDEST, ROWS, START, chat, open_database, row, said, tree


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in OpenWebUi().discover([root]):
        found.take(OpenWebUi().read(one, None))
    return found


def home(tmp_path: Path) -> Gathered:
    sample.build(tmp_path)
    return read(tmp_path)


def messages(found: Gathered, native: str = BRANCHED):
    return list(found.messages[observed_id("open-webui", native)].values())


def one(tmp_path: Path, *records: dict[str, Any], **facts: Any) -> Gathered:
    """Read a database with one chat of these messages."""
    db = open_database(tmp_path / "webui.db")
    chat(db, BRANCHED, "Packing", tree(records[-1]["id"] if records else "", *records), **facts)
    db.close()
    return read(tmp_path)


def answer(tmp_path: Path, content: Any = "", **more: Any):
    return messages(one(tmp_path, said("a1", None, "assistant", content, 1, **more)))


def test_a_chat_is_described_by_its_row(tmp_path):
    found = home(tmp_path).sessions
    first, second, third = (found[observed_id("open-webui", n)] for n in (BRANCHED, ROWS, OLDEST))
    assert (first.title, first.models) == ("Packing for Vienna", ("small-4b", "big-70b"))
    assert (first.started, first.active) == (START * 1000, (START + 60) * 1000)
    assert first.extra == {"pinned": True, "folder_id": "folder-1", "user_id": "user-1"}
    assert second.tags == ("key", "trip")
    assert (third.title, third.extra["archived"]) == ("Zażółć gęślą jaźń", True)


def test_copies_made_for_sharing_are_left_out(tmp_path):
    assert observed_id("open-webui", "share-0001") not in home(tmp_path).sessions


def test_the_thread_is_the_branch_that_the_page_shows(tmp_path):
    found = messages(home(tmp_path))
    assert [m.text for m in found if not m.live] == ["An umbrella."]
    assert [m.text for m in conversation(found)] == [
        "What should I pack?", "", "", "It is sunny.", "And for the evening?", "rate limited",
    ]  # fmt: skip


def test_thinking_and_tools_are_taken_out_of_the_text(tmp_path):
    found = {m.id: m for m in messages(home(tmp_path))}
    assert found["a1b"].parts == (
        Thinking("Ask for the weather.\nIt > matters."),
        ToolCall(id="call_1", name="get_weather", input={"city": "Vienna"}),
    )
    assert (found["a1b:1"].role, found["a1b:1"].parts) == ("tool", (ToolResult(call="call_1", text="Sunny in Vienna"),))
    assert (found["a1b:2"].continues, found["a1b:2"].parts) == (True, (Text("It is sunny."),))


def test_code_that_was_run_is_a_call_with_its_result(tmp_path):
    output = "{&quot;stdout&quot;: &quot;2&quot;, &quot;result&quot;: null}"
    folded = f'<details type="code_interpreter" done="true" output="{output}">\n<summary>Analyzed</summary>\nprint(2)\n</details>'
    found = answer(tmp_path, folded)
    assert [m.parts for m in found] == [
        (ToolCall(id="", name="code_interpreter", input={"code": "print(2)"}),),
        (ToolResult(call="", text="2"),),
    ]


def test_output_items_stand_for_the_text(tmp_path):
    found = messages(home(tmp_path), ROWS)
    assert [(m.role, m.continues) for m in found] == [
        ("user", False),
        ("assistant", False),
        ("tool", False),
        ("assistant", True),
        ("system", False),
    ]
    assert found[1].parts == (Thinking("Look it up."), ToolCall(id="call_2", name="search", input={"q": "key"}))
    assert found[2].parts == (ToolResult(call="call_2", text="blue door"),)
    assert found[3].text == "Behind the blue door."
    assert found[4].parts == (Summary("They look for a key."),)


def test_a_row_says_more_than_the_document(tmp_path):
    assert messages(home(tmp_path), ROWS)[0].text == "Where does the key hang?"


def test_files_are_attachments_and_a_failure_says_what_it_was(tmp_path):
    found = messages(home(tmp_path))
    assert found[0].parts[1] == Attachment(media="image/png", size=3)
    assert (found[-1].extra, found[-1].text) == ({"error": True}, "rate limited")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"usage": {"prompt_tokens": 9, "completion_tokens": 2}}, (9, 0, 0, 2)),
        ({"usage": {"input_tokens": 9, "prompt_tokens": 4, "output_tokens": 2, "completion_tokens": 1}}, (9, 0, 0, 2)),
        (
            {"usage": {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 5}}},
            (4, 5, 0, 2),
        ),
        (
            {
                "usage": {
                    "input_tokens": 9,
                    "output_tokens": 2,
                    "cache_read_input_tokens": 5,
                    "cache_creation_input_tokens": 3,
                }
            },
            (9, 5, 3, 2),
        ),
        ({"info": {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}}, (9, 0, 0, 2)),
        ({"info": {"prompt_eval_count": 9, "eval_count": 2}}, (9, 0, 0, 2)),
        ({"usage": {"promptTokenCount": 9, "candidatesTokenCount": 2}}, (9, 0, 0, 2)),
        ({"usage": {"prompt_n": 9, "predicted_n": 2}}, (9, 0, 0, 2)),
    ],
)
def test_tokens_are_read_whichever_server_counted_them(tmp_path, told, expected):
    (request,) = one(tmp_path, said("a1", None, "assistant", "Hi", 1, **told)).requests.values()
    usage = request.usage
    assert (usage.input, usage.cache_read, usage.cache_write, usage.output) == expected
    assert request.key == "open-webui:a1"


def test_a_cost_that_the_provider_told_is_kept_and_a_branch_that_was_left_stays_billed(tmp_path):
    found = home(tmp_path).requests
    assert (found["open-webui:a1b"].usage.cost, found["open-webui:a1b"].main) == (12_500, True)
    assert found["open-webui:a1"].main is False


def test_a_clone_of_a_chat_counts_once(tmp_path):
    sample.build(tmp_path)
    db = open_database(tmp_path / "webui.db")
    chat(db, "chat-0009-clone", "Clone of Packing", sample.branched())
    db.close()
    assert len(read(tmp_path).requests) == 4


def test_only_chats_that_changed_are_read_again(tmp_path):
    sample.build(tmp_path)
    (ref,) = OpenWebUi().discover([tmp_path])
    cursor = Gathered().take(OpenWebUi().read(ref, None)).cursor
    db = open_database(tmp_path / "webui.db")
    row(db, ROWS, "u10", "user", 20, parent_id="a9", content="Thanks")
    db.close()
    (reading,) = OpenWebUi().read(ref, cursor)
    assert reading.transcript.session.native_id == ROWS
    assert reading.transcript.replaces
    assert reading.raw is not None
    assert reading.raw.rows


def test_messages_that_answer_one_another_in_a_ring_are_read(tmp_path):
    ring = (said("a", "b", "user", "One", 1), said("b", "a", "user", "Two", 2))
    assert sorted(m.text for m in messages(one(tmp_path, *ring))) == ["One", "Two"]


def test_roles_and_items_that_are_not_known_are_counted(tmp_path):
    odd = said("a", None, "oracle", "?", 1)
    other = said("b", "a", "assistant", "", 2, output=[{"type": "hologram"}, 3])
    found = one(tmp_path, odd, other, said("c", "b", "user", "Hello", 3))
    assert found.unknown == {"record:oracle": 1, "item:hologram": 1, "item:?": 1}
    assert [m.text for m in messages(found) if m.is_prompt] == ["Hello"]


def test_a_chat_whose_document_is_damaged_is_counted_and_its_neighbours_are_read(tmp_path):
    sample.build(tmp_path)
    db = open_database(tmp_path / "webui.db")
    db.execute("UPDATE chat SET chat = '{broken' WHERE id = ?", (BRANCHED,))
    db.close()
    found = read(tmp_path)
    assert found.damaged == 1
    assert [m.text for m in messages(found, OLDEST)] == ["Zażółć gęślą jaźń", "Dobrze."]


@pytest.mark.parametrize(
    "words", ['<details type="reasoning">' * 50_000, '<details type="tool_calls" a="' * 50_000, "> " * 200_000]
)
def test_text_made_to_hang_a_reader_does_not(tmp_path, words):
    started = process_time()
    assert answer(tmp_path, words)
    assert process_time() - started < 2


def test_thousands_of_messages_in_one_branch_are_put_in_order(tmp_path):
    chain = [said(f"m{n}", f"m{n - 1}" if n else None, "user", str(n), 1) for n in range(5_000)]
    found = messages(one(tmp_path, *reversed(chain[:-1]), chain[-1]))
    assert [m.text for m in found] == [str(n) for n in range(5_000)]
