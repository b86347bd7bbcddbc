"""What an agent hands over: JSON, whole or as far as it was kept.

The interpreter's own scanner is asked directly where there is one: the package around it takes longer to load than a hook's
whole work.
"""

from __future__ import annotations

import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

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
    """Return the top-level fields of an object, as far as they can be read before the place where the text breaks off."""
    text = data.decode("utf-8", "replace")
    found: dict[str, object] = {}
    read = _scanner()
    place = _next(text, 0)
    place = place + 1 if text[place : place + 1] == "{" else len(text)
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
    except (ValueError, RecursionError, StopIteration, SystemError):  # the last: no package to name the error in
        pass  # what came before is kept
    return found


class _Plain:
    """How values are made: plainly."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = str


def _scanner() -> Callable[[str, int], tuple[object, int]]:
    """Return what reads one value at a place."""
    try:
        from _json import make_scanner  # noqa: PLC0415 - not in every Python

        made: Callable[[str, int], tuple[object, int]] = make_scanner(_Plain)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        import json  # noqa: PLC0415 - only where there is nothing quicker

        return json.JSONDecoder(strict=False).raw_decode
    return made


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n\ufeff":
        place += 1
    return place
