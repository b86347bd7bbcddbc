"""Where a Gemini CLI session ran and when its log is deleted: the project registry, `.project_root`, the settings."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.sources.base import Ref

RETENTION_DAYS = 30
HOUR_MS = 3_600_000
LARGEST = 4 << 20
_AGE = re.compile(r"(\d{1,6})([hdwm])")
_HOURS = {"h": 1, "d": 24, "w": 168, "m": 720}


def project_folder(ref: Ref) -> Path:
    """Return `tmp/<project>` of a log in its `chats` folder or a folder below that."""
    path = Path(ref.path)
    return next((p.parent for p in path.parents if p.name == "chats"), path.parent)


def cwd_of(ref: Ref) -> str:
    """Return the project's root by `.project_root` or the registry, empty where neither knows it."""
    folder = project_folder(ref)
    try:
        marked = (folder / ".project_root").read_text(encoding="utf-8", errors="replace")[:4096].strip()
    except OSError:
        marked = ""
    return marked or _registered(Path(ref.root), folder.name)


def expires(ref: Ref) -> int | None:
    """When the log is deleted: `general.sessionRetention` after its last change, 30 days where nothing is said."""
    general = _settings(Path(ref.root)).get("general")
    kept = general.get("sessionRetention") if isinstance(general, dict) else None
    kept = kept if isinstance(kept, dict) else {}
    if kept.get("enabled") is False:
        return None
    age = kept.get("maxAge")
    found = _AGE.fullmatch(age) if isinstance(age, str) else None
    hours = int(found[1]) * _HOURS[found[2]] if found else RETENTION_DAYS * 24
    return ref.mtime_ns // 1_000_000 + hours * HOUR_MS


def _registered(root: Path, slug: str) -> str:
    found = _json(root / "projects.json").get("projects")
    listed = found.items() if isinstance(found, dict) else ()
    return next((p for p, name in listed if name == slug or hashlib.sha256(p.encode()).hexdigest() == slug), "")


def _settings(root: Path) -> dict[str, Json]:
    return _json(root / "settings.json")


def _json(path: Path) -> dict[str, Json]:
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
