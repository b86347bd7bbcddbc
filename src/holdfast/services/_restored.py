"""What there is to give back of a session: files put together from the parts of all sessions in them, and older versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from holdfast.sources.base import Cursor
from holdfast.stores.base import RawFile, Store, SupportsRaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.model import Session

BEFORE = ".before-shrink"
"""At the end of the name, so that neither the agent nor a sync takes the file for a session."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A file to write: its bytes, what to add to its name, and what must be said of it."""

    file: RawFile
    data: bytes
    ending: str = ""
    note: str = ""


class Keeper(Store, SupportsRaw, Protocol):
    """A store that keeps source bytes."""


def wanted(store: Keeper, family: Sequence[Session]) -> Iterator[Wanted]:
    """Yield the files of these sessions, each once, and what those held before they shrank where that is not in them."""
    done: set[str] = set()
    for session in family:
        files = store.raw_files(session.id)
        held = {f.path: b"".join(store.raw(f)) for f in files if not f.version}
        for file in files:
            if file.rows:
                data = b"".join(store.raw(file)) if file.version else held[file.path]
                note = "rows of a shared database, as JSON lines"
                ending = f".{file.session}.rows.jsonl"
            elif not file.version:
                if file.path in done:
                    continue
                done.add(file.path)
                data, note = _whole(store, session, file)
                ending = ""
            else:
                data, note = b"".join(store.raw(file)), ""
                ending = f".{file.session}" if file.start or _others(store, file) else ""
            if file.version:
                if held.get(file.path, b"").startswith(data):
                    continue
                note, ending = "; ".join(n for n in (note, "as it stood before it shrank") if n), ending + BEFORE
            yield Wanted(file=file, data=data, ending=ending, note=note)


def _whole(store: Keeper, session: Session, file: RawFile) -> tuple[bytes, str]:
    """Join the parts of a file in the order of their places; say how much of it is nobody's any more."""
    parts = sorted((file, *_others(store, file)), key=lambda f: (f.start, f.session))
    pieces, end, missing = [], 0, 0
    for part in parts:
        if part.start < end:
            continue  # of two parts at one place only the first can have stood in the file
        missing += part.start - end
        pieces.append(b"".join(store.raw(part)))
        end = part.start + part.size
    missing += max(0, _size_when_read(store, session, file) - end)
    note = f"{missing} bytes of sessions that were erased or never captured are left out" if missing else ""
    return b"".join(pieces), note


def _others(store: Keeper, file: RawFile) -> list[RawFile]:
    """Return the parts that other sessions have of a file, but for those that lie where this one's does."""
    end = file.start + file.size
    sessions = [s for s in (*store.find(), *store.find(trashed=True)) if s.source_path == file.path]
    found = [f for s in sessions if s.id != file.session for f in store.raw_files(s.id)]
    same = [f for f in found if f.path == file.path and not f.version and not f.rows]
    return [f for f in same if f.start >= end or f.start + f.size <= file.start]


def _size_when_read(store: Keeper, session: Session, file: RawFile) -> int:
    data = store.docs("cursor").get(f"{session.agent}:{file.path}")
    if data is None or file.path.endswith(".zst"):
        return 0
    return msgspec.msgpack.decode(data, type=Cursor).size
