"""Two conversations in the shape of ChatGPT's data export, with the content types that are known and one that is not."""

from __future__ import annotations

from typing import Any

START = 1_790_000_000.25


def node(key, parent, children, role="", content=None, *, name=None, at=0.0, recipient="all", **metadata):
    message = None
    if role:
        message = {
            "id": key,
            "author": {"role": role, "name": name, "metadata": {}},
            "create_time": START + at,
            "update_time": None,
            "content": content,
            "status": "finished_successfully",
            "end_turn": None,
            "weight": 1.0,
            "metadata": metadata,
            "recipient": recipient,
            "channel": None,
        }
    return key, {"id": key, "message": message, "parent": parent, "children": children}


def text(*parts):
    return {"content_type": "text", "parts": list(parts)}


PICTURE = {
    "content_type": "image_asset_pointer",
    "asset_pointer": "file-service://file-abc",
    "size_bytes": 2048,
    "width": 640,
    "height": 480,
    "metadata": {"dalle": {"prompt": "a lighthouse"}},
}
SPEECH = {"content_type": "audio_transcription", "text": "spoken words", "direction": "in"}
THOUGHTS = {
    "content_type": "thoughts",
    "thoughts": [{"summary": "Weighing", "content": "first this,\nthen that"}],
    "source_analysis_msg_id": "a0",
}
MODEL = {"model_slug": "gpt-5-thinking"}

TREE = {
    "title": "Lighthouse sums",
    "create_time": START,
    "update_time": START + 90,
    "mapping": dict([
        node("root", None, ["sys"]),
        node("sys", "root", ["ctx"], "system", text("hidden rules"), is_visually_hidden_from_conversation=True),
        node(
            "ctx", "sys", ["ask"], "user",
            {"content_type": "user_editable_context", "user_profile": "a keeper", "user_instructions": "be brief"},
            is_visually_hidden_from_conversation=True, is_user_system_message=True,
        ),
        node(
            "ask", "ctx", ["old", "think"], "user",
            {"content_type": "multimodal_text", "parts": [PICTURE, "How tall is it?", SPEECH]},
            at=1,
            attachments=[
                {"id": "file-abc", "name": "tower.png", "size": 2048, "mime_type": "image/png"},
                {"id": "file-def", "name": "notes.pdf", "size": 10, "mimeType": "application/pdf"},
            ],
        ),
        node("old", "ask", [], "assistant", text("About nine."), at=2, model_slug="gpt-4o"),
        node("think", "ask", ["code"], "assistant", THOUGHTS, at=3, **MODEL),
        node(
            "code", "think", ["ran"], "assistant",
            {"content_type": "code", "language": "python", "text": "print(3 * 4)", "response_format_name": None},
            at=4, recipient="python", **MODEL,
        ),
        node(
            "ran", "code", ["broke"], "tool", {"content_type": "execution_output", "text": "12\n"}, name="python", at=5,
            aggregate_result={"status": "success", "run_id": "r1"},
        ),
        node(
            "broke", "ran", ["recap"], "tool",
            {"content_type": "system_error", "name": "AceInternalException", "text": "no answer"}, name="browser", at=6,
        ),
        node("recap", "broke", ["quote"], "assistant", {"content_type": "reasoning_recap", "content": "Thought for 4s"}, at=7),
        node(
            "quote", "recap", ["shown"], "tool",
            {"content_type": "tether_quote", "url": "https://example.org/t", "domain": "example.org", "text": "12 m", "title": "Towers"},
            name="browser", at=8,
        ),
        node("shown", "quote", ["new"], "tool", {"content_type": "tether_browsing_display", "result": "found 1", "summary": None}, at=9),
        node("new", "shown", ["answer"], "assistant", {"content_type": "hologram", "payload": {"depth": "three"}}, at=10),
        node("answer", "new", [], "assistant", text("Twelve metres."), at=11, **MODEL, citations=[{"start_ix": 0, "title": "Towers"}]),
    ]),
    "moderation_results": [],
    "current_node": "answer",
    "plugin_ids": None,
    "conversation_id": "6f0c-1",
    "conversation_template_id": None,
    "gizmo_id": "g-lighthouse",
    "is_archived": False,
    "default_model_slug": "gpt-5-thinking",
    "id": "6f0c-1",
}  # fmt: skip
SHORT: dict[str, Any] = {
    "title": "Rewound",
    "create_time": START + 100,
    "update_time": START + 120,
    "mapping": dict(
        [
            node("r", None, ["q"]),
            node("q", "r", ["a1", "a2"], "user", text("pick"), at=101),
            node("a1", "q", [], "assistant", text("one"), at=102, model_slug="gpt-4o"),
            node("a2", "q", [], "assistant", text("two"), at=103, model_slug="gpt-4o"),
        ]
    ),
    "current_node": "a1",
    "conversation_id": "6f0c-2",
}
SAMPLE = [TREE, SHORT]
SAID = [["How tall is it?\nspoken words", "Twelve metres."], ["pick", "one"]]
STRUCTURE = frozenset({"parent", "children", "current_node", "role", "content_type", "asset_pointer"})
HOLLOW = frozenset({"root", "r"})
