"""What the store in memory keeps of a session; a fork shares the messages of its base up to where it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.model import Edits, Message, Receipt, Request, Session

if TYPE_CHECKING:
    from collections.abc import Iterator


class Places:
    """Message id -> place, of a fork first its own, then those of its base up to where it left."""

    def __init__(self, base: Places | None = None, end: int = 0) -> None:
        """Begin empty, or where another session stands."""
        self._own: dict[str, int] = {}
        self._base, self._end = base, end

    def get(self, ident: str) -> int | None:
        """Return a message's place."""
        found = self._own.get(ident)
        if found is None and self._base is not None:
            found = self._base.get(ident)
            return found if found is not None and found < self._end else None
        return found

    def __setitem__(self, ident: str, place: int) -> None:
        self._own[ident] = place

    def __contains__(self, ident: str) -> bool:
        return self.get(ident) is not None

    def __iter__(self) -> Iterator[str]:
        if self._base is not None:
            yield from (i for i in self._base if i in self and i not in self._own)
        yield from self._own


class Held(Struct):
    """What is kept of one session."""

    session: Session
    edits: Edits | None = None
    messages: list[Message] = field(default_factory=list)
    places: Places = field(default_factory=Places)
    requests: dict[str, Request] = field(default_factory=dict)
    repeats: dict[tuple[str, int, str], None] = field(default_factory=dict)
    files: dict[tuple[str, int], tuple[bytes, bool, int]] = field(default_factory=dict)
    """By path and version: the bytes, whether they are rows, and where they begin in the file."""
    receipts: dict[str, Receipt] = field(default_factory=dict)
    revision: int = 0
