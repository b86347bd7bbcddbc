"""`monitor`: what runs now, what it does and what it burns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State

CLEAR = "\x1b[H\x1b[2J"


@command(
    "monitor",
    "BoardDocument",
    examples=(
        "holdfast monitor",
        "holdfast monitor --once",
        "holdfast monitor --interval 10",
        "holdfast monitor --json",
    ),
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

    Off a terminal, and with --json, it prints one board.
    """
    if state.json:
        from holdfast.faces.cli._live_items import board_document

        found = state.workspace.monitor.board(sync=not no_sync, scored=True)
        state.document(board_document(state.workspace, found))
        return
    from holdfast.faces.cli._board import board

    if once or not state.on_terminal:
        state.text(board(state, state.workspace.monitor.board(sync=not no_sync)))
        return
    _watch(state, interval or float(state.config["dashboard.refresh_interval"]))


def _watch(state: State, interval: float) -> None:
    """Draw a board again and again, until the person stops it; tell what a person asked to be told of."""
    import threading

    from holdfast.faces.cli._board import board

    alarms = state.workspace.alarms
    for found in state.workspace.monitor.watch(threading.Event(), interval=interval):
        state.text(CLEAR + board(state, found))
        for failed in alarms.tell(alarms.see(found)):
            state.talk(failed)
