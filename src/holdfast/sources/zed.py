"""Zed's own agent: one database of threads. Agents that run in Zed through ACP keep their sessions themselves.

Knows where it is. What is in it is in `_zed`. Format: docs/reference/sources/zed.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._database import ENDINGS, changed, described
from holdfast.sources._zed.threads import AGENT, Shelf
from holdfast.sources.base import Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PARSER = 1
NAME = "threads.db"


class Zed:
    """Reads the threads of Zed's agent."""

    info = SourceInfo(
        slug=AGENT,
        name="Zed",
        parser=PARSER,
        env=("FLATPAK_XDG_DATA_HOME", "XDG_DATA_HOME"),
        evidence="1 database that another program's tests were given; the program's published source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return Zed's data folder; on Linux also that of its Flatpak."""
        if platform == "darwin":
            return (home / "Library" / "Application Support" / "Zed",)
        if platform == "win32":
            return (Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Zed",)
        base = env.get("FLATPAK_XDG_DATA_HOME") or env.get("XDG_DATA_HOME") or home / ".local" / "share"
        return (Path(base) / AGENT, home / ".var" / "app" / "dev.zed.Zed" / "data" / AGENT)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find the database in a data folder, or one that is a root itself."""
        for root in roots:
            own = [root] if root.suffix in ENDINGS else []
            for path in (root / "threads" / NAME, root / NAME, *own):
                found = described(AGENT, path, kind="database", root=root) if path.is_file() else None
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the threads that changed since the cursor."""
        yield from changed(ref, cursor, Shelf(PARSER))
