"""A window on a transcript: holds some blocks of messages that follow each other, and winds on and back.

Reads a store; knows nothing of lines and screens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from holdfast.model import Message, Session

    class Messages(Protocol):
        """What is asked of a store."""

        def get(self, session_id: str) -> Session | None:
            """Return a session."""

        def messages(
            self, session_id: str, *, after: int = -1, before: int | None = None, last: int | None = None
        ) -> Iterator[Message]:
            """Yield messages in order."""


BLOCK = 100
"""Messages that are read at once."""
HELD = 4
"""Blocks that are held."""


class Reel:
    """The messages that are held, and where they stand."""

    def __init__(self, store: Messages, session: str) -> None:
        """Take the store and the session; nothing is read yet."""
        self.store = store
        self.session = session
        self.blocks: list[list[Message]] = []
        self.total = 0
        self._revision = -1

    @property
    def messages(self) -> list[Message]:
        """All that are held, in order."""
        return [m for block in self.blocks for m in block]

    @property
    def first(self) -> int:
        """The first place that is held."""
        return self.blocks[0][0].seq if self.blocks else 0

    @property
    def last(self) -> int:
        """The last place that is held."""
        return self.blocks[-1][-1].seq if self.blocks else -1

    @property
    def is_at_end(self) -> bool:
        """Tell whether the last message is held."""
        return self.last + 1 >= self.total

    def grew(self) -> bool:
        """Tell whether anything was written since the last look."""
        found = self.store.get(self.session)
        return found is not None and found.revision != self._revision

    def end(self) -> None:
        """Wind to the end."""
        found = self.store.get(self.session)
        self._revision = -1 if found is None else found.revision
        self._hold(list(self.store.messages(self.session, last=BLOCK)))
        self.total = self.last + 1

    def begin(self) -> None:
        """Wind to the beginning."""
        self._hold(list(self.store.messages(self.session, before=BLOCK)))

    def around(self, seq: int) -> None:
        """Wind to a place, unless it is held."""
        if not self.first <= seq <= self.last:
            half = BLOCK // 2
            self._hold(list(self.store.messages(self.session, after=seq - half - 1, before=seq + half)))

    def back(self) -> bool:
        """Read the block before; False where there is none."""
        first = self.first
        found = list(self.store.messages(self.session, after=first - BLOCK - 1, before=first)) if first > 0 else []
        if found:
            self.blocks = [found, *self.blocks][:HELD]
        return bool(found)

    def on(self) -> bool:
        """Read the block behind; False where there is none."""
        if self.is_at_end:
            return False
        last = self.last
        found = list(self.store.messages(self.session, after=last, before=last + BLOCK + 1))
        if found:
            self.blocks = [*self.blocks, found][-HELD:]
        return bool(found)

    def find(self, text: str) -> list[int]:
        """Return the places of all messages that hold a text, whatever its case."""
        from holdfast.model import searchable

        wanted = text.casefold()
        found: list[int] = []
        after = -1
        while True:
            block = list(self.store.messages(self.session, after=after, before=after + 1 + BLOCK * HELD))
            if not block:
                return found
            found += [m.seq for m in block if m.live and any(wanted in t.casefold() for t in searchable(m))]
            after = block[-1].seq

    def _hold(self, found: list[Message]) -> None:
        self.blocks = [found] if found else []
