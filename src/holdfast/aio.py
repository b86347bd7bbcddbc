"""The library's front door for asynchronous programs: the same names, awaited; the work is done in threads.

store = await aio.open_store()
session = await store.session("support-42")
await session.append([{"role": "user", "content": "hello"}])
"""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING, Any, Self

import holdfast
from holdfast import owned
from holdfast.agent import Agent, AgentSession, CopilotAgent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from holdfast._sqlite import Durability
    from holdfast.model import Hit, Message, Query, Receipt, Session

__all__ = ["Agent", "AgentSession", "CopilotAgent", "OwnedSession", "SessionManager", "SessionStore", "open_store"]


async def open_store(url: str | None = None, *, durability: Durability = "durable") -> SessionStore:
    """Open a store by URL, as `holdfast.open_store` does."""
    return SessionStore(await to_thread(owned.open_store, url, durability=durability))


class SessionStore:
    """A store with its search, awaited."""

    def __init__(self, store: owned.SessionStore) -> None:
        """Take an open store; `sync` is that store."""
        self.sync = store

    async def __aenter__(self) -> Self:
        """Use as a context."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the store offers
        """Return any other method of the store, to be awaited."""
        return _awaited(getattr(self.sync, name))

    async def session(self, name: str) -> OwnedSession:
        """Return the owned session of that name; it begins with its first message."""
        return OwnedSession(await to_thread(self.sync.session, name))

    async def sessions(self, query: str | Query = "") -> list[Session]:
        """List sessions, observed ones too, last active first."""
        return await to_thread(self.sync.sessions, query)

    async def search(self, query: str | Query, *, limit: int = 20) -> tuple[Hit, ...]:
        """Find words in all sessions, best first."""
        return await to_thread(self.sync.search, query, limit=limit)

    async def close(self) -> None:
        """Close the store and its index."""
        await to_thread(self.sync.close)


class OwnedSession:
    """One owned session, awaited."""

    def __init__(self, session: owned.OwnedSession) -> None:
        """Take a session; `sync` is that session."""
        self.sync = session
        self.name = session.name
        self.id = session.id

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the session offers
        """Return any other method of the session, to be awaited."""
        return _awaited(getattr(self.sync, name))

    async def append(
        self,
        messages: Message | Mapping[str, Any] | Iterable[Message | Mapping[str, Any]],
        *,
        expect: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Add messages and return when they are kept, as `holdfast.owned.OwnedSession.append` does."""
        return await to_thread(self.sync.append, messages, expect=expect, key=key)

    async def messages(self, *, last: int | None = None) -> tuple[Message, ...]:
        """Return the conversation, or only its last so many messages."""
        return await to_thread(self.sync.messages, last=last)

    async def info(self) -> Session | None:
        """Return what lists show of the session; None before its first message."""
        return await to_thread(lambda: self.sync.info)


class SessionManager:
    """The sessions of a folder, awaited: every method of `holdfast.SessionManager`."""

    def __init__(self, history_dir: str | None = None) -> None:
        """Take the folder; `sync` is the manager itself."""
        self.sync = holdfast.SessionManager(history_dir)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a mirror
        """Return a method of the manager, to be awaited."""
        return _awaited(getattr(self.sync, name))


def _awaited(value: Any) -> Any:  # noqa: ANN401 - a mirror
    """Return a method as one to be awaited; anything else as it is."""
    if not callable(value):
        return value

    async def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - a mirror
        return await to_thread(value, *given, **named)

    return call
