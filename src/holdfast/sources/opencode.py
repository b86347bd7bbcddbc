"""OpenCode: its databases (two generations of tables in one file) and the JSON tree before them.

Knows where they are and which of them to believe. Format: docs/reference/sources/opencode.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Session, observed_id
from holdfast.sources._database import ENDINGS, changed, described, known_to, nothing
from holdfast.sources._opencode import live, rows, tree
from holdfast.sources._opencode.parts import AGENT, transcript_of
from holdfast.sources._opencode.shelf import Shelf
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 2
DATABASE = "database"


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
                found = described(AGENT, path, kind=DATABASE, root=root)
                if found is not None and path not in seen:
                    seen.add(path)
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions of a database that changed since the cursor, or a session of the tree."""
        if ref.kind == tree.KIND:
            yield _tree_reading(ref)
            return
        yield from changed(ref, cursor, Shelf(PARSER))

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
    empty = nothing(found, Shelf(PARSER))
    if any(native in known_to(d.path, d.size, d.mtime_ns, rows.names) for d in _beside(Path(found.root))):
        return empty
    draft, raw = tree.read(found)
    return Reading(
        transcript=transcript_of(draft),
        raw=RawSpan(path=found.path, offset=0, data=raw, rows=True),
        cursor=replace(empty.cursor, sessions=(observed_id(AGENT, native),)),
    )


def _beside(root: Path) -> Iterator[Ref]:
    for path in _databases(root):
        found = described(AGENT, path, kind=DATABASE, root=root)
        if found is not None:
            yield found


def _databases(root: Path) -> list[Path]:
    """Return a root that is a database, or the databases in it: every release channel has its own."""
    if root.is_file():
        return [root] if root.suffix in ENDINGS else []
    return [p for p in sorted(root.glob("opencode*.db")) if p.stem == AGENT or p.stem.startswith(f"{AGENT}-")]
