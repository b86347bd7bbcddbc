"""Hermes Agent: `state.db` of the home and of each profile.

Knows where the databases are. What their tables mean is in `_hermes/`. Format: docs/reference/sources/hermes.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._content import no_option
from holdfast.sources._database import changed, described
from holdfast.sources._hermes import live
from holdfast.sources._hermes.book import AGENT, HermesBook
from holdfast.sources.base import Command, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Cursor, Reading, Ref, Scene

NAME = "state.db"


class Hermes:
    """Reads the sessions of Hermes Agent, from the terminal and from chat programs alike."""

    info = SourceInfo(
        slug=AGENT,
        name="Hermes Agent",
        parser=HermesBook.parser,
        env=("HERMES_HOME",),
        evidence="the message rows of 4 real sessions (August 2026), the program's own schema",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return what HERMES_HOME names, else `~/.hermes` (on Windows in the local application data too)."""
        moved = env.get("HERMES_HOME", "").strip()
        if moved:
            return (home / moved[1:].lstrip("/\\") if moved.startswith("~") else Path(moved),)
        if platform == "win32":
            local = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
            return (local / "hermes", home / ".hermes")
        return (home / ".hermes",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find the database of each home and those of its profiles."""
        seen: set[Path] = set()
        for root in roots:
            listed = [root] if root.name == NAME else [root / NAME, *sorted(root.glob(f"profiles/*/{NAME}"))]
            for path in listed:
                found = described(AGENT, path, kind="database", root=root) if path.is_file() else None
                if found is not None and path not in seen:
                    seen.add(path)
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions that changed since the cursor."""
        yield from changed(ref, cursor, HermesBook())

    def resume_command(self, session: Session) -> Command:
        """Return `hermes --resume ID` in the session's directory."""
        no_option(session.native_id, self.info.name)
        return Command(argv=("hermes", "--resume", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None
