"""How long do the last 50 of 100,000 messages take, 10,000 messages, and a fork?

Against the OpenAI Agents SDK (`SQLiteSession`), which gives items back as they are. A figure is the median of the runs.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from _measure import Figures, options

LAST, TEN_THOUSAND, FORK = 1.0, 40.0, 1.0
TEXT = "w" * 410


def filled(store, name, length):
    session = store.session(name)
    for start in range(0, length, 1000):
        session.append(
            [
                {"role": ("user", "assistant")[n % 2], "content": f"{n} {TEXT}"}
                for n in range(start, min(start + 1000, length))
            ]
        )
    return session


def median(task, runs):
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        task()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def main():
    parser = options(__doc__, corpus=False)
    parser.set_defaults(runs=21)
    parser.add_argument("--long", type=int, default=100_000, help="messages of the long session")
    given = parser.parse_args()
    figures = Figures("loading and forking", given)
    from holdfast.owned import open_store

    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/s.db", durability="derived") as store:
        long, short = filled(store, "long", given.long), filled(store, "short", 10_000)
        last = median(lambda: long.messages(last=50), given.runs)
        figures.limit(f"last 50 of {given.long}", last, most=LAST, unit="ms")
        whole = median(short.messages, given.runs)
        figures.limit("10000 messages", whole, most=TEN_THOUSAND, unit="ms")
        for where in (None, given.long // 2 + 7, 10):
            name = f"fork of {given.long} messages at {where or 'the end'}"
            figures.limit(name, median(lambda w=where: long.fork(at=w), given.runs), most=FORK, unit="ms")
        fork = long.fork(at=given.long // 2)
        (held,) = [s for s in store.sessions() if s.id == fork.id]
        figures.check("messages of a fork", holds=held.rollup.messages == given.long // 2, detail=str(given.long // 2))
        if given.peers:
            peer(figures, Path(folder), given, last=last, whole=whole)
    figures.close()


def peer(figures, folder, given, *, last, whole):
    try:
        from agents import SQLiteSession
    except ImportError:
        print("OpenAI Agents SDK is not installed: uv pip install openai-agents")
        return
    loop = asyncio.new_event_loop()
    name, skips = "OpenAI Agents SDK SQLiteSession", "gives items back without reading them"
    for length, limit, mine in ((given.long, 50, last), (10_000, None, whole)):
        session = SQLiteSession("s", folder / f"openai-{length}.db")
        items = [{"role": ("user", "assistant")[n % 2], "content": f"{n} {TEXT}"} for n in range(length)]
        loop.run_until_complete(session.add_items(items))
        found = median(lambda s=session, n=limit: loop.run_until_complete(s.get_items(n)), given.runs)
        figures.against(name, f"{limit or 'all'} of {length}: {found:.2f} ms", mine / found, skips=skips)
        session.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


if __name__ == "__main__":
    main()
