"""Look after whole archives: verify one, copy one into another, know how large it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Edits, Request, Rollup, Session, Transcript
from holdfast.services.purge import PURGED
from holdfast.stores.base import Entry, Fault, Raw, SupportsDoc, SupportsLedger, SupportsRaw, SupportsVerify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from holdfast.stores.base import RawFile, Store

KINDS = ("cursor", "losses", "facts", "tag_feedback", "owned", PURGED)
"""Documents that go along with a copy of a store that cannot name its kinds; of every other all do."""
CHUNK = 500


class Verified(Struct, frozen=True, kw_only=True):
    """What a check of the whole archive found; no faults means that every row and byte came back."""

    sessions: int
    messages: int
    captured: int
    """Bytes of source records that came back."""
    faults: tuple[Fault, ...] = ()


class Copied(Struct, frozen=True, kw_only=True):
    """What a copy brought over."""

    sessions: int = 0
    messages: int = 0
    files: int = 0


class Archive:
    """One store as a whole."""

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self.store = store

    def verify(self) -> Verified:
        """Read everything back: pages, blocks, messages in gapless order, captured bytes."""
        faults = list(self.store.verify()) if isinstance(self.store, SupportsVerify) else []
        sessions = messages = captured = 0
        for session in [*self.store.find(), *self.store.find(trashed=True)]:
            sessions += 1
            places = [m.seq for m in self.store.messages(session.id)]
            messages += len(places)
            if places != list(range(len(places))):
                faults.append(Fault(place=f"session {session.id}", problem="messages are missing or out of order"))
            captured += sum(len(piece) for file in self._files(session) for piece in self._raw(file))
        return Verified(sessions=sessions, messages=messages, captured=captured, faults=tuple(faults))

    def copy_to(self, target: Store, progress: Callable[[int, int], None] | None = None) -> Copied:
        """Copy every session, with edits, requests, source records and trash, into another store; twice changes nothing."""
        sessions = [*self.store.find(), *self.store.find(trashed=True)]
        done = Copied()
        for number, session in enumerate(sessions, 1):
            done = self._copy(session, target, done)
            if progress is not None:
                progress(number, len(sessions))
        for kind in self.store.kinds() if isinstance(self.store, SupportsDoc) else KINDS:
            target.put_docs(kind, dict(self.store.docs(kind)))
        return done

    def size(self) -> int:
        """Return how many bytes the archive takes on disk, its log included; 0 for a store that has no file."""
        path = getattr(self.store, "path", None)
        if not isinstance(path, Path):
            return 0
        return sum(p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists())

    def _copy(self, session: Session, target: Store, done: Copied) -> Copied:
        plain = replace(session, rollup=Rollup(), revision=0, trashed=None, tags=())
        edits = self.store.edits(session.id)
        added = 0
        for part in self._parts(plain):
            added += target.put(part).added
        files = self._files(session)
        for file in files:
            self._copy_file(file, plain, target)
        if edits != Edits():
            target.change(session.id, edits)
        if session.trashed is not None:
            target.delete(session.id, at=session.trashed)
        return Copied(sessions=done.sessions + 1, messages=done.messages + added, files=done.files + len(files))

    def _parts(self, session: Session) -> Iterator[Transcript]:
        """Yield the session in parts, so that a long one is never in memory whole."""
        requests: tuple[Request, ...] = ()
        if isinstance(self.store, SupportsLedger):
            requests = tuple(e.request for e in self.store.ledger(session.id, copies=True) if _is_whole(e))
        yield Transcript(session=session, requests=requests)
        part = []
        for message in self.store.messages(session.id):
            part.append(replace(message, seq=-1))
            if len(part) == CHUNK:
                yield Transcript(session=session, messages=tuple(part))
                part = []
        if part:
            yield Transcript(session=session, messages=tuple(part))

    def _copy_file(self, file: RawFile, session: Session, target: Store) -> None:
        if file.version or file.rows:
            start, data = (file.start if file.version else 0), b"".join(self._raw(file))
            raw = Raw(path=file.path, offset=start, data=data, rows=file.rows, version=file.version)
            target.put(Transcript(session=session), raw=raw)
            return
        place = file.start
        for piece in self._raw(file):
            target.put(Transcript(session=session), raw=Raw(path=file.path, offset=place, data=piece))
            place += len(piece)

    def _files(self, session: Session) -> tuple[RawFile, ...]:
        return self.store.raw_files(session.id) if isinstance(self.store, SupportsRaw) else ()

    def _raw(self, file: RawFile) -> Iterator[bytes]:
        if isinstance(self.store, SupportsRaw):
            yield from self.store.raw(file)


def _is_whole(entry: Entry) -> bool:
    """Tell a request (counted here, or in another session) from a mere mark that this session's files repeat one."""
    return entry.counted or entry.owner != entry.session
