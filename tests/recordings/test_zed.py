"""A database of Zed that another program's tests were given is read whole, and billed by its running sums."""

from __future__ import annotations

import pytest

from holdfast.model import Summary
from holdfast.sources.zed import Zed
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings._oracle import homes

HOMES = homes("zed")
pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_a_database_is_read_without_loss(home):
    found = Gathered()
    for ref in Zed().discover([home]):
        found.take(Zed().read(ref, None))
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0
    root, child = found.sessions.values()
    assert (root.native_id, root.cwd, root.models) == ("zed-root", "/workspace/zed", ("claude-sonnet-4",))
    assert child.parent is not None
    assert child.parent.id == root.id
    assert [m.role for m in found.all_messages] == ["user", "assistant", "tool", "system", "user", "assistant"]
    assert [p.text for m in found.all_messages for p in m.parts if isinstance(p, Summary)]
    billed = totals(found.requests.values())
    assert (billed["requests"], billed["input"], billed["output"]) == (2, 13, 7)
