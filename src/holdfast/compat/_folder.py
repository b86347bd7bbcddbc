"""A folder of sessions: its store, and the `.toon` files beside it, each read once and written again when it is left.

Knows which file belongs to which session and whether it changed; refuses to know who saw what.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.compat import _toonfiles
from holdfast.compat._saved import OWN
from holdfast.errors import HoldfastError, Unreadable
from holdfast.model import Session, Transcript
from holdfast.model.verbatim import as_given
from holdfast.owned import AGENT, NAMES
from holdfast.stores.base import SupportsBatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from holdfast.model import Json, Message
    from holdfast.owned import SessionStore

FILES = "toon-files"
"""Documents by file name: what the file was when it was last read or written, and its session."""
COUNTS = "live-counts"
"""Documents by session: a revision, and how many messages its conversation had then."""


class _File(Struct, frozen=True):
    stamp: str
    session: str


class Folder:
    """The sessions of one folder, or of this machine's archive where there is none."""

    def __init__(self, store: SessionStore, path: Path | None) -> None:
        """Take an open store."""
        self.store = store
        self.path = path
        self._rows = store.store
        self._changed: dict[str, str] = {}
        self._closed = False

    def writing(self) -> AbstractContextManager[None]:
        """Hold the store's write lock."""
        if not isinstance(self._rows, SupportsBatch):
            raise HoldfastError(f"{self._rows.url} cannot join writes", "use a store with batches")
        return self._rows.batch()

    def session(self, session_id: str, *, make: bool = False) -> Session | None:
        """Return a session by its id, read from its file where that is new; with `make` its id is reserved."""
        self._take_file(session_id)
        known = self._rows.docs(NAMES).get(session_id)
        if known is None and make:
            self.store.session(session_id)  # reserves the name
        found = None if known is None else self._rows.get(known.decode())
        return None if found is None or found.trashed is not None else found

    def messages(self, ident: str) -> list[Message]:
        """Return the conversation as it is now."""
        return [m for m in self._rows.messages(ident) if m.live]

    def facts(self, session: Session | None, session_id: str, metadata: Mapping[str, Any] | None) -> Session:
        """Return what a save says of the session."""
        now = time.time_ns() // 1_000_000
        ident = session.id if session is not None else self._rows.docs(NAMES)[session_id].decode()
        about: dict[str, Json] = {} if metadata is None else msgspec.to_builtins(dict(metadata), enc_hook=str)
        model = about.get("model")
        return Session(
            id=ident,
            agent=AGENT,
            native_id=ident,
            origin="owned",
            name=session_id,
            title=str(about.get("title") or ""),
            models=(model,) if isinstance(model, str) and model else (),
            status="ended",
            started=now if session is None else None,
            active=now,
            extra={} if metadata is None else {"metadata": about},
        )

    def put(self, told: Transcript, *, more: int) -> int:
        """Keep a change inside the write lock, with the number of messages that its session has now; returns its revision."""
        before = self._rows.get(told.session.id)
        count = self._count(before) if before is not None else 0
        receipt = self._rows.put(told)
        note = f"{receipt.revision} {count + more}".encode()
        self._rows.put_docs(COUNTS, {told.session.id: note})
        self._changed[told.session.id] = told.session.name
        return receipt.revision

    def listed(self) -> list[dict[str, Any]]:
        """List all sessions, newest first, and files that cannot be read."""
        broken = self._take_files()
        names = {value.decode(): name for name, value in self._rows.docs(NAMES).items()}
        found = [s for s in self._rows.find() if s.id in names]
        counts = self._rows.docs(COUNTS)
        told = [self._item(s, names[s.id], counts.get(s.id)) for s in found]
        return sorted([*told, *broken], key=lambda item: str(item["created_at"]), reverse=True)

    def delete(self, session: Session, session_id: str) -> bool:
        """Move a session to the trash; its name is free again."""
        with self.writing():
            gone = self._rows.delete(session.id, at=time.time_ns() // 1_000_000)
            self._rows.put_docs(NAMES, {session_id: None})
        self._changed.pop(session.id, None)
        self.forget_file(session_id)
        return gone

    def forget_file(self, session_id: str) -> bool:
        """Remove a session's file; False where there is none."""
        if self.path is None:
            return False
        path = self.path / _toonfiles.file_name(session_id)
        self._rows.put_docs(FILES, {path.name: None})
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    def title(self, session_id: str, title: str) -> bool:
        """Set a session's title."""
        session = self.session(session_id)
        if session is None:
            return False
        with self.writing():
            self.put(Transcript(session=replace(self.facts(session, session_id, None), title=title)), more=0)
        return True

    def refuse(self, session_id: str) -> None:
        """Say why a file that is there could not be read."""
        if self.path is not None:
            path = self.path / _toonfiles.file_name(session_id)
            if path.exists():
                _toonfiles.read(path)

    def leave(self, session_id: str) -> Path | None:
        """Write a session's file and remember what it was."""
        session = self.session(session_id)
        if self.path is None or session is None:
            return None
        path = self.path / _toonfiles.file_name(session_id)
        _toonfiles.write(path, self._document(session, session_id))
        self._remember(path, session.id)
        return path

    def close(self) -> None:
        """Leave files for what changed, then close."""
        if self._closed:
            return
        self._closed = True
        try:
            for session_id in list(self._changed.values()):
                self.leave(session_id)
        finally:
            self.store.close()

    def _document(self, session: Session, session_id: str) -> dict[str, Json]:
        about = {
            "last_activity": _local(session.active),
            "title": session.title,
            "metadata": session.extra.get("metadata"),
        }
        return {
            "session_id": session_id,
            "created_at": _local(session.started),
            **{key: value for key, value in about.items() if value},
            "messages": [as_given(m) for m in self.messages(session.id)],
        }

    def _item(self, session: Session, name: str, count: bytes | None) -> dict[str, Any]:
        metadata = session.extra.get("metadata")
        about = metadata if isinstance(metadata, dict) else {}
        return {
            "id": name,
            "session_id": name,
            "created_at": _local(session.started),
            "last_activity": _local(session.active),
            "message_count": _known(session, count) if _known(session, count) is not None else self._count(session),
            "title": session.title,
            "provider": about.get("provider"),
            "model": about.get("model") or (session.models[-1] if session.models else None),
            "model_type": about.get("model_type"),
            "metadata": about,
        }

    def _count(self, session: Session) -> int:
        known = _known(session, self._rows.docs(COUNTS).get(session.id))
        return len(self.messages(session.id)) if known is None else known

    def _take_files(self) -> list[dict[str, Any]]:
        """Read what is new in the folder; returns what cannot be read."""
        broken: list[dict[str, Any]] = []
        for path in [] if self.path is None else sorted(self.path.glob(f"*{_toonfiles.SUFFIX}")):
            try:
                self._take(path)
            except Unreadable as problem:
                at = datetime.fromtimestamp(path.stat().st_mtime).isoformat()  # noqa: DTZ006 - as the others are
                name = path.name.removesuffix(_toonfiles.SUFFIX)
                told = {
                    "id": name,
                    "session_id": name,
                    "created_at": at,
                    "message_count": 0,
                    "problem": problem.message,
                }
                broken.append(told)
        return broken

    def _take_file(self, session_id: str) -> None:
        if self.path is not None:
            path = self.path / _toonfiles.file_name(session_id)
            if path.exists():
                try:
                    self._take(path)
                except Unreadable:
                    return  # what the store has is better; load_session says what is wrong where it has nothing

    def _take(self, path: Path) -> None:
        """Read a file that changed since it was last read or written; what it has beyond the store's session is added."""
        known = self._rows.docs(FILES).get(path.name)
        stamp = _toonfiles.stamp_of(path)
        if known is not None and msgspec.json.decode(known, type=_File).stamp == stamp:
            return
        told = _toonfiles.read(path)
        name = _toonfiles.id_in(path, told.session.native_id)
        owned = self.store.session(name)
        with self.writing():
            held = self.messages(owned.id)
            fresh = told.messages[_same(held, told.messages) :]
            mark = path.name if not held else stamp
            marked = tuple(replace(m, id=f"{OWN}{mark}-{m.id}") for m in fresh)
            about = told.session.extra.get("metadata")
            session = replace(
                told.session,
                id=owned.id,
                agent=AGENT,
                native_id=owned.id,
                name=name,
                extra={"metadata": about} if isinstance(about, dict) else {},
            )
            if marked or not held:
                self.put(Transcript(session=session, messages=marked, losses=told.losses), more=len(marked))
            self._changed.pop(owned.id, None)
            self._remember(path, owned.id)

    def _remember(self, path: Path, ident: str) -> None:
        note = msgspec.json.encode(_File(_toonfiles.stamp_of(path), ident))
        self._rows.put_docs(FILES, {path.name: note})


def _same(held: list[Message], told: tuple[Message, ...]) -> int:
    same = 0
    for old, new in zip(held, told, strict=False):
        if as_given(old) != as_given(new):
            break
        same += 1
    return same


def _known(session: Session, note: bytes | None) -> int | None:
    """Return a count that was taken at the session's present revision."""
    revision, _, count = (note or b"").partition(b" ")
    return int(count) if revision == str(session.revision).encode() else None


def _local(at: int | None) -> str:
    moment = datetime.fromtimestamp((at or 0) / 1000, UTC).astimezone()
    return moment.replace(tzinfo=None).isoformat()
