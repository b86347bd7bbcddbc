"""Reads what is stale before a list or a search, for a moment only, and says what is left."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from holdfast.config import parsed_size
from holdfast.errors import BadInput, HoldfastError

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State

WITHIN = 0.15
"""Seconds that a list or a search may spend on reading."""


def freshen(state: State, *, wanted: bool) -> int | None:
    """Read what changed for 150 ms; return how many files are not read yet, None where nobody looked."""
    if not wanted or not state.config["sync.auto"]:
        return None
    try:
        remaining = state.workspace.sync.run(within=WITHIN).remaining
    except (HoldfastError, OSError) as error:
        state.unsynced = str(error)
        return None
    return remaining


def say_stale(state: State, stale: int | None) -> None:
    """Say how many files wait, or why none was read."""
    if state.unsynced:
        state.talk(f"not synced: {state.unsynced}")
    if stale:
        state.talk(f"{stale} {'file' if stale == 1 else 'files'} not read yet: holdfast sync")


def say_size(state: State) -> None:
    """Warn where the archive has grown beyond archive.max_size; nothing is looked at where that is not set."""
    wish = state.config["archive.max_size"]
    try:
        limit = parsed_size(wish)
    except BadInput as error:
        state.talk(f"{error.message}; for example: {error.hint}")
        return
    if limit is None:
        return
    held = state.workspace.archive.size()
    if held > limit:
        state.talk(f"the archive takes {held / 1e6:,.1f} MB, more than archive.max_size ({wish}); nothing is deleted")


def places(state: State) -> dict[str, list[str]]:
    """Name every folder in which sessions are looked for, by agent."""
    workspace = state.workspace
    home = f"{workspace.home}{os.sep}"
    return {
        name: [str(p).replace(home, f"~{os.sep}", 1) for p in source.roots(workspace.env, workspace.home, sys.platform)]
        for name, source in workspace.sources.items()
    }
