"""How many megabytes of messages does the redactor read in one CPU-second, per engine?

Run: python benchmarks/bench_redact.py [--mb 12] [--jsonl DIR]
Messages are cut from the standard library's own source, made logs, JSON, prose and base64, with one secret in 100;
`--jsonl` reads the strings of transcripts below a directory instead.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import sysconfig
import time
from pathlib import Path

from holdfast.redact import Redactor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "unit"))
import redact_corpus

TARGETS = {"re": 20, "hyperscan": 50}


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def sources(rng):
    """Yield pieces of source code as tools print it: 0.4 to 8 KB, a third of them with line numbers."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py"))
    while True:
        lines = rng.choice(files).read_text(encoding="utf-8", errors="replace").splitlines()
        start = rng.randrange(max(1, len(lines) - 10))
        piece = lines[start : start + rng.randint(10, 200)]
        yield (
            "\n".join(f"{n:6}\t{line}" for n, line in enumerate(piece, start))
            if rng.random() < 0.3
            else "\n".join(piece)
        )


def logs(rng):
    while True:
        yield "\n".join(
            f"2026-03-01T10:{n:02}:11.{rng.randrange(1000):03}Z INFO worker[{rng.randrange(9)}] "
            f"{redact_corpus.prose(rng, 9)} id={rng.getrandbits(64):016x}"
            for n in range(rng.randint(5, 40))
        )


def structures(rng):
    while True:
        rows = [
            {
                "path": f"/srv/{redact_corpus.prose(rng, 1)}/{n}.py",
                "size": rng.randrange(9**6),
                "sha": f"{rng.getrandbits(160):040x}",
            }
            for n in range(rng.randint(3, 20))
        ]
        inner = json.dumps(rows)
        yield inner if rng.random() < 0.6 else json.dumps({"stdout": inner + "\n" + redact_corpus.prose(rng, 20)})


def prose(rng):
    while True:
        yield "\n\n".join(redact_corpus.prose(rng, rng.randint(20, 90)) + "." for _ in range(rng.randint(1, 5)))


def images(rng):
    while True:
        yield base64.b64encode(rng.randbytes(rng.randint(3_000, 20_000))).decode()


def mix(megabytes, seed=5):
    """Return messages in the shares that transcripts of coding agents have, by size."""
    rng = random.Random(seed)
    kinds = [(sources(rng), 40), (logs(rng), 20), (structures(rng), 15), (prose(rng), 20), (images(rng), 1)]
    secrets = redact_corpus.seeded()
    messages, size = [], 0
    while size < megabytes * 1_000_000:
        kind = rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
        text = next(kind)
        if rng.random() < 0.01:
            text += "\n" + rng.choice(secrets).text
        messages.append(text)
        size += len(text.encode())
    return messages


def transcripts(folder, megabytes):
    messages, size = [], 0
    for path in sorted(Path(folder).rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found = list(strings(json.loads(line)))
            except ValueError:
                continue
            messages += found
            size += sum(map(len, found))
        if size > megabytes * 1_000_000:
            break
    return messages


def measure(engine, messages):
    redactor = Redactor(engine=engine)
    redactor.mask("warm up")
    start = time.process_time()
    found = sum(len(redactor.mask(text)[1]) for text in messages)
    return time.process_time() - start, found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=float, default=12)
    parser.add_argument("--jsonl")
    asked = parser.parse_args()
    messages = transcripts(asked.jsonl, asked.mb) if asked.jsonl else mix(asked.mb)
    size = sum(len(text.encode("utf-8", "replace")) for text in messages) / 1e6
    print(f"{len(messages)} messages, {size:.1f} MB, {1e6 * size / len(messages):.0f} bytes each")
    for engine, target in TARGETS.items():
        seconds, found = min(measure(engine, messages) for _ in range(3))
        ratio = size / seconds / target
        print(
            f"{engine:10} {size / seconds:7.1f} MB per CPU-second   target {target}   ratio {ratio:.2f}   {found} findings"
        )


if __name__ == "__main__":
    main()
