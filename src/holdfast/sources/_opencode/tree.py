"""OpenCode's JSON tree (up to 1.1): one file a session, a message and a part. Names of files win over their content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json
from holdfast.sources._content import text
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import LINE_LIMIT, dumps, loads
from holdfast.sources._opencode import v1
from holdfast.sources._opencode.parts import AGENT, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Ref

KIND = "tree"


def discover(root: Path) -> Iterator[Ref]:
    """Find sessions; a session's file stands for its messages too: their sizes and newest time go into it."""
    storage = root / "storage"
    for entry in walk(storage / "session", wanted=_is_session, depth=1):
        found = ref(AGENT, entry, kind=KIND, root=root)
        if found is not None:
            messages = [r for r in _refs(storage / "message" / _stem(entry.path)) if r]
            size = found.size + sum(r.size for r in messages)
            yield replace(found, size=size, mtime_ns=max([found.mtime_ns, *(r.mtime_ns for r in messages)]))


def read(found: Ref) -> tuple[Draft, bytes]:
    """Read one session with its messages and parts, and all their files as JSON lines."""
    storage = Path(found.root) / "storage"
    session = Path(found.path)
    native = session.stem
    lines: list[bytes] = []
    info = _load(session, storage, lines)
    draft = Draft(native=native, info=_flat(info) if isinstance(info, dict) else {}, path=found.path)
    if not isinstance(info, dict):
        draft.damaged.append(1)
    for number, path in enumerate(_files(storage / "message" / native), 1):
        data = _load(path, storage, lines)
        parts = [(p.stem, _load(p, storage, lines)) for p in _files(storage / "part" / path.stem)]
        if isinstance(data, dict):
            v1.add_message(draft, path.stem, data, parts=parts, line=number)
        else:
            draft.damaged.append(number)
    v1.mark_reverted(draft)
    return draft, b"".join(lines)


def _flat(info: dict[str, Json]) -> dict[str, Json]:
    """Give the file's fields the names of the tables' columns."""
    time = info.get("time")
    times = time if isinstance(time, dict) else {}
    share = info.get("share")
    return {
        **{k: v for k, v in info.items() if k in ("directory", "title", "version", "revert")},
        "parent_id": info.get("parentID"),
        "time_created": times.get("created"),
        "time_updated": times.get("updated"),
        "time_archived": times.get("archived"),
        "share_url": text(share.get("url")) if isinstance(share, dict) else "",
    }


def _load(path: Path, storage: Path, lines: list[bytes]) -> Json:
    try:
        with path.open("rb") as stream:
            data = stream.read(LINE_LIMIT)
    except OSError:
        return None
    kept = {"file": path.relative_to(storage).as_posix(), "data": data.decode("utf-8", "replace")}
    lines.append(dumps(kept) + b"\n")
    return loads(data)


def _files(folder: Path) -> list[Path]:
    return [Path(e.path) for e in walk(folder, wanted=_is_json, depth=0)]


def _refs(folder: Path) -> list[Ref | None]:
    return [ref(AGENT, e) for e in walk(folder, wanted=_is_json, depth=0)]


def _is_session(name: str) -> bool:
    return name.startswith("ses") and name.endswith(".json")


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _stem(path: str) -> str:
    return Path(path).stem
