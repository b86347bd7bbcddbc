"""Scalars of TOON: when a text must stand in quotes, what is escaped in them, and what a bare word means.

Knows words alone; refuses to know lines and levels.
"""

from __future__ import annotations

import json
import re

from holdfast.model import Json

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SAFE = re.compile(
    r"[^\s\-,:\"\\\[\]{}|\x00-\x1f\x7f](?:[^,:\"\\\[\]{}|\x00-\x1f\x7f]*[^\s,:\"\\\[\]{}|\x00-\x1f\x7f])?"
)
_KEY = re.compile(r"[A-Za-z_][\w.]*")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_CONTROL = re.compile('["\\\\\x00-\x1f\x7f]')


def written(value: Json) -> str:
    """Return a scalar as TOON has it."""
    if isinstance(value, str):
        return value if _SAFE.fullmatch(value) and not _is_other(value) else quoted(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return "null"
    return json.dumps(value)


def key(name: str) -> str:
    """Return a key, in quotes where it must stand in them."""
    return name if _KEY.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """Return a text in quotes; half a surrogate pair, which no file can hold, becomes a replacement character."""
    whole = text.encode("utf-8", "replace").decode() if any("\ud800" <= c <= "\udfff" for c in text) else text
    return f'"{_CONTROL.sub(_escaped, whole)}"'


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"


def unquoted(text: str) -> str:
    """Undo the escapes of what stands between two quotes."""
    return _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else _ESCAPED.get(m[1], m[1]), text)


def meant(text: str) -> Json:
    """Return what a bare word means: true, false, null, a number, or itself."""
    word = text.strip()
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(word):
        return json.loads(word)
    return word


def _is_other(text: str) -> bool:
    """Tell whether a bare word would be read as something else by any reader known."""
    if text.lower() in _WORDS:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
