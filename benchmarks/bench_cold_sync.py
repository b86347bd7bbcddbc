"""How long until everything is kept and found, from nothing, and how much memory does that take?

Run: python benchmarks/bench_cold_sync.py [CORPUS] [--runs 3] [--no-peers] [--record]
Each run begins with no archive and transcripts in the page cache. agentsview runs `sync` without its background server, which
is the same work in one process; fast-resume has no command that only indexes, so that it also lists.
"""

from __future__ import annotations

import re
import sys
import time

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
    running,
    shown_name,
    source_bytes,
)

CPU_S_PER_GB, WALL_S_PER_GB = 22.0, 30.0
MEMORY_MB = 250
FIRST_HITS_S = 2.0
POLL_S = 0.02
PEERS = (
    (AGENTSVIEW, ("sync",), {"AGENTSVIEW_NO_DAEMON": "1"}),
    (FAST_RESUME, ("--list", "--limit", "1"), {}),
)


def cold(place, argv, more=None):
    place.clear()
    return run(argv, {**place.env, **(more or {})}, offline=True)


def newest_word(corpus):
    """Return a word of the first prompt in the transcript that changed last: what a person looks for first."""
    for path in sorted(corpus.rglob("*.jsonl"), key=lambda p: -p.stat().st_mtime):
        found = re.findall(rb'"role":\s?"user","content":\s?"([^"\\]+)', path.read_bytes()[: 64 * 1024])
        words = [w for text in found for w in text.decode(errors="replace").split() if w.isalpha() and len(w) > 4]
        if words:
            return words[0]
    return sys.exit("no prompt in the corpus")


def first_hits(place):
    """Start a sync and ask a search in this process until it answers."""
    from holdfast import config
    from holdfast.model import parse
    from holdfast.workspace import Workspace

    place.clear()
    query = parse(newest_word(place.corpus))
    began = time.perf_counter()
    with running(holdfast("sync"), place.env) as sync:
        while not (place.data / "index.db").exists() and sync.poll() is None:
            time.sleep(POLL_S)
        with Workspace(config.load(env=place.env, cwd=place.folder), env=place.env) as workspace:
            while not workspace.search.find(query, limit=1):
                if sync.poll() is not None and time.perf_counter() - began > 120:
                    sys.exit(f"{query.text!r} was never found")
                time.sleep(POLL_S)
        return time.perf_counter() - began


def main():
    given = options(__doc__).parse_args()
    figures = Figures("cold sync with everything indexed", given, size=source_bytes(given.corpus))
    with home(given.corpus) as place:
        tasks, skips = {"holdfast": lambda: cold(place, holdfast("sync"))}, {}
        for peer, arguments, more in PEERS if given.peers else ():
            program = find_peer(peer)
            if program is not None:
                name = shown_name(peer, program)
                skips[name] = peer.skips
                tasks[name] = lambda a=(program, *arguments), m=more: cold(place, a, m)
        taken = in_turn(tasks, given.runs, peer_runs=given.peer_runs)
        ours = taken.pop("holdfast")
        figures.for_size("cpu", median(ours, "cpu"), per_gb=CPU_S_PER_GB, unit="CPU s")
        figures.for_size("wall", median(ours, "wall"), per_gb=WALL_S_PER_GB, unit="s")
        figures.limit("memory", max(one.rss_mb for one in ours), most=MEMORY_MB, unit="MB")
        for name, theirs in taken.items():
            shown = (
                f"{median(theirs, 'cpu'):.2f} CPU s, {median(theirs, 'wall'):.2f} s, {median(theirs, 'rss_mb'):.0f} MB"
            )
            figures.against(name, shown, median(ours, "cpu") / median(theirs, "cpu"), skips=skips[name])
        figures.limit("first hits", first_hits(place), most=FIRST_HITS_S, unit="s")
    figures.close()


if __name__ == "__main__":
    main()
