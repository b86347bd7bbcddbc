"""How long does `usage` take on an empty archive: every request of every transcript, counted once and priced?

Run: python benchmarks/bench_usage.py [CORPUS] [--runs 3] [--no-peers] [--record]
The limit below which nothing in Python can go is a bare count: orjson, a dictionary by message id, no prices, no days.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from _measure import (
    CCUSAGE,
    PEER_PLACES,
    Figures,
    find_peer,
    holdfast,
    home,
    in_turn,
    median,
    options,
    run,
    shown_name,
    source_bytes,
)

CPU_S_PER_GB = 2.5
COUNT = """
import glob, sys, orjson
found = {}
for path in glob.iglob(sys.argv[1] + "/projects/**/*.jsonl", recursive=True):
    with open(path, "rb") as lines:
        for line in lines:
            if b'"usage"' not in line:
                continue
            try:
                message = orjson.loads(line)["message"]
                usage = message["usage"]
            except (ValueError, KeyError, TypeError):
                continue
            held = found.get(message["id"])
            if message.get("model") != "<synthetic>" and (held is None or usage["output_tokens"] > held["output_tokens"]):
                found[message["id"]] = usage
print(orjson.dumps({"requests": len(found), "output": sum(u["output_tokens"] for u in found.values())}).decode())
"""


def python_with_orjson():
    """Return a Python that has orjson: this one, or one among the peers."""
    folder = os.environ.get("HOLDFAST_PEERS")
    others = [shutil.which("python", path=str(Path(folder, place))) for place in PEER_PLACES[1:]] if folder else []
    for python in filter(None, [sys.executable, *others]):
        if not subprocess.run([python, "-c", "import orjson"], capture_output=True, check=False).returncode:
            return python
    print("orjson is not here: uv pip install orjson")
    return None


def rivals(place):
    """Return what to run beside us: name -> command line, how to read its output tokens, what it skips."""
    python, ccusage = python_with_orjson(), find_peer(CCUSAGE)
    found = {}
    if python:
        argv = [python, "-c", COUNT, place.folder / ".claude"]
        found["bare orjson count"] = (argv, lambda d: d["output"], "adds up and does nothing else")
    if ccusage:
        # Without --offline it waits ten seconds for a price list that cannot come.
        argv = [ccusage, "daily", "--json", "--offline"]
        found[shown_name(CCUSAGE, ccusage)] = (argv, lambda d: d["totals"]["outputTokens"], CCUSAGE.skips)
    return found


def usage(place):
    place.clear()
    return run(holdfast("usage", "--json"), place.env, offline=True)


def main():
    given = options(__doc__).parse_args()
    figures = Figures("usage on an empty archive", given, size=source_bytes(given.corpus))
    with home(given.corpus) as place:
        others = rivals(place) if given.peers else {}
        tasks = {"holdfast": lambda: usage(place)}
        tasks |= {n: lambda a=argv: run(a, place.env, offline=True) for n, (argv, _, _) in others.items()}
        taken = in_turn(tasks, given.runs, peer_runs=given.peer_runs)
    ours = taken["holdfast"]
    figures.for_size("cpu", median(ours, "cpu"), per_gb=CPU_S_PER_GB, unit="CPU s")
    figures.fact("holdfast", f"{median(ours, 'wall'):.2f} s, {max(o.rss_mb for o in ours):.0f} MB")
    output = json.loads(ours[0].out)["total"]["tokens"]["output"]
    for name, (_, output_of, skips) in others.items():
        theirs = taken[name]
        same = "the same tokens" if output_of(json.loads(theirs[0].out)) == output else "OTHER TOKENS"
        shown = f"{median(theirs, 'cpu'):.2f} CPU s, {median(theirs, 'wall'):.2f} s, {same}"
        figures.against(name, shown, median(ours, "cpu") / median(theirs, "cpu"), skips=skips)
    figures.close()


if __name__ == "__main__":
    main()
