"""Many processes at once: one session, one new file, and no message lost or out of order."""

from __future__ import annotations

import itertools

import pytest

from holdfast.owned import open_store
from tests.journeys._children import faults, finished, let_go, start

WRITERS = 8


def together(url, session, count):
    children = [start("append.py", url, session, f"writer{w}", count) for w in range(WRITERS)]
    let_go(children)
    return [finished(child) for child in children]


def test_500_appends_of_each_of_8_processes_to_one_session_are_all_kept_in_gapless_order(tmp_path):
    count = 500
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    said = together(url, "shared", count)
    with open_store(url) as store:
        session = store.session("shared")
        messages = tuple(store.store.messages(session.id))
        assert faults(store.store) == []
        assert session.info.rollup.messages == WRITERS * count
    assert [m.seq for m in messages] == list(range(WRITERS * count))
    for writer, own in itertools.groupby(
        sorted(messages, key=lambda m: (m.id.partition("-")[0], m.seq)), lambda m: m.id.partition("-")[0]
    ):
        assert [m.id for m in own] == [f"{writer}-{n}" for n in range(count)]
    assert {line for lines in said for line in lines if "-" in line} == {m.id for m in messages}


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.nightly)])
def test_8_processes_that_open_a_new_file_together_all_succeed(tmp_path, times):
    for number in range(times):
        url = f"sqlite:///{tmp_path / str(number) / 'deep' / 'sessions.db'}"
        together(url, f"name {number}", 1)
        with open_store(url) as store:
            assert len(store.session(f"name {number}").messages()) == WRITERS
            assert len(store.sessions()) == 1
            assert faults(store.store) == []
