"""Crush: a database in each project, and a list of the projects in the person's data folder.

Knows where they are. What is in them is in `_crush`. Format: docs/reference/sources/crush.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._content import text
from holdfast.sources._crush import live
from holdfast.sources._crush.rows import AGENT, FOLDER, Shelf
from holdfast.sources._database import changed, described
from holdfast.sources._files import walk
from holdfast.sources._jsonl import loads
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 1
NAME = "crush.db"
PROJECTS = "projects.json"
MOST = 8 << 20
"""A larger list of projects is not read."""
DEPTH = 3


class Crush:
    """Reads the sessions of every project that Crush knows."""

    info = SourceInfo(
        slug=AGENT,
        name="Crush",
        parser=PARSER,
        env=("CRUSH_GLOBAL_DATA", "XDG_DATA_HOME"),
        records_usage=False,
        evidence="1 database that another program's tests were given; the program's published source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the data folder and the folder of each project that is listed in it."""
        moved = env.get("CRUSH_GLOBAL_DATA", "").strip()
        if moved:
            base = Path(moved)
        elif env.get("XDG_DATA_HOME"):
            base = Path(env["XDG_DATA_HOME"]) / AGENT
        elif platform == "win32":
            base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / AGENT
        else:
            base = home / ".local" / "share" / AGENT
        return tuple(dict.fromkeys((base, *_projects(base / PROJECTS))))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find databases: a root is a project's own folder, or one that has copies of such folders below it."""
        for root in roots:
            for entry in walk(root, wanted=_is_database, depth=DEPTH):
                found = described(AGENT, Path(entry.path), kind="database", root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions that changed since the cursor."""
        yield from changed(ref, cursor, Shelf(PARSER))

    def resume_command(self, session: Session) -> Command:
        """Return `crush --session=ID` in the project."""
        return Command(argv=("crush", f"--session={session.native_id}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _projects(path: Path) -> Iterator[Path]:
    """List the folders of the projects: the list is an object, or in other versions an array."""
    try:
        found = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except OSError:
        return
    listed = found.get("projects") if isinstance(found, dict) else found
    for project in listed if isinstance(listed, list) else ():
        place, data = (text(project.get(n)) for n in ("path", "data_dir")) if isinstance(project, dict) else ("", "")
        if place or data:
            yield Path(place) / (data or FOLDER)


def _is_database(name: str) -> bool:
    return name == NAME
