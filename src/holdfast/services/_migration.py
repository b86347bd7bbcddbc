"""Moving in from other systems: the files below a folder that may hold sessions, and the notes in them.

Knows names of files and folders; refuses to know any format.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.errors import HoldfastError
    from holdfast.model.knowledge import Note
    from holdfast.stores.base import Store

NOTES = "notes"
"""Documents by id, one for each note."""
SUFFIXES = frozenset({
    ".toon", ".json", ".jsonl", ".db", ".sqlite", ".sqlite3", ".yaml", ".yml", ".md", ".zip", ".holdfast", ".native", ".hf",
})  # fmt: skip
PASSED = frozenset({"node_modules", "vendor", "__pycache__", "venv", "site-packages", "target"})
HIDDEN = frozenset({".anyllm", ".prellm", ".agentry"})
"""Hidden folders in which the systems that Holdfast replaces keep their files."""
T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """A file below a folder, and what was read of it or what prevented it."""

    path: Path
    result: T | None
    problem: HoldfastError | None = None


def files_below(folder: Path) -> Iterator[Path]:
    """Yield files that may hold sessions, in the order of their names; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in PASSED and (not f.startswith(".") or f in HIDDEN))
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                yield path


def keep_notes(store: Store, notes: Iterable[Note], *, writer: str) -> int:
    """Keep notes by id and return how many are new or other than before."""
    held = store.docs(NOTES)
    marked = (replace(n, provenance=replace(n.provenance, writer=writer)) for n in notes)
    found = {n.id: msgspec.json.encode(n) for n in marked}
    fresh = {key: data for key, data in found.items() if held.get(key) != data}
    if fresh:
        store.put_docs(NOTES, fresh)
    return len(fresh)
