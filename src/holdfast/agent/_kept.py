"""An agent's session and its place in the store, held equal: what a program adds is added, what it cuts is taken out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.agent._dicts import as_dict, masked
from holdfast.llm.images import with_images
from holdfast.model import Message, Request, owned_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.llm.base import Finished
    from holdfast.owned import OwnedSession
    from holdfast.redact import Redactor

    Dict = dict[str, Any]


NOTES = "metadata"
"""Where a session's `extra` holds what programs note of it."""


class Entry(Struct, frozen=True):
    """A message as the program has it, and as it is kept."""

    given: dict[str, Any]
    message: Message


class Kept:
    """What is kept of one session, and how it becomes what the program has now."""

    def __init__(self, session: OwnedSession, redactor: Callable[[], Redactor] | None) -> None:
        """Read what is kept already."""
        self.session = session
        self._redactor = redactor
        self._entries = [Entry(as_dict(m), m) for m in session.messages()]

    @property
    def dicts(self) -> list[Dict]:
        """The conversation as dicts."""
        return [dict(e.given) for e in self._entries]

    def keep(self, now: Sequence[Dict]) -> tuple[Message, ...]:
        """Make the store hold exactly these messages, and return them; writes nothing if it does already."""
        if not self._entries and all(map(_is_system, now)):
            return tuple(self._entry(d).message for d in now)  # nobody has said anything yet
        unkept: list[Message] = []
        if now and self._entries and _is_system(now[0]) and not _is_system(self._entries[0].given):
            unkept, now = [self._entry(now[0]).message], now[1:]  # another program began the session without one
        entries, changed = self._same(now)
        added = [self._entry(d) for d in now[len(entries) :]]
        left = {e.message.id for e in entries}
        dropped = [e.message.id for e in self._entries if e.message.id not in left]
        if added or changed or dropped:
            self.session.record([*changed, *(e.message for e in added)], dropped=dropped)
        self._entries = [*entries, *added]
        return (*unkept, *(e.message for e in self._entries))

    @property
    def metadata(self) -> Dict:
        """What the program noted of the session."""
        info = self.session.info
        found = info.extra.get(NOTES) if info else None
        return dict(found) if isinstance(found, dict) else {}

    def keep_metadata(self, metadata: Dict) -> None:
        """Keep what the program noted, if it is other than before; a session without a message keeps nothing."""
        noted = msgspec.json.decode(msgspec.json.encode(metadata, enc_hook=str))
        if self._entries and noted != self.metadata:
            self.session.record(extra={NOTES: noted})

    def add(self, message: Message, answer: Finished | None = None) -> Dict:
        """Keep one more message, with what it cost, and return it as a dict."""
        message = self.masked(message)
        requests = []
        if answer is not None and answer.usage is not None:
            requests = [Request(key=message.id, at=message.at, model=answer.model, usage=answer.usage)]
        self.session.record([message], requests=requests)
        given = as_dict(message)
        self._entries.append(Entry(dict(given), message))
        return given

    def _same(self, now: Sequence[Dict]) -> tuple[list[Entry], list[Message]]:
        """Return the kept messages that the program still has, as far as they follow each other, and a new system message."""
        entries: list[Entry] = []
        changed: list[Message] = []
        place = 0
        if (
            now
            and self._entries
            and _is_system(now[0])
            and _is_system(self._entries[0].given)
            and now[0] != self._entries[0].given
        ):
            first = replace(self._entry(now[0]).message, id=self._entries[0].message.id)
            entries, changed, place = [Entry(dict(now[0]), first)], [first], 1
        for given in now[len(entries) :]:
            found = next((n for n in range(place, len(self._entries)) if self._entries[n].given == given), None)
            if found is None:
                break
            entries.append(self._entries[found])
            place = found + 1
        return entries, changed

    def _entry(self, given: Dict) -> Entry:
        made = with_images(given, ident=owned_id(), at=time.time_ns() // 1_000_000)
        return Entry(dict(given), self.masked(made))

    def masked(self, message: Message) -> Message:
        """Return a message as it may be kept and sent."""
        return message if self._redactor is None else masked(message, self._redactor())


def _is_system(given: Dict) -> bool:
    return given.get("role") == "system"
