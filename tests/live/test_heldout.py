"""Situations that the classifier's author did not see: the same gates as for the others, and figures of their own."""

from __future__ import annotations

import pytest

from tests.live import heldout_again, heldout_courses, heldout_places, heldout_tails
from tests.live.heldout import HELD_OUT
from tests.live.labels import Tally, Verdict
from tests.live.standins import SUPPORTED
from tests.live.test_live_situations import play
from tests.live.world import World, missing

FILES = (heldout_courses, heldout_places, heldout_tails, heldout_again)
LEAST_LABELS = 150
LEAST_AGENTS = 8
GATE = 0.98
pytestmark = [
    pytest.mark.skipif(not SUPPORTED, reason="stand-in processes are written for Linux on x86_64 and aarch64"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "never"),
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    world = World(tmp_path_factory.mktemp("heldout"))
    try:
        return play(world, HELD_OUT)
    finally:
        world.close()


@pytest.fixture(scope="module")
def tally(verdicts: list[Verdict]) -> Tally:
    found = Tally(verdicts)
    print("", *found.lines(), sep="\n")
    for fault in (v for v in verdicts if v.faults):
        print(" ", fault)
    return found


def test_there_are_enough_held_out_situations_over_enough_agents(tally: Tally) -> None:
    assert len(tally.verdicts) >= LEAST_LABELS
    assert len({v.agent for v in tally.verdicts} - {"none"}) >= LEAST_AGENTS


def test_what_needs_me_is_found_where_nobody_tuned_for_it(tally: Tally) -> None:
    assert tally.precision >= GATE, tally.lines()
    assert tally.recall >= GATE, tally.lines()


def test_nothing_held_out_is_said_to_work_that_does_not(tally: Tally) -> None:
    assert [str(v) for v in tally.false_working] == []


def test_no_held_out_decoy_is_listed(tally: Tally) -> None:
    assert [str(v) for v in tally.decoys_listed] == []


def test_held_out_states_joins_and_lists_are_as_labelled(tally: Tally) -> None:
    assert tally.right >= GATE, [str(v) for v in tally.verdicts if v.faults]
