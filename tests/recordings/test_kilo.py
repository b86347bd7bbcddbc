"""The database and the task of Kilo in other programs' tests are read without loss."""

from __future__ import annotations

import pytest

from holdfast.model import observed_id
from holdfast.sources.kilo import Kilo, taken_over
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

pytestmark = pytest.mark.skipif(not _oracle.homes("kilo"), reason="the recordings are not here")


def read(name: str) -> Gathered:
    found = Gathered()
    for ref in Kilo().discover([_oracle.RECORDINGS / name]):
        found.take(Kilo().read(ref, None))
    sound(found)
    assert (found.unknown, found.damaged) == ({}, 0)
    return found


def test_the_database_is_read_without_loss():
    found = read("kilo/ctx-kilo")
    session = found.sessions[observed_id("kilo", "kilo-root")]
    assert (session.title, session.cwd, session.version) == ("Kilo root", "/workspace/kilo", "0.8.0")
    assert [(m.role, m.text) for m in found.all_messages] == [
        ("user", "kilo fixture import oracle"),
        ("assistant", "native kilo import ok"),
    ]


def test_the_task_is_read_without_loss_and_billed():
    found = read("kilo-legacy/continues")
    assert [s.native_id for s in found.sessions.values()] == [taken_over("test-task-1")]
    assert _oracle.figures(totals(found.requests.values())) == {
        "requests": 3, "input": 640, "output": 650, "cache_read": 0, "cache_write": 0, "reasoning": 0,
    }  # fmt: skip
    assert [m.role for m in found.all_messages] == ["user", "assistant", "user", "assistant", "assistant"]
