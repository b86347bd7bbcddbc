"""Look after whole archives: verify one, copy one into another, know how large it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import MsgspecError, Struct
from msgspec.structs import replace

from holdfast.errors import Unreadable
from holdfast.model import Edits, Request, Rollup, Session, Transcript
from holdfast.services.purge import PURGED
from holdfast.stores.base import (
    Entry,
    Fault,
    Raw,
    SupportsDoc,
    SupportsLedger,
    SupportsRaw,
    SupportsSalvage,
    SupportsVerify,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from holdfast.model import Message
    from holdfast.stores.base import RawFile, Store

KINDS = ("cursor", "losses", "facts", "tag_feedback", "owned", PURGED)
"""Documents that go along with a copy of a store that cannot name its kinds; of every other all do."""
CHUNK = 500
FACTS = "its facts"


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
    faults: tuple[Fault, ...] = ()
    """What could not be read, and so was left out."""


class Archive:
    """One store as a whole."""

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self.store = store

    def verify(self) -> Verified:
        """Read everything back, around damage: pages, rows, blocks, messages in gapless order, captured bytes."""
        faults = list(self.store.verify()) if isinstance(self.store, SupportsVerify) else []
        sessions = messages = captured = 0
        for session in self._sessions(faults):
            sessions += 1
            here: list[Fault] = []
            places = [m.seq for m in self._readable(session.id, here)]
            messages += len(places)
            if not here and places != list(range(len(places))):
                here.append(Fault(session=session.id, place="messages", problem="they are missing or out of order"))
            captured += sum(len(data) for file in self._files(session) for _, data in self._spans(file, here))
            _join(faults, here)
        return Verified(sessions=sessions, messages=messages, captured=captured, faults=tuple(faults))

    def copy_to(self, target: Store, progress: Callable[[int, int], None] | None = None) -> Copied:
        """Copy every session, with edits, requests, source records and trash, into another store; twice changes nothing.

        What cannot be read is left out and named in `faults`; all around it goes along.
        """
        faults: list[Fault] = []
        sessions = self._sessions(faults)
        done = Copied()
        for number, session in enumerate(sessions, 1):
            done = self._copy(session, target, done, faults)
            if progress is not None:
                progress(number, len(sessions))
        for kind in self.store.kinds() if isinstance(self.store, SupportsDoc) else KINDS:
            target.put_docs(kind, dict(self.store.docs(kind)))
        return replace(done, faults=tuple(faults))

    def size(self) -> int:
        """Return how many bytes the archive takes on disk, its log included; 0 for a store that has no file."""
        path = getattr(self.store, "path", None)
        if not isinstance(path, Path):
            return 0
        return sum(p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists())

    def _copy(self, session: Session, target: Store, done: Copied, faults: list[Fault]) -> Copied:
        plain = replace(session, rollup=Rollup(), revision=0, trashed=None, tags=())
        edits = self.store.edits(session.id)
        here: list[Fault] = []
        added = 0
        for part in self._parts(plain, here):
            added += target.put(part).added
        copied = [self._copy_file(file, plain, target, here) for file in self._files(session)]
        if edits != Edits():
            target.change(session.id, edits)
        if session.trashed is not None:
            target.delete(session.id, at=session.trashed)
        _join(faults, here)
        return Copied(sessions=done.sessions + 1, messages=done.messages + added, files=done.files + sum(copied))

    def _parts(self, session: Session, faults: list[Fault]) -> Iterator[Transcript]:
        """Yield the session in parts, so that a long one is never in memory whole."""
        requests: tuple[Request, ...] = ()
        if isinstance(self.store, SupportsLedger):
            requests = tuple(e.request for e in self.store.ledger(session.id, copies=True) if _is_whole(e))
        yield Transcript(session=session, requests=requests)
        part = []
        for message in self._readable(session.id, faults):
            part.append(replace(message, seq=-1))
            if len(part) == CHUNK:
                yield Transcript(session=session, messages=tuple(part))
                part = []
        if part:
            yield Transcript(session=session, messages=tuple(part))

    def _copy_file(self, file: RawFile, session: Session, target: Store, faults: list[Fault]) -> bool:
        """Copy what comes back of a captured file; False where nothing of it does."""
        here: list[Fault] = []
        spans = self._spans(file, here)
        if file.version or file.rows:
            start, data = (file.start if file.version else 0), b"".join(_whole(file, spans, here))
            faults += here
            if here and not data.strip():
                return False
            raw = Raw(path=file.path, offset=start, data=data, rows=file.rows, version=file.version)
            target.put(Transcript(session=session), raw=raw)
            return True
        place = file.start
        for piece in _whole(file, spans, here):
            target.put(Transcript(session=session), raw=Raw(path=file.path, offset=place, data=piece))
            place += len(piece)
        faults += here
        return not here or place > file.start

    def _sessions(self, faults: list[Fault]) -> list[Session]:
        """Return every session whose facts can be read, those in the trash last, and a fault for the others."""
        if not isinstance(self.store, SupportsSalvage):
            return [*self.store.find(), *self.store.find(trashed=True)]
        found: list[Session] = []
        for session_id in self.store.ids():
            try:
                session = self.store.get(session_id)
                self.store.edits(session_id)
            except (Unreadable, ValueError, MsgspecError) as error:
                _join(faults, [Fault(session=session_id, place=FACTS, problem=f"they cannot be read: {error}")])
            else:
                found += [] if session is None else [session]
        return sorted(found, key=lambda s: s.trashed is not None)

    def _readable(self, session_id: str, faults: list[Fault]) -> Iterator[Message]:
        if not isinstance(self.store, SupportsSalvage):
            yield from self.store.messages(session_id)
            return
        for found in self.store.readable(session_id):
            if isinstance(found, Fault):
                faults.append(found)
            else:
                yield found

    def _spans(self, file: RawFile, faults: list[Fault]) -> Iterator[tuple[int, bytes]]:
        if not isinstance(self.store, SupportsSalvage):
            place = file.start
            for piece in self._raw(file):
                yield place, piece
                place += len(piece)
            return
        for found in self.store.readable_raw(file):
            if isinstance(found, Fault):
                faults.append(found)
            else:
                yield found

    def _files(self, session: Session) -> tuple[RawFile, ...]:
        return self.store.raw_files(session.id) if isinstance(self.store, SupportsRaw) else ()

    def _raw(self, file: RawFile) -> Iterator[bytes]:
        if isinstance(self.store, SupportsRaw):
            yield from self.store.raw(file)


def _is_whole(entry: Entry) -> bool:
    """Tell a request (counted here, or in another session) from a mere mark that this session's files repeat one."""
    return entry.counted or entry.owner != entry.session


def _whole(file: RawFile, spans: Iterable[tuple[int, bytes]], faults: list[Fault]) -> Iterator[bytes]:
    """Yield spans without a gap: a blank line as long stands where bytes are lost, so that all others keep their places."""
    place = file.start
    for start, data in spans:
        if start > place:
            yield _blank(start - place)
        yield data
        place = start + len(data)
    if faults and file.start < place < file.start + file.size:
        yield _blank(file.start + file.size - place)


def _blank(size: int) -> bytes:
    return b" " * (size - 1) + b"\n"


def _join(faults: list[Fault], more: list[Fault]) -> None:
    """Add what is not said yet of the same session and place."""
    known = {(f.session, f.place) for f in faults}
    faults += [f for f in more if (f.session, f.place) not in known]
