"""Folds what nobody reads in full: a system's instructions to a line, an error in JSON to its message."""

from __future__ import annotations

import json
from typing import Any

from holdfast.faces.cli._terminal import fit, safe_line
from holdfast.faces.cli.render import full

NARROW = 40
_MOST_BEFORE = 120
"""Characters that may stand before an error's JSON, for example `API Error: 529 `."""
_HEAD = 2_000


def folded(text: str, width: int) -> str:
    """Return a long text's beginning as one line, with the number of its characters; a short line as it is."""
    room = max(width or 120, NARROW) - 2
    whole = text.strip()
    if "\n" not in whole and len(whole) <= room:
        return safe_line(whole)
    note = f"  ({full(len(text))} characters: --all)"
    return fit(safe_line(whole[:_HEAD]), room - len(note)) + note


def plain_error(text: str) -> str:
    """Return an error written as JSON as what stands before it and its message; any other text as it is."""
    before, brace, _ = text.partition("{")
    if not brace or len(before) > _MOST_BEFORE or not text.rstrip().endswith("}"):
        return text
    try:
        found = json.loads(text[len(before) :])
    except (ValueError, RecursionError):
        return text
    message = _message(found)
    return f"{before.rstrip()} {message}".strip() if message else text


def _message(found: Any) -> str:
    """Find the message of an error; nothing where the object is no error or says more than that."""
    if not isinstance(found, dict):
        return ""
    error = found.get("error")
    if isinstance(error, str) and error:
        return error
    if isinstance(error, dict):
        said, kind = error.get("message"), error.get("type") or error.get("code")
        deeper = plain_error(said) if isinstance(said, str) else ""
        return deeper or (kind if isinstance(kind, str) else "")
    return ""
