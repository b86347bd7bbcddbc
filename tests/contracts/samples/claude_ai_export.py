"""Two conversations in the shape of Claude.ai's data export, with every kind of block that is known and one that is not."""

from __future__ import annotations

TOP = "00000000-0000-4000-8000-000000000000"


def message(key, sender, parent, content, *, plain="", second=0, **more):
    return {
        "uuid": key,
        "text": plain,
        "content": content,
        "sender": sender,
        "created_at": f"2026-11-01T10:00:{second:02d}.250000Z",
        "updated_at": f"2026-11-01T10:00:{second:02d}.250000Z",
        "attachments": [],
        "files": [],
        "parent_message_uuid": parent,
        **more,
    }


def said(words):
    times = {"start_timestamp": "2026-11-01T10:00:02Z", "stop_timestamp": "2026-11-01T10:00:03Z"}
    return {**times, "flags": None, "type": "text", "text": words, "citations": []}


CALL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "web_search",
    "input": {"query": "tides"},
    "message": "Searching the web",
    "integration_name": None,
    "display_content": {"type": "text", "text": "Searching"},
}
RESULT = {
    "type": "tool_result",
    "tool_use_id": "toolu_1",
    "name": "web_search",
    "content": [{"type": "knowledge", "title": "Tides", "url": "https://example.org/t", "text": "high at noon", "metadata": {"site": "ex"}}],
    "is_error": False,
}  # fmt: skip
BROKEN = {
    "type": "tool_result",
    "tool_use_id": None,
    "name": "repl",
    "content": [{"type": "text", "text": "no such file"}],
    "is_error": True,
}
UNSHOWN = "```\nThis block is not supported on your current device yet.\n```"

FULL = {
    "uuid": "0c1f-1",
    "name": "Tides at noon",
    "summary": "The person asked about tides.",
    "created_at": "2026-11-01T10:00:00.000000Z",
    "updated_at": "2026-11-01T10:01:00.000000Z",
    "account": {"uuid": "acc-1"},
    "project": {"uuid": "p-1", "name": "Harbour"},
    "chat_messages": [
        message(
            "m1", "human", TOP, [said("When is high tide?")], plain="When is high tide?", second=1,
            attachments=[{"file_name": "log.txt", "file_type": "txt", "file_size": 12, "extracted_content": "12:00 high"}],
            files=[{"file_uuid": "f-1", "file_name": "chart.png", "file_kind": "image"}],
            files_v2=[{"file_uuid": "f-1", "file_name": "chart.png", "file_kind": "image", "preview_url": "/p/f-1"}],
        ),
        message("m2", "assistant", "m1", [said("At one.")], plain="At one.", second=2),
        message(
            "m3", "assistant", "m1",
            [
                {"type": "thinking", "thinking": "look it up", "summaries": [{"summary": "Looking"}], "cut_off": False},
                CALL, RESULT,
                {"type": "tool_use", "id": None, "name": "repl", "input": {"code": "1/0"}},
                BROKEN,
                {"type": "token_budget"},
                {"type": "hologram", "payload": "three-d"},
                said("At noon."),
            ],
            plain=f"{UNSHOWN}\n\n{UNSHOWN}\n\nAt noon.", second=3,
        ),
        message("m4", "human", "m3", [{"type": "voice_note", "title": "Note", "text": "thank you"}], plain="", second=4),
    ],
}  # fmt: skip
OLD = {
    "uuid": "0c1f-2",
    "name": "",
    "created_at": "2024-03-01T10:00:00.000000Z",
    "updated_at": "2024-03-01T10:01:00.000000Z",
    "account": {"uuid": "acc-1"},
    "chat_messages": [
        {"uuid": "o1", "text": "hello", "sender": "human", "created_at": "2024-03-01T10:00:01Z", "attachments": [], "files": []},
        {"uuid": "o2", "text": "good day", "sender": "assistant", "created_at": "2024-03-01T10:00:02Z", "attachments": [], "files": []},
    ],
}  # fmt: skip
SAMPLE = [FULL, OLD]
SAID = [["When is high tide?", "At noon.", "Note\nthank you"], ["hello", "good day"]]
STRUCTURE = frozenset({"parent_message_uuid", "sender", "created_at", "updated_at", "type"})
HOLLOW = frozenset(UNSHOWN.splitlines())
