"""Where Aider's histories may be: there is no list of them, so looking is kept short, by listing folders alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = ".aider.chat.history.md"
DEPTH = 4
"""How many levels below a root; below the home directory itself only one."""
MOST = 4000
"""How many folders are listed at most, the nearest first."""
CODE = (
    "code", "Code", "src", "dev", "Dev", "Developer", "projects", "Projects", "repos", "Repos", "git", "github",
    "GitHub", "work", "workspace", "workspaces", "Documents", "Sites", "go/src", "source/repos",
)  # fmt: skip
_SKIPPED = frozenset({
    "node_modules", "venv", "env", "virtualenv", "__pycache__", "site-packages", "target", "build", "dist", "vendor",
    "Library", "AppData", "Applications", "Pictures", "Music", "Movies", "Videos", "Downloads",
})  # fmt: skip


def roots(env: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Return the named history, the home directory, and where people keep their code."""
    named = env.get("AIDER_CHAT_HISTORY_FILE", "").strip()
    path = home / named[1:].lstrip("/\\") if named.startswith("~") else Path(named)
    return (*((path,) if named and path.is_absolute() else ()), home, *(home / name for name in CODE))


def find(roots: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each history once, with the root it was found below."""
    seen: set[str] = set()
    looked: dict[str, int] = {}
    for root in _distinct(roots):
        if root.suffix == ".md" and root.is_file():
            found: Iterator[str] = iter((str(root),))
        else:
            found = _below(str(root), _depth(root), looked)
        for path in found:
            if path not in seen:
                seen.add(path)
                yield Path(path), root


def _below(root: str, depth: int, looked: dict[str, int]) -> Iterator[str]:
    """Yield histories level by level; `looked` says how deep was looked below a folder already, and bounds it all."""
    level = [root]
    for deeper in range(depth, -1, -1):
        below: list[str] = []
        for folder in level:
            if looked.get(folder, -1) >= deeper or len(looked) >= MOST:
                continue
            looked[folder] = deeper
            found, folders = _listed(folder)
            below.extend(folders)
            if found:
                yield found
        level = below


def _distinct(roots: Sequence[Path]) -> Iterator[Path]:
    """Leave out roots that are not there, and other names of the same folder (`code` and `Code` on some systems)."""
    known: set[tuple[int, int]] = set()
    for root in roots:
        try:
            found = root.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) not in known:
            known.add((found.st_dev, found.st_ino))
            yield root


def _depth(root: Path) -> int:
    return 1 if root == Path.home() else DEPTH


def _listed(folder: str) -> tuple[str, list[str]]:
    """Return the history in a folder and the folders worth looking into."""
    found = ""
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == NAME and entry.is_file():
                    found = entry.path
                elif entry.name[0] != "." and entry.name not in _SKIPPED and entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    except OSError:
        return "", []
    return found, sorted(folders)
