"""The JSON documents of `context`: one struct each, the schema of which is published.

Knows names and shapes; refuses to compute anything.
"""

from __future__ import annotations

from msgspec import Struct

from holdfast.faces.cli.documents import Document


class RankedItem(Struct, frozen=True, kw_only=True):
    """A file that the map shows, its score, and why."""

    path: str
    score: float
    why: tuple[str, ...]


class FoldedItem(Struct, frozen=True, kw_only=True):
    """A folder that the map only counts."""

    path: str
    files: int


class SymbolItem(Struct, frozen=True, kw_only=True):
    """A symbol, its kind, its line (from 1), and how many scopes it stands in."""

    name: str
    kind: str
    line: int
    depth: int


class BlockSymbols(Struct, frozen=True, kw_only=True):
    """A file's symbols as they are told; `left_out` counts the others."""

    path: str
    symbols: tuple[SymbolItem, ...]
    left_out: int


class MissingItem(Struct, frozen=True, kw_only=True):
    """A file whose symbols could not be read, and why."""

    path: str
    problem: str


class InjectedItem(Struct, frozen=True, kw_only=True):
    """What is told to the letter, its tokens, where it is from, and why it is told."""

    kind: str
    text: str
    tokens: int
    source: str
    why: str


class DroppedItem(Struct, frozen=True, kw_only=True):
    """What is not told, and why."""

    kind: str
    what: str
    tokens: int
    why: str


class MapDocument(Document, frozen=True, kw_only=True):
    """What `context map` prints: `text` is what a model reads; `files` counts all of the project's."""

    text: str
    tokens: int
    files: int
    shown: tuple[RankedItem, ...]
    folded: tuple[FoldedItem, ...]


class HighlightsDocument(Document, frozen=True, kw_only=True):
    """What `context highlights` prints."""

    text: str
    tokens: int
    files: tuple[BlockSymbols, ...]
    missing: tuple[MissingItem, ...]


class PackDocument(Document, frozen=True, kw_only=True):
    """What `context show` and `context why` print; `recorded` is true for what a turn was told, false for what it would be."""

    session: str | None
    recorded: bool
    text: str
    window: int
    budget: int
    tokens: int
    shares: dict[str, int]
    injected: tuple[InjectedItem, ...]
    dropped: tuple[DroppedItem, ...]
