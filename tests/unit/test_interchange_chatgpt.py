"""ChatGPT's data export: trees of messages."""

from __future__ import annotations

import io
import json

from holdfast import registry
from holdfast.model import Attachment, Text, Thinking, ToolCall, ToolResult, conversation
from tests.contracts.samples import chatgpt_export as sample


def read(*conversations):
    return list(registry.load("imports", "chatgpt")().load(io.BytesIO(json.dumps(conversations).encode())))


def by_id(transcript):
    return {m.id: m for m in transcript.messages}


def test_the_path_to_the_current_node_is_the_conversation_and_other_branches_are_kept_as_taken_back():
    tree, short = read(*sample.SAMPLE)
    assert [m.id for m in conversation(short.messages)] == ["q", "a1"]
    assert {m.id: m.live for m in short.messages} == {"q": True, "a1": True, "a2": False}
    assert by_id(tree)["old"].live is False


def test_without_a_current_node_the_leaf_said_last_is_the_end():
    left = {k: v for k, v in sample.SHORT.items() if k != "current_node"}
    (short,) = read(left)
    assert [m.id for m in conversation(short.messages)] == ["q", "a2"]


def test_hidden_messages_are_kept_and_not_shown():
    tree, _ = read(*sample.SAMPLE)
    assert {m.id for m in tree.messages if not m.live} == {"sys", "ctx", "old"}
    assert by_id(tree)["ctx"].role == "system"


def test_thoughts_calls_results_and_files_become_parts():
    found = by_id(read(*sample.SAMPLE)[0])
    assert found["think"].parts == (Thinking("Weighing\nfirst this,\nthen that"),)
    assert found["code"].parts == (ToolCall(id="code", name="python", input="print(3 * 4)"),)
    assert found["ran"].parts == (ToolResult(call="code", text="12\n"),)
    assert found["broke"].parts == (ToolResult(call="ran", text="AceInternalException\nno answer", error=True),)
    assert found["ask"].parts == (
        Attachment(media="image/png", name="tower.png", size=2048),
        Text("How tall is it?"),
        Text("spoken words"),
        Attachment(media="application/pdf", name="notes.pdf", size=10),
    )


def test_arguments_in_json_are_decoded():
    call = sample.node("c", "q", [], "assistant", sample.text('{"title": "plan"}'), recipient="canmore.create_textdoc")
    (found,) = read({**sample.SHORT, "mapping": {**sample.SHORT["mapping"], **dict([call])}, "current_node": "c"})
    assert by_id(found)["c"].parts == (ToolCall(id="c", name="canmore.create_textdoc", input={"title": "plan"}),)


def test_an_answer_in_several_nodes_is_one_message():
    tree, _ = read(*sample.SAMPLE)
    assert [m.id for m in tree.messages if m.continues] == ["code", "answer"]
    again = dict(sample.SHORT["mapping"])
    again |= dict([sample.node("more", "a1", [], "assistant", sample.text("and more"), at=104)])
    (found,) = read({**sample.SHORT, "mapping": again, "current_node": "more"})
    assert [m.id for m in found.messages if m.continues] == ["more"]


def test_an_unknown_content_is_counted_and_kept():
    tree, _ = read(*sample.SAMPLE)
    assert tree.losses.unknown == {"content hologram": 1}
    assert by_id(tree)["new"].extra["content"] == {"content_type": "hologram", "payload": {"depth": "three"}}


def test_titles_times_and_models_are_the_exports_own():
    tree, short = (t.session for t in read(*sample.SAMPLE))
    assert (tree.title, tree.started, tree.active) == ("Lighthouse sums", 1_790_000_000_250, 1_790_000_090_250)
    assert tree.models == ("gpt-5-thinking",), "the model of a branch that was left is not named"
    assert short.extra == {}


def test_nodes_in_a_ring_or_without_their_parent_are_read_once_each():
    ring = dict(
        [
            sample.node("a", "b", ["b"], "user", sample.text("a")),
            sample.node("b", "a", ["a"], "assistant", sample.text("b")),
            sample.node("lost", "nowhere", [], "user", sample.text("lost")),
        ]
    )
    (found,) = read({**sample.SHORT, "mapping": ring, "current_node": "b"})
    assert sorted(m.id for m in found.messages) == ["a", "b", "lost"]


def test_nodes_whose_parents_were_cut_out_of_the_file_are_one_thread():
    cut = dict(
        [
            sample.node("a", "gone", ["lost"], "user", sample.text("help"), at=1),
            sample.node("b", "lost", [], "assistant", sample.text("gladly"), at=2),
        ]
    )
    (found,) = read({"title": "cut", "create_time": sample.START, "mapping": cut})
    assert [m.text for m in conversation(found.messages)] == ["help", "gladly"]


def test_a_thread_of_thousands_of_nodes_is_no_deeper_than_any_other():
    nodes = dict(sample.node(str(i), str(i - 1), [str(i + 1)], "user", sample.text(str(i))) for i in range(5000))
    (found,) = read({**sample.SHORT, "mapping": nodes, "current_node": "4999"})
    assert [m.text for m in found.messages] == [str(i) for i in range(5000)]
    assert all(m.live for m in found.messages)


def test_a_key_of_ours_in_the_export_means_nothing():
    marked = sample.text({"$holdfast": "float", "value": "none of that kind"})
    (found,) = read({**sample.SHORT, "mapping": dict([sample.node("q", None, [], "user", marked)])})
    assert found.messages[0].extra["content"]["parts"] == [{"$holdfast": "float", "value": "none of that kind"}]
