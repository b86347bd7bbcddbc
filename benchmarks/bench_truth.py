"""Is everything counted and found? Numbers and words of a corpus against the truth that was written with it.

Run: python benchmarks/bench_truth.py [CORPUS] [--no-peers] [--record]
CORPUS holds `truth.json` beside `.claude`. Through public commands alone: requests, every token class by model and the cost;
each planted word in the sessions that the truth names, and otherwise only in forks that hold the same records; Japanese and
Arabic words, and words that only tools returned, in all the files in which they stand. Ends with 1 if anything differs.

A mix of `gen_mix.py` holds `truth.json` beside `home`: then the same for each of its agents, its sessions, messages and tool
calls too, every unknown record and damaged line, and without a peer, as none of them reads all four.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal

from _measure import (
    CCUSAGE,
    FAST_RESUME,
    Figures,
    find_peer,
    holdfast,
    home,
    options,
    run,
    shown_name,
    size_of,
    source_bytes,
)

CLASSES = {"input": ("input",), "output": ("output",), "cache_read": ("cr",), "cache_write": ("cw5", "cw1")}
WITHOUT_PRICE = {"claude-zephyr-9-20261101"}
EVERYWHERE = {
    "Japanese words": ("ログイン", "セッション", "バグ", "修正", "一覧"),
    "Arabic words": ("يرجى", "إصلاح", "الخطأ", "تسجيل", "الدخول"),
    "words of tool results": ("SECRET_TOKEN",),
}
COUNTED = {"sessions": None, "prompts": "user_messages", "messages": "messages", "tool_calls": "tool_calls"}
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


class Mix:
    """An archive of several agents, asked for each of them; what is estimated stands apart from what was recorded."""

    def __init__(self, place):
        self.archive = Archive(place)
        ask = self.archive.ask
        self.usage = {row["key"]: row for row in ask("usage", "--no-sync", "--by", "agent")["rows"]}
        self.models = {row["key"]: row for row in ask("usage", "--no-sync", "--by", "model")["rows"]}
        self.listed = {s["id"]: s for s in ask("list", "--no-sync", "--all")["sessions"]}
        rows = ask("usage", "--no-sync", "--by", "session")["rows"]
        self.estimated = [row for row in rows if row["tokens_kind"] == "estimated"]

    def counted(self, agent):
        """Return what an agent's sessions are said to hold, recorded usage alone."""
        held = [s for s in self.listed.values() if s["agent"] == agent]
        found = {name: sum(s[key] if key else 1 for s in held) for name, key in COUNTED.items()}
        row, apart = self.usage[agent], [r for r in self.estimated if self.listed[r["key"]]["agent"] == agent]
        found["requests"] = row["requests"] - sum(r["requests"] for r in apart)
        for name, tokens in row["tokens"].items():
            found[name] = tokens - sum(r["tokens"][name] for r in apart)
        return found, {self.listed[r["key"]]["native_id"] for r in apart}

    def holding(self, word):
        """Return agent -> the native ids of its sessions in which a search finds a word."""
        found = {}
        for hit in self.archive.ask("search", word, "--no-sync", "--limit", ALL)["hits"]:
            session = self.listed[hit["session"]]
            found.setdefault(session["agent"], set()).add(session["native_id"])
        return found


def check_agent(figures, agent, true, mix):
    told, apart = mix.counted(agent)
    for name, number in told.items():
        figures.check(f"{agent} {name.replace('_', ' ')}", holds=number == true[name], detail=f"{number:,}")
    cost = Decimal(mix.usage[agent]["cost_usd"] or 0)
    figures.check(f"{agent} cost", holds=abs(cost - Decimal(true["cost_usd"])) <= CENT, detail=f"${cost}")
    priced = set(mix.usage[agent]["unpriced_models"]) - {"unknown"} == set(true["unpriced_models"])
    figures.check(f"{agent} models without a price", holds=priced, detail=f"{len(true['unpriced_models'])}")
    if apart or true["without_usage"]:
        figures.check(f"{agent} sessions estimated", holds=apart == set(true["without_usage"]), detail=f"{len(apart)}")
    rows = {
        m: [mix.models[m]["requests"], *mix.models[m]["tokens"].values()] for m in true["by_model"] if m in mix.models
    }
    wanted = {
        m: [row["requests"], *(row[c] for c in mix.models[m]["tokens"])]
        for m, row in true["by_model"].items()
        if m in rows
    }
    figures.check(
        f"{agent} every class by model",
        holds=rows == wanted and len(rows) == len(true["by_model"]),
        detail=f"{len(rows)} models",
    )


def check_planted(figures, word, agents, mix):
    found = mix.holding(word)
    parts = [(found.get(agent, set()), true["words"][word]) for agent, true in agents.items()]
    holds = all(set(w["sessions"]) <= f and f <= {*w["sessions"], *w["copies"]} for f, w in parts)
    seen = sum(len(f & set(w["sessions"])) for f, w in parts)
    where = next(iter(agents.values()))["words"][word]["where"]
    detail = (
        f"{seen} of {sum(len(w['sessions']) for _, w in parts)}, and {sum(map(len, found.values())) - seen} in copies"
    )
    figures.check(f"{word} ({where})", holds=holds, detail=detail)


def check_mix(figures, truth, place):
    mix, agents = Mix(place), truth["agents"]
    synced = mix.archive.synced
    figures.check(
        "files read",
        holds=not synced["files"]["failed"] and not synced["remaining"],
        detail=f"{synced['files']['read']}",
    )
    for name in ("unknown_records", "damaged_lines"):
        figures.check(name.replace("_", " "), holds=synced[name] == truth["totals"][name], detail=f"{synced[name]}")
    for agent, true in agents.items():
        check_agent(figures, agent, true, mix)
    before, after = mix.archive.before["total"], mix.archive.ask("usage", "--no-sync", "--by", "model")["total"]
    same = all(before[part] == after[part] for part in ("requests", "tokens", "cost_usd"))
    figures.check("the same before the first sync", holds=same, detail=f"{before['requests']:,} requests")
    for word in next(iter(agents.values()))["words"]:
        check_planted(figures, word, agents, mix)


def main():
    given = options(__doc__).parse_args()
    truth = json.loads((given.corpus / "truth.json").read_text(encoding="utf-8"))
    if "mix" in truth:
        figures = Figures("truth in numbers and words of a mix", given, size=size_of(given.corpus / "home"))
        with home(given.corpus / "home") as place:
            check_mix(figures, truth, place)
        sys.exit(1 if figures.close() else 0)
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
