"""The library's front door: sessions of your own programs, in the same store as everything else.

store = open_store()
session = store.session("support-42")
session.append([{"role": "user", "content": "hello"}])
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from holdfast.errors import BadInput, NotFound
from holdfast.model import (
    Filter,
    Hit,
    Message,
    Parent,
    Query,
    Receipt,
    Session,
    Transcript,
    conversation,
    owned_id,
    parse,
)
from holdfast.model.chat import from_chat
from holdfast.owned import _fit
from holdfast.owned._subscribe import EVERY, Bell, Subscription
from holdfast.stores.base import SupportsBatch, SupportsDoc, SupportsFork
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
READ = 64
"""Messages read at first to fill a budget."""
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
        self._bell = Bell()

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
        return OwnedSession(self.store, name, workspace=self._workspace, bell=self._bell)

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

    def __init__(
        self, store: Store, name: str, *, workspace: Workspace | None = None, bell: Bell | None = None
    ) -> None:
        """Look the name up, or reserve it."""
        self._store = store
        self._workspace = workspace
        self._bell = bell or Bell()
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
        self._bell.ring()
        return receipt

    def record(
        self,
        messages: Sequence[Message] = (),
        *,
        requests: Sequence[Request] = (),
        dropped: Sequence[str] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Add messages with what they cost and take others (by id) out of the conversation, in one step.

        A message whose id is known replaces that message; what is taken out stays in the store.
        `extra` joins what is noted of the session.
        """
        facts = replace(self._facts(time.time_ns() // 1_000_000, tuple(messages)), extra=dict(extra or {}))
        told = Transcript(session=facts, messages=tuple(messages), requests=tuple(requests), dropped=tuple(dropped))
        receipt = self._store.put(told)
        self._begun = True
        self._bell.ring()
        return receipt

    def messages(self, *, last: int | None = None, budget: int | None = None, model: str = "") -> tuple[Message, ...]:
        """Return the conversation, or its last so many messages, or the newest that fit into so many tokens.

        A tool's result never stands without its call: `last` reaches back to the call, `budget` leaves both out. With a budget
        the answer is a `Fitted`: a tuple with `tokens`, `counted` ("exact" or "estimated" for the model) and `left_out`.
        """
        for name, number in (("last", last), ("budget", budget)):
            if number is not None and number < 0:
                raise BadInput(f"{name}={number}: there is no such number", "leave it out for all of them")
        if budget is not None:
            return self._fitting(last, budget, model)
        if last is None:
            return _fit.in_order(conversation(tuple(self._store.messages(self.id))))
        return self._last(last)

    def _last(self, number: int) -> tuple[Message, ...]:
        tail = self._tail(number)
        if tail is None:
            found = self.messages()
            return found[_fit.whole(found, max(0, len(found) - number)) :]
        return tail

    def _tail(self, number: int) -> tuple[Message, ...] | None:
        """Return the last messages without reading the others; None where the tail alone does not tell."""
        read = tuple(self._store.messages(self.id, last=number + SPARE))
        live = [m for m in read if m.live]
        moved = any(_fit.BEFORE in m.extra for m in live)
        all_read = len(read) < number + SPARE
        if moved or any(m.parent for m in live) or (len(live) < number and not all_read):
            return None
        found = tuple(live[_fit.whole(live, max(0, len(live) - number)) :])
        return found if all_read or not _fit.is_cut(found) else None

    def _fitting(self, last: int | None, budget: int, model: str) -> _fit.Fitted:
        """Read backwards until the budget is full; a model's message has at least a few tokens."""
        number = last if last is not None else min(READ, budget // _fit.FRAME + 1)
        while True:
            found = self._last(number)
            fitted = _fit.fit(found, budget, model)
            if last is not None or fitted.left_out or len(found) < number:
                return fitted
            number *= 4

    def fork(self, name: str = "", *, at: int | str | None = None) -> OwnedSession:
        """Begin a session with this one's first `at` messages (or up to the message with that id); none is copied.

        Both go on without each other. Without a name it is called after this one.
        """
        if not isinstance(self._store, SupportsFork):
            raise BadInput(f"{self._store.url} cannot fork", "use a store that can")
        place = self._place_of(at) if isinstance(at, str) else at
        now = time.time_ns() // 1_000_000
        with _lock(self._store):
            wanted = name or _free(self._store, self.name)
            if _doc(self._store, wanted) is not None:
                raise BadInput(f"there is a session {wanted!r} already", "choose another name for the fork")
            ident = owned_id()
            facts = replace(self._facts(now, ()), id=ident, native_id=ident, name=wanted, started=now)
            self._store.fork(self.id, replace(facts, parent=Parent(id=self.id, kind="fork")), at=place)
            self._store.put_docs(NAMES, {wanted: ident.encode()})
        self._bell.ring()
        return OwnedSession(self._store, wanted, workspace=self._workspace, bell=self._bell)

    def compact(self, summary: str, *, keep: int = 0) -> Receipt:
        """Put a summary in the place of earlier messages but for the last `keep`; they leave the conversation, not the store."""
        found = self.messages()
        start = _fit.whole(found, max(0, len(found) - keep))
        left, stay = found[:start], found[start:]
        if not left:
            raise BadInput("there is nothing to compact", "a summary replaces earlier messages")
        now = time.time_ns() // 1_000_000
        before = stay[0].seq if stay else left[-1].seq + 1
        made = _fit.summary_of(summary, owned_id(), at=now, before=before)
        return self.record((made,), dropped=[m.id for m in left])

    def export(self, path: str | Path, format: str = "json", *, raw: bool = False) -> Path:  # noqa: A002 - the word of the command line
        """Write the session to a new file (0600) in a format of `holdfast export`; secrets are masked unless `raw`."""
        info = self._needed()
        target = Path(path)
        exchange = self._front("export").exchange
        try:
            with open(target, "xb", opener=lambda p, flags: os.open(p, flags, 0o600)) as stream:
                exchange.export([info], stream, name=format, raw=raw)
        except FileExistsError:
            raise BadInput(f"{target} exists", "choose another path, or move the file away") from None
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def search(self, query: str | Query, *, limit: int = 20) -> tuple[Hit, ...]:
        """Find words in this session, best first."""
        wanted = parse(query) if isinstance(query, str) else query
        here = Filter(key="id", value=self.id)
        return self._front("search").search.find(replace(wanted, filters=(*wanted.filters, here)), limit=limit)

    def subscribe(self, *, after: int | None = None, every: float = EVERY) -> Subscription:
        """Return an iterator over messages as they come, from any program; without `after`, those from now on.

        Iterating waits; `close()` from any thread, or leaving its `with`, ends it.
        """
        if after is None:
            newest = tuple(self._store.messages(self.id, last=1))
            after = newest[-1].seq if newest else -1
        return Subscription(
            self._store, self.id, self._bell, after=after, every=every, wanted=lambda message: message.live
        )

    def _place_of(self, ident: str) -> int:
        found = next((m.seq for m in self._store.messages(self.id) if m.id == ident), None)
        if found is None:
            raise BadInput(f"no message {ident!r} in {self.name!r}", "at= takes a number of messages or a message's id")
        return found + 1

    def _needed(self) -> Session:
        info = self.info
        if info is None:
            raise NotFound(f"session {self.name!r} has no message yet", "append one first")
        return info

    def _front(self, what: str) -> Workspace:
        if self._workspace is None:
            raise BadInput(f"a bare store cannot {what}", "open it with open_store(), then store.session(name)")
        return self._workspace

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
    known = _doc(store, name)
    if known is not None:
        return known.decode()
    with _lock(store):
        known = _doc(store, name)
        if known is None:
            known = owned_id().encode()
            store.put_docs(NAMES, {name: known})
    return known.decode()


def _doc(store: Store, name: str) -> bytes | None:
    return store.doc(NAMES, name) if isinstance(store, SupportsDoc) else store.docs(NAMES).get(name)


def _free(store: Store, name: str) -> str:
    """Return a name for a fork that nobody has."""
    numbers = itertools.count(2)
    wanted = f"{name} (fork)"
    while _doc(store, wanted) is not None:
        wanted = f"{name} (fork {next(numbers)})"
    return wanted


def _lock(store: Store) -> contextlib.AbstractContextManager[None]:
    if not isinstance(store, SupportsBatch):
        raise BadInput(f"{store.url} cannot reserve names", "use a store with batches")
    return store.batch()
