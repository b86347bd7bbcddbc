"""Open WebUI: `webui.db` in its data folder.

Knows where the database is. What its tables mean is in `_openwebui/`. Format: docs/reference/sources/open-webui.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._database import changed, described
from holdfast.sources._files import settings_home
from holdfast.sources._openwebui.book import AGENT, OpenWebUiBook
from holdfast.sources.base import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.sources.base import Cursor, Reading, Ref

NAME = "webui.db"
_SQLITE = "sqlite:///"


class OpenWebUi:
    """Reads Open WebUI's chats, of all people that use it."""

    info = SourceInfo(
        slug=AGENT,
        name="Open WebUI",
        parser=OpenWebUiBook.parser,
        env=("DATA_DIR", "DATABASE_URL"),
        evidence="chats of the program's own upgrade tests (0.11.4), put into its tables; its source; no person's database",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return what the program's variables name, and where it is usually installed."""
        named = [env.get("DATA_DIR", "").strip()]
        url = env.get("DATABASE_URL", "").strip()
        named.append(url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else "")
        moved = [home / n[1:].lstrip("/\\") if n.startswith("~") else Path(n) for n in named if n and "\0" not in n]
        usual = [home / ".open-webui", *_desktop(env, home, platform)]
        if platform == "linux":
            usual.append(Path("/app/backend/data"))
        return tuple(dict.fromkeys([*moved, *usual]))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find the database of each root."""
        seen: set[Path] = set()
        for root in roots:
            for path in [root] if root.suffix == ".db" else [root / NAME, root / "data" / NAME]:
                found = described(AGENT, path, kind="database", root=root) if path.is_file() else None
                if found is not None and path not in seen:
                    seen.add(path)
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the chats that changed since the cursor."""
        yield from changed(ref, cursor, OpenWebUiBook())


def _desktop(env: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    """Return where the desktop application keeps its data."""
    base = settings_home(env, home, platform)
    return [base / AGENT, base / "Open WebUI"]
