"""Code highlights: the symbols of the likeliest files, in blocks of `Symbols in PATH:` and `- name`, within their own budget.

Knows files and symbols; refuses to choose the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast import tokens
from holdfast.context._words import asked, parts_of
from holdfast.context.files import LARGEST
from holdfast.context.symbols import Symbol, language_of, symbols_of
from holdfast.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BUDGET = 800
MOST_FILES = 12
MOST_OF_A_FILE = 30


class Block(Struct, frozen=True, kw_only=True):
    """One file's symbols as they are told; `left_out` counts those that are not."""

    path: str
    text: str
    symbols: tuple[Symbol, ...]
    left_out: int = 0


class Highlights(Struct, frozen=True, kw_only=True):
    """The text, what it costs, its blocks, and files whose symbols could not be read with the reason."""

    text: str
    tokens: int
    blocks: tuple[Block, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()


def build(root: Path, paths: Sequence[str], query: str, *, budget: int = BUDGET, model: str = "") -> Highlights:
    """Tell the symbols of the first files that have some, whole blocks as long as they fit."""
    weights = asked(query)
    blocks: list[Block] = []
    missing: list[tuple[str, str]] = []
    spent = 0
    for path in [p for p in paths if language_of(p)][:MOST_FILES]:
        try:
            block = _block(path, _read(root, path), weights)
        except Unavailable as error:
            missing.append((path, error.message))
            continue
        if block is None:
            continue
        cost = _count(("\n" if blocks else "") + block.text, model) + 1
        if spent + cost > budget:
            break
        blocks.append(block)
        spent += cost
    text = "\n".join(b.text for b in blocks)
    return Highlights(text=text, tokens=_count(text, model), blocks=tuple(blocks), missing=tuple(missing))


def _read(root: Path, path: str) -> bytes:
    file = root / path
    try:
        return file.read_bytes() if file.stat().st_size <= LARGEST else b""
    except OSError:
        return b""


def _block(path: str, data: bytes, weights: Mapping[str, float]) -> Block | None:
    found = symbols_of(path, data)
    if not found:
        return None
    kept = set(sorted(range(len(found)), key=lambda n: _order(found[n], n, weights))[:MOST_OF_A_FILE])
    told = [symbol for n, symbol in enumerate(found) if n in kept]
    lines = [f"Symbols in {path}:", *(f"{'  ' * s.depth}- {s.name}" for s in told)]
    left_out = len(found) - len(told)
    if left_out:
        lines.append(f"({left_out} more)")
    return Block(path=path, text="\n".join(lines), symbols=tuple(told), left_out=left_out)


def _order(symbol: Symbol, place: int, weights: Mapping[str, float]) -> tuple[float, int, int]:
    """Put what the question names first, then the outermost, then the first."""
    return (-sum(weights.get(w, 0.0) for w in parts_of(symbol.name)), symbol.depth, place)


def _count(text: str, model: str) -> int:
    return tokens.count(text, model)[0] if text else 0
