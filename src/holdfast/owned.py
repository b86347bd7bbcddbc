"""The library's front door: sessions of your own programs, in the same store as everything else.

store = open_store()
session = store.session("support-42")
session.append([{"role": "user", "content": "hello"}])
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.model import Hit, Message, Query, Receipt, Session, Transcript, conversation, owned_id, parse
from holdfast.model.chat import from_chat
from holdfast.stores.base import SupportsBatch
from holdfast.workspace import Workspace

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from holdfast._sqlite import Durability
    from holdfast.model import Request
    from holdfast.redact import Redactor
    from holdfast.stores.base import Store

NAMES = "owned"
"""Documents that map a name to the id of the owned session that has it."""
AGENT = "holdfast"
WANTED = 'for example: session.append({"role": "user", "content": "hello"})'
SPARE = 8
"""Messages read beyond those asked for, in case a few were taken back."""
LISTED = 3000
"""Hits looked at when words narrow a list."""


def open_store(url: str | None = None, *, durability: Durability = "durable") -> SessionStore:
    """Open a store by URL (`sqlite:////path/to.db`, `memory://`), by default this machine's archive.

    `durable` acknowledges an append when it would survive a power cut, `derived` when it would survive a crash.
    """
    return SessionStore(Workspace.of_url(url, durability=durability))


class SessionStore:
    """A store with its search: owned sessions by name, every session by query."""

    def __init__(self, workspace: Workspace) -> None:
        """Take an open workspace."""
        self._workspace = workspace

    @property
    def store(self) -> Store:
        """The store itself, with its ten methods."""
        return self._workspace.store

    @property
    def redactor(self) -> Redactor:
        """What masks secrets before they are kept or sent."""
        return self._workspace.redactor

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def session(self, name: str) -> OwnedSession:
        """Return the owned session of that name; it begins with its first message. A name is free text."""
        if not name:
            raise BadInput("a session needs a name", 'store.session("my-project")')
        return OwnedSession(self.store, name)

    def sessions(self, query: str | Query = "") -> list[Session]:
        """List sessions, observed ones too, last active first; words in the query must stand in them."""
        wanted = parse(query) if isinstance(query, str) else query
        found = self._workspace.sessions.find(wanted)
        if not wanted.has_words:
            return found
        holding = {h.session for h in self.search(wanted, limit=LISTED)}
        return [s for s in found if s.id in holding]

    def search(self, query: str | Query, *, limit: int = 20) -> tuple[Hit, ...]:
        """Find words in all sessions, best first."""
        return self._workspace.search.find(parse(query) if isinstance(query, str) else query, limit=limit)

    def close(self) -> None:
        """Close the store and its index."""
        self._workspace.close()


class OwnedSession:
    """One owned session. Several programs may append at once: none loses a message, and the order has no gaps."""

    def __init__(self, store: Store, name: str) -> None:
        """Look the name up, or reserve it."""
        self._store = store
        self.name = name
        self.id = _reserve(store, name)
        self._begun = False

    def append(
        self,
        messages: Message | Mapping[str, Any] | Iterable[Message | Mapping[str, Any]],
        *,
        expect: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Add messages (`Message` or OpenAI-style dicts) and return when they are kept.

        With `expect`, the session must still be at that revision (errors.Conflict). A `key` makes a retry harmless: the same
        key again adds nothing and returns the first receipt.
        """
        now = time.time_ns() // 1_000_000
        listed = [messages] if isinstance(messages, Message | Mapping) else messages
        if isinstance(listed, str | bytes):
            raise BadInput("a message is a Message or a dict, not a text", WANTED)
        made = tuple(_message(m, now) for m in listed)
        receipt = self._store.put(Transcript(session=self._facts(now, made), messages=made), expect=expect, key=key)
        self._begun = True
        return receipt

    def record(
        self, messages: Sequence[Message] = (), *, requests: Sequence[Request] = (), dropped: Sequence[str] = ()
    ) -> Receipt:
        """Add messages with what they cost and take others (by id) out of the conversation, in one step.

        A message whose id is known replaces that message; what is taken out stays in the store.
        """
        facts = self._facts(time.time_ns() // 1_000_000, tuple(messages))
        told = Transcript(session=facts, messages=tuple(messages), requests=tuple(requests), dropped=tuple(dropped))
        receipt = self._store.put(told)
        self._begun = True
        return receipt

    def messages(self, *, last: int | None = None) -> tuple[Message, ...]:
        """Return the conversation, or only its last so many messages."""
        if last is not None and last < 0:
            raise BadInput(f"last={last}: there is no such number of messages", "leave it out for all of them")
        if last is not None:
            tail = self._tail(last)
            if tail is not None:
                return tail
        found = conversation(tuple(self._store.messages(self.id)))
        return found if last is None else found[max(0, len(found) - last) :]

    def _tail(self, number: int) -> tuple[Message, ...] | None:
        """Return the last messages without reading the others; None where branches or taken-back turns ask for more."""
        read = tuple(self._store.messages(self.id, last=number + SPARE))
        live = [m for m in read if m.live]
        if any(m.parent for m in live) or (len(live) < number and len(read) == number + SPARE):
            return None
        return tuple(live[max(0, len(live) - number) :])

    @property
    def info(self) -> Session | None:
        """What lists show of the session; None before its first message."""
        return self._store.get(self.id)

    def _facts(self, now: int, messages: tuple[Message, ...]) -> Session:
        started = None if self._begun or self._store.get(self.id) else now
        times = [m.at for m in messages if m.at is not None]
        return Session(
            id=self.id,
            agent=AGENT,
            native_id=self.id,
            origin="owned",
            name=self.name,
            status="ended",
            started=started,
            active=max(times, default=now),
        )


def _message(given: Message | Mapping[str, Any], now: int) -> Message:
    if isinstance(given, Message):
        return given if given.at is not None else replace(given, at=now)
    if not isinstance(given, Mapping):
        raise BadInput(f"a message is a Message or a dict, not {type(given).__name__}", WANTED)
    return from_chat(given, ident=str(given.get("id") or owned_id()), at=now)


def _reserve(store: Store, name: str) -> str:
    """Give a name its id under the store's write lock, so that two programs never get two."""
    known = store.docs(NAMES).get(name)
    if known is not None:
        return known.decode()
    with _lock(store):
        known = store.docs(NAMES).get(name)
        if known is None:
            known = owned_id().encode()
            store.put_docs(NAMES, {name: known})
    return known.decode()


def _lock(store: Store) -> contextlib.AbstractContextManager[None]:
    if not isinstance(store, SupportsBatch):
        raise BadInput(f"{store.url} cannot reserve names", "use a store with batches")
    return store.batch()
