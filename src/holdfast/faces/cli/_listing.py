"""The table of sessions for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from holdfast.faces.cli._ids import short_ids
from holdfast.faces.cli._items import purged_at
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.render import Column, age, count, dollars, project_name, span, table, tokens_short, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_SHAPE = (
    Column("ID", style=("bold",)),
    Column("STATE", keep=1, style=("dim",)),
    Column("AGENT", most=14, keep=5, style=("cyan",)),
    Column("PROJECT", most=18, keep=4, style=("blue",)),
    Column("SUB", keep=5, style=("dim",)),
    Column("TITLE", most=100, gives_way=True),
    Column("WHEN", right=True),
    Column("MSGS", right=True, keep=2),
    Column("TOKENS", right=True, keep=3),
    Column("COST", right=True, keep=6, style=("green",)),
)
_GOES = Column("GOES IN", right=True, style=("yellow",))
_PURGED = Column("PURGED IN", right=True, style=("yellow",))
_KEPT = Column("KEPT", keep=3)


def listing(state: State, found: Sequence[Session], *, limit: int | None, everything: bool, expiring: bool) -> str:
    """Draw sessions as rows; sub-agents are counted in their parent's row unless everything is wanted."""
    rows, folded = (list(found), {}) if everything else _folded(found)
    shown = rows[:limit]
    short = short_ids((s.id for s in shown), (s.id for s in found))
    now = time.time()
    cells = [_cells(state, s, short[s.id], folded.get(s.id, 0), now=now) for s in shown]
    shape: tuple[Column, ...] = _SHAPE
    if expiring:
        shape = (*_SHAPE[:6], _GOES, _KEPT)
        cells = [[*c[:6], *_clock(s, now)] for c, s in zip(cells, shown, strict=True)]
    elif any(s.trashed is not None for s in shown):
        shape = (*_SHAPE[:7], _PURGED, *_SHAPE[7:])
        cells = [[*c[:7], _left(purged_at(state.workspace, s), now), *c[7:]] for c, s in zip(cells, shown, strict=True)]
    drawn = table(shape, cells, width=state.width if state.on_terminal else None, paint=state.paint)
    if len(shown) < len(rows) and state.on_terminal:
        drawn += state.paint(f"{len(rows) - len(shown)} more: --limit {len(rows)}", "dim") + "\n"
    return drawn


def _folded(found: Sequence[Session]) -> tuple[list[Session], dict[str, int]]:
    """Leave out sub-agents whose parent is listed, and count them there."""
    listed = {s.id: s for s in found}
    rows, counts = [], dict[str, int]()
    for session in found:
        top = _top(session, listed)
        if top is session:
            rows.append(session)
        else:
            counts[top.id] = counts.get(top.id, 0) + 1
    return rows, counts


def _top(session: Session, listed: dict[str, Session]) -> Session:
    seen = {session.id}
    while session.parent is not None and session.parent.kind == "subagent" and session.parent.id in listed:
        session = listed[session.parent.id]
        if session.id in seen:
            return session
        seen.add(session.id)
    return session


def _cells(state: State, session: Session, short: str, folded: int, *, now: float) -> list[str]:
    row = state.workspace.usage.priced(session)
    return [
        short,
        session.status,
        safe_line(session.agent),
        safe_line(project_name(session.project)) or "-",
        f"+{folded}" if folded else "",
        safe_line(session.name or session.title) or "(no title)",
        age(session.active or session.started, now),
        count(session.rollup.messages),
        tokens_short(total(row.usage), row.kind),
        dollars(row.cost, row.unpriced, kind=row.kind, requests=row.requests),
    ]


def _clock(session: Session, now: float) -> list[str]:
    left = (session.source_expires or 0) / 1000 - now
    return ["gone" if left < 0 else span(left), "captured" if session.captured else "not captured"]


def _left(at: int | None, now: float) -> str:
    """Say how long is left until the next sync purges."""
    left = (at or 0) / 1000 - now
    return "next sync" if left < 0 else span(left)
