"""The older tool's guess at a session's tokens: a thousand, two hundred a message, and the text files of its project.

It says how large a project is, not how long a conversation; it serves the classic health of sessions whose agent records no
tokens, and is always called an estimate.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE, A_MESSAGE = 1000, 200
DEPTH = 3
LARGEST = 1_000_000
MOST_FILES = 5000
CHARACTERS = 4
"""To a token, where no vocabulary is at hand."""
_TEXTS = frozenset({
    ".py", ".js", ".ts", ".tsx", ".jsx", ".vue", ".go", ".rs", ".rb", ".php", ".java", ".c", ".h", ".cpp", ".hpp", ".cs", ".swift",
    ".kt", ".scala", ".sh", ".sql", ".html", ".css", ".scss", ".md", ".rst", ".txt", ".json", ".yaml", ".yml", ".toml",
})  # fmt: skip
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "env", "build", "dist", "target", "vendor"})
_counted: dict[tuple[str, int, int], int] = {}


def estimate(folder: str, messages: int) -> int:
    """Guess the tokens of a session from its folder and its number of messages."""
    return BASE + A_MESSAGE * messages + sum(_count(f) for f in _files(folder))


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    if not folder or not Path(folder).is_absolute():
        return
    left = MOST_FILES
    waiting = [(folder, 0)]
    while waiting and left:
        place, depth = waiting.pop()
        for entry in _entries(place):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH and entry.name not in _SKIPPED:
                    waiting.append((entry.path, depth + 1))
            elif left and entry.is_file(follow_symlinks=False) and Path(entry.name).suffix.lower() in _TEXTS:
                left -= 1
                yield entry


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as found:
            return sorted(found, key=lambda e: e.name)
    except OSError:
        return []


def _count(entry: os.DirEntry[str]) -> int:
    """Count a file's tokens, again only when it changed."""
    try:
        about = entry.stat(follow_symlinks=False)
        if about.st_size > LARGEST:
            return 0
        key = (entry.path, about.st_mtime_ns, about.st_size)
        if key not in _counted:
            _counted[key] = _tokens(Path(entry.path).read_text(encoding="utf-8", errors="replace"))
        return _counted[key]
    except OSError:
        return 0


def _tokens(text: str) -> int:
    number, kind = tokens.count(text, "cl100k")
    return number if kind == "exact" else len(text) // CHARACTERS
