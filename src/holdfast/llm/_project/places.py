"""Paths that a model names: below the project or refused, and what of a project git would list.

Knows paths and rules of gitignore; refuses to know what files say.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pathspec

from holdfast.errors import BadInput, Denied, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    Specs = tuple[tuple[str, pathspec.GitIgnoreSpec], ...]

NEVER = frozenset({".git", ".hg", ".svn"})
WITHOUT_RULES = (
    "node_modules/",
    "__pycache__/",
    ".venv/",
    "venv/",
    ".tox/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
)
MOST_LOOKED_AT = 50_000
_LARGEST_RULES = 1_000_000


def inside(root: Path, named: str) -> Path:
    """Return a path of the project as it is on the disk, links followed; errors.Denied for one that leads out of it."""
    if not named.strip() or "\0" in named:
        raise BadInput("a path is missing", "name a file relative to the project")
    if named.startswith(("/", "~", "\\")) or Path(named).is_absolute():
        raise Denied(f"{named} is an absolute path", "name the file relative to the project, for example src/main.py")
    base = root.resolve()
    try:
        found = (base / named).resolve()
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{named} leads nowhere: {error}") from error
    if found != base and base not in found.parents:
        raise Denied(f"{named} leads out of the project", f"only files below {base.name}/ can be reached")
    return found


def writable(root: Path, named: str) -> Path:
    """Return a path that may be written: as `inside`, no folder, and nothing of git's own."""
    found = inside(root, named)
    if NEVER & {p.lower() for p in found.relative_to(root.resolve()).parts}:
        raise Denied(f"{named} belongs to the version control", "use its own commands")
    if found.exists() and not stat.S_ISREG(found.stat().st_mode):
        raise BadInput(f"{named} is no ordinary file")
    return found


def existing(root: Path, named: str) -> Path:
    """Return a file or folder of the project that is there; errors.NotFound otherwise."""
    found = inside(root, named)
    if not found.exists():
        raise NotFound(f"there is no {named}", "list the folder to see what is there")
    return found


def below(root: Path, folder: Path) -> Iterator[Path]:
    """Yield the files below a folder as git would list them, in order; links are not followed, ignored folders not opened."""
    base = root.resolve()
    steps = folder.relative_to(base).parts
    specs: Specs = () if (base / ".git").exists() else (("", pathspec.GitIgnoreSpec.from_lines(WITHOUT_RULES)),)
    specs += _rules(base / ".git" / "info" / "exclude", "")
    for depth in range(len(steps)):
        there = "/".join(steps[:depth])
        specs += _rules(base.joinpath(*steps[:depth]) / ".gitignore", there)
    yield from _walked(base, "/".join(steps), specs)


def _walked(base: Path, near: str, specs: Specs) -> Iterator[Path]:
    specs += _rules(base / near / ".gitignore", near)
    try:
        entries = sorted(os.scandir(base / near), key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        path = f"{near}/{entry.name}" if near else entry.name
        folder = entry.is_dir(follow_symlinks=False)
        if entry.name in NEVER or _ignored(path, specs, folder=folder):
            continue
        if folder:
            yield from _walked(base, path, specs)
        elif entry.is_file(follow_symlinks=False):
            yield base / path


def _rules(file: Path, near: str) -> Specs:
    try:
        if file.is_symlink() or file.stat().st_size > _LARGEST_RULES:
            return ()
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return ((near, pathspec.GitIgnoreSpec.from_lines(lines)),)


def _ignored(path: str, specs: Specs, *, folder: bool) -> bool:
    """Ask the rules, the nearest first: the first that has an opinion decides."""
    for near, spec in reversed(specs):
        verdict = spec.check_file((path[len(near) + 1 :] if near else path) + ("/" if folder else "")).include
        if verdict is not None:
            return verdict
    return False
