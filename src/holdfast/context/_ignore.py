"""Which paths git would ignore: nested files of rules, negation, folders alone, as gitignore(5) says it.

Knows rules and paths; refuses to list folders. A path is asked for only below folders that are not ignored themselves.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

NEVER = frozenset({".git", ".hg", ".svn", ".anyllm", ".prellm"})
"""Folders that are no part of a project, whatever rules say."""
WITHOUT_RULES = (
    "node_modules/", "__pycache__/", "*.pyc", ".venv/", "venv/", ".tox/", ".nox/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/",
    ".idea/", ".vscode/", ".DS_Store", "vendor/", "build/", "dist/", "target/", ".cache/", ".gradle/", ".terraform/",
)  # fmt: skip
"""What is left out of a folder that no git looks after."""
LARGEST = 1_000_000
_BELOW = "(?:(?P<ps_d>/)|$)"


class Rule(Struct, frozen=True):
    """One line: what it matches, whether folders alone, and whether it ignores or takes back."""

    pattern: re.Pattern[str]
    folders_only: bool
    ignores: bool


class Rules(Struct, frozen=True):
    """The lines of one file, for paths relative to `base` ("" or ending in a slash)."""

    base: str
    lines: tuple[Rule, ...]
    any_line: re.Pattern[str]

    def verdict(self, path: str, *, folder: bool) -> bool | None:
        """Say whether the last line that matches ignores a path; None where none matches."""
        near = path[len(self.base) :]
        if not self.any_line.search(near):
            return None
        for rule in reversed(self.lines):
            if (folder or not rule.folders_only) and rule.pattern.search(near):
                return rule.ignores
        return None


def is_ignored(path: str, stack: tuple[Rules, ...], *, folder: bool) -> bool:
    """Ask the rules, the nearest (last) first: the first that has an opinion decides."""
    for rules in reversed(stack):
        found = rules.verdict(path, folder=folder)
        if found is not None:
            return found
    return False


def read_rules(path: Path, base: str) -> tuple[Rules, ...]:
    """Return the rules of a file; none for one that is not there, not readable or has no rule."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return ()
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return rules_of(tuple(text.removeprefix("\ufeff").split("\n")), base)


@lru_cache(maxsize=512)
def rules_of(lines: tuple[str, ...], base: str = "") -> tuple[Rules, ...]:
    """Return lines as rules below a folder."""
    made = tuple(rule for line in lines if (rule := _rule(line)) is not None)
    if not made:
        return ()
    return (Rules(base, made, re.compile("|".join(f"(?:{r.pattern.pattern})" for r in made), re.DOTALL)),)


def _rule(line: str) -> Rule | None:
    from pathspec.patterns.gitignore.base import GitIgnorePatternError  # noqa: PLC0415 - a map alone needs it
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415 - as above

    text = line.rstrip("\r")
    if not text.endswith("\\ "):
        text = text.rstrip(" ")
    folders_only = text.endswith("/") and not text.endswith("\\/")
    try:
        source, ignores = GitIgnoreSpecPattern.pattern_to_regex(text.rstrip("/") if folders_only else text)
    except GitIgnorePatternError:
        return None  # git passes over what is no pattern, too
    if source is None or ignores is None:
        return None
    # the folders above were asked before: a match that only says "below an ignored folder" is none of this path
    return Rule(re.compile(str(source).replace(_BELOW, "$"), re.DOTALL), folders_only, ignores)
