"""Write a home in which four agents worked, with log-like text, the traps of their formats, and the truth about all of it.

Run: python benchmarks/gen_mix.py --mb 1000 --seed 7 OUT
Writes OUT/home (`.claude`, `.codex`, `.gemini`, `.local/share/opencode`; a quarter each) and OUT/truth.json. The same seed writes
the same corpus. It needs Python alone and asks nothing of Holdfast.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from _mix import claude_code, codex, gemini_cli, opencode
from _mix.script import session_size
from _mix.truth import Truth, total
from _mix.words import Text

WRITERS = {module.SLUG: module.Writer for module in (claude_code, codex, gemini_cli, opencode)}
MEAN = 800_000
FEWEST = 200


def write(agent, home, budget, seed):
    """Write one agent's part of about so many bytes; return the truth about it."""
    text = Text(f"{seed}:{agent}")
    truth = Truth(agent, text.rng)
    writer = WRITERS[agent](home, text, truth)
    mean, written = min(MEAN, budget / FEWEST), 0
    while written < budget:
        size = session_size(text.rng, mean)
        written += writer.session(min(size, max(budget - written, 3_000)))
    writer.close()
    return {"agent": agent, **truth.told()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--mb", type=float, default=200, help="megabytes in all")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--jobs", type=int, default=2, help="agents that are written at the same time")
    given = parser.parse_args()
    if given.out.exists() and any(given.out.iterdir()):
        sys.exit(f"{given.out} is not empty")
    home, budget = given.out / "home", given.mb * 1e6 / len(WRITERS)
    home.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(given.jobs) as pool:
        parts = [pool.submit(write, agent, home, budget, given.seed) for agent in WRITERS]
        agents = {agent: part.result() for agent, part in zip(WRITERS, parts, strict=True)}
    truth = {"mix": 1, "mb": given.mb, "seed": given.seed, "totals": total(agents), "agents": agents}
    (given.out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8")
    for agent, part in agents.items():
        print(
            f"{agent}: {part['sessions']} sessions, {part['requests']:,} requests, {part['cost_usd']} USD, {part['traps']}"
        )


if __name__ == "__main__":
    main()
