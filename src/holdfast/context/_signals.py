"""Numbers from 0 to 1 that say how well files fit a question: by rare words, by git's history, by being named.

Knows how each is counted; refuses to weigh one against another.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from holdfast.context._history import MOST_FILES
from holdfast.context._words import NAME, STOP, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.context._history import History
    from holdfast.context.files import File

K1 = 1.2
HALF_LIFE = 20
"""Commits after which a change counts half."""
LEADERS = 30
"""The best files, whose companions in earlier commits are looked for."""
_PATH = re.compile(r"[\w@+-]+(?:[/\\.][\w@+-]+)+")
_ENDING = re.compile(r"\.\w{1,5}$")


def bm25(
    texts: Sequence[Mapping[str, int]], weights: Mapping[str, float], *, b: float, lengths: Sequence[int] = ()
) -> list[float]:
    """Score texts by the words of a question; the best gets 1."""
    lengths = lengths or [sum(t.values()) for t in texts]
    usual = sum(lengths) / max(1, sum(1 for n in lengths if n)) or 1.0
    scores = [0.0] * len(texts)
    for word, weight in weights.items():
        hits = [(n, times) for n, text in enumerate(texts) if (times := text.get(word))]
        rare = weight * math.log(1 + (len(texts) - len(hits) + 0.5) / (len(hits) + 0.5)) * (K1 + 1)
        for n, times in hits:
            scores[n] += rare * times / (times + K1 * (1 - b + b * lengths[n] / usual))
    return _of_best(scores)


def said_of(files: Sequence[File], history: History) -> list[Counter[str]]:
    """Count the words of the commits that changed each file."""
    found: dict[str, Counter[str]] = {f.path: Counter() for f in files}
    for said, paths in history.commits:
        if len(paths) <= MOST_FILES:
            words = [w for name in NAME.findall(said) if name.lower() not in STOP for w in parts_of(name)]
            for path in paths:
                if path in found:
                    found[path].update(words)
    return [found[f.path] for f in files]


def changed_lately(files: Sequence[File], history: History) -> list[float]:
    """Give 1 to files of the latest commit, half to those of twenty commits ago."""
    since: dict[str, int] = {}
    for age, (_, paths) in enumerate(history.commits):
        if len(paths) <= MOST_FILES:
            for path in paths:
                since.setdefault(path, age)
    return [1 / (1 + since[f.path] / HALF_LIFE) if f.path in since else 0.0 for f in files]


def together(files: Sequence[File], history: History, scores: Sequence[float]) -> list[float]:
    """Lend the scores of the best files to those that were changed in the same commits."""
    leaders = sorted(zip(scores, (f.path for f in files), strict=True), reverse=True)[:LEADERS]
    best = {path: score for score, path in leaders}
    commits = [paths for _, paths in history.commits if len(paths) <= MOST_FILES]
    times = Counter(p for paths in commits for p in paths if p in best)
    lent: Counter[str] = Counter()
    for paths in commits:
        for leader in best.keys() & set(paths):
            share = best[leader] / (times[leader] + 2)
            for path in paths:
                if path != leader:
                    lent[path] += share  # type: ignore[assignment]
    return _of_best([float(lent.get(f.path, 0.0)) for f in files])


def named(files: Sequence[File], query: str) -> dict[str, float]:
    """Return the files that a question names: 1 by path or module, less by a bare file name that several have."""
    asked = {_plain(m).removeprefix("@") for m in _PATH.findall(query)}
    asked |= {_ENDING.sub("", a) for a in asked}
    if not asked:
        return {}
    found: dict[str, float] = {}
    names = Counter(f.path.rpartition("/")[2].lower() for f in files)
    for file in files:
        path = file.path.lower()
        plain = _ENDING.sub("", path)
        name = path.rpartition("/")[2]
        if any("/" in a and (a in (path, plain) or plain.endswith("/" + a) or path.endswith("/" + a)) for a in asked):
            found[file.path] = 1.0
        elif "." in name and name.replace(".", "/") in asked:
            found[file.path] = 1.0 / names[name]
    return found


def _plain(mention: str) -> str:
    """Write a path, or a module with dots, with slashes alone."""
    text = mention.lower().replace("\\", "/")
    return text if "/" in text else text.replace(".", "/")


def _of_best(scores: list[float]) -> list[float]:
    best = max(scores, default=0.0) or 1.0
    return [s / best for s in scores]
