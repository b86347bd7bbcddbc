"""What a person's own words say they prefer, in English and Polish.

Knows the sentences that programs before us documented; refuses to learn from questions, denials, conditions, quotations, code,
other people's habits, or a wish that holds only here. Whoever calls gives a person's words alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOL, LANGUAGE, FORMAT = "preferred_tool", "preferred_language", "preferred_format"
_SHORT = 300
"""Characters of a sentence that can state a habit."""
_LONGEST = 20_000
"""Characters of a message that are looked at: a habit is not stated in the middle of a pasted file."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>.*$|^(?: {4}|\t).*$", re.DOTALL | re.MULTILINE)
_QUOTE = re.compile(r"\"[^\"\n]*\"|\u201c[^\u201d\n]*\u201d|\u201e[^\u201d\n]*\u201d|(?<!\w)'[^'\n]*'(?!\w)")
_SENTENCE = re.compile(r"[^.!?\n;]*(?:[.!?;](?!\s|$)[^.!?\n;]*)*[.!?;\n]?")
_CLAUSE = re.compile(
    r",\s+|\s+(?:but|and|ale|oraz|i|a)\s+(?=(?:i|we|always|please|zawsze|domy|prefer|format|language|j.zyk)\b)"
)
_DENIED = re.compile(
    r"\b(?:not|never|no longer|used to|stop|avoid|without|rather than|hate|nie|nigdy|przesta\w*|unikaj|bez)\b|n['\u2019]t\b"
)
_CONDITION = re.compile(
    r"\b(?:if|unless|when|whenever|suppose|would|could|might|je[\u015bs]li|je\u017celi|gdy|gdyby|kiedy)\b"
)
_ASKING = re.compile(
    r"^(?:do|does|did|should|shall|can|could|what|which|why|how|who|is|are|czy|jaki|jaka|jakie|jakiego|kt\u00f3r\w*|co|dlaczego)\b"
)
_WORD = r"(?P<value>[\w][\w.+#/-]*)"
_END = r"[\s.!;]*$"
_PATTERNS = (
    (TOOL, r"(?:please )?(?:(?:i|we) )?(?:always |strongly |usually )?prefer(?: to use| using)? "),
    (TOOL, r"(?:please )?(?:(?:i|we) )?always use "),
    (TOOL, r"(?:ja )?(?:zawsze )?preferuj(?:\u0119|e|emy) "),
    (TOOL, r"(?:ja )?zawsze u\u017cywa(?:m|my|j) "),
    (TOOL, r"domy\u015blnie(?: u\u017cywa(?:m|my|j))? "),
    (LANGUAGE, r"(?:my |our |the |preferred |m\u00f3j |nasz )*(?:language|j\u0119zyk)(?:\s*[:=]\s*| is | to )"),
    (FORMAT, r"(?:please |always |prosz\u0119 )*(?:format|output)(?: (?:it|everything|answers|output))? as "),
    (FORMAT, r"(?:my |our |the |preferred |output )*(?:format|output)\s*[:=]\s*(?:as )?"),
)
_LINES = tuple((key, re.compile(pattern + _WORD + _END)) for key, pattern in _PATTERNS)
_NO_VALUE = frozenset({
    "a", "an", "the", "it", "this", "that", "these", "those", "them", "him", "her", "i", "you", "my", "your", "our",
    "their", "its", "of", "to", "in", "on", "as", "by", "for", "with", "at", "from", "and", "or", "less", "more",
    "most", "short", "shorter", "long", "longer", "brief", "one", "two", "both", "all", "none", "nothing",
    "something", "anything", "everything", "here", "there", "now", "today", "tabs", "spaces", "ta", "ten", "te",
    "tego", "tej", "go", "je", "ich", "mnie", "mi", "ci", "sobie", "w", "na", "z", "do", "po",
})  # fmt: skip


class Learned(NamedTuple):
    """A habit, and the words that say so."""

    key: str
    value: str
    quote: str


def learned(text: str) -> tuple[Learned, ...]:
    """Return what a person's words say of their habits; the last word on a habit counts."""
    found: dict[str, Learned] = {}
    plain = _QUOTE.sub(" \u2026 ", _CODE.sub("\n", text[:_LONGEST]))
    for sentence in _SENTENCE.findall(plain):
        if len(sentence) <= _SHORT:
            found.update((one.key, one) for one in _of_sentence(sentence.strip()))
    return tuple(found.values())


def _of_sentence(sentence: str) -> Iterator[Learned]:
    low = sentence.lower()
    if not low or low.endswith("?") or _ASKING.match(low) or _CONDITION.search(low):
        return
    for clause in _CLAUSE.split(low):
        said = clause.strip(" ,:-*\u2022")
        if said and not _DENIED.search(said):
            yield from _of_clause(said, sentence)


def _of_clause(clause: str, sentence: str) -> Iterator[Learned]:
    for key, line in _LINES:
        match = line.fullmatch(clause)
        value = match["value"].rstrip(".-/") if match else ""
        if value and value not in _NO_VALUE and not value.isdigit():
            yield Learned(key, value, sentence)
            return
