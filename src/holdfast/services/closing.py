"""Close sessions that run: saved first, then the one process that holds each is asked to end, and what happened is told.

A session that another one shares its process with is never closed alone, an editor never with the chat in it.
"""

from __future__ import annotations

import signal
import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import HoldfastError
from holdfast.model.session import PREFIX_LENGTH
from holdfast.services._closing import files, signals
from holdfast.services.sessions import descendants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from holdfast.model import Session
    from holdfast.model.live import Board, BoardRow
    from holdfast.model.process import Process
    from holdfast.services._closing.signals import Held
    from holdfast.services.exchange import Exchange, Exported
    from holdfast.stores.base import Store

Outcome = Literal["ended", "killed", "still-running", "not-running", "refused", "failed"]
GRACE = 10.0
"""Seconds that an agent has to end by itself."""
LAST = 2.0
"""Seconds after SIGKILL, which nothing refuses."""
FAILED: frozenset[Outcome] = frozenset({"still-running", "refused", "failed"})


class Closed(Struct, frozen=True, kw_only=True):
    """What became of one session: where it was saved, which process held it, and how that ended."""

    session: Session
    outcome: Outcome
    pid: int | None = None
    path: str = ""
    reason: str = ""

    @property
    def is_failed(self) -> bool:
        """Tell whether it runs still, or was left alone."""
        return self.outcome in FAILED


class Manner(Struct, frozen=True, kw_only=True):
    """How to close: where to save (None: the private folder), in which format, how long to wait, and whether to kill then."""

    folder: Path | None = None
    kind: str = "native"
    grace: float = GRACE
    kill: bool = False


class Closing:
    """Joins the board, the exchange and the system's signals."""

    def __init__(
        self,
        store: Store,
        board: Callable[[], Board],
        exchange: Callable[[], Exchange],
        folder: Path,
        *,
        shares: Callable[[str, Process], str] | None = None,
    ) -> None:
        """Take the parts, the private folder, and what tells why an agent's process is not its session's alone."""
        self.store = store
        self.board = board
        self.exchange = exchange
        self.folder = folder
        self.shares = shares or (lambda _agent, _process: "")

    @staticmethod
    def manner(*, folder: Path | None, kind: str, grace: float, kill: bool) -> Manner:
        """Return how to close, from what a person chose."""
        return Manner(folder=folder, kind=kind, grace=grace, kill=kill)

    def running(self) -> tuple[BoardRow, ...]:
        """Return the sessions that run, or may run."""
        return tuple(row for row in self.board().rows if row.live.state != "ended")

    def matching(self, pattern: str, sessions: Iterable[Session]) -> list[Session] | None:
        """Return the sessions whose name, title, project or id a pattern matches; None where it is no pattern but a query.

        `all` is every session but sub-agents; `*` and `?` stand for any characters; a plain word must be the whole, or the
        beginning of an id.
        """
        top = [s for s in sessions if s.parent is None or s.parent.kind != "subagent"]
        if pattern == "all":
            return top
        if " " in pattern or ":" in pattern:
            return None
        wanted = pattern.casefold()
        found = [s for s in top if any(fnmatchcase(text.casefold(), _globbed(wanted)) for text in _texts(s))]
        if len(pattern) >= PREFIX_LENGTH:
            found += [s for s in top if s not in found and s.id.startswith(wanted)]
        return found if found or "*" in pattern or "?" in pattern else None

    def export(
        self, session: Session, folder: Path, *, kind: str, raw: bool = False, force: bool = False
    ) -> tuple[Path, Exported]:
        """Save a session and its sub-agents in a folder, under a name of its own."""
        path = folder / files.name_of(session, kind)
        whole = [session, *descendants(self.store.find(), session)]
        return path, files.save(self.exchange(), whole, path, kind=kind, raw=raw, force=force)

    def close(
        self, rows: Sequence[BoardRow], manner: Manner, *, everything: Sequence[BoardRow] = ()
    ) -> tuple[Closed, ...]:
        """Save each session, ask its process to end, wait, and say what became of it; `everything` is all that runs."""
        chosen = {row.session.id for row in rows}
        beside = [row for row in (everything or rows) if row.session.id not in chosen]
        done: dict[str, Closed] = {}
        held: dict[str, Held] = {}
        try:
            for row in rows:
                found = self._held(row, beside)
                if isinstance(found, Closed):
                    done[row.session.id] = found
                else:
                    held[row.session.id] = found
            for row in rows:
                if row.session.id in held:
                    done[row.session.id] = self._saved(row.session, held[row.session.id], manner)
            self._ask(done, held)
            self._wait(done, held, manner)
        finally:
            for one in held.values():
                signals.release(one)
        return tuple(done[row.session.id] for row in rows)

    def _held(self, row: BoardRow, beside: Sequence[BoardRow]) -> Held | Closed:
        process = row.live.process
        if row.live.ambiguous:
            return Closed(session=row.session, outcome="refused", reason="it cannot be told which process is its own")
        if process is None:
            return Closed(session=row.session, outcome="not-running")
        also = [r.session for r in beside if r.live.process is not None and r.live.process.pid == process.pid]
        reason = (
            f"process {process.pid} holds {also[0].shown_name} too" if also else self.shares(row.session.agent, process)
        )
        found = reason or signals.hold(process)
        if not isinstance(found, str):
            return found
        outcome: Outcome = "not-running" if found == signals.GONE else "refused"
        return Closed(
            session=row.session, outcome=outcome, pid=process.pid, reason="" if found == signals.GONE else found
        )

    def _saved(self, session: Session, held: Held, manner: Manner) -> Closed:
        """Save a session; one that could not be saved is left running."""
        found = Closed(session=session, outcome="still-running", pid=held.process.pid)
        if self.store.get(session.id) is None:
            return found  # it runs, and nothing of it was read yet
        path = (manner.folder or self.folder) / files.name_of(session, manner.kind, at=time.time())
        whole = [session, *descendants(self.store.find(), session)]
        is_private = manner.folder is None
        try:
            files.save(self.exchange(), whole, path, kind=manner.kind, raw=is_private, force=False)
        except (HoldfastError, OSError) as error:
            return replace(found, outcome="failed", reason=f"not saved, so left running: {error}")
        return replace(found, path=str(path))

    def _ask(self, done: dict[str, Closed], held: dict[str, Held]) -> None:
        """Ask each process once to end, unless one of its sessions could not be saved."""
        groups: dict[int, list[str]] = {}
        for ident, one in held.items():
            groups.setdefault(one.process.pid, []).append(ident)
        for group in groups.values():
            if any(done[i].outcome == "failed" for i in group):
                continue
            outcome, reason = _asked(held[group[0]])
            for ident in group:
                done[ident] = replace(done[ident], outcome=outcome, reason=reason)

    def _wait(self, done: dict[str, Closed], held: dict[str, Held], manner: Manner) -> None:
        waiting = {i: h for i, h in held.items() if done[i].outcome == "still-running"}
        over = signals.ended(waiting.values(), manner.grace)
        for ident, one in waiting.items():
            if one.process.pid in over:
                done[ident] = replace(done[ident], outcome="ended")
            else:
                done[ident] = replace(done[ident], reason=f"it did not end within {manner.grace:g} s")
        left = {i: h for i, h in waiting.items() if done[i].outcome == "still-running"}
        if not manner.kill or not left:
            return
        for one in left.values():
            signals.send(one, getattr(signal, "SIGKILL", signal.SIGTERM))
        over = signals.ended(left.values(), LAST)
        for ident, one in left.items():
            if one.process.pid in over:
                done[ident] = replace(done[ident], outcome="killed")


def _asked(held: Held) -> tuple[Outcome, str]:
    """Look once more, for saving takes time, and signal."""
    wrong = signals.difference(held.process)
    if wrong:
        return ("not-running", "") if wrong == signals.GONE else ("refused", wrong)
    try:
        return ("still-running" if signals.send(held, signal.SIGTERM) else "ended"), ""
    except OSError as error:
        return "failed", str(error)


def _texts(session: Session) -> tuple[str, ...]:
    project = session.project.rstrip("/\\")
    return (
        session.name,
        session.title,
        project,
        project.replace("\\", "/").rsplit("/", 1)[-1],
        session.id,
        session.native_id,
    )


def _globbed(pattern: str) -> str:
    """Return a pattern in which only `*` and `?` are special."""
    return pattern.replace("[", "[[]")
