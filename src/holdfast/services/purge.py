"""Erase sessions for good, and prove it by looking for their bytes in every file of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Role, TokensKind, searchable
from holdfast.model.session import ParentKind
from holdfast.sources.base import Cursor
from holdfast.stores.base import SupportsRaw, SupportsTraces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.index import Index
    from holdfast.model import Json, Message, Session
    from holdfast.stores.base import Store

PURGED = "purged"
"""Documents that name erased sessions, so that no sync brings them back."""
VERDICTS = "tag_feedback"
"""Documents that keep which proposed tags were taken, by `SESSION/TAG`."""
READ = "read"
"""Documents that keep up to when a person saw a session, by its id."""
_OWN_WORDS = frozenset(get_args(Role) + get_args(ParentKind) + get_args(TokensKind))
"""Words of the model that readers remember; none of them tells what was said."""
LONG_WORD = 14
WORDS = 50
CANDIDATES = 1000


class Purged(Struct, frozen=True, kw_only=True):
    """What a purge erased, how it was checked, and what it could not reach."""

    sessions: tuple[str, ...]
    samples: int
    """How many samples of the stored bytes and words were looked for afterwards."""
    traces: tuple[str, ...] = ()
    """Files of ours in which one was still found; empty means that all is gone."""
    sources: tuple[str, ...] = ()
    """The agent's own files that still exist: not ours to delete."""

    @property
    def advice(self) -> str:
        """Say what can be done about traces: a purge of the same session is not possible any more."""
        if not self.traces:
            return ""
        return (
            "close other programs that read the archive, then purge any other session, which rewrites every file;"
            " or copy the archive with holdfast store copy and remove the old one with its index"
        )


def erase(store: Store, index: Index, sessions: Sequence[Session], *, at: int) -> Purged:
    """Erase from archive, raw, index, trash and cursors; later syncs pass these sessions over."""
    samples: list[bytes] = []
    sources: set[str] = set()
    for session in sessions:
        if isinstance(store, SupportsTraces):
            samples += store.samples(session.id)
        if isinstance(store, SupportsRaw):
            sources |= {f.path for f in store.raw_files(session.id)}
    sources |= {s.source_path for s in sessions}
    up_to_date = index.revision == store.revision()
    words = _words(store, index, sessions)
    for session in sessions:
        store.put_docs(PURGED, {session.id: str(at).encode()})
        store.put_docs("cursor", _blank_cursors(store, session))
        store.put_docs(VERDICTS, {key: None for key in store.docs(VERDICTS) if key.startswith(f"{session.id}/")})
        store.put_docs(READ, {session.id: None})
        index.forget(session.id)
        store.delete(session.id, at=None, forever=True)
    index.scrub()
    if up_to_date:
        index.mark(store.revision())
    traces = set(store.traces(samples)) if isinstance(store, SupportsTraces) else set()
    traces |= set(index.traces(words))
    return Purged(
        sessions=tuple(s.id for s in sessions),
        samples=len(samples) + len(words),
        traces=tuple(sorted(traces)),
        sources=tuple(sorted(p for p in sources if p and Path(p).exists())),
    )


def _words(store: Store, index: Index, sessions: Sequence[Session]) -> list[str]:
    """Pick long words that the index knows of these sessions alone, trashed ones counted: each must be gone from it."""
    found: set[str] = set()
    for session in sessions:
        found |= _long_words(store.messages(session.id))
    return index.own_words(sorted(found)[:CANDIDATES], {s.id for s in sessions}, most=WORDS)


def _long_words(messages: Iterable[Message]) -> set[str]:
    return {
        w.lower()
        for m in messages
        for text in searchable(m)
        for w in text.split()
        if len(w) >= LONG_WORD and w.isalnum()
    }


def _blank_cursors(store: Store, session: Session) -> dict[str, bytes]:
    """Forget what readers remembered of these files (titles, folders), but not how far they were read."""
    blanked = {}
    for key, data in store.docs("cursor").items():
        cursor = msgspec.msgpack.decode(data, type=Cursor)
        if session.id in cursor.sessions:
            blanked[key] = msgspec.msgpack.encode(forgetting(cursor, session))
    return blanked


def forgetting(cursor: Cursor, session: Session) -> Cursor:
    """Take every text out of what a reader remembers, but for the parts of the session's id: by that it is passed over."""
    return replace(cursor, state=_without_texts(cursor.state, session.native_id))


def _without_texts(value: Json, native_id: str) -> Json:
    if isinstance(value, str):
        return value if value in native_id or value in _OWN_WORDS else ""
    if isinstance(value, dict):
        return {name: _without_texts(inner, native_id) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_texts(inner, native_id) for inner in value]
    return b"" if isinstance(value, bytes) else value
