"""Labelled live situations: every script plays in one home with real processes, and the board must show what was labelled.

All scripts go step by step together, so that a handful of boards judges all of them.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from holdfast.model.live import BoardRow
from tests.live.labels import EXACT, Tally, Verdict
from tests.live.mutants import MUTANTS, Mutant
from tests.live.pens import Pen
from tests.live.playbook import SCRIPTS
from tests.live.scripts import Check, Script, Stage
from tests.live.standins import SUPPORTED
from tests.live.world import ROUND, Screen, World, missing, seen

LEAST_LABELS = 300
LEAST_AGENTS = 5
GATE = 0.98
pytestmark = [
    pytest.mark.skipif(not SUPPORTED, reason="stand-in processes are written for Linux on x86_64 and aarch64"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "never"),
]


def look(screen: Screen, check: Check) -> BoardRow | None:
    """Find what the board shows of a label's subject."""
    if not isinstance(check.subject, Pen):
        return screen.process(check.subject)
    row = check.subject.row(screen)
    if row is None and check.label.joined is None and check.subject.pid is not None:
        row = screen.process(check.subject.pid)
    return row


def play(world: World, scripts: list[Script]) -> list[Verdict]:
    """Play scripts side by side, one step and one board at a time."""
    playing = [(s, s.steps(Stage(world, s.pen, f"play-{n:03d}"))) for n, s in enumerate(scripts)]
    verdicts, step = [], 0
    while playing:
        step += 1
        checks = [(script, steps, next(steps, None)) for script, steps in playing]
        playing = [(script, steps) for script, steps, due in checks if due is not None]
        if playing:
            screen = Screen(world.board())
            verdicts += [verdict(script, step, check, screen) for script, _, due in checks for check in due or ()]
        world.clock.now += ROUND
    return verdicts


def verdict(script: Script, step: int, check: Check, screen: Screen) -> Verdict:
    kind = script.kind if isinstance(check.subject, Pen) else "decoy"
    agent = script.pen.agent if isinstance(check.subject, Pen) else "none"
    row = look(screen, check)
    pid, subject = (check.subject.pid, check.subject.native) if isinstance(check.subject, Pen) else (check.subject, "")
    shown = {"note": check.note, "subject": subject, "evidence": row.live.evidence if row is not None else ()}
    return Verdict(agent, kind, script.name, step, check.label, seen(row, pid), **shown)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    in_editors = [s for s in SCRIPTS if s.kind == "editor"]
    found = []
    for scripts in ([s for s in SCRIPTS if s.kind != "editor"], in_editors):
        world = World(tmp_path_factory.mktemp("live"))
        try:
            found += play(world, scripts)
        finally:
            world.close()
    return found


@pytest.fixture(scope="module")
def tally(verdicts: list[Verdict]) -> Tally:
    found = Tally(verdicts)
    print("", *found.lines(), sep="\n")
    for fault in (v for v in verdicts if v.faults):
        print(" ", fault)
    return found


@pytest.fixture(scope="module")
def by_script(verdicts: list[Verdict]) -> dict[str, list[Verdict]]:
    found = defaultdict(list)
    for one in verdicts:
        found[one.script].append(one)
    return found


def test_there_are_enough_situations_over_enough_agents(tally: Tally) -> None:
    assert len(tally.verdicts) >= LEAST_LABELS
    assert len({v.agent for v in tally.verdicts} - {"none"}) >= LEAST_AGENTS


def test_what_needs_me_is_found_and_nothing_else_is(tally: Tally) -> None:
    assert tally.precision >= GATE, tally.lines()
    assert tally.recall >= GATE, tally.lines()


def test_nothing_is_said_to_work_that_does_not(tally: Tally) -> None:
    assert [str(v) for v in tally.false_working] == []


def test_no_decoy_is_listed(tally: Tally) -> None:
    assert [str(v) for v in tally.decoys_listed] == []


def test_states_joins_and_lists_are_as_labelled(tally: Tally) -> None:
    assert tally.right >= GATE, [str(v) for v in tally.verdicts if v.faults]


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.kind in EXACT], ids=lambda s: s.name)
def test_it_is_so_without_exception_that(script: Script, by_script: dict[str, list[Verdict]]) -> None:
    assert [str(v) for v in by_script[script.name] if v.faults] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_the_suite_fails_a_board_that_would_work_by_another_rule(mutant: Mutant, verdicts: list[Verdict]) -> None:
    right = [v for v in verdicts if v.kind in EXACT and not v.faults]
    kept = {id(v) for v in right}
    changed = [new for old, new in zip(verdicts, mutant(verdicts), strict=True) if id(old) in kept]
    assert any(v.faults for v in changed), "no label notices"
