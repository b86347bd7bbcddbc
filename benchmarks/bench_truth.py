"""Is everything counted and found? Numbers and words of a corpus against the truth that was written with it.

Run: python benchmarks/bench_truth.py [CORPUS] [--no-peers] [--record]
CORPUS holds `truth.json` beside `.claude`. Through public commands alone: requests, every token class by model and the cost;
each planted word in the sessions that the truth names, and otherwise only in forks that hold the same records; Japanese and
Arabic words, and words that only tools returned, in all the files in which they stand. Ends with 1 if anything differs.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal

from _measure import CCUSAGE, FAST_RESUME, Figures, find_peer, holdfast, home, options, run, shown_name, source_bytes

CLASSES = {"input": ("input",), "output": ("output",), "cache_read": ("cr",), "cache_write": ("cw5", "cw1")}
WITHOUT_PRICE = {"claude-zephyr-9-20261101"}
EVERYWHERE = {
    "Japanese words": ("ログイン", "セッション", "バグ", "修正", "一覧"),
    "Arabic words": ("يرجى", "إصلاح", "الخطأ", "تسجيل", "الدخول"),
    "words of tool results": ("SECRET_TOKEN",),
}
CENT = Decimal("0.000001")
ALL = "1000000"


class Archive:
    """An archive of the corpus, asked as a person asks it."""

    def __init__(self, place):
        self.place = place
        self.before = self.ask("usage", "--by", "model")
        self.synced = self.ask("sync")
        listed = self.ask("list", "--no-sync", "--all")["sessions"]
        self.native = {s["id"]: s["native_id"] for s in listed}

    def ask(self, *command):
        return json.loads(run(holdfast(*command, "--json"), self.place.env, offline=True).out)

    def holding(self, word):
        """Return the native ids of the sessions in which a search finds a word."""
        hits = self.ask("search", word, "--no-sync", "--limit", ALL)["hits"]
        return {self.native[hit["session"]] for hit in hits}


def native_id(path):
    """Return the native id that a transcript's place gives it."""
    return f"{path.parent.parent.name}/{path.stem}" if path.parent.name == "subagents" else path.stem


class Corpus:
    """The transcripts themselves, read as text."""

    def __init__(self, folder):
        self.files = {path: path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}

    def holding(self, word):
        """Return native id -> the ids of its records that hold a word."""
        spelt = word.encode()
        found = {}
        for path, data in self.files.items():
            if spelt in data:
                records = [json.loads(line) for line in data.split(b"\n") if spelt in line and line.endswith(b"}")]
                if records:
                    found[native_id(path)] = {r.get("uuid", "") for r in records}
        return found


def check_numbers(figures, truth, archive):
    told = archive.ask("usage", "--no-sync", "--by", "model")
    total, tokens = told["total"], told["total"]["tokens"]
    figures.check("requests", holds=total["requests"] == truth["totals"]["n"], detail=f"{total['requests']:,}")
    for name, parts in CLASSES.items():
        true = sum(truth["totals"][p] for p in parts)
        figures.check(f"{name} tokens", holds=tokens[name] == true, detail=f"{tokens[name]:,}")
    cost = Decimal(total["cost_usd"] or 0)
    true = Decimal(str(truth["cost_usd"]))
    figures.check("cost", holds=abs(cost - true) <= CENT, detail=f"${cost}")
    models = {row["key"]: (row["requests"], *(row["tokens"][name] for name in CLASSES)) for row in told["rows"]}
    expected = {
        model: (row["n"], *(sum(row[p] for p in parts) for parts in CLASSES.values()))
        for model, row in truth["by_model"].items()
    }
    figures.check("every class by model", holds=models == expected, detail=f"{len(models)} models")
    unpriced = WITHOUT_PRICE & set(truth["by_model"])
    figures.check("models without a price", holds=set(total["unpriced_models"]) == unpriced, detail=f"{len(unpriced)}")
    before = archive.before["total"]
    same = all(before[part] == total[part] for part in ("requests", "tokens", "cost_usd"))
    figures.check("the same before the first sync", holds=same, detail=f"{before['requests']:,} requests")


def check_words(figures, truth, archive, corpus):
    for word, named in truth["needles"].items():
        records = corpus.holding(word)
        true = set().union(*(records.get(session, set()) for session in named))
        forks = {session for session, held in records.items() if session not in named and held <= true}
        found = archive.holding(word)
        holds = set(named) <= found and found - set(named) <= forks
        detail = f"{len(found & set(named))} of {len(named)}, and {len(found - set(named))} in forks"
        figures.check(word, holds=holds, detail=detail)
    for kind, words in EVERYWHERE.items():
        pairs = [(set(corpus.holding(word)), archive.holding(word)) for word in words]
        detail = f"{sum(len(f & t) for t, f in pairs)} of {sum(len(t) for t, _ in pairs)}"
        figures.check(kind, holds=all(t == f for t, f in pairs), detail=f"found in {detail} sessions")


def check_peers(figures, truth, place, corpus):
    ccusage = find_peer(CCUSAGE)
    if ccusage:
        told = json.loads(run([ccusage, "daily", "--json", "--offline"], place.env, offline=True).out)["totals"]
        output = truth["totals"]["output"]
        shown = f"output {told['outputTokens'] - output:+,}, cost {told['totalCost'] - truth['cost_usd']:+.6f} USD"
        figures.fact(shown_name(CCUSAGE, ccusage), shown, "against the truth")
    program = find_peer(FAST_RESUME)
    if program:
        run([program, "--list", "--limit", "1"], place.env, offline=True)
        for kind, words in EVERYWHERE.items():
            found = true = 0
            for word in words:
                told = json.loads(run([program, "--json", "--no-refresh", "--all", word], place.env, offline=True).out)
                listed = told if isinstance(told, list) else told["sessions"]
                true += len(held := set(corpus.holding(word)))
                found += len(held & {str(s["id"]) for s in listed})
            figures.fact(shown_name(FAST_RESUME, program), f"{kind}: {found} of {true} sessions", FAST_RESUME.skips)


def main():
    given = options(__doc__).parse_args()
    truth = json.loads((given.corpus / "truth.json").read_text(encoding="utf-8"))
    figures = Figures("truth in numbers and words", given, size=source_bytes(given.corpus))
    corpus = Corpus(given.corpus / ".claude")
    with home(given.corpus) as place:
        archive = Archive(place)
        seen = archive.synced["files"]
        figures.check(
            "files read", holds=seen["read"] == len(corpus.files) and not seen["failed"], detail=f"{seen['read']}"
        )
        check_numbers(figures, truth, archive)
        check_words(figures, truth, archive, corpus)
        if given.peers:
            check_peers(figures, truth, place, corpus)
    sys.exit(1 if figures.close() else 0)


if __name__ == "__main__":
    main()
