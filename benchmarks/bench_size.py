"""How much room do the archive and the index take, against the transcripts they come from?

Run: python benchmarks/bench_size.py [CORPUS] [--no-peers] [--record]
The archive holds every message and every source byte; the index every word. Counted after one sync, logs that are not yet
written back included.
"""

from __future__ import annotations

from _measure import (
    AGENTSVIEW,
    FAST_RESUME,
    MB,
    Figures,
    find_peer,
    holdfast,
    home,
    options,
    run,
    shown_name,
    size_of,
    source_bytes,
)

LIMIT = 0.55
PEERS = (
    (AGENTSVIEW, ("sync",), {"AGENTSVIEW_NO_DAEMON": "1"}, ".agentsview"),
    (FAST_RESUME, ("--list", "--limit", "1"), {}, ".cache/fast-resume"),
)


def main():
    given = options(__doc__).parse_args()
    size = source_bytes(given.corpus)
    figures = Figures("archive and index against the source", given, size=size)
    with home(given.corpus) as place:
        run(holdfast("sync"), place.env, offline=True)
        both = size_of(place.data)
        figures.limit("archive and index", both / size, most=LIMIT, unit="of the source")
        for name in ("sessions.db", "index.db"):
            part = size_of(place.data, f"{name}*")
            figures.fact("holdfast", f"{name} {part / MB:.1f} MB", f"{part / size:.3f} of the source")
        for peer, arguments, more, kept in PEERS if given.peers else ():
            program = find_peer(peer)
            if program is not None:
                run([program, *arguments], {**place.env, **more}, offline=True)
                theirs = size_of(place.folder / kept)
                shown = f"{theirs / MB:.1f} MB, {theirs / size:.3f} of the source"
                figures.against(shown_name(peer, program), shown, both / theirs, skips=peer.skips)
    figures.close()


if __name__ == "__main__":
    main()
