"""How long after one line was written to a transcript does a search find it, while `sync --watch` runs?

Run: python benchmarks/bench_watch.py [CORPUS] [--lines 10] [--no-peers] [--record]
The watcher is a process of its own; this one writes to the smallest, the middle and the largest session in turn and asks a
search over the same files every few milliseconds. A line written as soon as the first sync ended must be found too. The
corpus is hard-linked, and what is written to is copied first. agentsview is its server as it comes, asked over HTTP for words
in what was said; fast-resume watches nothing.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

from _measure import (
    AGENTSVIEW,
    TIMEOUT,
    Figures,
    find_peer,
    holdfast,
    home,
    options,
    running,
    shown_name,
    source_bytes,
)

LIMIT_MS = 300
POLL_S = 0.004
PAUSE_S = 1.0
STARTING_S, PATIENCE_S = 5, 60
TAIL = 4_000_000
INSIDE = "--inside"


def chosen(place):
    """Return the smallest, the middle and the largest main session, as files that may be written to."""
    found = sorted(place.folder.glob(".claude/projects/*/*.jsonl"), key=lambda p: p.stat().st_size)
    found = [p for p in found if p.stat().st_size > 2000]
    return [place.own(p) for p in dict.fromkeys((found[0], found[len(found) // 2], found[-1]))]


def line(path, word):
    """Return one more prompt of a session, as its agent writes it."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - TAIL))
        lines = [x for x in stream.read().split(b"\n") if x.startswith(b"{") and x.endswith(b"}")]
    last = next(r for r in map(json.loads, reversed(lines)) if r.get("uuid"))
    kept = {k: last[k] for k in ("sessionId", "cwd", "version", "gitBranch", "userType") if k in last}
    record = {
        **kept, "type": "user", "isSidechain": False, "parentUuid": last["uuid"], "uuid": str(uuid.uuid4()),
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "message": {"role": "user", "content": f"please look for the {word} again"},
    }  # fmt: skip
    torn = b"" if path.read_bytes()[-1:] == b"\n" else b"\n"
    return torn + json.dumps(record, separators=(",", ":")).encode() + b"\n"


def appended(path):
    """Write one line with a word of its own; returns the word and the end of the write."""
    word = f"quince{uuid.uuid4().hex[:12]}"
    data = line(path, word)
    with path.open("ab", buffering=0) as stream:
        stream.write(data)
    return word, time.perf_counter()


def found_within(seconds, word, written, finds):
    """Return the milliseconds until a word is found, None where it is not in that time."""
    while not finds(word):
        if time.perf_counter() - written > seconds:
            return None
        time.sleep(POLL_S)
    return (time.perf_counter() - written) * 1000


def unseen(path, finds):
    """Write lines until one is found, so that everything is ready; returns how many were not seen before."""
    for number in range(TIMEOUT // STARTING_S):
        if found_within(STARTING_S, *appended(path), finds) is not None:
            return number
    return sys.exit(f"no line written to {path.name} was ever found")


def delays(files, number, finds):
    """Write lines and wait for each; returns how many the start missed, and milliseconds from the end of each write."""
    missed, took = unseen(files[-1], finds), []
    for turn in range(number):
        time.sleep(PAUSE_S)
        path = files[turn % len(files)]
        waited = found_within(PATIENCE_S, *appended(path), finds)
        if waited is None:
            sys.exit(f"a line written to {path.name} was not found in {PATIENCE_S} s")
        took.append(waited)
    return missed, took


def until(ready):
    began = time.perf_counter()
    while not ready():
        if time.perf_counter() - began > TIMEOUT:
            sys.exit("not ready in time")
        time.sleep(PAUSE_S / 2)


def ours(place, number):
    from holdfast import config
    from holdfast.model import parse
    from holdfast.workspace import Workspace

    files = chosen(place)
    with running(holdfast("sync", "--watch"), place.env):
        time.sleep(PAUSE_S)
        settings = config.load(env=place.env, cwd=place.folder)
        with Workspace(settings, env=place.env) as workspace:

            def finds(word):
                return workspace.search.find(parse(word), limit=1)

            until(lambda: not workspace.sync.plan().stale)
            return delays(files, number, finds)


def theirs(place, number, program):
    """Measure agentsview's server, from inside a network of its own that has only itself."""
    files = chosen(place)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def finds(word):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/search?q={word}", timeout=30) as answer:
                return json.load(answer)["results"]
        except OSError:
            return []

    def answers():
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/search?q=test", timeout=30).close()
        except OSError:
            return False
        return True

    with running([program, "serve", "--no-browser", "--port", str(port)], place.env):
        until(answers)
        time.sleep(5 * PAUSE_S)
        return delays(files, number, finds)


def apart(program, given):
    """Run the peer's part again in a network namespace with a loopback alone; None where there can be none."""
    script = [sys.executable, str(Path(__file__).resolve()), str(given.corpus.resolve()), "--lines", str(given.lines)]
    shell = 'ip link set lo up && exec "$@"'
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", shell, "sh", *script, INSIDE, program], capture_output=True, check=False
    )
    if done.returncode:
        print(f"no figures of the peer: {done.stderr.decode().strip()[-300:]}")
        return None
    return json.loads(done.stdout)


def main():
    parser = options(__doc__)
    parser.add_argument("--lines", type=int, default=10, help="lines to write")
    parser.add_argument(INSIDE, help="used by this script itself")
    given = parser.parse_args()
    if given.inside:
        with home(given.corpus, linked=False) as place:
            print(json.dumps(theirs(place, given.lines, given.inside)))
        return
    figures = Figures("one appended line found under --watch", given, size=source_bytes(given.corpus))
    with home(given.corpus, linked=False) as place:
        missed, took = ours(place, given.lines)
    figures.limit("median", statistics.median(took), most=LIMIT_MS, unit="ms")
    figures.limit("slowest", max(took), most=LIMIT_MS, unit="ms")
    figures.check("lines missed while the watcher started", holds=not missed, detail=str(missed), wanted="0")
    program = find_peer(AGENTSVIEW) if given.peers else None
    told = apart(program, given) if program else None
    if told:
        waited = told[1]
        shown = f"median {statistics.median(waited):.0f} ms, slowest {max(waited):.0f} ms"
        ratio = statistics.median(took) / statistics.median(waited)
        figures.against(shown_name(AGENTSVIEW, program), shown, ratio, skips=AGENTSVIEW.skips)
    figures.close()


if __name__ == "__main__":
    main()
