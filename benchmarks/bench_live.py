"""How long does a list with live states take with 100 processes of this user, 20 of them agents, and what does a scan cost?

Run: python benchmarks/bench_live.py [--sessions 200] [--processes 100] [--runs 5] [--record]
The processes are stand-ins under the agents' names, ended by their own pids; `--no-sync` asks for nothing live.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from _measure import Figures, holdfast, home, in_turn, median, options, run
from bench_list import write_sessions

LIST_MS, SCAN_MS = 300, 50
AGENTS = ("claude", "codex", "gemini", "copilot", "opencode", "goose", "qwen", "droid", "crush", "amp")
LIVE = 20
SCANS = 20


def stand_ins(folder, number):
    """Start processes under agents' names and others', each in a folder of its own."""
    sleep = shutil.which("sleep")
    for n in range(number):
        name = AGENTS[n % len(AGENTS)] if n < LIVE else f"worker-{n}"
        cwd = folder / "work" / f"{name}-{n}"
        cwd.mkdir(parents=True)
        yield subprocess.Popen([name, "600"], executable=sleep, cwd=cwd), name, cwd


def write_live(folder, running):
    """Write what the stand-ins of Claude Code would: a registry entry and an open turn."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    for child, name, cwd in running:
        if name == "claude":
            ident = str(uuid.UUID(int=child.pid, version=4))
            path = folder / ".claude" / "projects" / "-live" / f"{ident}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            record = {"type": "user", "uuid": ident, "sessionId": ident, "timestamp": stamp, "cwd": str(cwd)}
            path.write_text(json.dumps(record | {"message": {"role": "user", "content": "live"}}) + "\n")
            entry = {"pid": child.pid, "sessionId": ident, "cwd": str(cwd), "startedAt": int(time.time() * 1000)}
            registry = folder / ".claude" / "sessions" / f"{child.pid}.json"
            registry.parent.mkdir(parents=True, exist_ok=True)
            registry.write_text(json.dumps(entry | {"status": "busy", "statusUpdatedAt": int(time.time() * 1000)}))


def scan_ms():
    """Return the CPU ms of one look at the process table, after the first."""
    from holdfast import processes

    seen = len(processes.snapshot())
    began = time.process_time()
    for _ in range(SCANS):
        processes.snapshot()
    return (time.process_time() - began) * 1000 / SCANS / max(seen, 1) * 100


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--processes", type=int, default=100)
    given = parser.parse_args()
    figures = Figures(f"list with live states: {given.sessions} sessions, {given.processes} processes", given)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = []
        try:
            running += stand_ins(folder, given.processes)
            write_sessions(folder, given.sessions)
            write_live(folder, running)
            with home(folder) as place:
                run(holdfast("sync"), place.env, offline=True)
                tasks = {
                    "live": lambda: run(holdfast("list"), place.env),
                    "plain": lambda: run(holdfast("list", "--no-sync"), place.env),
                    "board": lambda: run(holdfast("monitor", "--once"), place.env),
                }
                in_turn(tasks, 1)
                taken = in_turn(tasks, max(given.runs, 1))
            scan = scan_ms()
        finally:
            for child, _, _ in running:
                child.kill()
                child.wait()
    figures.limit("list with live states", median(taken["live"], "wall") * 1000, most=LIST_MS, unit="ms wall")
    figures.limit("one scan of 100 processes", scan, most=SCAN_MS, unit="ms CPU")
    figures.fact(
        "list", f"{median(taken['live'], 'cpu') * 1000:.0f} ms CPU, {taken['live'][0].out.count(b'working')} working"
    )
    figures.fact("list --no-sync", f"{median(taken['plain'], 'wall') * 1000:.0f} ms wall")
    figures.fact("monitor --once", f"{median(taken['board'], 'wall') * 1000:.0f} ms wall")
    figures.close()


if __name__ == "__main__":
    main()
