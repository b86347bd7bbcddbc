"""How many CPU seconds does one completion take, in an archive of 2,000 sessions?

Run: python benchmarks/bench_completion.py [--sessions 2000] [--runs 3] [--record]
Measured is what a shell starts at every key: the sessions before anything was typed and after two characters, and the projects.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from _measure import Figures, holdfast, home, in_turn, median, options, run
from bench_list import write_sessions

LIMIT_MS = 80
ASKED = {
    "sessions, nothing typed": ("sessions", ""),
    "sessions, two characters": ("sessions", "ab"),
    "projects": ("projects", ""),
}


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--sessions", type=int, default=2000)
    given = parser.parse_args()
    figures = Figures(f"one completion with {given.sessions} sessions", given)
    with tempfile.TemporaryDirectory() as folder:
        write_sessions(Path(folder), given.sessions)
        with home(Path(folder)) as place:
            run(holdfast("sync"), place.env, offline=True)
            tasks = {
                name: lambda asked=asked: run(holdfast("__complete", *asked), place.env)
                for name, asked in ASKED.items()
            }
            in_turn(tasks, 1)  # byte code is compiled once
            taken = in_turn(tasks, max(given.runs, 1))
    for name in ASKED:
        figures.limit(name, median(taken[name], "cpu") * 1000, most=LIMIT_MS, unit="ms CPU")
        lines = taken[name][0].out.count(b"\n")
        figures.fact("holdfast", f"{name}: {lines} words, {median(taken[name], 'wall') * 1000:.0f} ms wall")
    figures.close()


if __name__ == "__main__":
    main()
