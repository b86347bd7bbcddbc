"""The one place that makes stored text harmless for whatever draws it, and knows how many cells it takes.

Every stored string that is shown passes `safe` or `safe_line`; nothing here interprets markup.
"""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_DANGER = re.compile(f"[{_HIDDEN}]")
_JSON_DANGER = re.compile(
    rb"\x7f|\xc2[\x80-\x9f\xad]|\xcd\x8f|\xd8\x9c|\xe1\xa0[\x8b-\x8f]|\xe2\x80[\x8b-\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb0-\xbb]|\xf3\xa0[\x80-\xbf][\x80-\xbf]"
)
_SPACES = str.maketrans("\t\r\n\v\f", "     ")
ELLIPSIS = "\u2026"


def safe(text: str) -> str:
    """Return text of several lines with every control, bidi and zero-width character made visible."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    return _DANGER.sub(_visible, text)


def safe_line(text: str) -> str:
    """Return text as one line, white space folded, everything hidden made visible."""
    if text.isascii() and text.isprintable():
        return text if "  " not in text else " ".join(text.split())
    return _DANGER.sub(_visible, " ".join(re.split(r"[ \t\r\n\v\f]+", text.strip(" \t\r\n\v\f"))))


def safe_piece(text: str) -> str:
    """Return a part of a line: white space as plain spaces, everything hidden made visible, the edges kept."""
    return _DANGER.sub(_visible, text.translate(_SPACES))


def safe_json(data: bytes) -> bytes:
    r"""Write hidden characters inside JSON strings as \u escapes: the same value, harmless on a terminal."""
    return _JSON_DANGER.sub(_escaped, data)


def columns(text: str) -> int:
    """Count the terminal cells of a safe text."""
    if text.isascii():
        return len(text)
    return sum(_cells(c) for c in text)


def fit(text: str, width: int) -> str:
    """Cut a safe line to at most so many cells, saying so with an ellipsis."""
    if columns(text) <= width:
        return text
    kept, used = [], 0
    for c in text:
        used += _cells(c)
        if used > width - 1:
            break
        kept.append(c)
    return "".join(kept).rstrip() + ELLIPSIS


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Fill a safe line with spaces to a width."""
    space = " " * max(0, width - columns(text))
    return space + text if right else text + space


def _visible(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number <= 0xFF:  # noqa: PLR2004 - one byte
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - two bytes


def _escaped(found: re.Match[bytes]) -> bytes:
    units = found[0].decode().encode("utf-16-be")
    return b"".join(b"\\u%02x%02x" % (units[i], units[i + 1]) for i in range(0, len(units), 2))


def _cells(c: str) -> int:
    if c.isascii():
        return 1
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1
