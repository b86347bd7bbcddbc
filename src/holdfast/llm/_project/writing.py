"""Change a file of a project: written whole or one place of it, with a diff to look at first. Refuses to ask anybody."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path

from holdfast.errors import BadInput
from holdfast.llm._project.matching import LARGEST
from holdfast.llm._project.places import existing, writable
from holdfast.llm._project.reading import text_of

LONGEST_DIFF = 20_000
_LONGEST_COMPARED = 300


def written(root: Path, name: str, content: str) -> tuple[Path, str, str]:
    """Return the file, its text now and the text wanted."""
    path = writable(root, name)
    if len(content) > LARGEST:
        raise BadInput(
            f"{len(content):,} characters are too many for one file", "write less, or make it with a command"
        )
    return path, _now(path, name) if path.exists() else "", content


def edited(root: Path, name: str, old: str, new: str) -> tuple[Path, str, str]:
    """Return the file, its text now and the text after one replacement; errors.BadInput unless `old` is there exactly once."""
    path = writable(root, name)
    existing(root, name)
    now = _now(path, name, strict=True)
    if not old:
        raise BadInput("old_string is empty", "give the text to replace, or write the whole file")
    if old not in now and "\r\n" in now:
        old, new = (t.replace("\r\n", "\n").replace("\n", "\r\n") for t in (old, new))
    count = _count(now, old)
    if count != 1:
        near = "" if count else _nearest(now, old)
        what = f"old_string is there {count} times in {name}" if count else f"old_string is not in {name}"
        raise BadInput(what, "give more of the lines around it" if count else f"it must match to the letter{near}")
    if old == new:
        raise BadInput("old_string and new_string are the same")
    return path, now, now.replace(old, new, 1)


def diff(name: str, now: str, wanted: str) -> str:
    """Return the change as a unified diff, cut with a note."""
    lines = difflib.unified_diff(
        now.splitlines(), wanted.splitlines(), f"a/{name}" if now else "/dev/null", f"b/{name}", lineterm=""
    )
    text = "\n".join(lines)
    if len(text) > LONGEST_DIFF:
        return f"{text[:LONGEST_DIFF]}\n[... {len(text) - LONGEST_DIFF:,} characters of the diff left out ...]"
    return text or f"{name} stays as it is"


def put(path: Path, text: str) -> None:
    """Write a file whole or not at all; its permissions stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(made).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _now(path: Path, name: str, *, strict: bool = False) -> str:
    text = text_of(path, name)
    if strict and "\ufffd" in text and text.encode() != path.read_bytes():
        raise BadInput(f"{name} is not UTF-8: an edit would damage it")
    return text


def _count(text: str, wanted: str) -> int:
    """Count places, overlapping ones too."""
    count, at = 0, text.find(wanted)
    while at >= 0:
        count, at = count + 1, text.find(wanted, at + 1)
    return count


def _nearest(text: str, wanted: str) -> str:
    first = next((line.strip() for line in wanted.splitlines() if line.strip()), "")
    lines = [line.strip() for line in text.splitlines()[:5000]]
    near = difflib.get_close_matches(first, lines, n=1, cutoff=0.8) if len(first) <= _LONGEST_COMPARED else []
    return f"; line {lines.index(near[0]) + 1} is near: {near[0][:200]}" if near else ""
