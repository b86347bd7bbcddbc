"""Does a rule match, and exactly where: the one place that decides, whichever engine suggested it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holdfast.redact.checks import CHECK, Candidate
from holdfast.redact.prefilter import LONG
from holdfast.redact.views import Folded, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.redact.rules import Rule

_RUN = re.compile(rf"[A-Za-z0-9_.-]{{{LONG}}}")
_WORD = re.compile(r"[A-Za-z0-9_.-]")


def spans(rule: Rule, text: str, low: str) -> Iterator[tuple[int, int]]:
    """Yield where the secrets of one rule stand in the text; `low` is the text in lower case."""
    if rule.prefixes:
        return _of_prefixes(rule, text)
    return _of_keys(rule, text, low) if rule.keys else _of_pattern(rule, text)


def _of_pattern(rule: Rule, text: str) -> Iterator[tuple[int, int]]:
    for match in rule.regex.finditer(text):
        span = _secret_of(match)
        if span[0] < span[1] and CHECK[rule.check](Candidate(text, match.start(), match.start(), *span)):
            yield span


def _of_keys(rule: Rule, text: str, low: str) -> Iterator[tuple[int, int]]:
    for letters, head in rule.heads:
        for key in head.finditer(low) if letters in low else ():
            match = rule.regex.match(text, key.end())
            if match:
                span = _secret_of(match)
                if CHECK[rule.check](Candidate(text, key.start(), key.end(), *span)):
                    yield span


def _secret_of(match: re.Match[str]) -> tuple[int, int]:
    if "secret" in match.re.groupindex:
        return match.span("secret")
    return match.span(match.lastindex or 0)


def _of_prefixes(rule: Rule, text: str) -> Iterator[tuple[int, int]]:
    for head in rule.head.finditer(text):
        start = head.start()
        if not _begins_word(text, start) or (rule.long and not _RUN.match(text, start)):
            continue
        span = _token_span(rule, text, start)
        if span:
            yield span


def _begins_word(text: str, at: int) -> bool:
    if at == 0 or not _WORD.match(text, at - 1):
        return True
    return text[at - 1] == "-" and (at == 1 or not _WORD.match(text, at - 2))


def _token_span(rule: Rule, text: str, start: int) -> tuple[int, int] | None:
    match = rule.regex.match(text, start)
    good = match is not None and _passes(rule, text, match.span())
    wrapped = unwrap(text, start, cut=match is None)
    longer = rule.regex.match(wrapped.text) if wrapped else None
    if wrapped and longer and _passes(rule, wrapped.text, longer.span()):
        whole = _mapped(wrapped, longer)
        if not match or whole[1] > match.end():
            return whole
    return match.span() if match and good else None


def _mapped(wrapped: Folded, match: re.Match[str]) -> tuple[int, int]:
    return wrapped.span(match.start(), match.end())


def _passes(rule: Rule, text: str, span: tuple[int, int]) -> bool:
    return CHECK[rule.check](Candidate(text, span[0], span[0], *span))
