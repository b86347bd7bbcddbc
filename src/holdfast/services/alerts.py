"""Tells alerts between the boards that a monitor makes: joins boards, the secrets in last messages, and the ways to tell."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.alerts import Alert, Memory, Rules, acknowledged, deliver, due, sinks_of
from holdfast.model import searchable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.alerts import Sink
    from holdfast.config import Config
    from holdfast.model import Session
    from holdfast.model.live import Board
    from holdfast.redact import Redactor
    from holdfast.stores.base import Store

LAST = 20
"""Messages that are looked at for secrets when a session changed."""
LONGEST = 200_000


class Alarms:
    """Remembers the last board and what was told of it; one for each place that shows boards."""

    def __init__(
        self,
        store: Store,
        redactor: Callable[[], Redactor],
        config: Config,
        *,
        sinks: Sequence[Sink] | None = None,
        minute: Callable[[int], int] | None = None,
    ) -> None:
        """Take the archive, what finds secrets, and settings; `minute` gives the minute of the person's day for a Unix ms."""
        self.store = store
        self.redactor = redactor
        self.rules = Rules.of(config)
        self.sinks = sinks_of(config) if sinks is None else tuple(sinks)
        self._minute = minute or _minute
        self._old: Board | None = None
        self._memory = Memory()
        self._secrets: dict[str, tuple[int, set[bytes]]] = {}

    def see(self, board: Board) -> tuple[Alert, ...]:
        """Return what is to be told of the step from the last board to this one, secrets masked."""
        board = self._searched(board)
        self._memory, found = due(self._memory, self._old, board, self.rules, minute=self._minute(board.at))
        self._old = board
        return tuple(self._masked(a) for a in found)

    def tell(self, alerts: Sequence[Alert]) -> tuple[str, ...]:
        """Tell alerts in every way that was opted in to; return what did not work."""
        return deliver(alerts, self.sinks)

    def acknowledge(self, name: str) -> None:
        """Take note of a cause, or of everything about a session: it is not told again while it lasts."""
        self._memory = acknowledged(self._memory, name)

    def _searched(self, board: Board) -> Board:
        if "secret" not in self.rules.wanted:
            return board
        rows = tuple(
            r if r.live.state == "ended" else replace(r, secrets=len(self._seen(r.session))) for r in board.rows
        )
        return replace(board, rows=rows)

    def _seen(self, session: Session) -> set[bytes]:
        """Return digests of the secrets that were seen in a session; the secrets themselves are not kept."""
        revision, found = self._secrets.get(session.id, (-1, set()))
        if revision != session.revision:
            for message in self.store.messages(session.id, last=LAST):
                for text in searchable(message):
                    cut = text[:LONGEST]
                    found |= {_digest(cut[f.start : f.end]) for f in self.redactor().scan(cut)}
            self._secrets[session.id] = (session.revision, found)
        return found

    def _masked(self, alert: Alert) -> Alert:
        mask = self.redactor().mask
        return replace(alert, title=mask(alert.title)[0], message=mask(alert.message)[0])


def _digest(secret: str) -> bytes:
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _minute(at: int) -> int:
    local = time.localtime(at / 1000)
    return local.tm_hour * 60 + local.tm_min
