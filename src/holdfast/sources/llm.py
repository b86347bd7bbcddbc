"""llm (the command line program by Simon Willison): one log of everything that was asked through it.

Knows where the log is. What is in it is in `_llm`. Format: docs/reference/sources/llm.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._database import ENDINGS, changed, described
from holdfast.sources._files import settings_home
from holdfast.sources._llm.shelf import Shelf
from holdfast.sources._llm.tables import AGENT
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session

PARSER = 1
NAME = "logs.db"
FOLDER = "io.datasette.llm"


class Llm:
    """Reads the conversations of llm's log, of both generations of its tables."""

    info = SourceInfo(
        slug=AGENT,
        name="llm",
        parser=PARSER,
        env=("LLM_USER_PATH", "XDG_CONFIG_HOME"),
        verified=True,
        evidence="2 logs that the program wrote itself (0.31.1, and 0.36 going on with it) with a scripted model",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the program's folder, which LLM_USER_PATH moves."""
        moved = env.get("LLM_USER_PATH", "").strip()
        if moved:
            return (Path(moved),)
        base = settings_home(env, home, platform)
        return (base / FOLDER,)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find the log in its folder, or one that is a root itself."""
        for root in roots:
            own = [root] if root.suffix in ENDINGS else []
            for path in (root / NAME, *own):
                found = described(AGENT, path, kind="database", root=root) if path.is_file() else None
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the conversations that changed since the cursor."""
        yield from changed(ref, cursor, Shelf(PARSER))

    def resume_command(self, session: Session) -> Command:
        """Return `llm chat --cid=ID`: llm knows no directories."""
        return Command(argv=("llm", "chat", f"--cid={session.native_id}"), cwd=session.cwd)
