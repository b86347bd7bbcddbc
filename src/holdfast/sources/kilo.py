"""Kilo: its database, which has OpenCode's tables, and the tasks of the editor extension before it.

Knows where they are, and that a task taken over into the database is one session with it. What the tables say is in
`_opencode`, what tasks say in `_cline`. Format: docs/reference/sources/kilo.md.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Context, Transcript, observed_id
from holdfast.sources._cline import places, task
from holdfast.sources._cline.flavor import Flavor
from holdfast.sources._content import text
from holdfast.sources._database import ENDINGS, changed, described, known_to
from holdfast.sources._live import Launch
from holdfast.sources._opencode import live, parts, rows
from holdfast.sources._opencode.shelf import Shelf
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Request, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 1
AGENT = "kilo"
DATABASE = "database"
EXTENSION = "kilocode.kilo-code"
SETTING = "kilo-code.customStoragePath"
TAKEN_OVER = "ses_migrated_"


def taken_over(name: str) -> str:
    """Return the id that a task has, or would have, once the database took it over."""
    return TAKEN_OVER + hashlib.sha1(name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:26]


FLAVOR = Flavor(agent=AGENT, whole_since=1_762_905_600_000, native=taken_over)
"""Since 4.119.0 of 2025-11-12 the whole prompt is counted for every provider."""


LAUNCH = Launch(
    names=("kilo", "kilocode"), scripts=("@kilocode/cli/",), never=("serve", "auth", "models", "upgrade", "export")
)


class Kilo:
    """Reads Kilo's sessions from its database, and from tasks that the database never took over."""

    info = SourceInfo(
        slug=AGENT,
        name="Kilo",
        parser=PARSER,
        env=("KILO_DB", "XDG_DATA_HOME"),
        evidence="a database and a task of other programs' tests, both hand-written; the program's own source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the data folder, the database that KILO_DB names, and the folders with tasks."""
        data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / AGENT
        moved = env.get("KILO_DB", "").strip()
        named = (data / moved,) if moved and moved != ":memory:" else ()
        stored = places.storages(env, home, platform, EXTENSION)
        return (
            data,
            *named,
            *stored,
            *places.custom(env, home, platform, SETTING),
            home / ".kilocode" / "cli" / "global",
        )

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find databases, and tasks by listing alone; a task knows which database may have taken it over."""
        found = [d for d in (described(AGENT, p, kind=DATABASE, root=r) for r in roots for p in _databases(r)) if d]
        beside = next((f.path for f in found), "")
        for ref in places.tasks(AGENT, roots):
            yield replace(ref, kind=f"{places.KIND} {beside}" if beside else places.KIND)
        yield from {f.path: f for f in found}.values()

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions of a database that changed, or a task whole."""
        if ref.kind == DATABASE:
            yield from changed(ref, cursor, Shelf(PARSER, agent=AGENT, named=_named))
            return
        held = _names(ref.kind.removeprefix(places.KIND).strip())
        for reading in task.readings(ref, cursor, FLAVOR, PARSER):
            known = reading.transcript.session.native_id in held
            yield replace(reading, transcript=_billing(reading.transcript)) if known else reading

    def resume_command(self, session: Session) -> Command:
        """Return `kilo --session=ID`; for a task, its editor in the session's directory, where Kilo lists it."""
        if session.source_path.endswith(ENDINGS):
            return Command(argv=(AGENT, f"--session={session.native_id}"), cwd=session.cwd)
        return Command(argv=(places.editor_of(session.source_path), "."), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process, LAUNCH)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _named(transcript: Transcript, draft: parts.Draft) -> Transcript:
    """Put Kilo's name for OpenCode's: in ids, and in the keys of requests."""
    session, info = transcript.session, draft.info
    above = text(info.get("parent_id")) or text(info.get("fork_session_id"))
    parent = replace(session.parent, id=observed_id(AGENT, above)) if session.parent else None
    return replace(
        transcript,
        session=replace(
            session,
            id=observed_id(AGENT, session.native_id),
            agent=AGENT,
            parent=parent,
            models=tuple(m for m in session.models if m != "legacy"),
        ),
        requests=tuple(_keyed(r) for r in transcript.requests),
    )


def _keyed(request: Request) -> Request:
    return replace(request, key=f"{AGENT}:{request.key.partition(':')[2]}")


def _billing(transcript: Transcript) -> Transcript:
    """Keep what a task was billed: its conversation stands in the database, where it goes on without the old counts."""
    session = replace(transcript.session, context=Context(), title="", source_path="")
    return replace(transcript, session=session, messages=(), replaces=False)


def _databases(root: Path) -> list[Path]:
    """Return a root that is a database, or the databases in it: every release channel has its own."""
    if root.is_file():
        return [root] if root.suffix in ENDINGS else []
    return [p for p in sorted(root.glob("kilo*.db")) if p.stem == AGENT or p.stem.startswith(f"{AGENT}-")]


def _names(path: str) -> frozenset[str]:
    try:
        found = Path(path).stat() if path else None
    except OSError:
        return frozenset()
    return known_to(path, found.st_size, found.st_mtime_ns, rows.names) if found else frozenset()
