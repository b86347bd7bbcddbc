"""How long does an agent wait for a hook, and how much of that is Python's own start?

Run: python benchmarks/bench_hooks.py [--runs 200] [--record]
One call after the other, as an agent makes them: the line of `holdfast hooks install` in a shell, an event of usual size on
stdin. The peer is the same Python doing nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import Figures, options

from holdfast.services._hooks.agents import program, shell_line

LIMIT_MS = 50
EVENT = {
    "session_id": "0b9a5b7e-7f0f-4f2e-9d59-0c1d6a3c7e11",
    "transcript_path": "/home/ada/.claude/projects/-home-ada-shop/0b9a5b7e.jsonl",
    "cwd": "/home/ada/shop",
    "permission_mode": "default",
    "hook_event_name": "PostToolUse",
    "tool_name": "Read",
    "tool_input": {"file_path": "/home/ada/shop/README.md"},
    "tool_response": {"content": "x" * 4000},
    "tool_use_id": "toolu_01",
}


def taken(line, sent, env):
    """Return the wall milliseconds of one call."""
    began = time.perf_counter()
    done = subprocess.run(["sh", "-c", line], input=sent, env=env, capture_output=True, check=False)
    ended = time.perf_counter()
    if done.returncode or done.stdout or done.stderr:
        sys.exit(f"{line} said {done}")
    return (ended - began) * 1000


def main():
    parser = options(__doc__, corpus=False)
    parser.set_defaults(runs=200)
    given = parser.parse_args()
    figures = Figures(f"{given.runs} hooks, one after the other", given)
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ["PATH"], "HOME": folder, "HOLDFAST_HOME": folder}
        lines = {
            "hook": shell_line(program(Path(folder), env), "claude-code"),
            "python": f"{sys.executable} -c pass",
        }
        sent = json.dumps(EVENT).encode()
        found = {name: [] for name in lines}
        for _ in range(given.runs):
            for name, line in lines.items():
                found[name].append(taken(line, sent, env))
        spool = Path(folder) / "spool" / "claude-code.jsonl"
        figures.check("lines in the spool", holds=len(spool.read_bytes().splitlines()) == given.runs)
    hook, python = (statistics.quantiles(found[name], n=20)[-1] for name in lines)
    figures.limit("p95", hook, most=LIMIT_MS, unit="ms")
    figures.fact("holdfast", f"median {statistics.median(found['hook']):.3g} ms")
    figures.against("python -c pass", f"p95 {python:.3g} ms", hook / python, skips="does nothing")
    return figures.close()


if __name__ == "__main__":
    sys.exit(main())
