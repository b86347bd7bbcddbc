"""New messages of a session as they come, from this program and from others.

A bell in the store wakes subscribers of this program at once; what other programs append is noticed by the store's clock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from holdfast.model import Message
    from holdfast.stores.base import Store

EVERY = 0.05
"""Seconds between two looks at the clock: what another program appends is seen after at most so long."""


class Bell:
    """Wakes whoever waits for an append of this program."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: set[threading.Event] = set()

    def ring(self) -> None:
        """Wake all."""
        for event in tuple(self._waiting):
            event.set()

    def join(self, event: threading.Event) -> None:
        """Wake this one too, from now on."""
        self._waiting.add(event)

    def leave(self, event: threading.Event) -> None:
        """Wake it no more."""
        self._waiting.discard(event)


class Subscription:
    """An endless iterator over new messages; `close()`, from any thread, ends it. Use it as a context."""

    def __init__(
        self, store: Store, session: str, bell: Bell, *, after: int, every: float, wanted: Callable[[Message], bool]
    ) -> None:
        """Begin behind a place."""
        self._store, self._session, self._bell = store, session, bell
        self._after, self._every, self._wanted = after, every, wanted
        self._event = threading.Event()
        self._closed = False
        self._found: Iterator[Message] = iter(())
        self._revision = -1
        bell.join(self._event)

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Message:
        """Wait for the next message; ends when the subscription is closed."""
        while not self._closed:
            for message in self._found:
                self._after = message.seq
                if self._wanted(message):
                    return message
            self._event.clear()
            if not self._look():
                self._event.wait(self._every)
        raise StopIteration

    def close(self) -> None:
        """End it; whoever waits for the next message is let go."""
        self._closed = True
        self._bell.leave(self._event)
        self._event.set()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _look(self) -> bool:
        """Read what is new since the last look; False where nothing in the store changed."""
        revision = self._store.revision()
        if revision == self._revision:
            return False
        self._revision = revision
        self._found = iter(tuple(self._store.messages(self._session, after=self._after)))
        return True
