"""Live situations cut out of recordings: what a recording shows next proves what its agent was doing.

Each recording is played into a home piece by piece, its times moved to now and its directory to one of the home's, beside a process
that carries its agent's name; after each piece the board must show what the rest of the recording proves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.labels import Tally, Verdict
from tests.live.pens import ClaudeCode, CopilotCli, Pen
from tests.live.pens_by_place import KiroCli
from tests.live.standins import SUPPORTED
from tests.live.world import ROUND, Screen, World, missing, seen
from tests.recordings._tape import Tape, tapes

LEAST_LABELS = 60
LEAST_AGENTS = 5
GATE = 0.98
pytestmark = [
    pytest.mark.skipif(not SUPPORTED, reason="stand-in processes are written for Linux on x86_64 and aarch64"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "never"),
]


class Player:
    """Plays one recording into a home."""

    def __init__(self, world: World, tape: Tape, number: int) -> None:
        self.tape, self.world = tape, world
        self.pen: Pen = tape.pen(world, world.directory(f"tape-{number:03d}"), native=tape.native)
        if isinstance(self.pen, ClaudeCode):
            self.pen.registered = False
        self.pen.launch()
        self._after = -1

    @property
    def path(self) -> Path:
        if isinstance(self.pen, CopilotCli):
            return self.pen.folder / "events.jsonl"
        if isinstance(self.pen, KiroCli):
            return self.pen.folder / f"{self.pen.native}.jsonl"
        return self.pen.path  # type: ignore[attr-defined]

    def play(self, end: int) -> None:
        """Add the records up to a cut."""
        at = self.pen.at(4)
        data = self.tape.piece(self._after, end, at, self.pen.cwd)
        self._after = end
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(data)
        os.utime(self.path, (at, at))
        if isinstance(self.pen, KiroCli):
            self.pen.side(at)
        if isinstance(self.pen, ClaudeCode):
            self.pen.registry(None)


def play(world: World, recordings: Path) -> list[Verdict]:
    """Play all recordings side by side, one cut and one board at a time."""
    players = [Player(world, tape, n) for n, tape in enumerate(tapes(recordings))]
    verdicts = []
    for step in range(max(len(p.tape.cuts) for p in players)):
        playing = [p for p in players if step < len(p.tape.cuts)]
        for player in playing:
            player.play(player.tape.cuts[step].end)
        screen = Screen(world.board())
        verdicts += [_verdict(player, step, screen, recordings) for player in playing]
        world.clock.now += ROUND
    return verdicts


def _verdict(player: Player, step: int, screen: Screen, recordings: Path) -> Verdict:
    cut, tape = player.tape.cuts[step], player.tape
    name = "/".join(tape.path.relative_to(recordings).parts[:2])
    shown = seen(player.pen.row(screen), player.pen.pid)
    return Verdict(player.pen.agent, cut.kind, name, step + 1, cut.label, shown, f"record {cut.end}, a {cut.kind}")


@pytest.fixture(scope="module")
def verdicts(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Verdict]]:
    world = World(tmp_path_factory.mktemp("tapes"))
    try:
        yield play(world, recordings)
    finally:
        world.close()


@pytest.fixture(scope="module")
def tally(verdicts: list[Verdict]) -> Tally:
    found = Tally(verdicts)
    print("", *found.lines(), sep="\n")
    for fault in (v for v in verdicts if v.faults):
        print(" ", fault)
    return found


def test_enough_moments_are_proven_by_what_came_after(tally: Tally) -> None:
    assert len(tally.verdicts) >= LEAST_LABELS
    assert len({v.agent for v in tally.verdicts}) >= LEAST_AGENTS


def test_what_needed_me_is_found_and_nothing_else_is(tally: Tally) -> None:
    assert tally.precision >= GATE, tally.lines()
    assert tally.recall >= GATE, tally.lines()


def test_nothing_is_said_to_work_that_had_ended(tally: Tally) -> None:
    assert [str(v) for v in tally.false_working] == []


def test_states_and_joins_are_what_the_recordings_prove(tally: Tally) -> None:
    assert tally.right >= GATE, [str(v) for v in tally.verdicts if v.faults]
