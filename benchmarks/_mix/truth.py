"""The truth about a corpus, kept while it is written: tokens, cost, sessions, messages, and where each word was planted.

Nothing here asks Holdfast. Prices are those that the makers published, in thousandths of a dollar for a million tokens,
so that a cost is an integer of nano-dollars.
"""

from __future__ import annotations

from typing import NamedTuple

CLASSES = ("input", "cache_read", "cache_write", "output", "reasoning")
COUNTS = ("sessions", "prompts", "messages", "tool_calls", "unknown_records", "damaged_lines")
BAND = 200_000


class Price(NamedTuple):
    """Thousandths of a dollar for a million tokens; `hour` is for what is cached for an hour."""

    input: int
    cache_read: int
    cache_write: int
    output: int
    hour: int = 0


PRICES = {
    "claude-sonnet-4-5-20250929": Price(3000, 300, 3750, 15000, 6000),
    "claude-opus-4-5-20251101": Price(5000, 500, 6250, 25000, 10000),
    "claude-haiku-4-5-20251001": Price(1000, 100, 1250, 5000, 2000),
    "gpt-5-codex": Price(1250, 125, 1250, 10000),
    "gpt-5.2-codex": Price(1750, 175, 1750, 14000),
    "gpt-5-mini": Price(250, 25, 250, 2000),
    "gemini-2.5-pro": Price(1250, 125, 1250, 10000),
    "gemini-2.5-flash": Price(300, 30, 300, 2500),
    "gemini-3-flash-preview": Price(500, 50, 500, 3000),
}
ABOVE = {"gemini-2.5-pro": Price(2500, 250, 2500, 15000)}
"""Prices of a whole request whose prompt is above BAND."""


class Tokens(NamedTuple):
    """One request; no class holds tokens of another, but `reasoning` is inside `output` unless `apart`."""

    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int = 0
    hour: int = 0
    apart: bool = False

    @property
    def prompt(self):
        return self.input + self.cache_read + self.cache_write


class Needle(NamedTuple):
    """A word to look for, the text that holds it, where that stands, and in how many sessions of an agent at most."""

    word: str
    text: str
    where: str
    most: int


NEEDLES = (
    *(Needle(w, w, "prompt", n) for w, n in (("quincelantern", 3), ("ospreycadence", 25), ("marrowlattice", 250))),
    *(Needle(w, w, "answer", n) for w, n in (("thistlegauge", 3), ("saffronpulley", 25), ("bramblecornice", 250))),
    *(Needle(w, w, "tool", n) for w, n in (("copperzeppelin", 3), ("ferrousmagpie", 25), ("walnuthydrant", 250))),
    Needle(
        "vellumquarry", "/srv/checkout/packages/core/src/vellumquarry/internal/adapters/v2/retry_policy.py", "path", 12
    ),
    Needle("tumbrelwharf", "C:\\build\\agent\\_work\\17\\tumbrelwharf\\obj\\Release\\net9.0\\Gateway.dll", "path", 12),
    Needle("juniper", "resolveJuniperBallastOnce", "name", 12),
    Needle("hollowkeel", "retry_hollowkeel_budget", "name", 12),
    Needle("gorgonzola", "prefetchedgorgonzolatokens", "name", 12),
    *(
        Needle(w, "決済画面の不具合を直してください。テストが時々失敗します。", "japanese", 40)
        for w in ("決済画面", "不具合", "テスト")
    ),
    *(Needle(w, "يرجى تحديث جدول المستخدمين قبل النشر", "arabic", 40) for w in ("تحديث", "المستخدمين", "النشر")),
    Needle("zdzblo", "źdźbło", "polish", 40),
    Needle("pewterdriftwood", "pewterdriftwood", "rewound", 12),
)
PLACES = {
    "prompt": ("prompt", "japanese", "arabic", "polish"),
    "answer": ("answer",),
    "tool": ("tool", "path", "name"),
    "rewound": ("rewound",),
}
CHANCE = {3: 0.2, 12: 0.25, 25: 0.3, 40: 0.25, 250: 0.5}


class Truth:
    """What is true of one agent's part."""

    def __init__(self, agent, rng):
        self.agent, self.rng = agent, rng
        self.models, self.costs, self.unpriced = {}, {}, set()
        self.counts, self.traps = dict.fromkeys(COUNTS, 0), {}
        self.without_usage = []
        """Sessions of which the agent recorded no tokens."""
        self.words = {n.word: {"where": n.where, "sessions": [], "copies": []} for n in NEEDLES}

    def bill(self, model, tokens, *, cost=None):
        """Add a request; `cost` is what the agent itself recorded, in millionths of a dollar."""
        row = self.models.setdefault(model, dict.fromkeys(("requests", *CLASSES), 0))
        row["requests"] += 1
        for name in CLASSES:
            row[name] += getattr(tokens, name)
        if cost is not None:
            self.costs[model] = self.costs.get(model, 0) + cost * 1000
        elif model in PRICES:
            self.costs[model] = self.costs.get(model, 0) + price(model, tokens)
        else:
            self.unpriced.add(model)

    def add(self, **counts):
        """Add to the counts."""
        for name, number in counts.items():
            self.counts[name] += number

    def trap(self, name):
        """Count a trap."""
        self.traps[name] = self.traps.get(name, 0) + 1

    def plant(self, place, session):
        """Return what this session holds at this place, and remember where."""
        planted = []
        for kind in PLACES[place]:
            known = {n.text: n for n in NEEDLES if n.where == kind}
            for text, needle in known.items():
                if len(self.words[needle.word]["sessions"]) < needle.most and self.rng.random() < CHANCE[needle.most]:
                    planted.append(text)
                    for other in (n for n in NEEDLES if n.text == text):
                        self.words[other.word]["sessions"].append(session)
        return " ".join(planted)

    def gone(self, parent, counts, *, heir=""):
        """Take out a session whose file was deleted after a copy of all of it was made; what it used stays billed.

        Where the copy shows what it copied, it is the heir that holds the words.
        """
        self.add(sessions=-1, **{name: -number for name, number in counts.items()})
        for held in self.words.values():
            if parent in held["sessions"]:
                held["sessions"] = [heir if s == parent else s for s in held["sessions"] if heir or s != parent]
                held["copies"] = [s for s in held["copies"] if s != heir]

    def copied(self, parent, session):
        """Remember that a session begins with a copy of another: whatever is found there may be found here."""
        for held in self.words.values():
            if parent in held["sessions"] or parent in held["copies"]:
                held["copies"].append(session)

    def told(self):
        """Return everything as plain values."""
        rows = self.models.values()
        return {
            **self.counts,
            **{name: sum(row[name] for row in rows) for name in ("requests", *CLASSES)},
            "cost_usd": usd(sum(self.costs.values())),
            "by_model": {m: {**row, "cost_usd": usd(self.costs[m]) if m in self.costs else None} for m, row in self.models.items()},
            "unpriced_models": sorted(self.unpriced),
            "without_usage": self.without_usage,
            "traps": dict(sorted(self.traps.items())),
            "words": {w: {k: v if k == "where" else list(dict.fromkeys(v)) for k, v in h.items()} for w, h in self.words.items()},
        }  # fmt: skip


def price(model, tokens):
    """Return nano-dollars."""
    rate = ABOVE[model] if model in ABOVE and tokens.prompt > BAND else PRICES[model]
    written = tokens.output + (tokens.reasoning if tokens.apart else 0)
    return (
        tokens.input * rate.input + tokens.cache_read * rate.cache_read + written * rate.output
        + (tokens.cache_write - tokens.hour) * rate.cache_write + tokens.hour * rate.hour
    )  # fmt: skip


def usd(nano):
    """Return dollars as a text without an exponent."""
    return f"{nano // 10**9}.{nano % 10**9:09}"


def total(agents):
    """Add up agents."""
    names = (*COUNTS, "requests", *CLASSES)
    cost = sum(int(a["cost_usd"].replace(".", "")) for a in agents.values())
    return {**{n: sum(a[n] for a in agents.values()) for n in names}, "cost_usd": usd(cost)}
