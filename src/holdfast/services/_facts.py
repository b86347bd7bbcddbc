"""What files beside a transcript said of a session before anything of the session itself was read.

Such facts are no session yet: they wait, beside the cursors, until the first message, request or raw byte comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.model import Session, merged

if TYPE_CHECKING:
    from holdfast.stores.base import Store

FACTS = "facts"
_TOLD = ("title", "name", "cwd", "branch", "models", "parent", "extra", "started", "tags")
_decoder = msgspec.msgpack.Decoder(Session)
Docs = dict[str, dict[str, bytes | None]]


class FactBook:
    """Keeps facts until their session comes, and gives them to it."""

    def __init__(self, store: Store) -> None:
        """Take the store; it is asked when the first session comes that it does not know."""
        self._store = store
        self._known: dict[str, Session] | None = None

    @property
    def _waiting(self) -> dict[str, Session]:
        if self._known is None:
            self._known = {ident: _decoder.decode(data) for ident, data in self._store.docs(FACTS).items()}
        return self._known

    def wait(self, session: Session) -> Docs:
        """Return the documents that keep what was said of a session which is not there yet: none where nothing was."""
        if not session.native_id or not any(getattr(session, name) for name in _TOLD):
            return {}
        found = merged(self._waiting.get(session.id), replace(session, captured=False))
        if found == self._waiting.get(session.id):
            return {}
        self._waiting[session.id] = found
        return {FACTS: {session.id: msgspec.msgpack.encode(found)}}

    def join(self, session: Session) -> tuple[Session, Docs]:
        """Lay a session over what was said of it before; returns the documents that forget it."""
        before = self._waiting.pop(session.id, None)
        return (session, {}) if before is None else (merged(before, session), {FACTS: {session.id: None}})
