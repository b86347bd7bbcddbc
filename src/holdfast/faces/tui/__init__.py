"""The dashboard: what runs, what it does, what it needs, and what to do about it. Needs the extra `tui`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.workspace import Workspace


def open_dashboard(workspace: Workspace, *, interval: float) -> str:
    """Show the dashboard until the person leaves it; return what they want to have printed then."""
    from holdfast.faces.tui.app import Dashboard

    return Dashboard(workspace, interval=interval).run() or ""
