"""Install, remove and show the hooks with which agents tell what their sessions do.

A person sees every change before it is made; what is not ours is never touched, and taking hooks out gives a file back to the
byte. Nothing is written into an agent's files but by an explicit command.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from holdfast.errors import BadInput, Conflict, NotFound, Unreadable, Unsafe
from holdfast.services._hooks import agents, files, text
from holdfast.services._hooks.edits import Insertion, undone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.services._hooks.agents import Target

TAIL = 1 << 16


class Change(Struct, frozen=True, kw_only=True):
    """What would be written: the file before and after (None: no such file)."""

    agent: str
    path: str
    before: str | None
    after: str | None
    base: str | None = None
    """The file without anything of ours."""
    insertions: tuple[Insertion, ...] = ()
    """What turns that into the file after an installation."""
    note: str = ""

    @property
    def is_none(self) -> bool:
        """Tell whether nothing would change."""
        return self.before == self.after

    def diff(self) -> str:
        """Return the change as a unified diff."""
        old, new = ((t or "").splitlines(keepends=True) for t in (self.before, self.after))
        name, renamed = ("/dev/null" if t is None else self.path for t in (self.before, self.after))
        found = difflib.unified_diff(old, new, name, renamed)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)


class Installed(Struct, frozen=True, kw_only=True):
    """How one agent stands: what is in its file, and when it last said something (Unix ms)."""

    agent: str
    path: str
    status: Literal["installed", "partly", "outdated", "not-installed", "no-agent", "unreadable"]
    events: tuple[str, ...] = ()
    said: int | None = None
    said_event: str = ""
    said_state: str = ""
    note: str = ""


class _Line(Struct, frozen=True, kw_only=True):
    """What matters of a line of the spool."""

    at: int
    event: str = ""
    state: str = ""


class _Record(Struct, frozen=True, kw_only=True):
    """What was put in: enough to take exactly that out again, without a copy of anybody's settings."""

    path: str
    after: str
    """The file's digest when we left it."""
    existed: bool
    insertions: tuple[Insertion, ...]
    folders: tuple[str, ...] = ()


class Hooks:
    """Joins what agents expect and what is in their files."""

    def __init__(self, env: Mapping[str, str], home: Path, data: Path, *, words: tuple[str, ...] = ()) -> None:
        """Take the person's environment, home and data folder, and the hook's command line where it is another one."""
        self.env, self.home, self.data = env, home, data
        self.words = words or agents.program(data, env)

    def plan(self, name: str, *, remove: bool = False) -> Change:
        """Say what would be written; raises errors.NotFound, errors.Unreadable or errors.Unsafe where nothing may be."""
        target = self._target(name)
        before = files.read(target.path)
        if not remove and not any(p.is_dir() for p in target.homes):
            raise NotFound(f"there is no {target.homes[0]}", f"start {target.agent} once, then install its hooks")
        try:
            base = self._without(target, before)
            after, insertions = (base, ()) if remove else self._added(target, before, base)
        except ValueError as error:
            raise Unreadable(f"{target.path}: {error}", "mend the file; nothing was changed") from error
        return Change(
            agent=target.agent,
            path=str(target.path),
            before=before,
            after=after,
            base=base,
            insertions=insertions,
            note=text.switched_off(before) or target.note,
        )

    def apply(self, change: Change) -> None:
        """Write a change; raises errors.Conflict where the file is no longer what the change was made for."""
        path = Path(change.path)
        if files.read(path) != change.before:
            raise Conflict(f"{path} was changed meanwhile", "try again")
        held = self._record(change.agent, change.before)
        folders = tuple(Path(f) for f in held.folders) if held else ()
        if change.is_none:
            return
        if change.after is None:
            path.resolve().unlink()
            for folder in folders:
                files.leave(folder)
        else:
            folders = (*files.missing(path.parent), *folders)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write(path, change.after)
        if change.after != change.base:
            self._remember(change, folders)
        else:
            self._place(change.agent).unlink(missing_ok=True)

    def show(self) -> tuple[Installed, ...]:
        """Say for every agent what is installed and when it last spoke."""
        return tuple(self._standing(self._target(name)) for name in agents.AGENTS)

    def _target(self, name: str) -> Target:
        if name not in agents.NAMES:
            near = difflib.get_close_matches(name, agents.NAMES, n=1, cutoff=0.5)
            raise BadInput(
                f"no hooks for {name!r}", f"did you mean {near[0]}" if near else f"known: {', '.join(agents.AGENTS)}"
            )
        return agents.target(agents.NAMES[name], self.env, self.home)

    def _added(self, target: Target, before: str | None, base: str | None) -> tuple[str, tuple[Insertion, ...]]:
        if target.form == "own":
            if base is not None:
                raise Unsafe(f"{target.path} is not ours", "move it away first")
            return agents.own_file(target.agent, self.words), ()
        if before is not None and text.is_complete(target, before, self.words):
            return before, ()
        return (text.new(target, self.words), ()) if base is None else text.added(target, base, self.words)

    def _without(self, target: Target, before: str | None) -> str | None:
        if before is None:
            return None
        if target.form == "own":
            return None if text.is_own(before) else before
        record = self._record(target.agent, before)
        if record is None:
            return text.removed(target, before)
        return undone(before, record.insertions) if record.existed else None

    def _standing(self, target: Target) -> Installed:
        found, events = text.standing(target, files.read_or(target.path), self.words)
        if found == "not-installed" and not any(p.is_dir() for p in target.homes):
            found = "no-agent"
        last = self._last(target.agent)
        return Installed(
            agent=target.agent,
            path=str(target.path),
            status=found,
            events=events,
            said=None if last is None else last.at,
            said_event="" if last is None else last.event,
            said_state="" if last is None else last.state,
            note=text.switched_off(files.read_or(target.path)) or target.note if events else "",
        )

    def _last(self, agent: str) -> _Line | None:
        try:
            with (self.data / "spool" / f"{agent}.jsonl").open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL))
                lines = stream.read().splitlines()
        except OSError:
            return None
        for line in reversed(lines):
            try:
                return msgspec.json.decode(line, type=_Line)
            except msgspec.DecodeError:
                continue
        return None

    def _place(self, agent: str) -> Path:
        return self.data / "hooks" / f"{agent}.json"

    def _record(self, agent: str, now: str | None) -> _Record | None:
        """Return what was put in, where the file is still exactly as it was left."""
        try:
            held = msgspec.json.decode(self._place(agent).read_bytes(), type=_Record)
        except (OSError, msgspec.DecodeError):
            return None
        return held if now is not None and held.after == files.digest(now) else None

    def _remember(self, change: Change, made: tuple[Path, ...]) -> None:
        place = self._place(change.agent)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = _Record(
            path=change.path,
            after=files.digest(change.after or ""),
            existed=change.base is not None,
            insertions=change.insertions,
            folders=tuple(map(str, made)),
        )
        files.write(place, msgspec.json.encode(record).decode())
