"""Look at a project: list, read and search, each with an end. Knows files; refuses to change any."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.llm._project import matching
from holdfast.llm._project.matching import LARGEST, is_binary, matches
from holdfast.llm._project.places import MOST_LOOKED_AT, below, existing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_LISTED = 500
MOST_FOUND = 100
MOST_LINES = 2000
MOST_BYTES = 60_000
SEARCH_SECONDS = 10.0
_PATTERN_CHARACTERS = 500
_LOOKED_AT = 8192
_MATCHER = str(matching.__file__)


def listing(root: Path, folder: str) -> str:
    """Return the files below a folder, one a line."""
    place = existing(root, folder)
    if not place.is_dir():
        raise BadInput(f"{folder} is a file", "read it")
    files = list(islice(below(root, place), MOST_LOOKED_AT))
    lines = [f.relative_to(root.resolve()).as_posix() for f in files[:MOST_LISTED]]
    if len(files) > MOST_LISTED:
        more = "at least " if len(files) == MOST_LOOKED_AT else ""
        lines.append(f"[{more}{len(files) - MOST_LISTED:,} more files left out; list a folder below]")
    return "\n".join(lines) or "[no files]"


def text_of(path: Path, name: str) -> str:
    """Return a file's text; errors.BadInput says politely why there is none to read."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"{name} is {'a folder' if path.is_dir() else 'no ordinary file'}", "list it or choose a file")
    if found.st_size > LARGEST:
        raise BadInput(
            f"{name} is too large to be taken whole: {found.st_size:,} bytes",
            "read it with start and lines, or search it with a command",
        )
    data = path.read_bytes()
    if is_binary(data):
        raise BadInput(f"{name} is no text: {len(data):,} bytes of binary data")
    return data.decode("utf-8", "replace")


def reading(root: Path, name: str, start: int, lines: int) -> str:
    """Return lines of a file from `start`, counted from 1, with a note of what follows."""
    path = existing(root, name)
    if start < 1 or lines < 1:
        raise BadInput("start and lines are counted from 1")
    if path.is_file() and path.stat().st_size > LARGEST:
        return _part(path, name, start, min(lines, MOST_LINES))
    every = text_of(path, name).splitlines(keepends=True)
    return _shown(iter(every[start - 1 :]), start, min(lines, MOST_LINES), of=len(every))


def _part(path: Path, name: str, start: int, lines: int) -> str:
    """Return lines of a huge file without holding it."""
    with path.open("rb") as file:
        if is_binary(file.read(_LOOKED_AT)):
            raise BadInput(f"{name} is no text: {path.stat().st_size:,} bytes of binary data")
        file.seek(0)
        decoded = (line.decode("utf-8", "replace") for line in islice(_lines(file), start - 1, None))
        return _shown(decoded, start, lines)


def _lines(file: object) -> Iterator[bytes]:
    readline = getattr(file, "readline")  # noqa: B009 - any binary file
    while line := readline(MOST_BYTES):
        yield line


def _shown(lines: Iterator[str], start: int, most: int, *, of: int = 0) -> str:
    """Join lines up to the limits and say where to read on."""
    shown, size, number = list[str](), 0, start
    for line in lines:
        if len(shown) == most or size > MOST_BYTES:
            total = f" of {of:,}" if of else ""
            return "".join(shown) + f"\n[lines {start} to {number - 1}{total}; read on with start={number}]"
        kept = (
            line
            if len(line) <= MOST_BYTES
            else f"{line[:MOST_BYTES]}[... {len(line) - MOST_BYTES:,} characters left out]\n"
        )
        shown.append(kept)
        size += len(kept)
        number += 1
    if not shown and start > 1:
        raise BadInput(f"there is no line {start}" + (f": the file has {of:,}" if of else ""))
    return "".join(shown) or "[empty file]"


def searching(root: Path, pattern: str, folder: str, *, regex: bool) -> str:
    """Return the lines that hold a text or match an expression, as path:line: text."""
    place, base = existing(root, folder), root.resolve()
    if not pattern or len(pattern) > _PATTERN_CHARACTERS:
        raise BadInput(f"a pattern has 1 to {_PATTERN_CHARACTERS} characters")
    try:
        wanted = re.compile(pattern if regex else re.escape(pattern))
    except (re.error, OverflowError) as error:
        hint = "leave regex out to look for the text as it is"
        raise BadInput(f"{pattern!r} is no regular expression: {error}", hint) from error
    files = islice([place] if place.is_file() else below(root, place), MOST_LOOKED_AT)
    names = (f.relative_to(base).as_posix() for f in files)
    found, whole = (_matched_apart if regex else _matched)(base, wanted, names)
    if len(found) > MOST_FOUND:
        found = [*found[:MOST_FOUND], f"[only the first {MOST_FOUND} matches; search more narrowly]"]
    elif not whole:
        found.append(f"[stopped after {SEARCH_SECONDS:g} s; search a folder below, or more simply]")
    return "\n".join(found) or "[nothing found]"


def _matched(base: Path, wanted: re.Pattern[str], names: Iterator[str]) -> tuple[list[str], bool]:
    """Return the lines that match and whether every file was looked at."""
    found, deadline = list[str](), time.monotonic() + SEARCH_SECONDS
    for name in names:
        if time.monotonic() > deadline:
            return found, False
        found += islice(matches(base / name, name, wanted), MOST_FOUND + 1 - len(found))
        if len(found) > MOST_FOUND:
            break
    return found, True


def _matched_apart(base: Path, wanted: re.Pattern[str], names: Iterator[str]) -> tuple[list[str], bool]:
    """Match in a process of its own, because some expressions take for ever and nothing else can end them."""
    asked = json.dumps([str(base), wanted.pattern, list(names), MOST_FOUND + 1])
    line, whole = [sys.executable, "-I", "-S", _MATCHER], True
    try:
        done = subprocess.run(  # noqa: S603 - our own program, given as a list
            line, input=asked.encode(), capture_output=True, timeout=SEARCH_SECONDS, check=False
        )
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said, whole = late.stdout or b"", False
    complete = said[: said.rfind(b"\n") + 1].splitlines()
    return [str(json.loads(text)) for text in complete], whole
