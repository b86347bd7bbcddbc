"""Qwen Code against another program's test file: read without loss, though its shape is not quite Qwen's."""

from __future__ import annotations

import pytest

from holdfast.model import ToolCall, ToolResult
from holdfast.sources.qwen_code import QwenCode
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings._oracle import homes, name

HOMES = homes("qwen-code")


def read(home):
    found = Gathered()
    for ref in QwenCode().discover([home / ".qwen"]):
        found.take(QwenCode().read(ref, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=name)
def test_a_recording_is_read_without_loss(home, recordings):
    found = read(home)
    sound(found)
    assert found.sessions
    assert found.unknown == {}
    assert found.damaged == 0


def test_the_session_is_read_as_it_was_written(recordings):
    found = read(next(h for h in HOMES if h.name == "ctx-qwen-code"))
    (session,) = found.sessions.values()
    assert (session.native_id, session.title) == ("qwen-session-1", "qwen jsonl oracle prompt")
    parts = [p for m in found.all_messages for p in m.parts]
    assert [p.name for p in parts if isinstance(p, ToolCall)] == ["Write"]
    assert [p.text for p in parts if isinstance(p, ToolResult)] == ["wrote src/qwen_oracle.txt"]
    billed = totals(found.requests.values())
    assert [billed[n] for n in ("requests", "input", "output")] == [1, 5, 7]
