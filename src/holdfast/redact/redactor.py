"""Finds and masks secrets in texts and nested values; the rules come from data, the engines from beside."""

from __future__ import annotations

import importlib.util
import math
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from holdfast.errors import BadInput, Unavailable
from holdfast.redact import confirm, encoded, tree
from holdfast.redact.finding import MASK_PATTERN, Finding, mask_of, preview_of
from holdfast.redact.prefilter import ENCODED, Prefilter, WordPrefilter, lowered
from holdfast.redact.rules import RuleSet, load
from holdfast.redact.views import fold, level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Engine: TypeAlias = Literal["auto", "re", "hyperscan"]

_PAYS_AFTER = 20_000_000
_VAGUE = {"assignment": 2, "url": 1}


class _Hit(msgspec.Struct, frozen=True, order=True):
    start: int
    end: int
    rank: int
    rule: str
    kind: str
    prefix: str


class Redactor:
    """Masks what looks like a key, token, private key or password; one instance serves many texts."""

    def __init__(self, rules: Sequence[Path] = (), *, engine: Engine = "auto") -> None:
        """Read the shipped rules and the given files over them; raise BadInput for a bad file."""
        if engine not in ("auto", "re", "hyperscan"):
            raise BadInput(f"no redaction engine is named {engine!r}", "use auto, re or hyperscan")
        self._set: RuleSet = load(rules)
        self._rules = self._set.rules
        self._inner = [i for i, rule in enumerate(self._rules) if rule.prefixes or rule.kind == "private-key"]
        present = importlib.util.find_spec("hyperscan") is not None
        if engine == "hyperscan" and not present:
            raise Unavailable("the hyperscan engine is not installed", "pip install 'holdfast[redact]'")
        self._until_wide = {"re": math.inf, "hyperscan": 0, "auto": _PAYS_AFTER if present else math.inf}[engine]
        self._read = 0

    @property
    def engine(self) -> Literal["re", "hyperscan"]:
        """The engine that reads the next text; `auto` begins with `re`, for a wide database costs time to build."""
        return "re" if self._read < self._until_wide else "hyperscan"

    @cached_property
    def _wide(self) -> Prefilter:
        from holdfast.redact._hyperscan import HyperscanPrefilter  # noqa: PLC0415  only who uses it pays for it

        return HyperscanPrefilter(self._rules)

    @cached_property
    def _words(self) -> WordPrefilter:
        return WordPrefilter(self._rules)

    @cached_property
    def _keys(self) -> tree.KeyJudge:
        return tree.KeyJudge(self._set.keys)

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return the secrets of a text in the order in which they stand, none overlapping another."""
        flat = level(text)
        hits = self._hits(flat)
        folded = fold(text)
        if folded:
            for hit in self._hits(level(folded.text)):
                start, end = folded.span(hit.start, hit.end)
                hits.append(msgspec.structs.replace(hit, start=start, end=end))
        if not hits:
            return ()
        return tuple(_finding(text, hit) for hit in _merged(_unmasked(text, hits)))

    def mask(self, text: str) -> tuple[str, tuple[Finding, ...]]:
        """Return the text with each secret replaced by `[REDACTED:rule]`, and what was found."""
        findings = self.scan(text)
        if not findings:
            return text, ()
        pieces: list[str] = []
        done = 0
        for finding in findings:
            pieces += [text[done : finding.start], mask_of(finding.rule)]
            done = finding.end
        return "".join([*pieces, text[done:]]), findings

    def mask_tree(self, value: tree.Value) -> tuple[tree.Value, tuple[Finding, ...]]:
        """Mask every string of a JSON-like value, and whole values whose key says secret."""
        walk = tree.TreeMask(self.mask, self._keys)
        return walk.value(value), tuple(walk.found)

    def _hits(self, text: str) -> list[_Hit]:
        candidates = (self._words if self.engine == "re" else self._wide).candidates(text)
        self._read += len(text)
        if not candidates:
            return []
        low = lowered(text)
        hits = [hit for index in sorted(candidates) if index >= 0 for hit in self._of_rule(index, text, low)]
        if ENCODED in candidates:
            for start, end, name in encoded.spans(text, self._rule_inside):
                hits.append(_Hit(start, end, 0, name, "encoded", ""))
        return hits

    def _of_rule(self, index: int, text: str, low: str) -> Iterable[_Hit]:
        rule = self._rules[index]
        for start, end in confirm.spans(rule, text, low):
            prefix = next((p for p in rule.starts if text.startswith(p, start)), "")
            yield _Hit(start, end, _VAGUE.get(rule.kind, 0), rule.name, rule.kind, prefix)

    def _rule_inside(self, text: str) -> str | None:
        candidates = self._words.candidates(text)
        for index in self._inner:
            if index in candidates and next(iter(confirm.spans(self._rules[index], text, "")), None):
                return self._rules[index].name
        return None


def _unmasked(text: str, hits: list[_Hit]) -> list[_Hit]:
    masks = [match.span() for match in MASK_PATTERN.finditer(text)]
    if not masks:
        return hits
    return [hit for hit in hits if all(hit.end <= start or end <= hit.start for start, end in masks)]


def _merged(hits: list[_Hit]) -> list[_Hit]:
    merged: list[_Hit] = []
    for hit in sorted(hits):
        if merged and hit.start < merged[-1].end:
            last = merged.pop()
            best = min(last, hit, key=lambda one: (one.rank, one.start, -one.end))
            hit = msgspec.structs.replace(best, start=last.start, end=max(last.end, hit.end))  # noqa: PLW2901  grows while they overlap
        merged.append(hit)
    return merged


def _finding(text: str, hit: _Hit) -> Finding:
    preview = preview_of(text[hit.start : hit.end], prefix=hit.prefix)
    return Finding(start=hit.start, end=hit.end, rule=hit.rule, kind=hit.kind, preview=preview)
