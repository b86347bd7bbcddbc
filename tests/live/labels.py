"""What a situation must look like on the board, written down before the classifier and by another hand.

Knows labels and how to count; refuses to know agents, files and processes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from holdfast.model.live import NEEDS_ME, STATES, Evidence

EXACT = frozenset({"order", "stale", "kill", "sleep", "reuse", "ambiguous", "decoy"})
"""Kinds of which not a single label may be missed; the others are counted."""


@dataclass(frozen=True)
class Label:
    """What holds of one session (or process) at one step; None where the files truly cannot tell."""

    states: frozenset[str]
    listed: bool | None = True
    joined: bool | None = True
    ambiguous: bool | None = False
    needs: bool | None = None

    @property
    def needs_me(self) -> bool | None:
        """Whether it needs me: said outright, else what all states agree on."""
        if self.needs is not None:
            return self.needs
        verdicts = {s in NEEDS_ME for s in self.states}
        return verdicts.pop() if len(verdicts) == 1 else None

    def but(self, **changed: Any) -> Label:
        return replace(self, **changed)


def is_(*states: str, **more: Any) -> Label:
    assert set(states) <= set(STATES), states
    return Label(frozenset(states), **more)


WORKING = is_("working")
OPEN_CALL = is_("working", "waiting-permission")
"""A call without its result, where the agent does not write down that it asks."""
PERMISSION = is_("waiting-permission")
QUESTION = is_("waiting-question")
ASKING = is_("waiting-permission", "waiting-question")
LIMIT = is_("waiting-limit")
LIMIT_OR_ERROR = is_("waiting-limit", "error")
ERROR = is_("error")
DONE = is_("done-unread")
IDLE = is_("idle")
QUIET = is_("idle", "done-unread")
"""Ended long ago, or by the person's own hand: nothing tells whether it was read."""
FRESH = is_("idle", "unknown", joined=None)
"""A process that has no session yet."""
ASLEEP = is_("idle", "unknown", "waiting-permission", "waiting-question")
"""An open turn of which nothing was heard for hours: it may wait, it is not working."""
ENDED = is_("ended", listed=False, joined=False)
LEFT = Label(frozenset(STATES) - {"working"}, listed=None, joined=False, ambiguous=None)
"""An older session in the directory of a process that is not its own."""
NOT_MINE = Label(frozenset(STATES) - NEEDS_ME, listed=None, joined=None, ambiguous=None)
"""A sub-agent's session: whatever it does, it does not wait for me."""
AMBIGUOUS = Label(frozenset(STATES), joined=False, ambiguous=True)
DECOY = Label(frozenset(), listed=False)


@dataclass(frozen=True)
class Seen:
    """What the board showed."""

    state: str = ""
    listed: bool = False
    joined: bool = False
    ambiguous: bool = False


@dataclass(frozen=True)
class Verdict:
    """A label beside what was seen."""

    agent: str
    kind: str
    script: str
    step: int
    label: Label
    seen: Seen
    note: str = ""
    subject: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """Name what is not as labelled."""
        label, seen = self.label, self.seen
        found = []
        if seen.listed and label.listed is not False and seen.state not in label.states:
            found.append("state")
        if label.listed is not None and label.listed != seen.listed:
            found.append("listed")
        if seen.listed or label.listed:
            found += [
                name
                for name, want, have in (("joined", label.joined, seen.joined), ("ambiguous", label.ambiguous, seen.ambiguous))
                if want is not None and want != have and self.kind != "decoy"
            ]  # fmt: skip
        return tuple(found)

    def __str__(self) -> str:
        want = "|".join(sorted(self.label.states)) if len(self.label.states) < len(STATES) - 2 else "..."
        flags = f"listed={self.label.listed} joined={self.label.joined} ambiguous={self.label.ambiguous}"
        return (
            f"{self.script}, step {self.step}{f' ({self.note})' if self.note else ''}: {', '.join(self.faults)}; "
            f"labelled {want} {flags}; shown {self.seen}"
        )


class Tally:
    """The figures of a suite."""

    def __init__(self, verdicts: list[Verdict]) -> None:
        self.verdicts = verdicts
        judged = [v for v in verdicts if v.label.needs_me is not None and v.kind != "decoy"]
        self.true = sum(v.label.needs_me is True and _asks(v) for v in judged)
        self.false = sum(v.label.needs_me is False and _asks(v) for v in judged)
        self.missed = sum(v.label.needs_me is True and not _asks(v) for v in judged)
        self.judged = len(judged)

    @property
    def precision(self) -> float:
        return self.true / ((self.true + self.false) or 1)

    @property
    def recall(self) -> float:
        return self.true / ((self.true + self.missed) or 1)

    @property
    def false_working(self) -> list[Verdict]:
        return [
            v for v in self.verdicts if v.seen.listed and v.seen.state == "working" and "working" not in v.label.states
        ]

    @property
    def decoys_listed(self) -> list[Verdict]:
        return [v for v in self.verdicts if v.kind == "decoy" and v.seen.listed]

    @property
    def right(self) -> float:
        return 1 - sum(bool(v.faults) for v in self.verdicts) / (len(self.verdicts) or 1)

    def lines(self) -> list[str]:
        agents = Counter(v.agent for v in self.verdicts)
        kinds = Counter(v.kind for v in self.verdicts)
        counted = f"{self.true} found, {self.false} too many, {self.missed} missed"
        return [
            f"labels {len(self.verdicts)}: {', '.join(f'{a} {n}' for a, n in sorted(agents.items()))}",
            f"kinds: {', '.join(f'{k} {n}' for k, n in sorted(kinds.items()))}",
            f"needs me: precision {self.precision:.3f}, recall {self.recall:.3f} over {self.judged} labels ({counted})",
            f"false working {len(self.false_working)}, decoys listed {len(self.decoys_listed)}, all as labelled {self.right:.3f}",
        ]


def _asks(verdict: Verdict) -> bool:
    return verdict.seen.listed and verdict.seen.state in NEEDS_ME
