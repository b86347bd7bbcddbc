"""iFlow against its recording: read without loss, every call once."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources._files import ref
from holdfast.sources.iflow import IFlow
from holdfast.testing._readings import Gathered, sound
from tests.recordings._oracle import files, name

FILES = files("iflow", "*.jsonl")


def read(path):
    return Gathered().take(IFlow().read(ref("iflow", path), None))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_recording_is_read_without_loss(path, recordings):
    found = read(path)
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0


def test_the_session_is_read_as_it_was(recordings):
    found = read(next(p for p in FILES if "5de701fc" in p.name))
    (session,) = found.sessions.values()
    assert session.native_id == "session-5de701fc-7454-4858-a249-95cac4fd3b51"
    assert session.models == ("glm-4.7",)
    assert session.cwd == "C:\\exp\\docker-image-retagger"
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.name for p in parts if isinstance(p, ToolCall)] == ["read_file"] * 5 + ["replace"]
    results = [p for p in parts if isinstance(p, ToolResult)]
    assert len(results) == 6
    assert all(r.text and not r.error for r in results)
    assert len([m for m in found.all_messages if m.role == "assistant" and not m.continues]) == 4
    assert found.requests == {}
