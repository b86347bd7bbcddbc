"""Boards that work by another rule: what the suite would see of each, made from the evidence the real board shows.

A suite that no mutant fails proves nothing of the order of evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from holdfast.model.live import EVIDENCE, Evidence
from tests.live.labels import Verdict

Mutant = Callable[[list[Verdict]], list[Verdict]]


def _by(choose: Callable[[tuple[Evidence, ...]], Evidence]) -> Mutant:
    def changed(verdict: Verdict) -> Verdict:
        if not verdict.seen.listed or not verdict.evidence:
            return verdict
        return replace(verdict, seen=replace(verdict.seen, state=choose(verdict.evidence).state))

    return lambda verdicts: [changed(v) for v in verdicts]


def the_weakest_witness_decides(verdicts: list[Verdict]) -> list[Verdict]:
    return _by(lambda found: max(found, key=lambda e: EVIDENCE.index(e.kind)))(verdicts)


def the_strongest_witness_decides_however_old(verdicts: list[Verdict]) -> list[Verdict]:
    return _by(lambda found: min(found, key=lambda e: EVIDENCE.index(e.kind)))(verdicts)


def the_newest_witness_decides_and_of_two_the_weaker(verdicts: list[Verdict]) -> list[Verdict]:
    return _by(lambda found: max(found, key=lambda e: (e.at, EVIDENCE.index(e.kind))))(verdicts)


def no_hook_is_heard(verdicts: list[Verdict]) -> list[Verdict]:
    return _by(lambda found: next((e for e in found if e.kind != "hook"), found[0]))(verdicts)


def a_wait_sticks(verdicts: list[Verdict]) -> list[Verdict]:
    return _carry(verdicts, lambda before, now: before.startswith("waiting") and now != "")


def a_dead_process_keeps_its_state(verdicts: list[Verdict]) -> list[Verdict]:
    return _carry(verdicts, lambda before, now: now in ("ended", "") and before != "")


def nothing_is_ambiguous(verdicts: list[Verdict]) -> list[Verdict]:
    return [replace(v, seen=replace(v.seen, ambiguous=False, joined=True)) if v.seen.ambiguous else v for v in verdicts]


def whatever_has_a_transcript_works(verdicts: list[Verdict]) -> list[Verdict]:
    return [replace(v, seen=replace(v.seen, state="working")) if v.seen.listed and v.evidence else v for v in verdicts]


def _carry(verdicts: list[Verdict], holds: Callable[[str, str], bool]) -> list[Verdict]:
    last: dict[tuple[str, str], str] = {}
    found = []
    for verdict in verdicts:
        key = verdict.script, verdict.subject
        before = last.get(key, "")
        if verdict.subject and holds(before, verdict.seen.state):
            verdict = replace(verdict, seen=replace(verdict.seen, state=before, listed=True))  # noqa: PLW2901 - a step at a time
        last[key] = verdict.seen.state if verdict.seen.listed else ""
        found.append(verdict)
    return found


MUTANTS: tuple[Mutant, ...] = (
    the_weakest_witness_decides,
    the_strongest_witness_decides_however_old,
    the_newest_witness_decides_and_of_two_the_weaker,
    no_hook_is_heard,
    a_wait_sticks,
    a_dead_process_keeps_its_state,
    nothing_is_ambiguous,
    whatever_has_a_transcript_works,
)
