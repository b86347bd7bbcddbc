"""What people's verdicts on proposed tags teach: how likely a tag is to be accepted, above all in projects of one type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model.knowledge import TagFeedback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAME_TYPE = 3
"""A verdict in a project of the same type counts as so many elsewhere."""


class Verdict(TagFeedback, frozen=True, kw_only=True, omit_defaults=True):
    """A verdict with the type of the project it was given in, for example `python`; its provenance names the session."""

    project_type: str = ""


class Rate(Struct, frozen=True, kw_only=True):
    """How often something was accepted and rejected."""

    name: str
    accepted: int = 0
    rejected: int = 0

    @property
    def share(self) -> float:
        """The share that was accepted, from 0 to 1."""
        return self.accepted / (self.accepted + self.rejected)


def likelihood(tag: str, project_type: str, verdicts: Iterable[Verdict]) -> float:
    """Say how likely a tag is to be accepted, from 0 to 1; half where nobody said anything."""
    yes = no = 1
    for verdict in verdicts:
        if verdict.tag == tag:
            counts = SAME_TYPE if project_type and verdict.project_type == project_type else 1
            yes, no = yes + counts * verdict.accepted, no + counts * (not verdict.accepted)
    return yes / (yes + no)


def by_tag(verdicts: Iterable[Verdict]) -> tuple[Rate, ...]:
    """Count verdicts by tag, the most accepted first."""
    return _rates(verdicts, lambda v: v.tag)


def by_project_type(verdicts: Iterable[Verdict]) -> tuple[Rate, ...]:
    """Count verdicts by type of project and tag: `python: api`."""
    return _rates(verdicts, lambda v: f"{v.project_type or 'unknown'}: {v.tag}")


def _rates(verdicts: Iterable[Verdict], name: Callable[[Verdict], str]) -> tuple[Rate, ...]:
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        counts.setdefault(name(verdict), [0, 0])[not verdict.accepted] += 1
    found = [Rate(name=n, accepted=yes, rejected=no) for n, (yes, no) in counts.items()]
    return tuple(sorted(found, key=lambda r: (-r.share, -r.accepted, r.name)))
