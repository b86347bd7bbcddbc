"""Reads the tables beside the recordings: where each file came from, and the exact figures of some."""

from __future__ import annotations

import csv
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDINGS = Path(os.environ.get("HOLDFAST_RECORDINGS", REPOSITORY.parent / "shared" / "fixtures"))
FIGURES = ("requests", "input", "output", "cache_read", "cache_write", "reasoning")


def _rows(name: str) -> list[dict[str, str]]:
    table = RECORDINGS / name
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def manifest(agent: str) -> dict[str, dict[str, str]]:
    """Return the rows of MANIFEST.tsv for one agent, by path: repo, licence, kind (real, synthetic, ...)."""
    return {r["path"]: r for r in _rows("MANIFEST.tsv") if r["agent"] == agent}


def oracle(agent: str) -> dict[str, dict[str, int]]:
    """Return the figures of ORACLE.tsv for one agent, by path: those of FIGURES, and `bad` lines where given."""
    found = (r for r in _rows("ORACLE.tsv") if r["agent"] == agent)
    return {r["path"]: {n: int(r.get(n) or 0) for n in (*FIGURES, "bad", "tool_calls", "user_turns")} for r in found}


def files(agent: str, pattern: str = "*") -> list[Path]:
    """Return every recorded file of one agent, also those that MANIFEST.tsv does not name."""
    return sorted(p for p in (RECORDINGS / agent).rglob(pattern) if p.is_file())


def homes(agent: str) -> list[Path]:
    """Return the folders that stand for the agent's home, one for each recording."""
    return sorted({RECORDINGS.joinpath(*p.relative_to(RECORDINGS).parts[:2]) for p in files(agent)})


def name(path: Path) -> str:
    """Return a file's name in the tables."""
    return path.relative_to(RECORDINGS).as_posix()


def figures(found: dict[str, int]) -> dict[str, int]:
    """Keep those names of totals that the oracle has."""
    return {figure: found[figure] for figure in FIGURES}
