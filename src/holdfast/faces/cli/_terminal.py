"""The one place that decides what may reach a terminal: text made harmless, and whether there are colours.

Every stored string that is printed passes `safe` or `safe_line`; nothing here interprets markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from holdfast.faces._text import ELLIPSIS, columns, fit, padded, safe, safe_json, safe_line, safe_piece

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ELLIPSIS", "Paint", "columns", "fit", "is_capable", "padded", "safe", "safe_json", "safe_line", "safe_piece", "wants_colour",
]  # fmt: skip

_SGR = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


class Paint:
    """Colours, or none."""

    def __init__(self, *, on: bool) -> None:
        """Take whether colours are wanted."""
        self.on = on

    def __call__(self, text: str, *styles: str) -> str:
        """Return text (already safe) in the given styles."""
        if not self.on or not text or not styles:
            return text
        return f"\x1b[{';'.join(_SGR[s] for s in styles)}m{text}\x1b[0m"


def wants_colour(stream: TextIO, env: Mapping[str, str], *, wish: str = "auto", by_flag: bool = False) -> bool:
    """Decide by flag, then the environment (NO_COLOR, FORCE_COLOR, CLICOLOR), then settings, then the stream itself."""
    if by_flag and wish != "auto":
        return wish == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR", "0") not in ("", "0") or env.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if wish != "auto":
        return wish == "always"
    return env.get("CLICOLOR") != "0" and is_capable(stream, env)


def is_capable(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Tell whether a stream is a terminal that can do more than lines."""
    return env.get("TERM") != "dumb" and bool(getattr(stream, "isatty", bool)())
