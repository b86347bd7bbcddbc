"""Opens the dashboard where its library is installed and somebody can look and type."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State


def is_installed() -> bool:
    """Tell whether the extra is there."""
    from importlib.util import find_spec

    return find_spec("textual") is not None


def can_type(state: State) -> bool:
    """Tell whether somebody looks, and can type."""
    return state.on_terminal and bool(getattr(sys.stdin, "isatty", bool)())


def opens_alone(state: State) -> bool:
    """Tell whether `holdfast` alone is the dashboard; where only its library is missing, say so."""
    if not can_type(state):
        return False
    if not is_installed():
        state.talk("the dashboard needs the extra tui: pip install 'holdfast[tui]'; this is the list")
        return False
    return True


def show(state: State, interval: float | None = None) -> None:
    """Show the dashboard until it is left, and print what was asked for there."""
    from holdfast.faces.tui import open_dashboard

    said = open_dashboard(state.workspace, interval=interval or float(state.config["dashboard.refresh_interval"]))
    if said:
        state.text(said)
