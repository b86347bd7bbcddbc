"""How many CPU seconds do `holdfast --help` and a list of 2,000 sessions on a pipe take?

Run: python benchmarks/bench_list.py [--sessions 2000] [--runs 3] [--no-peers] [--record]
The sessions are made up, written as transcripts and synced, so that a peer can list the same ones. fast-resume lists from its
index without looking for changes, as `--no-sync` does.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import uuid
from pathlib import Path

from _measure import FAST_RESUME, Figures, find_peer, holdfast, home, in_turn, median, options, run, shown_name

HELP_MS, LIST_MS = 60, 100
WORDS = [
    "retry",
    "login",
    "cache",
    "index",
    "webhook",
    "billing",
    "schema",
    "latency",
    "release",
    "timeout",
    "session",
    "parser",
    "export",
    "queue",
]
BEGAN = 1_760_000_000


def record(kind, session, at, **message):
    stamp = f"2026-{1 + at // 2_419_200 % 11:02d}-{1 + at // 86_400 % 28:02d}T{at // 3600 % 24:02d}:{at // 60 % 60:02d}:00.000Z"
    return {
        "type": kind, "uuid": str(uuid.UUID(int=at)), "sessionId": session, "timestamp": stamp,
        "cwd": f"/home/ada/{WORDS[at % len(WORDS)]}", "version": "2.1.0", "gitBranch": "main", "isSidechain": False,
        "message": message,
    }  # fmt: skip


def write_sessions(corpus, number):
    """Write that many small Claude Code sessions."""
    rng = random.Random(7)
    for n in range(number):
        session, at = str(uuid.UUID(int=rng.getrandbits(128), version=4)), BEGAN + n * 7200
        path = corpus / ".claude" / "projects" / f"-home-ada-{WORDS[at % len(WORDS)]}" / f"{session}.jsonl"
        prompt = " ".join(rng.choices(WORDS, k=9))
        usage = {"input_tokens": 3, "output_tokens": rng.randint(5, 900), "cache_read_input_tokens": 9000}
        answer = {
            "id": f"msg_{n}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "content": [{"type": "text", "text": " ".join(rng.choices(WORDS, k=30))}], "usage": usage,
        }  # fmt: skip
        lines = [
            record("user", session, at, role="user", content=prompt),
            record("assistant", session, at + 60, **answer),
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        os.utime(path, (at, at))


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--sessions", type=int, default=2000)
    given = parser.parse_args()
    figures = Figures(f"--help, and a list of {given.sessions} sessions on a pipe", given)
    with tempfile.TemporaryDirectory() as folder:
        write_sessions(Path(folder), given.sessions)
        with home(Path(folder)) as place:
            program = find_peer(FAST_RESUME) if given.peers else None
            run(holdfast("sync"), place.env, offline=True)
            tasks = {
                "list": lambda: run(holdfast("list", "--no-sync"), place.env),
                "help": lambda: run(holdfast("--help"), place.env),
            }
            if program:
                run([program, "--list", "--limit", "1"], place.env, offline=True)
                tasks["peer"] = lambda: run([program, "--list", "--no-refresh", "--all"], place.env)
            in_turn(tasks, 1)  # byte code is compiled once
            taken = in_turn(tasks, max(given.runs, 1))
    figures.limit("--help", median(taken["help"], "cpu") * 1000, most=HELP_MS, unit="ms CPU")
    ours = median(taken["list"], "cpu") * 1000
    figures.limit("list --no-sync", ours, most=LIST_MS, unit="ms CPU")
    shown = taken["list"][0].out.count(b"\n")
    figures.fact("holdfast", f"{shown} lines, {median(taken['list'], 'wall') * 1000:.0f} ms wall")
    if program:
        theirs = median(taken["peer"], "cpu") * 1000
        figures.against(
            shown_name(FAST_RESUME, program), f"{theirs:.0f} ms CPU", ours / theirs, skips=FAST_RESUME.skips
        )
    figures.close()


if __name__ == "__main__":
    main()
