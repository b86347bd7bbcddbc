"""What a found secret looks like to others; knows no rule and never holds the secret itself."""

from __future__ import annotations

import re

import msgspec

MASK_PATTERN: re.Pattern[str] = re.compile(r"\[REDACTED:[a-z0-9][a-z0-9._-]*\]")

_SHOWN = 4


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One secret in one text: `start` and `end` count characters of the text as it was given."""

    start: int
    end: int
    rule: str
    kind: str
    preview: str


def mask_of(rule: str) -> str:
    """Return the text that stands where a secret of this rule stood."""
    return f"[REDACTED:{rule}]"


def is_masked(text: str) -> bool:
    """Say whether the text holds at least one masked span."""
    return MASK_PATTERN.search(text) is not None


def preview_of(secret: str, *, prefix: str = "") -> str:
    """Show at most the first four characters of a public prefix, and the length."""
    shown = prefix[:_SHOWN] if secret.startswith(prefix) else ""
    return f"{shown}...({len(secret)})"
