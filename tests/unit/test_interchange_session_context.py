"""Session context files of LLM Session Manager."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from holdfast import registry
from holdfast.errors import Unreadable
from holdfast.interchange.base import CLAIM
from holdfast.model import Edits

OLD: dict[str, Any] = {
    "session_id": "claude_code_4711_1790000000",
    "timestamp": "2026-09-21T14:13:20.123456",
    "type": "claude_code",
    "context": {
        "pid": 4711,
        "status": "active",
        "start_time": "2026-09-21T13:00:00",
        "last_activity": "2026-09-21T14:00:00",
        "working_directory": "/home/me/shop",
        "token_count": 1019,
        "token_limit": 200000,
        "health_score": 100.0,
        "messages": ["the login fails"],
        "files": ["a.py"],
        "metadata": {"export_version": "0.1.0"},
    },
}
NEW: dict[str, Any] = {**OLD, "project_name": "My Web App", "description": "auth work", "tags": ["Backend", "api"]}


def reader():
    return registry.load("imports", "session-context")()


def stream(tree):
    return io.BytesIO(json.dumps(tree).encode())


@pytest.mark.parametrize("tree", [OLD, NEW])
def test_both_versions_are_told_from_their_content(tree):
    data = stream(tree).getvalue()
    assert reader().sniff(data) >= CLAIM
    assert all(registry.load("formats", name)().sniff(data) < CLAIM for name in registry.names("formats"))
    assert all(registry.load("imports", n)().sniff(data) < CLAIM for n in ("chatgpt", "claude-ai"))


def test_what_the_file_says_is_kept():
    (found,) = reader().load(stream(NEW))
    session = found.session
    assert (session.agent, session.native_id, session.origin) == ("claude-code", NEW["session_id"], "owned")
    assert (session.project, session.description, session.cwd) == ("My Web App", "auth work", "/home/me/shop")
    assert (session.context.used, session.context.limit) == (1019, 200_000)
    assert session.extra["context"]["files"] == ["a.py"]
    assert [m.text for m in found.messages] == ["the login fails"]
    assert reader().header(stream(NEW)).edits == {session.id: Edits(tags=("api", "backend"))}


def test_the_size_of_a_folder_is_not_taken_for_a_context():
    (found,) = reader().load(stream({**OLD, "context": {**OLD["context"], "token_count": 45_000_000}}))
    assert found.session.context.used is None


@pytest.mark.parametrize("missing", ["session_id", "timestamp", "type", "context"])
def test_a_file_without_what_it_must_have_is_unreadable(missing):
    with pytest.raises(Unreadable, match="session_id, timestamp, type, context"):
        list(reader().load(stream({k: v for k, v in OLD.items() if k != missing})))


@pytest.mark.parametrize("wrong", [None, 7, [], "x", {}])
def test_any_other_value_is_read_around_or_unreadable(wrong):
    said: list[str] = []
    for key in NEW:
        for tree in ({**NEW, key: wrong}, {**NEW, "context": {**NEW["context"], key: wrong}}):
            try:
                list(reader().load(stream(tree)))
                reader().header(stream(tree))
            except Unreadable as problem:
                said.append(problem.message)
    assert all("line" in message for message in said)
    for key in NEW["context"]:
        list(reader().load(stream({**NEW, "context": {**NEW["context"], key: wrong}})))
