"""Fetches boards and what else the dashboard shows, away from the loop that draws.

Knows the workspace; refuses to know widgets.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import HoldfastError
from holdfast.model.live import Board, BoardRow, Live, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.model import Query, Session
    from holdfast.workspace import Workspace


class News(Struct, frozen=True, kw_only=True):
    """One look: the board with every session of the archive on it, and what became worth attention since the last."""

    board: Board
    alerts: tuple[str, ...] = ()


class Feed:
    """Looks again and again in a thread of its own, and hands over what it saw."""

    def __init__(self, workspace: Workspace, interval: float, tell: Callable[[News], None]) -> None:
        """Take where to look, how often (seconds), and whom to tell; `tell` is called in the feed's thread."""
        self.workspace = workspace
        self.interval = interval
        self.tell = tell
        self._over = threading.Event()
        self._again = threading.Event()
        self._archive: tuple[int, list[Session]] = (-1, [])

    def run(self) -> None:
        """Tell what is known at once, then what is seen, until `stop`; what fails is told, and tried again."""
        shown = Board(at=0)
        while not self._over.is_set():
            self._again.clear()
            try:
                if not shown.at and self.workspace.store.revision():
                    shown = self._whole(Board(at=0))
                    self.tell(News(board=shown))
                for board in self.workspace.monitor.watch(self._again, interval=self.interval):
                    if self._over.is_set():
                        return
                    shown = self._whole(board)
                    self.tell(News(board=shown, alerts=self._alerts(board)))
                    if board.stale:
                        break  # what is not read yet is read now, not at the next turn
            except (HoldfastError, OSError) as error:
                self.tell(News(board=shown, alerts=(str(error),)))
                self._again.wait(self.interval)

    def look(self) -> None:
        """Look now."""
        self._again.set()

    def stop(self) -> None:
        """End soon."""
        self._over.set()
        self._again.set()

    def _alerts(self, board: Board) -> tuple[str, ...]:
        found = self.workspace.alarms.see(board)
        failed = self.workspace.alarms.tell(found)
        return (*(f"{a.title}: {a.message}" for a in found), *failed)

    def _whole(self, board: Board) -> Board:
        """Add the sessions of the archive that the board leaves out."""
        revision = self.workspace.store.revision()
        if revision != self._archive[0]:
            self._archive = (revision, self.workspace.sessions.find())
        shown = {row.session.id for row in board.rows}
        state: State = "ended" if board.at else "unknown"
        rest = tuple(_resting(s, state) for s in self._archive[1] if s.id not in shown and not _is_below(s))
        return replace(board, rows=(*board.rows, *rest))


def chosen(rows: tuple[BoardRow, ...], query: Query | None) -> list[BoardRow]:
    """Return the rows that pass a query: filters as everywhere, words in names, titles, projects, tags and needs."""
    if query is None:
        return list(rows)
    from holdfast.model import matches

    return [r for r in rows if matches(r.session, query) and _says(r, query)]


def _says(row: BoardRow, query: Query) -> bool:
    session = row.session
    text = " ".join(
        (session.name, session.title, session.project, session.agent, session.description, row.live.needs, session.id,
         *session.tags)
    ).casefold()  # fmt: skip
    return all(any(t.text.casefold() in text for t in clause) for clause in query.clauses) and not any(
        t.text.casefold() in text for t in query.excluded
    )


def _resting(session: Session, state: State) -> BoardRow:
    return BoardRow(session=replace(session, status=state), live=Live(state=state), context=session.context)


def _is_below(session: Session) -> bool:
    return session.parent is not None and session.parent.kind == "subagent"
