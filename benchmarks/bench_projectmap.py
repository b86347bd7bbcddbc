"""How long does the map of a project with 2,000 files take, cold and warm, and what do 30,000 ignored files add?

Run: python benchmarks/bench_projectmap.py [--project DIR] [--files 2000] [--ignored 30000] [--runs 3] [--record]
Measured in this process, without the start of Python: a first look ("cold"), the next question in one program ("warm"), and a first
question with the words that another program kept ("kept"). Without --project the files are written here: code of 6 KB each.
`_map_rank.py` beside this file answers a judge of rankings with the same map.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

from _measure import Figures, options

from holdfast.context.files import walk
from holdfast.context.index import Index
from holdfast.context.projectmap import build
from holdfast.context.ranking import Scene, rank

COLD_MS, WARM_MS, IGNORED_MS = 2000, 400, 5
QUESTION = "Fix the retry of webhooks when the billing service answers too late"
WORDS = [
    "retry", "webhook", "billing", "cache", "session", "token", "parser", "export", "queue", "login",
    "schema", "latency", "release", "invoice", "customer", "index",
]  # fmt: skip


def write_project(folder, files):
    """Write code in packages of twenty files; every name is made of words that questions have."""
    rng = random.Random(7)
    for number in range(files):
        package = folder / "src" / f"package{number // 20:03}"
        package.mkdir(parents=True, exist_ok=True)
        lines = []
        for _ in range(40):
            one, two, three = rng.choices(WORDS, k=3)
            extra = f"{two}_{rng.randrange(4000)}"
            lines.append(f"def {one}_{extra}({three}, value_{rng.randrange(4000)}):\n")
            lines.append(f"    '''Return the {one} of a {two}.'''\n    return {three}.{one}(value, {extra!r})\n\n")
        (package / f"{rng.choice(WORDS)}_{number}.py").write_text("".join(lines))
    (folder / ".gitignore").write_text("node_modules/\n")
    (folder / ".git").mkdir()


def write_ignored(folder, files):
    for number in range(files):
        package = folder / "node_modules" / f"p{number // 100}"
        package.mkdir(parents=True, exist_ok=True)
        (package / f"{number}.js").touch()


def asked(index):
    """Return the milliseconds of one question, and how many files and tokens its map has."""
    began = time.perf_counter()
    tree = walk(index.root)
    found = build(tree, rank(Scene(tree, index.refresh(tree), index.history), QUESTION))
    return (time.perf_counter() - began) * 1000, found


def walked(folder, runs):
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        walk(folder)
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--ignored", type=int, default=30_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.project or Path(place) / "project"
        if given.project is None:
            write_project(folder, given.files)
        asked(Index(folder))  # files and the vocabulary of tokens are read once
        runs = max(given.runs, 1)
        cold, warm, kept = [], [], []
        for run in range(runs):
            index = Index(folder, Path(place) / f"map{run}")
            cold.append(asked(index)[0])
            warm.append(asked(index)[0])
            took, found = asked(Index(folder, Path(place) / f"map{run}"))
            kept.append(took)
        figures = Figures(f"a map of {found.files} files", given)
        figures.limit("cold", statistics.median(cold), most=COLD_MS, unit="ms")
        figures.limit("warm", statistics.median(warm), most=WARM_MS, unit="ms")
        figures.limit("kept by another program", statistics.median(kept), most=WARM_MS, unit="ms")
        figures.fact("holdfast", f"{len(found.shown)} paths in {found.tokens} tokens")
        if given.project is None:
            before = walked(folder, 9)
            write_ignored(folder, given.ignored)
            figures.limit(
                f"{given.ignored} ignored files add", max(walked(folder, 9) - before, 0), most=IGNORED_MS, unit="ms"
            )
        figures.close()


if __name__ == "__main__":
    main()
