"""Which files matter for a question: their words, paths and history, what the session touched, and what the question names.

Knows weights and says the reasons; refuses to read files. Weights were set on two repositories and checked on a third
(benchmarks/bench_projectmap.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from holdfast.context._signals import bm25, changed_lately, named, said_of, together
from holdfast.context._words import asked, parts_of, words_of_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.context._history import History
    from holdfast.context.files import File, Tree
    from holdfast.context.index import Words

B, B_PATH = 0.75, 0.3
PATH, SAID, RECENT, TOGETHER, TOUCHED, NAMED = 0.7, 0.3, 0.4, 0.1, 1.5, 5.0
_TESTS = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__|e2e)(/|$)|(^|/)(test_[^/]*|[^/]*[_.](test|spec)|conftest)\.\w+$"
)
_ASIDE = re.compile(
    r"(^|/)(docs?|examples?|samples?|benchmarks?|migrations|vendor|third_party|node_modules|fixtures|testdata|snapshots?|__snapshots__|"
    r"changelogs?)(/|$)|\.min\.\w+$|(^|/)(CHANGELOG|CHANGES|NEWS|HISTORY|CONTRIBUTORS|LICENSE|AUTHORS)[^/]*$"
)
_CODE = frozenset({
    "bash", "c", "cc", "cjs", "clj", "cpp", "cs", "cxx", "dart", "erl", "ex", "exs", "go", "graphql", "h", "hpp", "hs",
    "java", "jl", "js", "jsx", "kt", "kts", "lua", "m", "mjs", "ml", "mm", "nim", "php", "pl", "proto", "py", "pyi", "pyx",
    "r", "rb", "rs", "scala", "sh", "sql", "svelte", "swift", "tf", "ts", "tsx", "vue", "zig",
})  # fmt: skip
TEST_PRIOR, ASIDE_PRIOR, PROSE_PRIOR = 0.3, 0.3, 0.3


class Ranked(NamedTuple):
    """A file with its score and the reasons for it."""

    path: str
    score: float
    why: tuple[str, ...]


class Scene(NamedTuple):
    """What is known of a project when a question is asked; `touched` are paths of the session's own, latest last."""

    tree: Tree
    words: Mapping[str, Words]
    history: History
    touched: tuple[str, ...] = ()


def rank(scene: Scene, query: str) -> list[Ranked]:
    """Order the files that can be read by how much they matter, best first."""
    files = [f for f in scene.tree.files if f.is_text]
    weights = asked(query)
    content = _by_content(files, scene.words, weights)
    path = bm25([words_of_path(f.path) for f in files], weights, b=B_PATH)
    said = bm25(said_of(files, scene.history), weights, b=B)
    recent = changed_lately(files, scene.history)
    first = [c + PATH * p + SAID * s for c, p, s in zip(content, path, said, strict=True)]
    near = together(files, scene.history, first)
    names = named(files, query)
    touched = {p: 0.5 ** ((len(scene.touched) - 1 - n) / 8) for n, p in enumerate(scene.touched)}
    lifts = _lifts(query)
    found = []
    for n, file in enumerate(files):
        score = (first[n] + RECENT * recent[n] + TOGETHER * near[n]) * _prior(file, lifts)
        score += NAMED * names.get(file.path, 0.0) + TOUCHED * touched.get(file.path, 0.0)
        found.append((score, file.path, n))
    found.sort(key=lambda f: (-f[0], f[1]))
    signs = (
        ("words in it", content),
        ("words in its path", path),
        ("words of its commits", said),
        ("changed lately", recent),
    )

    def reasons(place: str, n: int) -> tuple[str, ...]:
        own = [name for name, values in signs if values[n] > 0.15]  # noqa: PLR2004 - a sixth of the best file's
        if place in touched:
            own.insert(0, "touched in this session")
        if place in names:
            own.insert(0, "named in the question")
        return tuple(own)

    return [Ranked(place, round(score, 4), reasons(place, n)) for score, place, n in found]


def _by_content(files: Sequence[File], words: Mapping[str, Words], weights: Mapping[str, float]) -> list[float]:
    known = [words.get(f.path) for f in files]
    lengths = [k.length if k else 0 for k in known]
    return bm25([k.words if k else {} for k in known], weights, b=B, lengths=lengths)


def _lifts(query: str) -> frozenset[str]:
    """Return the kinds of files that a question asks for itself."""
    words = {w for name in re.findall(r"\w+", query.partition("\n")[0]) for w in parts_of(name)}
    return frozenset(
        kind
        for kind, signs in (
            ("tests", {"test", "testing", "pytest"}),
            ("aside", {"doc", "docs", "document", "example", "migration", "locale", "changelog"}),
        )
        if words & signs
    )


def _prior(file: File, lifts: frozenset[str]) -> float:
    found = 1.0 if file.suffix in _CODE else PROSE_PRIOR
    if "tests" not in lifts and _TESTS.search(file.path):
        found *= TEST_PRIOR
    if "aside" not in lifts and _ASIDE.search(file.path):
        found *= ASIDE_PRIOR
    return found
