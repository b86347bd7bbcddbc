"""Listing files below roots by stat alone, the same way for every source."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from holdfast.sources.base import Cursor, RawSpan, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from holdfast.model import Transcript

DEPTH = 12
_WORKTREE = re.compile(r"^(.+?)[/\\]\.(?:claude|codex|cursor)[/\\]worktrees[/\\][^/\\]+")


def walk(folder: Path, *, wanted: Callable[[str], bool], depth: int = DEPTH) -> Iterator[os.DirEntry[str]]:
    """Yield files below a folder whose name is wanted, sorted by name in each folder; links to folders are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if depth:
                yield from walk(_path(entry), wanted=wanted, depth=depth - 1)
        elif wanted(entry.name) and entry.is_file():
            yield entry


def ref(agent: str, entry: os.DirEntry[str] | Path, *, kind: str = "", root: Path | None = None) -> Ref | None:
    """Describe a file by stat, None where it is gone."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return Ref(
        agent=agent,
        path=os.fspath(entry),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        inode=found.st_ino,
        kind=kind,
        root="" if root is None else str(root),
    )


def whole(found: Ref, transcript: Transcript, data: bytes, *, parser: int) -> Reading:
    """Return the one reading of a file that is rewritten whole, with its bytes; a session without a name is none."""
    session = transcript.session
    return Reading(
        transcript=transcript,
        raw=RawSpan(path=found.path, offset=0, data=data, whole=True) if data else None,
        cursor=Cursor(
            size=found.size,
            mtime_ns=found.mtime_ns,
            inode=found.inode,
            offset=len(data),
            parser=parser,
            sessions=(session.id,) if session.native_id else (),
        ),
    )


def settings_home(env: Mapping[str, str], home: Path, platform: str) -> Path:
    """Return the folder in which programs keep a person's settings, on each platform."""
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return home / (env.get("APPDATA") or "AppData/Roaming")
    return home / (env.get("XDG_CONFIG_HOME") or ".config")


def _path(entry: os.DirEntry[str]) -> Path:
    from pathlib import Path  # noqa: PLC0415 - only needed when walking

    return Path(entry.path)


@lru_cache(maxsize=4096)
def project_of(cwd: str) -> str:
    """Return the project a working directory belongs to: its repository, worktrees folded to the main one, else itself."""
    if not cwd:
        return ""
    agent_tree = _WORKTREE.match(cwd)
    if agent_tree:
        return agent_tree[1]
    if not os.path.isdir(cwd):
        return cwd
    folder = cwd
    while True:
        mark = os.path.join(folder, ".git")
        if os.path.isdir(mark):
            return folder
        if os.path.isfile(mark):
            return _main_repository(mark) or folder
        above = os.path.dirname(folder)
        if above == folder:
            return cwd
        folder = above


def _main_repository(mark: str) -> str:
    """Follow a worktree's `.git` file, `gitdir: MAIN/.git/worktrees/NAME`."""
    try:
        with open(mark, encoding="utf-8", errors="replace") as stream:
            found = stream.read(4096).partition("gitdir:")[2].strip()
    except OSError:
        return ""
    main, _, rest = found.replace("\\", "/").partition("/.git/worktrees/")
    return main if rest else ""
