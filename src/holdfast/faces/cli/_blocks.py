"""Draws blocks of five hours: when each ran, what it used, and how far the one that runs has come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from holdfast.faces.cli._bars import NARROW, WIDE
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.render import Column, count, dollars, full, span, table, total

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.faces.cli._state import State
    from holdfast.faces.cli.documents import BlockItem, UsageDocument, UsageItem

_ROOM = 110
_SHAPE = (
    Column("BLOCK", style=("bold",)),
    Column("STATE", keep=6, style=("dim",)),
    Column("USED FOR", right=True, keep=2),
    Column("SESSIONS", right=True, keep=1),
    Column("REQUESTS", right=True, keep=3),
    Column("TOKENS", right=True, keep=5),
    Column("COST", right=True, style=("green",)),
)


def usage_table(state: State, document: UsageDocument, *, now: datetime | None = None) -> str:
    """Draw blocks and their total, on a terminal with a bar that compares their tokens."""
    live = state.on_terminal
    write = count if live else full
    shape = [*_SHAPE, Column("", keep=4, style=("blue",))] if live else [*_SHAPE]
    most = max((total(row.tokens) for row in document.rows), default=0)
    size = WIDE if state.width >= _ROOM else NARROW
    current = now or datetime.now(UTC)
    rows = [_row(row, write, current) for row in (*document.rows, document.total)]
    if live:
        bars = [_bar(total(row.tokens), most, size) for row in document.rows]
        rows = [[*cells, bar] for cells, bar in zip(rows, [*bars, ""], strict=True)]
    drawn = table(shape, rows, width=state.width if live else None, paint=state.paint)
    return drawn + "".join(f"{state.paint(line, 'dim')}\n" for line in _notes(document, current))


def _row(row: UsageItem, write: Callable[[int], str], now: datetime) -> list[str]:
    mark = "~" if row.tokens_kind == "estimated" else ""
    if row.block is not None and row.block.gap:
        return [safe_line(row.label), f"gap of {_between(row.block.start, row.block.end)}", "", "", "", "", ""]
    return [
        safe_line(row.label or row.key),
        "" if row.block is None else _state(row.block, now),
        "" if row.block is None else _between(row.block.start, row.block.last_request),
        write(row.sessions),
        write(row.requests),
        mark + write(total(row.tokens)),
        dollars(row.cost_usd, row.unpriced_models, kind=row.tokens_kind, requests=row.requests),
    ]


def _state(block: BlockItem, now: datetime) -> str:
    if not block.active or block.end is None:
        return "ended"
    return f"active, {span((datetime.fromisoformat(block.end) - now).total_seconds())} left"


def _between(start: str | None, end: str | None) -> str:
    if start is None or end is None:
        return "-"
    return span((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def _bar(value: int, most: int, size: int) -> str:
    return "\u2588" * round(value / most * size) if most else ""


def _notes(document: UsageDocument, now: datetime) -> list[str]:
    """Say what the block that runs will come to if it goes on as it did, and what the numbers leave open."""
    notes = []
    for row in document.rows:
        if row.block is not None and row.block.active and row.block.start is not None and row.cost_usd is not None:
            gone = (now - datetime.fromisoformat(row.block.start)).total_seconds() / (5 * 3600)
            if gone > 0:
                notes.append(f"at this rate the active block comes to {dollars(str(float(row.cost_usd) / gone))}")
    if any(r.tokens_kind == "estimated" for r in document.rows):
        notes.append("~ estimated: the agent recorded no tokens")
    if document.total.unpriced_models:
        notes.append(
            f"+ or ? without a price, so not in the cost: {safe_line(', '.join(document.total.unpriced_models))}"
        )
    if document.live:
        notes.append(f"{full(document.live)} files counted, not in the archive yet: holdfast sync")
    return notes
