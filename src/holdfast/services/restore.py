"""Give back an agent's own files, and the command that goes on with a session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from msgspec import Struct

from holdfast.errors import NotFound, Unavailable
from holdfast.services._restored import wanted
from holdfast.services.sessions import descendants, host
from holdfast.sources.base import Command, SupportsResume
from holdfast.stores.base import SupportsRaw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.model import Session
    from holdfast.services._restored import Keeper, Wanted
    from holdfast.sources.base import Source
    from holdfast.stores.base import Store

Fate = Literal["written", "unchanged", "in-the-way", "failed"]


class Restored(Struct, frozen=True, kw_only=True):
    """One file: what was to be written, where, and what came of it."""

    path: str
    fate: Fate
    bytes: int
    note: str = ""


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
        problems = []
        if command.cwd and not Path(command.cwd).is_dir():
            problems.append(f"its directory is gone: {command.cwd}")
        if session.source_path and not Path(session.source_path).exists():
            problems.append(f"its transcript is gone: holdfast restore {session.id[:12]} brings it back")
        return Resumed(command=command, problem="; ".join(problems))

    def _family(self, session: Session) -> list[Session]:
        return [session, *descendants(self.store.find(), session)]

    def _usual_roots(self, session: Session) -> Sequence[Path]:
        source = self.sources.get(session.agent)
        return () if source is None else source.roots(os.environ, Path.home(), sys.platform)


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
