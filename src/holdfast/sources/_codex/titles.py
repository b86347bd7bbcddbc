"""Names of Codex threads: its state database and its older index, both rebuildable and therefore optional.

Each is read once for every version of it that is seen, and only while it is small.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import HoldfastError
from holdfast.sources._content import title_of
from holdfast.sources._jsonl import loads

LARGEST = 64 << 20
_STATE = re.compile(r"state_(\d+)\.sqlite\Z")


class Names(Struct, frozen=True):
    """What a person or Codex called a thread, and the title that Codex made of its first prompt."""

    given: dict[str, str]
    made: dict[str, str]


def title_for(root: str, native: str, *, own: str, own_is_given: bool) -> str:
    """Return the best title: a given name in the database, in the rollout, in the index; then made ones."""
    if not root:
        return own
    stored = _stored(Path(root))
    named = stored.given.get(native) or (own if own_is_given else "") or _indexed(Path(root)).get(native, "")
    return title_of(named) or title_of(stored.made.get(native, "")) or own


def _stored(root: Path) -> Names:
    try:
        found = [(int(m[1]), p) for p in root.iterdir() if (m := _STATE.match(p.name))]
    except OSError:
        return Names({}, {})
    if not found:
        return Names({}, {})
    path = max(found)[1]
    seen = _version(path)
    return _read_state(path, seen, _version(path.with_name(path.name + "-wal"))) if seen else Names({}, {})


def _indexed(root: Path) -> dict[str, str]:
    path = root / "session_index.jsonl"
    seen = _version(path)
    return _read_index(path, seen) if seen else {}


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size <= LARGEST else None


@lru_cache(maxsize=4)
def _read_state(path: Path, _seen: tuple[int, int], _wal: tuple[int, int] | None) -> Names:
    try:
        with foreign_copy(path) as database:
            columns = tables(database).get("threads", ())
            if "id" not in columns:
                return Names({}, {})
            wanted = [c if c in columns else "NULL" for c in ("name", "title")]
            rows = list(database.execute(f"SELECT id, {wanted[0]}, {wanted[1]} FROM threads"))  # noqa: S608 - fixed names
    except (HoldfastError, OSError):
        return Names({}, {})
    texts = [[v if isinstance(v, str) else "" for v in row] for row in rows]
    return Names({r[0]: r[1] for r in texts if r[1]}, {r[0]: r[2] for r in texts if r[2]})


@lru_cache(maxsize=4)
def _read_index(path: Path, _seen: tuple[int, int]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        with path.open("rb") as stream:
            for line in stream:
                record = loads(line)
                if (
                    isinstance(record, dict)
                    and isinstance(record.get("id"), str)
                    and isinstance(record.get("thread_name"), str)
                ):
                    found[record["id"]] = record["thread_name"]
    except OSError:
        return {}
    return found
