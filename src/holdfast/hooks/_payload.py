"""What an agent hands over: JSON, whole or as far as it was kept."""

from __future__ import annotations

import json
import os
import select
import sys
import time

KEPT = 1 << 18
"""Bytes that are looked at: what matters stands first, what follows can be the text of a whole file."""
SILENCE = 0.3
LONGEST = 2.0
"""Seconds without a byte, and in all, after which nothing more is waited for."""


def received(descriptor: int = 0) -> bytes:
    """Return the beginning of what comes in; all of it is taken, so that the agent's writing never fails."""
    if sys.platform == "win32":
        return sys.stdin.buffer.read()[:KEPT]
    kept = b""
    end = time.monotonic() + LONGEST
    while (left := end - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], min(left, SILENCE))[0]:
            break
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            break
        if len(kept) < KEPT:
            kept += piece
    return kept


def fields(data: bytes) -> dict[str, object]:
    """Return the top-level fields of an object, as far as they can be read."""
    text = data.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _first_fields(text)
    return found if isinstance(found, dict) else {}


def _first_fields(text: str) -> dict[str, object]:
    """Return the fields that stand before the place where the text breaks off."""
    found: dict[str, object] = {}
    read = json.JSONDecoder().raw_decode
    place = 1 if text.startswith("{") else len(text)
    try:
        while place < len(text):
            name, place = read(text, _next(text, place))
            place = _next(text, place)
            if not isinstance(name, str) or text[place : place + 1] != ":":
                break
            found[name], place = read(text, _next(text, place + 1))
            place = _next(text, place)
            if text[place : place + 1] != ",":
                break
            place += 1
    except (ValueError, RecursionError):
        pass  # what came before is kept
    return found


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place
