"""The threads of another program's tests are read without loss; their ledger's sums are the thread's."""

from __future__ import annotations

import json

import pytest

from holdfast.sources.amp import Amp
from holdfast.testing._readings import Gathered
from tests.recordings._oracle import files

THREADS = files("amp", "*.json")


def read(path) -> Gathered:
    found = Gathered()
    for one in Amp().discover([path.parent.parent]):
        if one.path == str(path):
            found.take(Amp().read(one, None))
    return found


@pytest.mark.parametrize("path", THREADS, ids=lambda path: path.stem)
def test_a_thread_is_read_without_loss(path):
    found = read(path)
    thread = json.loads(path.read_bytes())
    assert (found.unknown, found.damaged) == ({}, 0)
    assert len(found.all_messages) == len(thread["messages"])
    assert [s.native_id for s in found.sessions.values()] == [thread["id"]]


@pytest.mark.parametrize("path", THREADS, ids=lambda path: path.stem)
def test_the_sums_of_a_thread_are_those_of_its_ledger(path):
    events = json.loads(path.read_bytes())["usageLedger"]["events"]
    usages = [r.usage for r in read(path).requests.values()]
    assert len(usages) == len(events)
    assert sum(u.input for u in usages) == sum(e["tokens"]["input"] for e in events)
    assert sum(u.output for u in usages) == sum(e["tokens"]["output"] for e in events)
