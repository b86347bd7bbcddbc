"""Give back an agent's own files, and the command that goes on with a session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import msgspec
from msgspec import Struct

from holdfast.errors import NotFound, Unavailable
from holdfast.services.sessions import descendants, host
from holdfast.sources.base import Command, Cursor, SupportsResume
from holdfast.stores.base import RawFile, Store, SupportsRaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.sources.base import Source

Fate = Literal["written", "unchanged", "in-the-way", "failed"]
BEFORE = ".before-shrink"
"""At the end of the name, so that neither the agent nor a sync takes the file for a session."""


class Restored(Struct, frozen=True, kw_only=True):
    """One file: what was to be written, where, and what came of it."""

    path: str
    fate: Fate
    bytes: int
    note: str = ""


class Wanted(Struct, frozen=True, kw_only=True):
    """A file to write: its bytes, what to add to its name, and what must be said of it."""

    file: RawFile
    data: bytes
    ending: str = ""
    note: str = ""


class Keeper(Store, SupportsRaw, Protocol):
    """A store that keeps source bytes."""


class Resumed(Struct, frozen=True, kw_only=True):
    """The command that goes on with a session; `problem` says why it may not work here."""

    command: Command
    problem: str = ""


class Restorer:
    """Joins the store's captured bytes and what sources know of their agents."""

    def __init__(self, store: Store, sources: Mapping[str, Source]) -> None:
        """Take both."""
        self.store = store
        self.sources = sources

    def restore(self, session: Session, *, to: Path | None = None, roots: Sequence[Path] = ()) -> tuple[Restored, ...]:
        """Write a session's own files and its sub-agents' back, byte for byte; a file that exists is never touched.

        A file that sessions share comes back whole, as far as they are still here. What a file held before it shrank is
        written beside it. A sub-agent whose records stand in its parent's file gives that file back.
        Without `to` only below `roots`, the agent's own folders: a path may come from an imported file.
        """
        if not isinstance(self.store, SupportsRaw):
            raise Unavailable("this store keeps no source records")
        store = cast("Keeper", self.store)
        files = list(wanted(store, self._family(host(self.store, session) or session)))
        if not files:
            raise NotFound(
                f"nothing was captured of session {session.id}", "holdfast export writes what was understood of it"
            )
        places = roots or self._usual_roots(session)
        return tuple(_write(f, _target(f, session.agent, to, places)) for f in files)

    def resume(self, session: Session) -> Resumed:
        """Return the agent's own command for going on with a session, to be run in its directory."""
        source = self.sources.get(session.agent)
        if not isinstance(source, SupportsResume):
            raise Unavailable(f"{session.agent} has no command that resumes a session", "holdfast export writes it out")
        command = source.resume_command(session)
        if command.argv[-1] == "." and not command.cwd:
            raise Unavailable(
                f"the folder of this session is not known, and {session.agent} lists it only there",
                f"open its folder in {command.argv[0]} yourself; holdfast show {session.id[:12]} has the conversation",
            )
        problems = []
        if command.cwd and not Path(command.cwd).is_dir():
            problems.append(f"its directory is gone: {command.cwd}")
        if session.source_path and not Path(session.source_path).exists():
            back = f"holdfast restore {session.id[:12]} brings it back"
            problems.append(f"its transcript is gone: {back if session.captured else 'nothing of it was captured'}")
        return Resumed(command=command, problem="; ".join(problems))

    def _family(self, session: Session) -> list[Session]:
        return [session, *descendants(self.store.find(), session)]

    def _usual_roots(self, session: Session) -> Sequence[Path]:
        source = self.sources.get(session.agent)
        return () if source is None else source.roots(os.environ, Path.home(), sys.platform)


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


def _write(found: Wanted, target: Path | None) -> Restored:
    data, note = found.data, found.note
    if target is None:
        note = "outside its agent's own folders: name a folder to restore into (--to)"
        return Restored(path=found.file.path, fate="failed", bytes=len(data), note=note)
    try:
        if os.path.lexists(target):
            same = target.is_file() and target.read_bytes() == data
            return Restored(path=str(target), fate="unchanged" if same else "in-the-way", bytes=len(data), note=note)
        _create(target, data)
    except OSError as error:
        return Restored(path=str(target), fate="failed", bytes=len(data), note=str(error))
    return Restored(path=str(target), fate="written", bytes=len(data), note=note)


def _target(found: Wanted, agent: str, to: Path | None, roots: Sequence[Path]) -> Path | None:
    """Place a file where it was, or below `to` as it stood below its agent's folder; None where neither is safe."""
    if not found.file.path or "\0" in found.file.path:
        return None
    path = Path(os.path.normpath(found.file.path))
    if found.ending:
        path = path.with_name(path.name + found.ending)
    root = next((r for r in roots if path.is_relative_to(r) and path != r), None)
    if to is None:
        return path if root is not None and _is_own(path, agent, root) else None
    inside = [p for p in path.relative_to(root or path.anchor).parts if p not in ("..", ".")]
    return to.joinpath(*inside) if inside else None


def _is_own(path: Path, agent: str, root: Path) -> bool:
    """Below a whole home folder (an agent that writes into projects) only files that bear the agent's name are its own."""
    return not Path.home().is_relative_to(root) or agent.partition("-")[0] in path.name


def _create(target: Path, data: bytes) -> None:
    """Write a new file that only its owner reads; whatever goes wrong, no half file stays."""
    missing = [p for p in (target.parent, *target.parent.parents) if not p.exists()]
    for folder in reversed(missing):  # one by one: `parents=True` makes those above with the umask's mode
        folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        raise
