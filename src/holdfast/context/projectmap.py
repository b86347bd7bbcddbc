"""The map of a project that a model is given: whole paths of the likeliest files, and folders without one with their counts.

Knows how the text is laid out and how much of it fits; refuses to rank. What `text` holds is what a model reads, to the letter.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.context.files import Tree
    from holdfast.context.ranking import Ranked

BUDGET = 1000
FOLDED_SHARE, LEAST_FOLDED = 0.05, 32
"""Of the budget, for folders without a likely file, and the fewest tokens for them (a third of a small budget at most)."""
MOST_FOLDED = 12


class Folded(Struct, frozen=True):
    """A folder none of whose files is shown, and how many it has, those of its folders included."""

    path: str
    files: int


class ProjectMap(Struct, frozen=True, kw_only=True):
    """The text, what it costs, and what it was made of."""

    text: str
    tokens: int
    files: int
    shown: tuple[Ranked, ...] = ()
    folded: tuple[Folded, ...] = ()


def build(tree: Tree, ranked: Sequence[Ranked], *, budget: int = BUDGET, model: str = "") -> ProjectMap:
    """Write as many of the best files as fit a budget of tokens, and fold the rest."""
    if not tree.files:
        return ProjectMap(text="", tokens=0, files=0)
    head = f"{tree.root.name or '/'}: {len(tree.files)}{'+' if tree.cut else ''} files, the likeliest first"
    aside = max(round(budget * FOLDED_SHARE), min(LEAST_FOLDED, budget // 3))
    kept = _fitting([r.path for r in ranked], budget - _count(head, model) - aside, model)
    while True:
        shown = tuple(ranked[:kept])
        folded = _folded(tree, [r.path for r in shown], aside, model)
        text = "\n".join([head, *(r.path for r in shown), *(f"{f.path}/ ({f.files} files)" for f in folded)])
        cost = _count(text, model)
        if cost <= budget or not kept:
            return ProjectMap(text=text, tokens=cost, files=len(tree.files), shown=shown, folded=folded)
        kept -= 1


def _fitting(lines: Sequence[str], budget: int, model: str) -> int:
    """Return how many lines fit, by halving."""
    low, high = 0, min(len(lines), budget)
    while low < high:
        middle = (low + high + 1) // 2
        if _count("\n".join(lines[:middle]), model) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def _folded(tree: Tree, shown: Sequence[str], budget: int, model: str) -> tuple[Folded, ...]:
    """Return the highest folders without a shown file, the largest first, as far as they fit."""
    open_folders = {folder for path in shown for folder in _above(path)}
    counts: Counter[str] = Counter()
    for file in tree.files:
        folder = next((f for f in _above(file.path) if f not in open_folders), None)
        if folder is not None:
            counts[folder] += 1
    found: list[Folded] = []
    for path, files in sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:MOST_FOLDED]:
        budget -= _count(f"\n{path}/ ({files} files)", model)
        if budget < 0:
            break
        found.append(Folded(path, files))
    return tuple(found)


def _above(path: str) -> list[str]:
    """Return the folders that a path lies in, the highest first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _count(text: str, model: str) -> int:
    return tokens.count(text, model)[0]
