"""Proposes tags for a session from what it touched, wrote and said, and learns from what people accept and reject.

Knows hints (endings, folders, imports, words) and verdicts; refuses to read sessions or to keep anything: it is given both.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import BadInput
from holdfast.tagging import _hints
from holdfast.tagging._learning import Rate, Verdict, by_project_type, by_tag, likelihood
from holdfast.tagging._tables import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = [
    "Material", "Proposal", "Rate", "Verdict", "by_project_type", "by_tag", "likelihood", "project_type", "propose", "tidy",
]  # fmt: skip
FOLDER, IMPORT, DESCRIBED = 2, 3, 2
"""What one hint of a kind counts; a file's ending, a word of code and a word of the conversation count one."""
MOST = {"file": 10, "import": 3, "code": 5, "said": 3}
"""No single ending, package or word counts more often: a long session says everything at some time."""
PIECES, PIECE = 50, 50_000
"""Pieces of code that are looked at, and characters of each."""
BEST = 10
SURE = 3.0
"""A proposal that weighs less is not applied without being asked for."""


class Material(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a session gives to judge it by; `files` are paths within the project, in the order of their first touch."""

    files: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    description: str = ""


class Proposal(Struct, frozen=True, kw_only=True):
    """One tag: how often it was hinted at, what that weighs after what was learned, and the hints in words."""

    tag: str
    count: int
    weight: float
    reasons: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether it may be applied without asking for each."""
        return self.weight >= SURE


def propose(
    material: Material, verdicts: Iterable[Verdict] = (), *, without: Collection[str] = (), most: int = BEST
) -> tuple[Proposal, ...]:
    """Return proposed tags, the best first; those that a session has or refused are left out."""
    found = _Hints()
    found.take(material)
    kind, known = project_type(material), tuple(verdicts)
    made = [
        Proposal(tag=t, count=n, weight=2 * n * likelihood(t, kind, known), reasons=tuple(found.reasons[t]))
        for t, n in found.counts.items()
        if t not in without
    ]
    return tuple(sorted(made, key=lambda p: -p.weight)[:most])


def project_type(material: Material) -> str:
    """Name the language that most files are written in; empty where none is."""
    tags = Counter(t for f in material.files if _hints.is_work(f) for t in _hints.of_file(f) if t in LANGUAGES)
    return next((tag for tag, _ in tags.most_common(1)), "")


def tidy(text: str) -> str:
    """Return a tag as it is kept: lower case, without space around it or a leading #; errors.BadInput where it is no word."""
    tag = text.strip().lstrip("#").lower()
    if not tag or any(c.isspace() or c in ',"' for c in tag):
        raise BadInput(f"{text!r} is no tag", "a tag is one word, for example: api")
    return tag


class _Hints:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.reasons: dict[str, list[str]] = {}
        self._seen: Counter[tuple[str, str]] = Counter()

    def take(self, material: Material) -> None:
        """Count every hint once, files first, the description last: where counts are equal, the first wins."""
        files = [f for f in material.files if _hints.is_work(f)]
        for path in files:
            ending = path.rpartition(".")[2] if "." in path else path.rpartition("/")[2]
            for tag in _hints.of_file(path):
                self._add(tag, 1, "file", f"files .{ending}")
        for name, tag in _hints.folders(files):
            self._add(tag, FOLDER, "folder", f"folder {name}")
        for code in material.code[:PIECES]:
            for name, tag in _hints.imports(code[:PIECE]).items():
                self._add(tag, IMPORT, "import", f"imports {name}")
        for kind, texts in (("code", material.code[:PIECES]), ("said", material.said)):
            for text in texts:
                for word, tag in _hints.words(text[:PIECE]).items():
                    self._add(tag, 1, kind, f"{'code' if kind == 'code' else 'said'}: {word}")
        for word, tag in _hints.words(material.description).items():
            self._add(tag, DESCRIBED, "description", f"description: {word}")

    def _add(self, tag: str, count: int, kind: str, reason: str) -> None:
        self._seen[tag, reason] += 1
        if self._seen[tag, reason] > MOST.get(kind, 1):
            return
        self.counts[tag] = self.counts.get(tag, 0) + count
        reasons = self.reasons.setdefault(tag, [])
        if reason not in reasons:
            reasons.append(reason)
