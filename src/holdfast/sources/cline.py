"""Cline: the tasks of its editor extension, and the sessions of its newer versions and its command line.

Knows where they are. What they say is in `_cline`. Format: docs/reference/sources/cline.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._cline import places, sdk, task
from holdfast.sources._cline.flavor import Flavor
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session

PARSER = 1
EXTENSION = "saoudrizwan.claude-dev"
FLAVOR = Flavor(agent="cline")


class Cline:
    """Reads Cline's tasks and sessions."""

    info = SourceInfo(
        slug="cline",
        name="Cline",
        parser=PARSER,
        env=("CLINE_SESSION_DATA_DIR", "CLINE_DATA_DIR", "CLINE_DIR"),
        evidence="2 hand-written tasks of other programs' tests, the program's own source; no real task or session",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return `~/.cline/data` or its overrides, and the extension's folder below every editor."""
        named = env.get("CLINE_DATA_DIR", "").strip()
        above = env.get("CLINE_DIR", "").strip()
        data = Path(named) if named else (Path(above) if above else home / ".cline") / "data"
        sessions = env.get("CLINE_SESSION_DATA_DIR", "").strip()
        moved = (Path(sessions),) if sessions else ()
        return (*moved, data, *places.storages(env, home, platform, EXTENSION))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find tasks and sessions by listing alone."""
        yield from places.tasks("cline", roots)
        yield from sdk.discover(roots)

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a task or a session whole: both are rewritten at every change."""
        if ref.kind == sdk.KIND:
            return sdk.readings(ref, PARSER)
        return task.readings(ref, cursor, FLAVOR, PARSER)

    def resume_command(self, session: Session) -> Command:
        """Return `cline --id=ID`; for a task, its editor in the session's directory, where Cline lists it."""
        if Path(session.source_path).name.endswith(sdk.ENDING):
            return Command(argv=("cline", f"--id={session.native_id.partition('/')[0]}"), cwd=session.cwd)
        return Command(argv=(places.editor_of(session.source_path), "."), cwd=session.cwd)
