"""Every recording of Pi is read without loss, and its figures are those of the oracle."""

from __future__ import annotations

import pytest

from holdfast.sources._files import ref
from holdfast.sources.pi import Pi
from holdfast.testing._readings import Gathered, totals
from tests.recordings._oracle import RECORDINGS, files, oracle

ORACLE = oracle("pi")
COUNTED = ("input", "output", "cache_read", "cache_write")
ODD = {"pi/agentsview-session/session.jsonl": {"record:unknown_future_entry_type": 1}}
"""What other programs put into their test data to see it counted."""


def read(path) -> Gathered:
    found = ref("pi", path)
    assert found is not None
    return Gathered().take(Pi().read(found, None))


def name_of(path) -> str:
    return path.relative_to(RECORDINGS).as_posix()


@pytest.mark.parametrize("path", files("pi"), ids=name_of)
def test_a_recording_is_read_without_loss(path):
    found = read(path)
    assert found.unknown == ODD.get(name_of(path), {})
    assert found.damaged == ORACLE[name_of(path)]["bad"]
    assert all(m.at for m in found.all_messages)


@pytest.mark.parametrize("path", files("pi"), ids=name_of)
def test_a_recording_has_the_figures_of_the_oracle(path):
    found = totals(read(path).requests.values())
    expected = ORACLE[name_of(path)]
    assert {n: found[n] for n in COUNTED} == {n: expected[n] for n in COUNTED}


def test_the_homes_of_the_recordings_are_discovered():
    homes = sorted({p.parents[2] for p in files("pi") if "sessions" in p.parts})
    assert len(list(Pi().discover(homes))) == len(homes) > 0
