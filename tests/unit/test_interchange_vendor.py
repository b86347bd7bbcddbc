"""Lists of conversations in files and archives of chat services."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from holdfast import registry
from holdfast.errors import Unreadable
from holdfast.interchange import _json_reader, _vendor
from tests.contracts.samples import chatgpt_export, claude_ai_export


def load(data, name="chatgpt"):
    return list(registry.load("imports", name)().load(io.BytesIO(data)))


def packed(**members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return stream.getvalue()


def test_a_value_beyond_all_measure_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(_json_reader, "MOST", 100_000)
    with pytest.raises(Unreadable, match="longer than 100000 characters"):
        load(b'[{"title": "' + b"x" * 1_000_000)


def test_an_archive_without_a_list_says_what_is_missing():
    with pytest.raises(Unreadable, match=r"no conversations\.json"):
        load(packed(**{"user.json": "{}"}))


def test_damage_in_a_list_keeps_the_conversations_before_it():
    good = json.dumps(chatgpt_export.SHORT)
    got = []
    with pytest.raises(Unreadable, match="conversation 2"):
        got.extend(registry.load("imports", "chatgpt")().load(io.BytesIO(f"[{good}, 7]".encode())))
    assert len(list(got)) in (0, 1)


def test_lists_in_several_files_are_read_in_their_order():
    first, second = json.dumps([chatgpt_export.TREE]), json.dumps([chatgpt_export.SHORT])
    data = packed(**{"conversations-001.json": second, "conversations-000.json": first})
    assert [t.session.title for t in load(data)] == ["Lighthouse sums", "Rewound"]


def test_one_conversation_alone_is_a_list_of_one():
    assert [t.session.title for t in load(json.dumps(chatgpt_export.SHORT).encode())] == ["Rewound"]
    assert len(load(json.dumps(claude_ai_export.OLD).encode(), "claude-ai")) == 1


def test_a_long_summary_before_the_messages_does_not_hide_whose_list_it_is():
    long = {"uuid": "u", "name": "n", "summary": "words " * 5_000, **claude_ai_export.OLD}
    reader = registry.load("imports", "claude-ai")()
    data = json.dumps([long]).encode()
    assert reader.sniff(data[:4096]) == 0
    assert reader.claims(io.BytesIO(data)) > 0.5


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (1_790_000_000.5, 1_790_000_000_500),
        ("2026-09-21T14:13:20.5Z", 1_790_000_000_500),
        ("2026-09-21T16:13:20.500+02:00", 1_790_000_000_500),
        (0, None), (-1, None), (None, None), (True, None), ("soon", None), (float("nan"), None), (float("inf"), None), (1e300, None), ([], None),
    ],
)  # fmt: skip
def test_a_time_is_a_number_of_seconds_or_a_text_or_nothing(given, wanted):
    assert _vendor.moment(given) == wanted
