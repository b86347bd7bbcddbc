"""Roo Code, and Zoo Code that goes on with it: the tasks of their editor extensions and of Roo's command line.

Knows where they are. What they say is in `_cline`. Format: docs/reference/sources/roo-code.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._cline import places, task
from holdfast.sources._cline.flavor import Flavor
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from holdfast.model import Session

PARSER = 1
EXTENSIONS = ("rooveterinaryinc.roo-cline", "zoocodeorganization.zoo-code")
SETTINGS = ("roo-cline.customStoragePath", "zoo-code.customStoragePath")
FLAVOR = Flavor(agent="roo-code", whole_since=1_761_955_200_000)
"""Since 3.29.5 of 2025-11-01 the whole prompt is counted for every provider."""


class RooCode:
    """Reads Roo Code's tasks."""

    info = SourceInfo(
        slug="roo-code",
        name="Roo Code",
        parser=PARSER,
        env=(),
        verified=True,
        evidence="3 recorded tasks of August and September 2025, 3 hand-written ones, the program's own source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the extensions' folders below every editor, those that settings name, and the command line's."""
        stored = (r for e in EXTENSIONS for r in places.storages(env, home, platform, e))
        moved = (r for s in SETTINGS for r in places.custom(env, home, platform, s))
        return (*stored, *moved, home / ".vscode-mock" / "global-storage")

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find tasks by listing alone."""
        yield from places.tasks(FLAVOR.agent, roots)

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a task whole: its files are rewritten at every change."""
        return task.readings(ref, cursor, FLAVOR, PARSER)

    def resume_command(self, session: Session) -> Command:
        """Return the task's editor in the session's directory, where the extension lists its tasks."""
        return Command(argv=(places.editor_of(session.source_path), "."), cwd=session.cwd)
