"""The words of code and of questions about it: names whole and in their parts, lightly stemmed, in any script."""

from __future__ import annotations

import re
from collections import Counter

NAME = re.compile(r"[^\W\d]\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\dA-Za-z_]+")
_DEFINED = re.compile(r"(?:class|def|func|function|fn|interface|struct|trait|enum|module|protocol|fun) (\w+)")
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "es", "s")
SHORTEST_STEM = 3
LONGEST = 40
DEFINED_WEIGHT = 3
STOP = frozenset({
    "a", "add", "added", "adds", "all", "allow", "allows", "also", "an", "and", "any", "are", "as", "at", "be", "both",
    "bug", "but", "by", "can", "change", "changed", "changes", "could", "did", "do", "does", "done", "each", "etc", "fix",
    "fixed", "fixes", "for", "from", "had", "has", "have", "he", "here", "how", "i", "if", "improve", "in", "instead",
    "into", "is", "issue", "it", "its", "just", "let", "made", "make", "makes", "me", "more", "most", "move", "my", "new",
    "no", "not", "now", "of", "on", "only", "or", "our", "per", "please", "pr", "ref", "refactor", "refs", "remove",
    "removed", "removes", "rename", "see", "she", "should", "so", "some", "support", "supports", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "ticket", "to", "update", "updated", "updates",
    "use", "used", "uses", "using", "via", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will",
    "with", "would", "you", "your",
})  # fmt: skip
_parts: dict[str, tuple[str, ...]] = {}
_MOST_KEPT = 400_000


def stem(word: str) -> str:
    """Take off a common English ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def parts_of(name: str) -> tuple[str, ...]:
    """Return a name's words, stemmed, with the whole name where it has several."""
    found = _parts.get(name)
    if found is None:
        if len(_parts) > _MOST_KEPT:
            _parts.clear()
        pieces = [p.lower() for p in _PART.findall(name)]
        stems = [stem(p) for p in pieces if 1 < len(p) <= LONGEST]
        whole = [name.strip("_").lower()] if len(pieces) > 1 and len(name) <= 2 * LONGEST else []
        found = _parts[name] = tuple(stems + whole)
    return found


def words_of(text: str) -> Counter[str]:
    """Count the words of a file; those that it defines count more."""
    names = Counter(NAME.findall(text))
    for name in _DEFINED.findall(text):
        names[name] += DEFINED_WEIGHT
    found: dict[str, int] = {}
    kept = _parts.get
    for name, times in names.items():
        for word in kept(name) or parts_of(name):
            found[word] = found.get(word, 0) + times
    return Counter(found)


def words_of_path(path: str) -> Counter[str]:
    """Count the words of a path without its ending; those of the file's name count twice."""
    folder, _, name = path.rpartition("/")
    plain = name.rpartition(".")[0] or name
    found: Counter[str] = Counter()
    for text, weight in ((folder, 1), (plain, 2)):
        for part in NAME.findall(text):
            for word in parts_of(part):
                found[word] += weight
    return found


def asked(query: str) -> dict[str, float]:
    """Weigh the words of a question: those of its first line twice, names of code more than prose."""
    found: dict[str, float] = {}
    first, _, rest = query.strip().partition("\n")
    for text, weight in ((first, 2.0), (rest, 1.0)):
        for name in NAME.findall(text):
            if name.lower() in STOP:
                continue
            for word in parts_of(name):
                if word not in STOP and len(word) > 1:
                    found[word] = found.get(word, 0.0) + weight
    return {word: min(weight, 4.0) ** 0.5 for word, weight in found.items()}
