"""A person's habits: set, learned from their own words, listed with their source, and revoked at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.model.knowledge import Preference, Provenance
from holdfast.recall.preferences import learned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.redact import Redactor
    from holdfast.stores.base import Store

KIND = "preferences"
"""Documents by key, one for each habit."""
PERSON, WORDS = "person", "learned"
LONGEST = 2_000


class Held(Struct, frozen=True, kw_only=True):
    """A habit with the words that say so, where it was learned from words."""

    preference: Preference
    quote: str = ""


class Preferences:
    """Joins the store, the rules that learn, and the redactor."""

    def __init__(self, store: Store, redactor: Callable[[], Redactor], *, now: Callable[[], float] = time.time) -> None:
        """Take the store, what masks secrets, and a clock in seconds."""
        self.store = store
        self.redactor = redactor
        self.now = now

    def held(self) -> tuple[Held, ...]:
        """Return all habits by key, each with its source."""
        found = self.store.docs(KIND)
        return tuple(msgspec.json.decode(found[key], type=Held) for key in sorted(found))

    def values(self) -> dict[str, str]:
        """Return all habits as keys and values."""
        return {h.preference.key: h.preference.value for h in self.held()}

    def set(self, key: str, value: str, *, writer: str = PERSON) -> Held:
        """Keep a habit that a person states; errors.BadInput for an empty key."""
        if not key.strip() or "\n" in key or len(key) > LONGEST or len(value) > LONGEST:
            raise BadInput(f"{key[:40]!r} is no name of a preference", "holdfast preferences set editor vim")
        source = Provenance(writer=writer, trust="person", at=self._moment())
        return self._keep(Preference(key=key.strip(), value=value, provenance=source))

    def learn(self, text: str, *, session: str = "", message: str = "") -> tuple[Held, ...]:
        """Learn from a person's own words; returns what is new or other than before."""
        before = self.values()
        source = Provenance(writer=WORDS, trust="person", at=self._moment(), session=session, message=message)
        return tuple(
            self._keep(Preference(key=one.key, value=one.value, provenance=source), one.quote)
            for one in learned(text)
            if before.get(one.key) != one.value
        )

    def take(self, found: Iterable[Preference], *, writer: str) -> int:
        """Keep the habits of a file that a person imported; returns how many are new or other than before."""
        before = self.values()
        taken = 0
        for one in found:
            if before.get(one.key) != self._masked(one.value):
                source = replace(one.provenance, writer=writer, at=one.provenance.at or self._moment())
                self._keep(replace(one, provenance=source))
                taken += 1
        return taken

    def forget(self, key: str) -> bool:
        """Revoke a habit; False where there is none."""
        known = key in self.store.docs(KIND)
        if known:
            self.store.put_docs(KIND, {key: None})
        return known

    def clear(self) -> int:
        """Revoke all of them and return how many there were."""
        found = self.store.docs(KIND)
        self.store.put_docs(KIND, dict.fromkeys(found))
        return len(found)

    def _keep(self, preference: Preference, quote: str = "") -> Held:
        masked = replace(preference, value=self._masked(preference.value))
        held = Held(preference=masked, quote=self._masked(quote))
        self.store.put_docs(KIND, {preference.key: msgspec.json.encode(held)})
        return held

    def _masked(self, text: str) -> str:
        return self.redactor().mask(text)[0]

    def _moment(self) -> int:
        return int(self.now() * 1000)
