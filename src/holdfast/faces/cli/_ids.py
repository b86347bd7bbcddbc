"""Shortens ids for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 6


def short_ids(ids: Iterable[str], among: Iterable[str] = ()) -> dict[str, str]:
    """Shorten ids to six characters, or as many as make each the only one of its kind."""
    wanted = list(ids)
    short: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    for ident in {*wanted, *among}:
        groups.setdefault(ident[:SHORTEST], []).append(ident)
    for start, members in groups.items():
        if len(members) == 1:
            short[members[0]] = start
        else:
            short.update((m, m[: 1 + max(_shared(m, other) for other in members if other != m)]) for m in members)
    return {ident: short[ident] for ident in wanted}


def _shared(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
