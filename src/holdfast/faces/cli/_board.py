"""Draws a board for people: what runs now, what needs you first. Given a board, knows nothing of where it comes from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from holdfast.faces.cli._ids import short_ids
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.render import Column, age, project_name, span, table, tokens_short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model.live import Board, BoardRow, Window
    from holdfast.model.session import Context

CELLS = 8
ENDED = 5
"""Sessions that ended last, below those that run."""
MARKS = {
    "waiting-permission": "!", "waiting-question": "?", "waiting-limit": "%", "error": "x", "done-unread": "*",
    "working": ">", "idle": "-", "unknown": "~", "ended": ".",
}  # fmt: skip
"""A sign before each word, so that a state is told without colour and at a glance."""
_SHAPE = (
    Column("ID", style=("bold",)),
    Column("STATE", style=("yellow",)),
    Column("AGENT", most=14, keep=5, style=("cyan",)),
    Column("PROJECT", most=18, keep=4, style=("blue",)),
    Column("TITLE", most=60, gives_way=True),
    Column("CONTEXT", keep=6),
    Column("TOK/MIN", right=True, keep=3),
    Column("TODAY", right=True, keep=3, style=("green",)),
    Column("WHEN", right=True),
    Column("NEEDS", most=50, keep=2),
)


def board(state: State, found: Board, *, ended: int = ENDED) -> str:
    """Draw a board: counts, burn and limits, then a row for each session."""
    running = [r for r in found.rows if r.live.state != "ended"]
    rows = [*running, *[r for r in found.rows if r.live.state == "ended"][:ended]]
    lines = [state.paint(_heading(found), "bold"), *(_limit(w, found.at) for w in found.windows)]
    if not running:
        lines.append("No agent runs now.")
    if not rows:
        return "\n".join([*lines, ""])
    short = short_ids((r.session.id for r in rows), (r.session.id for r in rows))
    cells = [_cells(row, short[row.session.id]) for row in rows]
    drawn = table(_SHAPE, cells, width=state.width if state.on_terminal else None, paint=state.paint)
    return "\n".join([*lines, "", drawn])


def _heading(found: Board) -> str:
    counts = ", ".join(f"{n} {name}" for name, n in found.counts.items() if name != "ended")
    parts = [counts or "nothing runs", f"{round(found.tokens_per_minute):,} tokens a minute"]
    if found.cost_today is not None:
        parts.append(f"${float(found.cost_today):,.2f} today")
    return " | ".join(parts)


def _limit(window: Window, now: int) -> str:
    begins = f", begins anew in {span((window.resets - now) / 1000)}" if window.resets is not None else ""
    return f"{safe_line(window.agent)} {safe_line(window.name)}: {window.used:.0%} used{begins}"


def _cells(row: BoardRow, short: str) -> Sequence[str]:
    session, live = row.session, row.live
    word = f"{MARKS[live.state]} {live.state}{' (which?)' if live.ambiguous else ''}"
    return [
        short,
        word,
        safe_line(session.agent),
        safe_line(project_name(session.project)) or "-",
        safe_line(session.name or session.title) or ("(no title)" if session.native_id else "(nothing said yet)"),
        _gauge(row.context),
        tokens_short(round(row.tokens_per_minute), "reported") if row.tokens_per_minute else "",
        f"${float(row.cost_today):,.2f}" if row.cost_today is not None else "",
        age(session.active or session.started, time.time()),
        safe_line(live.needs),
    ]


def _gauge(context: Context | None) -> str:
    if context is None or context.used is None:
        return ""
    if not context.limit:
        return f"{tokens_short(context.used, 'reported')} of ?"
    share = min(1.0, context.used / context.limit)
    full = round(share * CELLS)
    return f"{'#' * full}{'.' * (CELLS - full)} {share:4.0%}"
