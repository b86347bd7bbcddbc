"""`recommend`: what is worth doing about sessions, with the command that does it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from holdfast.faces.cli._command import command
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import AdviceItem, AdviceList

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State
    from holdfast.model.live import Advice

STYLES = {"high": "red", "medium": "yellow", "low": "dim"}
SHOWN = 4
"""Sessions that are named; more are counted."""


@command("recommend", "AdviceList", examples=("holdfast recommend", "holdfast recommend --json"))
def recommend(state: State) -> None:
    """Say which sessions need something and what: start anew, close, merge, answer, keep. The most urgent stands first.

    Nothing is done; each advice names the command that does it.
    """
    found = state.workspace.monitor.board(sync=state.config["sync.auto"], scored=True, ended=sys.maxsize).advice
    if state.json:
        state.document(AdviceList(recommendations=tuple(_item(a) for a in found)))
        return
    if not found:
        state.text("Nothing needs you.")
        return
    state.text("\n".join(_drawn(state, a) for a in found), paged=True)


def _drawn(state: State, advice: Advice) -> str:
    names = ", ".join(s[:6] for s in advice.sessions[:SHOWN])
    more = f" and {len(advice.sessions) - SHOWN} more" if len(advice.sessions) > SHOWN else ""
    head = state.paint(f"{advice.priority:<6}", STYLES[advice.priority])
    lines = [f"{head}  {state.paint(safe_line(advice.message), 'bold')}  {names}{more}"]
    if advice.reason:
        lines.append(f"        {safe_line(advice.reason)}")
    return "\n".join([*lines, f"        {state.paint(safe_line(advice.action), 'cyan')}", ""])


def _item(advice: Advice) -> AdviceItem:
    return AdviceItem(
        type=advice.kind,
        priority=advice.priority,
        session_ids=advice.sessions,
        session_id=advice.sessions[0] if len(advice.sessions) == 1 else None,
        message=advice.message,
        reason=advice.reason,
        action=advice.action,
    )
