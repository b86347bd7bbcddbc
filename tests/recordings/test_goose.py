"""Databases of Goose that another program's tests were given are read whole; nobody's sums exist for them but their own."""

from __future__ import annotations

import pytest

from holdfast.model import Text, Thinking, ToolCall, ToolResult
from holdfast.sources.goose import Goose
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings._oracle import homes

HOMES = homes("goose")
pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_a_database_is_read_without_loss(home):
    found = Gathered()
    for ref in Goose().discover([home]):
        found.take(Goose().read(ref, None))
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0
    (session,) = found.sessions.values()
    assert (session.title, session.cwd, session.models) == ("Goose Fixture", "/workspace/goose", ("gpt-5",))
    assert [type(p) for m in found.all_messages for p in m.parts] == [Text, Thinking, ToolCall, ToolResult]
    billed = totals(found.requests.values())
    assert (billed["requests"], billed["input"], billed["output"]) == (1, 80, 43)
    assert [r.usage.cost for r in found.requests.values()] == [42_000]
