"""The files of a project, as git would list them: ignored folders are never opened, links never followed.

Knows names, times and sizes; refuses to read what files say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from holdfast.context._ignore import NEVER, WITHOUT_RULES, Rules, is_ignored, read_rules, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_FILES = 50_000
_NOT_FILES = frozenset({"/proc", "/sys", "/dev", "/run"})
MARKS = (
    ".git",
    ".holdfast.yaml",
    "anyllm.json",
    ".anyllm",
    "pyproject.toml",
    "package.json",
    "composer.json",
    "go.mod",
)
LARGEST = 512_000
"""Bytes above which a file is not read."""
_NOT_TEXT = frozenset({
    "7z", "a", "ai", "avi", "avif", "bin", "bmp", "bz2", "class", "dat", "db", "der", "dll", "dylib", "egg", "eot", "exe",
    "flac", "gif", "gpg", "gz", "ico", "jar", "jpeg", "jpg", "keystore", "mo", "mov", "mp3", "mp4", "npy", "npz", "o",
    "obj", "ogg", "onnx", "otf", "p12", "parquet", "pdf", "pkl", "png", "psd", "pt", "pyc", "pyo", "rar", "sketch", "so",
    "sqlite", "sqlite3", "tar", "tgz", "tiff", "ttf", "war", "wasm", "wav", "webm", "webp", "whl", "woff", "woff2", "xz",
    "zip", "zst",
})  # fmt: skip
_NOT_READ = frozenset({
    "csv", "geojson", "ipynb", "lock", "log", "map", "po", "pot", "snap", "sum", "svg", "tsv", "xlf",
})  # fmt: skip
"""Endings of text that says nothing of what a file is for."""


class File(NamedTuple):
    """A path below the root with slashes, the time of its last change in ns, and its size."""

    path: str
    mtime: int
    size: int

    @property
    def suffix(self) -> str:
        """Its ending, in small letters."""
        return self.path.rpartition("/")[2].rpartition(".")[2].lower()

    @property
    def is_text(self) -> bool:
        """Whether it may be shown as one to read: by its ending, and not huge."""
        return self.size <= 4 * LARGEST and self.suffix not in _NOT_TEXT

    @property
    def is_read(self) -> bool:
        """Whether its words are worth looking at."""
        return self.size <= LARGEST and self.suffix not in _NOT_TEXT and self.suffix not in _NOT_READ


class Tree(Struct, frozen=True, kw_only=True):
    """A project's files in order of path; `opened` counts the folders listed, `ignored` names folders passed over."""

    root: Path
    files: tuple[File, ...]
    opened: int = 0
    ignored: tuple[str, ...] = ()
    cut: bool = False
    """Whether there are more files than are looked at."""


def project_root(folder: Path) -> Path:
    """Return the folder that a project begins at: of its git, else the nearest with a mark of one, else the folder."""
    here = folder.resolve()
    above = (here, *here.parents)
    for place in above:
        if (place / ".git").exists():
            return place
    home = Path.home()
    marked = (p for p in above if p not in (home, *home.parents) and any((p / m).exists() for m in MARKS))
    return next(marked, here)


def walk(root: Path, *, also: Sequence[Path] = (), most: int = MOST_FILES) -> Tree:
    """List the files that are not ignored; `also` are files of rules of the person's own, weaker than the project's."""
    found: list[File] = []
    ignored: list[str] = []
    opened = 0
    waiting: list[tuple[str, tuple[Rules, ...]]] = [("", _first_rules(root, also))]
    while waiting and len(found) < most:
        base, stack = waiting.pop()
        entries = _entries(os.path.join(root, base))  # noqa: PTH118 - thousands of folders
        opened += 1
        if any(e.name == ".gitignore" for e in entries):
            stack = (*stack, *read_rules(root / base / ".gitignore", base))
        if not base:
            stack = (*stack, *read_rules(root / ".anyllmignore", ""))
        for entry in entries:
            path = base + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name in NEVER or entry.path in _NOT_FILES or is_ignored(path, stack, folder=True):
                    ignored.append(path)
                else:
                    waiting.append((f"{path}/", stack))
            elif entry.is_file(follow_symlinks=False) and not is_ignored(path, stack, folder=False):
                found += _file(entry, path)
    found.sort()
    return Tree(
        root=root, files=tuple(found[:most]), opened=opened, ignored=tuple(sorted(ignored)), cut=len(found) > most or bool(waiting)
    )  # fmt: skip


def _first_rules(root: Path, also: Sequence[Path]) -> tuple[Rules, ...]:
    """Return what is asked last: the person's own rules, then those that git keeps beside the project."""
    if not (root / ".git").exists():
        return rules_of(WITHOUT_RULES)
    own = [rules for path in also for rules in read_rules(path, "")]
    return (*own, *read_rules(root / ".git" / "info" / "exclude", ""))


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as found:
            return list(found)
    except OSError:
        return []


def _file(entry: os.DirEntry[str], path: str) -> Iterator[File]:
    try:
        about = entry.stat(follow_symlinks=False)
        path.encode()
    except (OSError, UnicodeEncodeError):  # gone since, or a name that no text can say
        return
    yield File(path, about.st_mtime_ns, about.st_size)
