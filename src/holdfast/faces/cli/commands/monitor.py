"""`monitor`: what runs now, what it does and what it burns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State


@command(
    "monitor",
    "BoardDocument",
    examples=(
        "holdfast monitor",
        "holdfast monitor --once",
        "holdfast monitor --interval 10",
        "holdfast monitor --json",
    ),
    exits=(10,),
)
@click.option("--once", is_flag=True, help="Print one board and end.")
@click.option(
    "--interval",
    "-i",
    type=click.FloatRange(min=0.5),
    metavar="SECONDS",
    help="Seconds between two looks; 5 by default.",
)
@click.option("--no-sync", is_flag=True, help="Do not look for what changed.")
def monitor(state: State, *, once: bool, interval: float | None, no_sync: bool) -> None:
    """Watch the agents that run now: their states, what they need, context, tokens per minute and cost today.

    On a terminal this is the dashboard; its ? shows all keys. Off a terminal, with --once and with --json it prints one board.
    """
    if state.json:
        from holdfast.faces.cli._live_items import board_document

        found = state.workspace.monitor.board(sync=not no_sync, scored=True)
        state.document(board_document(state.workspace, found))
        return
    from holdfast.faces.cli._dashboard import can_type, is_installed, show

    if once or not can_type(state):
        from holdfast.faces.cli._board import board

        state.text(board(state, state.workspace.monitor.board(sync=not no_sync)))
        return
    if not is_installed():
        from holdfast.errors import Unavailable

        raise Unavailable(
            "the dashboard needs the extra tui", "pip install 'holdfast[tui]', or holdfast monitor --once"
        )
    show(state, interval)
