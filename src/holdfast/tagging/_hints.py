"""Finds hints at tags in files, folders, code and words; a word is a hint only where it stands alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from holdfast.tagging._tables import EXTENSIONS, FOLDERS, IMPORTS, PATTERNS, SKIPPED, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_IMPORTED = re.compile(
    r"^\s*(?:from|import)\s+([A-Za-z_]\w*)|(?:\bfrom\s+|\bimport\s+|\brequire\(\s*)['\"](@?[\w-]+)", re.MULTILINE
)


def of_file(path: str) -> tuple[str, ...]:
    """Return the tags that a file's ending hints at."""
    found = PurePosixPath(path.replace("\\", "/"))
    if found.name.lower() == "dockerfile":
        return EXTENSIONS[".dockerfile"]
    return EXTENSIONS.get(found.suffix.lower(), ())


def folders(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each folder's name once that hints at a tag, with the tag."""
    seen: set[str] = set()
    for path in paths:
        for name in PurePosixPath(path.replace("\\", "/")).parts[:-1]:
            if name.lower() in FOLDERS and name.lower() not in seen:
                seen.add(name.lower())
                yield name.lower(), FOLDERS[name.lower()]


def is_work(path: str) -> bool:
    """Tell whether a file is somebody's work, not a tool's."""
    return not SKIPPED.intersection(PurePosixPath(path.replace("\\", "/")).parts[:-1])


def imports(code: str) -> dict[str, str]:
    """Return the packages that a piece of code imports, as far as they hint at tags."""
    names = dict.fromkeys((a or b).lower() for a, b in _IMPORTED.findall(code))
    return {name: IMPORTS[name] for name in names if name in IMPORTS}


def words(text: str) -> dict[str, str]:
    """Return the words of a text that hint at tags; endings of number and time do not matter, letters around them do."""
    found: dict[str, str] = {}
    for match in _pattern().finditer(text):
        word = match["word"]
        if word:
            found[word.lower()] = WORDS[word.lower()]
        else:
            found[match["phrase"].lower()] = next(
                t for p, t in PATTERNS.items() if re.fullmatch(f"(?i:{p})", match["phrase"])
            )
    return found


@cache
def _pattern() -> re.Pattern[str]:
    alone = sorted(WORDS, key=len, reverse=True)
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:(?P<word>{'|'.join(alone)})(?:e?s|e?d|ing)?|(?P<phrase>{'|'.join(PATTERNS)}))(?![A-Za-z0-9])",
        re.IGNORECASE,
    )
