"""Checks of the archive and the index: who may read them, whether they are whole, and what is kept in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast._sqlite import Guarded, open_database
from holdfast.config import parsed_size
from holdfast.errors import BadInput, Unreadable
from holdfast.services._doctor.checkup import Finding, plural, size
from holdfast.services.purge import PURGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Session
    from holdfast.services._doctor.checkup import Scene

INTEGRITY = "integrity"
DAY_MS = 86_400_000
SOON_DAYS = 7
LOW_DISK = 1 << 30
LARGE_WAL = 256 << 20
SMALL = 128 << 20
"""Up to this size every page of the archive is checked; beyond it `store verify` has its own time."""
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "fuse.sshfs", "fuse.s3fs", "davfs", "ncpfs", "ceph"}
)
_NONE = "no archive yet"


def folder(scene: Scene) -> Finding:
    """Only its owner may look into the folder."""
    place = scene.archive.parent if scene.archive else scene.data
    if not place.exists():
        return Finding("ok", f"{place} does not exist yet")
    if not os.access(place, os.W_OK):
        return Finding("problem", f"{place} cannot be written", f"chown -R \"$USER\" '{place}'")
    if place != scene.data:
        return Finding("ok", f"{place}, chosen by you")
    return _private(place, 0o700)


def file_modes(scene: Scene) -> Finding:
    """Only their owner may read the archive, the index, and what lies beside them."""
    files = [f for f in _files(scene) if f.exists()]
    if not files:
        return Finding("ok", _NONE)
    open_ones = [f for f in files if _private(f, 0o600).level != "ok"]
    if open_ones:
        return _private(open_ones[0], 0o600)
    return Finding("ok", f"{plural(len(files), 'file')}, 0600")


def archive(scene: Scene) -> Finding:
    """Say where it is and how large."""
    if scene.archive is None:
        return Finding("ok", scene.url)
    if not scene.archive.exists():
        return Finding("note", f"{scene.archive} does not exist yet", "holdfast sync")
    return Finding(
        "ok", f"{scene.archive}, {size(_held(scene.archive))} ({size(_held(*_files(scene)))} with log and index)"
    )


def max_size(scene: Scene) -> Finding:
    """Warn, and never delete."""
    wish = scene.config["archive.max_size"]
    try:
        limit = parsed_size(wish)
    except BadInput as error:
        return Finding("warning", error.message, error.hint)
    if limit is None:
        return Finding("ok", "archive.max_size is not set")
    held = _held(*_files(scene))
    found = f"{size(held)} of {size(limit)}; nothing is ever deleted for it"
    return Finding("warning", found, "holdfast list; holdfast purge ID") if held > limit else Finding("ok", found)


def filesystem(scene: Scene) -> Finding:
    """SQLite's locks and shared memory do not work over a network."""
    if scene.archive is None:
        return Finding("ok", "not kept in a file")
    kind = _kind_of(_existing(scene.archive))
    if kind in _NETWORK:
        return Finding(
            "warning",
            f"{kind}: locks may fail over a network",
            "export HOLDFAST_STORE=sqlite:////local/path/sessions.db",
        )
    return Finding("ok", kind or "unknown, taken as local")


def disk(scene: Scene) -> Finding:
    """A full disk stops a sync; nothing that is kept is lost by it."""
    free = shutil.disk_usage(_existing(scene.archive or scene.data)).free
    return (
        Finding("warning", f"{size(free)} free", "make room")
        if free < LOW_DISK
        else Finding("ok", f"{size(free)} free")
    )


def wal(scene: Scene) -> Finding:
    """A large log means that some reader never ends."""
    held = _held(*(f for f in _files(scene) if f.name.endswith("-wal")))
    if held > LARGE_WAL:
        return Finding(
            "warning", f"{size(held)} not yet moved into the database", "end other programs that read the archive"
        )
    return Finding("ok", size(held))


def integrity(scene: Scene) -> Finding:
    """Look at every page of a small archive, and at the head of a large one."""
    if scene.archive is None or not scene.archive.exists():
        return Finding("ok", _NONE)
    schema, fault = _looked_at(scene.archive)
    if fault:
        return Finding("problem", f"{scene.archive} is damaged: {fault}", "holdfast store verify", damaged=True)
    large = scene.archive.stat().st_size > SMALL
    return Finding(
        "ok", f"schema {schema}, {'opened; `holdfast store verify` reads all of it' if large else 'every page checked'}"
    )


def index(scene: Scene) -> Finding:
    """The index is derived: whatever is wrong with it, deleting it mends it."""
    place = scene.index_path() if scene.made else None
    if place is None or not place.exists():
        return Finding("ok", "no index yet")
    try:
        _, fault = _looked_at(place)
    except Unreadable as error:
        fault = error.message
    if fault:
        return Finding(
            "problem",
            f"{place} is damaged; it is rebuilt from the archive",
            f"rm '{place}' && holdfast sync",
            damaged=True,
        )
    behind = scene.store().revision() - scene.index().revision
    if behind > 0:
        return Finding("note", f"{plural(behind, 'change')} behind the archive", "holdfast sync")
    return Finding("ok", f"{size(place.stat().st_size)}, up to date")


def kept(scene: Scene) -> Finding:
    """Say how many whole sessions there are; fragments are said apart."""
    sessions = [s for s in scene.sessions if not s.partial]
    agents = Counter(s.agent for s in sessions)
    if not scene.sessions:
        return Finding("note", "none yet", "holdfast sync, or holdfast demo to try it")
    if not sessions:
        return Finding("ok", "none but fragments")
    return Finding("ok", f"{len(sessions):,} ({', '.join(f'{a} {n}' for a, n in agents.most_common())})")


def captured(scene: Scene) -> Finding:
    """Captured means that the agent's own file can be given back; counted are the sessions that `kept` counts."""
    sessions = [s for s in scene.sessions if not s.partial]
    owned = sum(s.origin != "observed" for s in sessions)
    apart = f"; {owned} of programs never had such a file" if owned else ""
    missing = [s for s in sessions if s.origin == "observed" and not s.captured]
    if not missing:
        count = f"{len(sessions) - owned} of {len(sessions)}" if owned else f"all {len(sessions)}"
        return Finding("ok", f"{count} can be restored byte for byte{apart}" if sessions else "none yet")
    policy = scene.config["archive.capture"]
    found = (
        f"{len(missing)} of {len(sessions)} are kept without their source records (archive.capture is {policy}){apart}"
    )
    return Finding("note", found, "holdfast config set archive.capture always")


def expiring(scene: Scene) -> Finding:
    """Say what the agents delete next, and whether it is safe here."""
    now = int(scene.now() * 1000)
    due = [s for s in scene.sessions if s.source_expires and s.source_expires < now + SOON_DAYS * DAY_MS and _stands(s)]
    later = [s.source_expires for s in scene.sessions if s.source_expires and s.source_expires >= now and _stands(s)]
    if not due:
        soonest = f", the next in {(min(later) - now) // DAY_MS} days" if later else ""
        return Finding("ok", f"no agent deletes a session within {SOON_DAYS} days{soonest}")
    lost = [s for s in due if not s.captured]
    first = min(s.source_expires or 0 for s in due)
    when = "at any time" if first < now else f"the first in {plural((first - now) // DAY_MS, 'day')}"
    found = f"{plural(len(due), 'session')} within {SOON_DAYS} days, {when}"
    if lost:
        return Finding("warning", f"{found}; {len(lost)} not captured", "holdfast config set archive.capture always")
    return Finding("note", f"{found}; all captured", "holdfast list --expiring")


def gone(scene: Scene) -> Finding:
    """Sessions that only the archive still has."""
    left = [s for s in scene.sessions if s.origin == "observed" and s.source_path and not _stands(s)]
    if not left:
        return Finding("ok", "every session's own file is still there")
    safe = sum(s.captured for s in left)
    return Finding(
        "note", f"{plural(len(left), 'session')} deleted by the agent, {safe} of them captured", "holdfast restore ID"
    )


def fragments(scene: Scene) -> Finding:
    """Sessions of which only the prompts were left when they were found."""
    found = sum(s.partial for s in scene.sessions)
    text = f"{plural(found, 'session')} of which only the prompts were left when first seen"
    return Finding("note" if found else "ok", text if found else "none", "holdfast list" if found else "")


def trash(scene: Scene) -> Finding:
    """What is in the trash is still in the archive."""
    found = list(scene.store().find(trashed=True)) if scene.made else []
    days = scene.config["trash.days"]
    if not found:
        return Finding("ok", "empty")
    return Finding("note", f"{plural(len(found), 'session')}, purged {days} days after deletion", "holdfast purge ID")


def purged(scene: Scene) -> Finding:
    """Erased sessions are passed over by every later sync."""
    found = len(scene.store().docs(PURGED)) if scene.made else 0
    return Finding("ok", f"{plural(found, 'session')} erased for good, never read again" if found else "none")


def _private(path: Path, wanted: int) -> Finding:
    if os.name != "posix":
        return Finding("ok", f"{path} (the system's own rights)")
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return Finding("warning", f"{path} is {mode:04o}: others can read it", f"chmod {wanted:o} '{path}'")
    if found.st_uid != os.getuid():
        return Finding("warning", f"{path} belongs to another user", f"chown \"$USER\" '{path}'")
    return Finding("ok", f"{path}, {mode:04o}")


def _files(scene: Scene) -> Iterator[Path]:
    if scene.archive is None or not scene.archive.exists():
        return
    for path in (scene.archive, scene.index_path()):
        if path is not None:
            yield from (path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))


def _held(*files: Path) -> int:
    return sum(f.stat().st_size for f in files if f.exists())


def _stands(session: Session) -> bool:
    return bool(session.source_path) and Path(session.source_path).exists()


def _looked_at(path: Path) -> tuple[int, str]:
    """Return the schema version and the first fault; errors.Unreadable where it is no database at all."""
    if path.stat().st_size == 0:
        return 0, ""
    connection = open_database(path, durability="derived", kind=Guarded)
    with contextlib.closing(connection):
        schema = int(connection.pragma("user_version"))
        if path.stat().st_size > SMALL:
            return schema, ""
        found = connection.pragma("quick_check")
        rows = [found] if isinstance(found, str) else list(found or ())
        faults = [line for row in rows for line in str(row).splitlines() if line != "ok" and not line.startswith("***")]
        return schema, faults[0] if faults else "" if rows == ["ok"] else "the check said nothing"


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.absolute().parents) if p.exists())


def _kind_of(path: Path) -> str:
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - only the doctor asks

    place = path.resolve()
    mounts = [p for p in psutil.disk_partitions(all=True) if place.is_relative_to(p.mountpoint)]
    return str(max(mounts, key=lambda p: len(p.mountpoint)).fstype) if mounts else ""


CHECKS = (
    (INTEGRITY, integrity),
    ("folder", folder),
    ("file modes", file_modes),
    ("archive", archive),
    ("archive size", max_size),
    ("file system", filesystem),
    ("disk", disk),
    ("write-ahead log", wal),
    ("index", index),
)
SESSION_CHECKS = (
    ("kept", kept),
    ("captured", captured),
    ("expiring", expiring),
    ("deleted by their agent", gone),
    ("fragments", fragments),
    ("trash", trash),
    ("erased", purged),
)
