"""Files beside Copilot's events: the name in `workspace.yaml`, the rows of `session-store.db`; both may be missing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import HoldfastError
from holdfast.model import Json
from holdfast.sources._content import title_of

LARGEST_YAML = 64 << 10
LARGEST = 128 << 20
_WANTED = (
    "id", "session_id", "created_at", "model", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "agent_id", "initiator",
)  # fmt: skip


def title_beside(events: Path) -> str:
    """Return the name a person or Copilot gave the session."""
    path = events.with_name("workspace.yaml")
    try:
        if events.name != "events.jsonl" or path.stat().st_size > LARGEST_YAML:
            return ""
        found = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return ""
    names = (found.get("name"), found.get("summary")) if isinstance(found, dict) else ()
    return next((t for t in (title_of(n) for n in names if isinstance(n, str)) if t), "")


def rows_of(root: str, native: str) -> tuple[str, list[dict[str, Json]]]:
    """Return the database's path and its usage rows of one session, in order."""
    path = Path(root) / "session-store.db"
    seen = _version(path) if root else None
    if seen is None:
        return "", []
    return str(path), _read(path, seen, _version(path.with_name(path.name + "-wal"))).get(native, [])


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size <= LARGEST else None


@lru_cache(maxsize=2)
def _read(path: Path, _seen: tuple[int, int], _wal: tuple[int, int] | None) -> dict[str, list[dict[str, Json]]]:
    found: dict[str, list[dict[str, Json]]] = {}
    try:
        with foreign_copy(path) as database:
            columns = tables(database).get("assistant_usage_events", ())
            if not {"id", "session_id"} <= {*columns}:
                return {}
            listed = ", ".join(c if c in columns else f"NULL AS {c}" for c in _WANTED)
            query = f"SELECT {listed} FROM assistant_usage_events ORDER BY id"  # noqa: S608 - names from a fixed list
            for row in database.execute(query):
                values = dict(zip(_WANTED, row, strict=True))
                if isinstance(values["session_id"], str):
                    found.setdefault(values["session_id"], []).append(values)
    except (HoldfastError, OSError):
        return {}
    return found
