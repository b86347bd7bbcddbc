"""Factory Droid against another program's test file, which is that program's own shape and not Droid's."""

from __future__ import annotations

import pytest

from holdfast.sources.factory_droid import FactoryDroid
from holdfast.testing._readings import Gathered, sound
from tests.recordings._oracle import homes, name

HOMES = homes("factory-droid")
ODD = {"factory-droid/ctx": {"record:?": 3}}
"""Its lines are `{provider, session, event}`: what that program made of a session, not what Droid wrote."""


@pytest.mark.parametrize("home", HOMES, ids=name)
def test_a_recording_is_read_without_an_exception_and_every_line_is_accounted_for(home, recordings):
    found = Gathered()
    for ref in FactoryDroid().discover([home]):
        found.take(FactoryDroid().read(ref, None))
    sound(found)
    assert found.sessions
    assert found.unknown == ODD.get(name(home), {})
    assert found.damaged == 0
