"""Takes branches that a person left out of the conversation when they are read, so that every count says what `show` shows.

Knows trees of messages by their parents alone. The usual reading, in which each prompt follows from the one before it, is told
from one that leaves a branch by walking from prompt to prompt; only the latter reads what is kept of the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Message, conversation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Session, Transcript
    from holdfast.stores.base import Store

TAIL = 256
"""How many of the last messages are looked at first for where a tail goes on."""


class Branches:
    """Follows one session after the other from prompt to prompt."""

    def __init__(self, store: Store) -> None:
        """Take the store; it is asked only where a session goes on, or a branch was left."""
        self._store = store
        self._session = ""
        self._above: dict[str, str] = {}
        self._prompt = ""
        self._whole = True

    def settle(self, transcript: Transcript, held: Session | None) -> Transcript:
        """Return a reading with the branches that it leaves dropped, and those that it takes up again live."""
        messages = transcript.messages
        above = {m.id: m.parent for m in messages}
        if not any(above.values()):
            return transcript
        self._begin(transcript, held)
        self._above.update(above)
        left = False
        for message in messages:
            if message.role == "user" and message.is_prompt and message.live and not message.extra.get("side"):
                left = self._leaves(message) or left
                self._prompt = message.id
        return self._settled(transcript, held) if left else transcript

    def _begin(self, transcript: Transcript, held: Session | None) -> None:
        """Take up a session where it was left, unless this is the one that was followed last."""
        session = transcript.session.id
        if session == self._session and not transcript.replaces:
            return
        self._session, self._above, self._prompt = session, {}, ""
        self._whole = held is None or transcript.replaces
        if not self._whole:
            self._learn(self._store.messages(session, last=TAIL))

    def _learn(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._above[message.id] = message.parent
            if message.live and message.is_prompt and not message.extra.get("side"):
                self._prompt = message.id

    def _leaves(self, prompt: Message) -> bool:
        """Tell whether the prompt before this one is not among those that led here, though both began together."""
        before = self._prompt
        if not before or self._leads(before, prompt.parent):
            return False
        if not self._whole:
            everything = {m.id: m.parent for m in self._store.messages(self._session)}
            self._above = everything | self._above
            self._whole = True
            if self._leads(before, prompt.parent):
                return False
        way = set(self._way(prompt.id))
        return any(place in way for place in self._way(before))

    def _leads(self, before: str, place: str) -> bool:
        above, steps = self._above, len(self._above)
        while place and place != before and steps:
            place, steps = above.get(place, ""), steps - 1
        return place == before

    def _way(self, place: str) -> Iterable[str]:
        """Yield a message and those above it; a ring ends after as many steps as there are messages."""
        steps = len(self._above)
        while place in self._above and steps >= 0:
            yield place
            place, steps = self._above[place], steps - 1

    def _settled(self, transcript: Transcript, held: Session | None) -> Transcript:
        kept = {} if held is None or transcript.replaces else {m.id: m for m in self._store.messages(held.id)}
        known = kept | {m.id: m for m in transcript.messages}
        rewound = {m.id for m in known.values() if not m.live}
        again = bool(rewound) and any(place in rewound for place in self._way(self._prompt))
        pool = [replace(m, live=True) if again else m for m in known.values()]
        thread = {m.id for m in conversation(pool)}
        revived = tuple(replace(m, live=True) for m in kept.values() if not m.live and m.id in thread)
        left = tuple(m.id for m in pool if m.live and m.id not in thread)
        return replace(transcript, messages=(*revived, *transcript.messages), dropped=(*transcript.dropped, *left))
