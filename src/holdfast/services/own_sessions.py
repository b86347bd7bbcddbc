"""Sessions of a person's own by name: begun, emptied, and let go after a time without use.

Knows names, times and what was exported; refuses to erase anything: what is let go lies in the trash, and is named.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.model import Session, Transcript, conversation, owned_id
from holdfast.stores.base import SupportsBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.stores.base import Store

NAMES = "owned"
"""Documents that map a name to the id of the session that has it."""
LIVES = "ttl"
"""Documents by session: how long it is kept without use, in ms."""
EXPORTS = "exported"
"""Documents by session: its revision when it was last exported."""
AGENT = "holdfast"
MOST_DIGITS = 9
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class LetGo(Struct, frozen=True, kw_only=True):
    """A session that nobody used for its time; `exported` tells whether a file has all of it."""

    session: Session
    exported: bool


class OwnSessions:
    """Joins the store and a clock."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        """Take the store, and a clock in seconds."""
        self.store = store
        self.now = now

    def new(self, name: str = "", *, keep_for: str | None = None) -> Session:
        """Begin a session; errors.Conflict where there is one of that name. `keep_for` is a time without use, as `7d`."""
        life = None if keep_for is None else duration(keep_for)
        name = name or self.made_up()
        if not isinstance(self.store, SupportsBatch):
            raise BadInput(f"{self.store.url} cannot reserve names", "use a store with batches")
        with self.store.batch():
            known = self.store.docs(NAMES).get(name)
            held = self.store.get(known.decode()) if known else None
            if held is not None and held.trashed is None:
                raise Conflict(f"there is a session named {name!r}", f"holdfast chat --session {name}")
            ident = owned_id() if known is None or held is not None else known.decode()
            at = int(self.now() * 1000)
            session = Session(
                id=ident, agent=AGENT, native_id=ident, origin="owned", name=name, status="ended", started=at, active=at
            )
            self.store.put_docs(NAMES, {name: ident.encode()})
            self.store.put(Transcript(session=session))
            if life is not None:
                self.store.put_docs(LIVES, {ident: str(life).encode()})
        return self.store.get(ident) or session

    def made_up(self) -> str:
        """Return a name nobody has: `session-` with the time in ms and six characters."""
        letters = "".join(_DIGITS[b % 36] for b in os.urandom(6))
        return f"session-{int(self.now() * 1000)}-{letters}"

    def listed(self) -> list[Session]:
        """List a person's own sessions, last active first, those without a message too."""
        return [s for s in self.store.find() if s.origin == "owned" and s.agent == AGENT]

    def named(self, name: str) -> Session:
        """Return the session of a name; errors.NotFound."""
        known = self.store.docs(NAMES).get(name)
        found = self.store.get(known.decode()) if known else None
        if found is None or found.trashed is not None:
            raise NotFound(f"no session of yours is named {name!r}", "holdfast session list")
        return found

    def clear(self, session: Session) -> int:
        """Take every message out of the conversation; the store keeps them. Returns how many there were."""
        live = [m.id for m in conversation(tuple(self.store.messages(session.id)))]
        if live:
            told = Session(id=session.id, agent=session.agent, native_id=session.native_id, origin="owned")
            self.store.put(Transcript(session=told, dropped=tuple(live)))
        return len(live)

    def keep_for(self, session: Session, ms: int | None) -> None:
        """Say how long a session is kept without use; None keeps it for good."""
        self.store.put_docs(LIVES, {session.id: None if ms is None else str(ms).encode()})

    def note_export(self, sessions: Iterable[Session]) -> None:
        """Remember that a file has all of these sessions as they are now."""
        found = {s.id: str(s.revision).encode() for s in sessions if s.origin == "owned"}
        if found:
            self.store.put_docs(EXPORTS, found)

    def sweep(self) -> list[LetGo]:
        """Move sessions that nobody used for their time to the trash, and name every one of them."""
        lives, exports = self.store.docs(LIVES), self.store.docs(EXPORTS)
        at = int(self.now() * 1000)
        gone: list[LetGo] = []
        for ident, life in lives.items():
            session = self.store.get(ident)
            if session is None or session.trashed is not None or (session.active or at) + int(life) > at:
                continue
            self.store.delete(ident, at=at)
            gone.append(LetGo(session=session, exported=exports.get(ident) == str(session.revision).encode()))
        return gone


def duration(text: str) -> int:
    """Return ms of `30m`, `12h`, `7d`, `2w` or a number of seconds; errors.BadInput for anything else."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
    number, unit = (text[:-1], text[-1:]) if text[-1:] in units else (text, "s")
    if not number.isascii() or not number.isdigit() or not int(number) or len(number) > MOST_DIGITS:
        raise BadInput(f"{text!r} is no time to keep a session", "use 30m, 12h, 7d, 2w or a number of seconds")
    return int(number) * units[unit] * 1000
