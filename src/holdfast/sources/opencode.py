"""OpenCode: its databases (two generations of tables in one file) and the JSON tree before them.

Knows where they are and which of them to believe. Format: docs/reference/sources/opencode.md.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast._sqlite import foreign_copy
from holdfast.errors import Unreadable
from holdfast.model import Json, Losses, Session, Transcript, observed_id
from holdfast.sources._files import ref
from holdfast.sources._opencode import live, rows, tree
from holdfast.sources._opencode.parts import AGENT, transcript_of
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 2
DATABASE = "database"
_ENDINGS = (".db", ".sqlite", ".sqlite3")


class OpenCode:
    """Reads OpenCode's sessions from whichever generation knows them best."""

    info = SourceInfo(
        slug=AGENT,
        name="OpenCode",
        parser=PARSER,
        env=("OPENCODE_DB", "XDG_DATA_HOME"),
        verified=True,
        evidence="2 databases rebuilt from the recorded rows of 7 real sessions; the program's own schema",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return the data folder, and the database that OPENCODE_DB names."""
        data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / AGENT
        moved = env.get("OPENCODE_DB")
        return (data, data / moved) if moved and moved != ":memory:" else (data,)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find sessions of the JSON tree first, then databases: what both know is the database's."""
        for root in roots:
            if root.is_dir():
                yield from tree.discover(root)
        seen: set[Path] = set()
        for root in roots:
            for path in _databases(root):
                found = _database(path, root)
                if found is not None and path not in seen:
                    seen.add(path)
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions of a database that changed since the cursor, or a session of the tree."""
        if ref.kind == tree.KIND:
            yield _tree_reading(ref)
            return
        state = cursor.state if cursor is not None and cursor.parser == PARSER else {}
        known = state.get("sessions")
        marks: dict[str, Json] = dict(known) if isinstance(known, dict) else {}
        try:
            with foreign_copy(Path(ref.path)) as connection:
                found = rows.sessions(connection)
                changed = [f for f in found if marks.get(f.native) != f.mark]
                marks = {f.native: marks[f.native] for f in found if f.native in marks}
                for session in changed:
                    draft, raw = rows.read(connection, session, ref.path)
                    transcript = transcript_of(draft)
                    marks[session.native] = session.mark
                    yield Reading(
                        transcript=transcript,
                        raw=RawSpan(path=ref.path, offset=0, data=raw, rows=True),
                        cursor=_cursor(ref, marks, done=session is changed[-1]),
                    )
        except (Unreadable, UnicodeDecodeError):  # names in a damaged schema are not decoded leniently
            yield _nothing(ref, marks, damaged=1)
            return
        if not changed:
            yield _nothing(ref, marks, damaged=0)

    def resume_command(self, session: Session) -> Command:
        """Return `opencode --session=ID` in the session's directory."""
        return Command(argv=("opencode", f"--session={session.native_id}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _tree_reading(found: Ref) -> Reading:
    """Read a session of the tree, unless a database beside it knows the session: then the tree is stale."""
    native = Path(found.path).stem
    cursor = _cursor(found, {}, done=True)
    if any(native in _names(d.path, d.size, d.mtime_ns) for d in _beside(Path(found.root))):
        return Reading(transcript=_empty(found), raw=None, cursor=cursor)
    draft, raw = tree.read(found)
    return Reading(
        transcript=transcript_of(draft),
        raw=RawSpan(path=found.path, offset=0, data=raw, rows=True),
        cursor=replace(cursor, sessions=(observed_id(AGENT, native),)),
    )


@lru_cache(maxsize=4)
def _names(path: str, size: int, mtime_ns: int) -> frozenset[str]:  # noqa: ARG001 - size and time are the cache's key
    try:
        with foreign_copy(Path(path)) as connection:
            return rows.names(connection)
    except (Unreadable, UnicodeDecodeError, OSError):
        return frozenset()


def _beside(root: Path) -> Iterator[Ref]:
    for path in _databases(root):
        found = _database(path, root)
        if found is not None:
            yield found


def _databases(root: Path) -> list[Path]:
    """Return a root that is a database, or the databases in it: every release channel has its own."""
    if root.is_file():
        return [root] if root.suffix in _ENDINGS else []
    return [p for p in sorted(root.glob("opencode*.db")) if p.stem == AGENT or p.stem.startswith(f"{AGENT}-")]


def _database(path: Path, root: Path) -> Ref | None:
    """Describe a database with its write-ahead log: most changes are only in the log for a long time."""
    found = ref(AGENT, path, kind=DATABASE, root=root)
    log = ref(AGENT, path.with_name(path.name + "-wal"))
    if found is None or log is None:
        return found
    return replace(found, size=found.size + log.size, mtime_ns=max(found.mtime_ns, log.mtime_ns))


def _cursor(found: Ref, marks: dict[str, Json], *, done: bool) -> Cursor:
    return Cursor(
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        parser=PARSER,
        sessions=tuple(observed_id(AGENT, n) for n in marks),
        done=done,
        state={"sessions": dict(marks)} if marks else {},
    )


def _nothing(found: Ref, marks: dict[str, Json], *, damaged: int) -> Reading:
    transcript = replace(_empty(found), losses=Losses(damaged=damaged))
    return Reading(transcript=transcript, raw=None, cursor=_cursor(found, marks, done=True))


def _empty(found: Ref) -> Transcript:
    return Transcript(session=Session(id=observed_id(AGENT, ""), agent=AGENT, native_id="", source_path=found.path))
