"""A database of Crush that another program's tests were given is read whole."""

from __future__ import annotations

import pytest

from holdfast.sources.crush import Crush
from holdfast.testing._readings import Gathered, sound
from tests.recordings._oracle import homes

HOMES = homes("crush")
pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_a_database_is_read_without_loss(home):
    found = Gathered()
    for ref in Crush().discover([home]):
        found.take(Crush().read(ref, None))
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0
    assert [s.native_id for s in found.sessions.values()] == ["crush-root", "crush-child"]
    assert [m.id for m in found.all_messages] == [
        "crush-user",
        "crush-tool",
        "crush-summary",
        "crush-child-msg",
        "crush-child-msg:results",
    ]
    assert sum(r.usage.cost or 0 for r in found.requests.values()) == 19_000
