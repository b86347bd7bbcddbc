"""What git remembers of files: when each was last changed, and in which words. Without git nothing is known, which is fine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

COMMITS = 600
MOST_FILES = 30
"""Files in a commit above which it says nothing of any of them."""
TIMEOUT = 1.5
_BEGIN, _WORDS = "\x01", "\x02"


class History(Struct, frozen=True):
    """The head that it was read at, and the latest commits, newest first: first line of the message, and files."""

    head: str = ""
    commits: tuple[tuple[str, tuple[str, ...]], ...] = ()


def head_of(root: Path) -> str:
    """Return the commit that a project stands at; "" without git or commits."""
    return _git(root, "rev-parse", "--verify", "-q", "HEAD").strip() if (root / ".git").exists() else ""


def read_history(root: Path, head: str, commits: int = COMMITS) -> History:
    """Read the latest commits up to a head."""
    if not head:
        return History()
    text = _git(
        root, "-c", "core.quotepath=off", "log", head, "-n", str(commits), "--no-merges", "--no-renames", "--relative",
        f"--format={_BEGIN}%s{_WORDS}", "--name-only",
    )  # fmt: skip
    return History(head, tuple(_commit(record) for record in text.split(_BEGIN)[1:]))


def _commit(record: str) -> tuple[str, tuple[str, ...]]:
    said, _, names = record.partition(_WORDS)
    return said, tuple(line for line in names.split("\n") if line)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the program is git, the arguments are ours
            ["git", "--no-optional-locks", "-C", str(root), *arguments],  # noqa: S607 - the person's own git
            capture_output=True, check=False, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
