"""Turns live states and boards into the items that documents and tables show."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holdfast.faces.cli._items import session_item
from holdfast.faces.cli._values import moment, money
from holdfast.faces.cli.documents import (
    AdviceItem,
    BoardDocument,
    BoardItem,
    ContextItem,
    EvidenceItem,
    LiveItem,
    WindowItem,
)

if TYPE_CHECKING:
    from holdfast.model.live import Advice, Board, BoardRow, Live, Window
    from holdfast.workspace import Workspace


def live_item(live: Live) -> LiveItem:
    """Return a live state as it is published."""
    process = live.process
    return LiveItem(
        state=live.state,
        since=moment(live.since),
        confidence=live.confidence,
        ambiguous=live.ambiguous,
        needs=live.needs,
        pid=None if process is None else process.pid,
        started=None if process is None else moment(process.started),
        tty="" if process is None else process.tty,
        pane="" if process is None else process.pane,
        evidence=tuple(
            EvidenceItem(kind=e.kind, state=e.state, at=moment(e.at), detail=e.detail, confidence=e.confidence)
            for e in live.evidence
        ),
    )


def board_document(workspace: Workspace, board: Board) -> BoardDocument:
    """Return a board as it is published."""
    return BoardDocument(
        at=moment(board.at),
        counts=board.counts,
        tokens_per_minute=board.tokens_per_minute,
        cost_today_usd=dollars_of(board.cost_today),
        windows=tuple(_window_item(w) for w in board.windows),
        sessions=tuple(_board_item(workspace, row) for row in board.rows),
        recommendations=tuple(_advice_item(a) for a in board.advice),
        stale=board.stale,
    )


def dollars_of(cost: str | None) -> str | None:
    """Return US dollars without idle zeros."""
    return None if cost is None else money(Decimal(cost))


def _board_item(workspace: Workspace, row: BoardRow) -> BoardItem:
    held = row.context
    return BoardItem(
        session=session_item(workspace, row.session),
        live=live_item(row.live),
        context=ContextItem() if held is None else ContextItem(used=held.used, limit=held.limit, source=held.source),
        tokens_per_minute=row.tokens_per_minute,
        burn=row.burn,
        cost_today_usd=dollars_of(row.cost_today),
        health=None if row.health is None else row.health.score,
        grade=None if row.health is None else row.health.grade,
    )


def _window_item(window: Window) -> WindowItem:
    return WindowItem(
        agent=window.agent,
        name=window.name,
        used=window.used,
        minutes=window.minutes,
        resets=moment(window.resets),
        at=moment(window.at),
    )


def _advice_item(advice: Advice) -> AdviceItem:
    return AdviceItem(
        type=advice.kind,
        priority=advice.priority,
        session_ids=advice.sessions,
        session_id=advice.sessions[0] if len(advice.sessions) == 1 else None,
        message=advice.message,
        reason=advice.reason,
        action=advice.action,
    )
