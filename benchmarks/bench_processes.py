"""Eight processes append to one session: is a message hidden, and how many turns a second are acknowledged?

Against the OpenAI Agents SDK (`SQLiteSession`, the fastest peer that hides nothing; it syncs each commit) and LangGraph
(`SqliteSaver`, through a graph). On disk ours is `durable`, as the peer; on a RAM disk nothing syncs. Hidden means: acknowledged,
and not in the session that is loaded afterwards.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import Figures, options

LEAST = 5
TIMES = 60


def turn(worker, number):
    return [
        {"role": "user", "content": f"{worker}:{number} " + "u" * 400},
        {"role": "assistant", "content": f"{worker}:{number} " + "a" * 400},
    ]


def ours(folder, durability):
    from holdfast.owned import open_store

    session = open_store(f"sqlite:///{folder}/ours.db", durability=durability).session("s")
    return (lambda worker, number: session.append(turn(worker, number))), lambda: [m.text for m in session.messages()]


def openai(folder, _):
    from agents import SQLiteSession

    session, loop = SQLiteSession("s", Path(folder) / "openai.db"), asyncio.new_event_loop()
    append = lambda worker, number: loop.run_until_complete(session.add_items(turn(worker, number)))  # noqa: E731
    return append, lambda: [i["content"] for i in loop.run_until_complete(session.get_items())]


def langgraph(folder, _):
    import sqlite3
    from typing import Annotated

    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.graph.message import add_messages

    saver = SqliteSaver(sqlite3.connect(Path(folder) / "langgraph.db", check_same_thread=False, timeout=60))
    builder = StateGraph(Annotated[list, add_messages])
    builder.add_node("answer", lambda state: [("assistant", state[-1].content)])
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    graph = builder.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": "t"}}
    append = lambda worker, number: graph.invoke([("user", turn(worker, number)[0]["content"])], config)  # noqa: E731
    return append, lambda: [m.content for m in graph.get_state(config).values]


MAKERS = {"ours": ours, "openai": openai, "langgraph": langgraph}


def work(kind, folder, durability, worker, times):
    append, _ = MAKERS[kind](folder, durability)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(times):
        append(worker, number)
    print("done", flush=True)


def race(kind, where, *, durability, processes, times):
    folder = tempfile.mkdtemp(prefix="holdfast-processes-", dir=where)
    MAKERS[kind](folder, durability)[1]()  # the file is there before the race
    command = [sys.executable, __file__, "--work", kind, folder, durability]
    workers = [
        subprocess.Popen(
            [*command, str(n), str(times)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )
        for n in range(processes)
    ]  # fmt: skip
    for worker in workers:
        worker.stdout.readline()
    began = time.perf_counter()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    finished = sum(worker.stdout.readline() == "done\n" for worker in workers)
    took = time.perf_counter() - began
    for worker in workers:
        worker.communicate()
    found = {t.split()[0] for t in MAKERS[kind](folder, durability)[1]()}
    shutil.rmtree(folder)
    if finished < processes:
        return None
    return processes * times / took, processes * times - len(found)


def main():
    if sys.argv[1:2] == ["--work"]:
        kind, folder, durability, worker, times = sys.argv[2:]
        work(kind, folder, durability, int(worker), int(times))
        return
    parser = options(__doc__, corpus=False)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--turns", type=int, default=TIMES, help="turns of each process")
    parser.add_argument("--ram", type=Path, default=Path("/dev/shm"), help="a folder in memory")
    parser.add_argument("--disk", type=Path, default=None, help="a folder on disk, by default the temporary one")
    given = parser.parse_args()
    figures = Figures(f"{given.processes} processes on one session", given)
    for name, where, durability in (("disk, durable", given.disk, "durable"), ("RAM disk", given.ram, "derived")):
        results = {
            kind: median_of(kind, where, durability, given)
            for kind in MAKERS
            if kind == "ours" or (given.peers and installed(kind))
        }
        rate, hidden = results["ours"]
        figures.check(f"{name}: messages hidden", holds=hidden == 0, detail=str(hidden), wanted="0")
        figures.fact("holdfast", f"{name}: {rate:.0f} turns a second")
        sound = {kind: r for kind, (r, h) in results.items() if kind != "ours" and h == 0}
        for kind, (theirs, lost) in results.items():
            if kind != "ours":
                figures.fact(kind, f"{name}: {theirs:.0f} turns a second, {lost} turns hidden")
        if sound:
            best = max(sound, key=lambda k: sound[k])
            figures.check(
                f"{name}: times {best}", holds=rate >= LEAST * sound[best], detail=f"{rate / sound[best]:.1f}",
                wanted=f"at least {LEAST}",
            )  # fmt: skip
    figures.close()


def median_of(kind, where, durability, given):
    runs = [
        race(kind, where, durability=durability, processes=given.processes, times=given.turns)
        for _ in range(given.runs)
    ]
    runs = [r for r in runs if r is not None]
    if not runs:
        return 0.0, given.processes * given.turns
    return sorted(runs)[len(runs) // 2][0], max(hidden for _, hidden in runs)


def installed(kind):
    import importlib.util

    return importlib.util.find_spec({"openai": "agents", "langgraph": "langgraph.checkpoint.sqlite"}[kind]) is not None


if __name__ == "__main__":
    main()
