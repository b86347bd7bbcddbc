"""How long does a sync take when nothing changed?

Run: python benchmarks/bench_warm_sync.py [CORPUS] [--runs 3] [--no-peers] [--record]
Files are listed and compared by size and time; none is opened. agentsview's own command talks to a server that watches all
the time; here it runs without, as Holdfast does.
"""

from __future__ import annotations

import json

from _measure import (
    AGENTSVIEW,
    FAST_RESUME,
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

LIMIT_S = 0.25
PEERS = (
    (AGENTSVIEW, ("sync",), {"AGENTSVIEW_NO_DAEMON": "1"}),
    (FAST_RESUME, ("--list", "--limit", "1"), {}),
)


def main():
    given = options(__doc__).parse_args()
    figures = Figures("warm sync, nothing changed", given, size=source_bytes(given.corpus))
    with home(given.corpus) as place:
        programs = [(find_peer(p), p, a, m) for p, a, m in PEERS] if given.peers else []
        tasks = {"holdfast": lambda: run(holdfast("sync", "--json"), place.env, offline=True)}
        skips = {}
        for program, peer, arguments, more in programs:
            if program is not None:
                name, argv, env = shown_name(peer, program), [program, *arguments], {**place.env, **more}
                skips[name] = peer.skips
                tasks[name] = lambda a=argv, e=env: run(a, e, offline=True)
        in_turn(tasks, 1)  # cold
        taken = in_turn(tasks, given.runs, peer_runs=given.peer_runs)
    ours = taken.pop("holdfast")
    figures.limit("wall", median(ours, "wall"), most=LIMIT_S, unit="s")
    figures.fact("holdfast", f"{median(ours, 'cpu'):.2f} CPU s, {max(o.rss_mb for o in ours):.0f} MB")
    told = json.loads(ours[-1].out)
    idle = told["files"]["read"] == 0 and told["rows_written"] == 0
    figures.check(
        "files read and rows written",
        holds=idle,
        wanted="0, 0",
        detail=f"{told['files']['read']}, {told['rows_written']}",
    )
    for name, theirs in taken.items():
        shown = f"{median(theirs, 'wall'):.2f} s, {median(theirs, 'cpu'):.2f} CPU s"
        figures.against(name, shown, median(ours, "wall") / median(theirs, "wall"), skips=skips[name])
    figures.close()


if __name__ == "__main__":
    main()
