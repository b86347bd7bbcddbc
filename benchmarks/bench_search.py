"""How long does a search take inside a process, over an index of all of a corpus?

Run: python benchmarks/bench_search.py [CORPUS] [--queries 200] [--keep DIR]
CORPUS holds `.claude/projects` (default /tmp/corpus1g, from the corpus generator). Words are drawn from the corpus itself:
40 % rare words, 30 % two words, 15 % phrases, 10 % CJK or prefix, 5 % very common. Top 20 with snippets; messages for the
snippets come from a plain table, so that the index alone is measured. Each line is a ratio against its limit.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import apsw
import msgspec

from holdfast.index import Index
from holdfast.model import Message, parse, searchable
from holdfast.sources.claude_code import ClaudeCode

BATCH_MB = 48
FIRST_MB = 2
LIMITS = {"index CPU s/GB": 10.0, "index size / source": 0.2, "p50 ms": 20.0, "p99 ms": 150.0}
SHARES = (("rare", 40), ("two", 30), ("phrase", 15), ("cjk or prefix", 10), ("common", 5))


class Corpus:
    """Messages in a plain table, as a store would bring them."""

    def __init__(self, path):
        self.table = apsw.Connection(str(path))
        self.table.execute("CREATE TABLE m(session, seq, body, PRIMARY KEY(session, seq)) WITHOUT ROWID")
        self.encoder, self.decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Message)
        self.next, self.seconds, self.said = Counter(), 0.0, []

    def keep(self, session, messages):
        first = self.next[session]
        self.next[session] += len(messages)
        listed = [msgspec.structs.replace(m, seq=first + i) for i, m in enumerate(messages)]
        rows = [(session, m.seq, self.encoder.encode(m)) for m in listed]
        with self.table:
            self.table.executemany("INSERT INTO m VALUES(?, ?, ?)", rows)
        return listed

    def fetch(self, session, seqs):
        started = time.perf_counter()
        sql = "SELECT body FROM m WHERE session = ? AND seq = ?"
        found = {q: self.decoder.decode(self.table.execute(sql, (session, q)).get) for q in seqs}
        self.seconds += time.perf_counter() - started
        return found


def built(root, index, corpus):
    """Index everything in batches; return the CPU seconds that the index took."""
    source, spent = ClaudeCode(), 0.0
    waiting, size, most = [], 0, FIRST_MB * 1_000_000

    def flush():
        started = time.process_time()
        with index.batch():
            for session, messages in waiting:
                index.put(session, messages)
        waiting.clear()
        return time.process_time() - started

    for ref in sorted(source.discover([root / ".claude"]), key=lambda r: -r.mtime_ns):
        for reading in source.read(ref, None):
            told = reading.transcript
            waiting.append((told.session, corpus.keep(told.session.id, told.messages)))
            size += len(reading.raw.data) if reading.raw else 0
            if size >= most:
                spent, size, most = spent + flush(), 0, BATCH_MB * 1_000_000
    spent += flush()
    started = time.process_time()
    index.settle()
    return spent + time.process_time() - started


def queries(corpus, rng, number):
    sessions = [s for s, n in corpus.next.items() if n]
    words = Counter()
    texts = []
    for session in rng.sample(sessions, min(len(sessions), 400)):
        for message in corpus.fetch(session, [rng.randrange(corpus.next[session])]).values():
            text = " ".join(filter(None, searchable(message)))
            texts.append(text)
            words.update(w for w in text.lower().split() if w.isalpha() and w.isascii() and len(w) > 1)
    common = [w for w, _ in words.most_common(12)]
    rare = sorted(w for w, n in words.items() if n == 1 and len(w) > 4)
    known = sorted(words)
    dense = sorted({t[i : i + 3] for t in texts for i in range(len(t) - 3) if "\u3040" <= t[i] <= t[i + 2] <= "\u9fff"})

    def phrase():
        parts = rng.choice([t for t in texts if len(t.split()) > 5]).replace('"', " ").split()
        at = rng.randrange(len(parts) - 3)
        return f'"{" ".join(parts[at : at + rng.choice((2, 3))])}"'

    make = {
        "rare": lambda: rng.choice(rare),
        "two": lambda: f"{rng.choice(known)} {rng.choice(known)}",
        "phrase": phrase,
        "cjk or prefix": lambda: rng.choice(dense) if dense and rng.random() < 0.5 else rng.choice(known)[:4] + "*",
        "common": lambda: rng.choice(common),
    }
    listed = [(kind, make[kind]()) for kind, share in SHARES for _ in range(number * share // 100)]
    rng.shuffle(listed)
    return listed


def percentile(times, share):
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def report(name, value, limit):
    print(f"{name:24} {value:9.2f}   limit {limit:7.2f}   ratio {value / limit:.2f}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("corpus", nargs="?", type=Path, default=Path("/tmp/corpus1g"))
    options.add_argument("--queries", type=int, default=200)
    options.add_argument("--keep", type=Path)
    given = options.parse_args()
    if not (given.corpus / ".claude" / "projects").is_dir():
        sys.exit(f"{given.corpus} holds no .claude/projects")
    files = given.corpus.rglob("*.jsonl")
    source_bytes = sum(p.stat().st_size for p in files)
    with tempfile.TemporaryDirectory() as folder:
        place = given.keep or Path(folder)
        place.mkdir(exist_ok=True)
        corpus, index = Corpus(Path(folder) / "messages.db"), Index(place / "index.db")
        spent = built(given.corpus, index, corpus)
        size = sum(p.stat().st_size for p in place.glob("index.db*") if p.suffix != ".db-shm")
        listed = queries(corpus, random.Random(7), given.queries)
        times = {kind: [] for kind, _ in SHARES}
        corpus.seconds = 0.0
        for kind, text in listed:
            started = time.perf_counter()
            index.find(parse(text), fetch=corpus.fetch, limit=20)
            times[kind].append(((time.perf_counter() - started) * 1000, text))
    print(f"{source_bytes / 1e6:.0f} MB of transcripts, {sum(corpus.next.values())} messages")
    report("index CPU s/GB", spent * 1e9 / source_bytes, LIMITS["index CPU s/GB"])
    report("index size / source", size / source_bytes, LIMITS["index size / source"])
    every = [t for found in times.values() for t, _ in found]
    report("p50 ms", percentile(every, 0.5), LIMITS["p50 ms"])
    report("p99 ms", percentile(every, 0.99), LIMITS["p99 ms"])
    print(f"of which messages: {corpus.seconds * 1000 / len(every):.2f} ms a query")
    for kind, found in times.items():
        slowest, text = max(found)
        middle = percentile([t for t, _ in found], 0.5)
        print(f"  {kind:16} n={len(found):3}  p50 {middle:6.1f}  max {slowest:6.1f} ms  {text}")


if __name__ == "__main__":
    main()
