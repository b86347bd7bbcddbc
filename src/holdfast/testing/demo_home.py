"""A home for examples: the demo's sessions, at moments relative to now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.services.demo import write_home

if TYPE_CHECKING:
    from pathlib import Path


def demo_home(path: Path, *, now: float | None = None) -> Path:
    """Write the demo's sessions below a home, so that every example in the docs has something to show."""
    write_home(path, now=now)
    return path
