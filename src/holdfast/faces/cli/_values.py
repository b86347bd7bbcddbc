"""Writes times and money as documents have them."""

from __future__ import annotations

import time
from decimal import Decimal


def moment(at: int | None) -> str | None:
    """Write Unix ms as RFC 3339 in UTC, with ms and Z; None where there is no time or none that a calendar holds."""
    if at is None:
        return None
    seconds, rest = divmod(at, 1000)
    try:
        when = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
    if not 0 < when.tm_year <= 9999:  # noqa: PLR2004 - RFC 3339 has four digits
        return None
    year, month, day, hour, minute, second = when[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{rest:03d}Z"


def money(cost: Decimal | None) -> str | None:
    """Write USD exactly, without exponent and idle zeros."""
    if cost is None:
        return None
    text = f"{cost:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
