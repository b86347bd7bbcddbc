"""The only module that opens database files: pragmas, file modes, migrations, and safe copies of other programs' databases.

Nobody else opens a database file, not even to copy it: closing any descriptor of it would drop the process's locks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import apsw

from holdfast._look import files_with as files_with  # noqa: PLC0414 - handed on by the door to databases
from holdfast.errors import Conflict, Denied, Unavailable, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Durability = Literal["durable", "derived"]
OLDEST = (3, 51, 3)
BUSY_MS = 30_000
RETRY_SECONDS = 0.005
CACHE_KIB = 16 * 1024
"""More than one batch of a first sync writes: less than that is written out and read back in the middle of it."""
LOG_PAGES = 4_000
"""How long a log grows before its pages move into the file: those that change with every batch move once for many."""
LARGE = 64 << 20
"""From this size on, another program's database is not copied for a look at it."""
MOST_COPIED = 8 << 30
SPARE = 64 << 20
TRIES = 3
_FICLONE = 0x40049409
_FOREIGN = apsw.SQLITE_OPEN_READWRITE
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


class Guarded(apsw.Connection):
    """A connection whose errors say what its reader must do."""

    def execute(self, *args: Any, **more: Any) -> apsw.Cursor:  # noqa: ANN401 - handed on as they are
        """Run a statement."""
        try:
            return super().execute(*args, **more)
        except apsw.Error as error:
            raise _translated(error, self.filename) from error

    def pragma(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - handed on as they are
        """Ask or set an option."""
        try:
            return super().pragma(*args, **more)
        except apsw.Error as error:
            raise _translated(error, self.filename) from error

    def executemany(self, *args: Any, **more: Any) -> apsw.Cursor:  # noqa: ANN401 - handed on as they are
        """Run a statement for each row."""
        try:
            return super().executemany(*args, **more)
        except apsw.Error as error:
            raise _translated(error, self.filename) from error


def _translated(error: Exception, name: str) -> Exception:
    place = name or "the archive"
    match error:
        case apsw.CorruptError() | apsw.NotADBError():
            hint = "holdfast doctor shows how much; holdfast store copy takes over what can be read, then move the file away"
            return Unreadable(f"{place} is damaged: {error}", hint)
        case apsw.FullError():
            return Unavailable(
                f"no room left for {place}", "free disk space, then try again: nothing that was kept is lost"
            )
        case apsw.IOError() | apsw.CantOpenError():
            return Unavailable(f"{place} cannot be read or written: {error}", "check the disk, then holdfast doctor")
        case OSError():
            hint = "choose another place with --store or HOLDFAST_HOME"
            return Unavailable(f"{place} cannot be opened: {error.strerror or error}", hint)
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return Denied(f"{place} may not be written: {error}", "check the file's owner and mode")
        case apsw.BusyError() | apsw.LockedError():
            return Conflict(f"{place} is locked by another program", "try again in a moment")
        case _:
            return error


def open_database(
    path: Path | None, *, durability: Durability, page_size: int = 8192, kind: type[apsw.Connection] = apsw.Connection
) -> apsw.Connection:
    """Open (and create, 0600 in a 0700 folder) one of our own databases; None opens one in memory."""
    _check_library()
    if path is None:
        return kind(":memory:")
    try:
        if is_read_only(path):
            return _reading(path, kind)
        make_private(path)
        connection = kind(str(path), flags=_OPEN)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("page_size", page_size)
        _use_wal(connection)
        connection.pragma("synchronous", "full" if durability == "durable" else "normal")
        connection.pragma("foreign_keys", 1)
        connection.pragma("temp_store", "memory")
        connection.pragma("secure_delete", 1)
        connection.pragma("cache_size", -CACHE_KIB)
        connection.pragma("wal_autocheckpoint", LOG_PAGES)
    except apsw.CantOpenError as error:
        raise Unavailable(f"cannot open {path}: {error}", "check the folder's owner and free disk space") from error
    except (apsw.Error, OSError) as error:
        raise _translated(error, str(path)) from error
    return connection


def is_read_only(path: Path) -> bool:
    """Tell whether a database is there and may be read, but not written."""
    return os.access(path, os.R_OK) and not os.access(path, os.W_OK)


def _reading(path: Path, kind: type[apsw.Connection]) -> apsw.Connection:
    """Open to read alone; what has no log, in a folder where none can be made, is read as it lies."""
    from urllib.parse import quote  # noqa: PLC0415 - rare, and lists should be quick

    lies = not _stamp(path.with_name(path.name + "-wal"))[0] and not os.access(path.parent, os.W_OK)
    name = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if lies else ''}"
    connection = kind(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("temp_store", "memory")
    return connection


def _use_wal(connection: apsw.Connection) -> None:
    """Switch a new file to its write-ahead log: two that switch at once are refused without a wait, so the loser asks again."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            if connection.pragma("journal_mode", "wal") == "wal":
                return
        except (apsw.BusyError, Conflict) as error:
            if time.monotonic() > until:
                raise _translated(error, connection.filename) from error
        threading.Event().wait(RETRY_SECONDS)


def make_private(path: Path) -> None:
    """Create the file (0600) and its folder (0700) before SQLite does, whatever the umask."""
    missing = [p for p in (path.parent, *path.parent.parents) if not p.exists()]
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@contextlib.contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """Run one write transaction, taking the lock at its start; inside another one, join it."""
    if connection.in_transaction:
        yield
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
    except apsw.BusyError as error:
        raise Conflict("the archive is locked by another program", "try again in a moment") from error
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def migrate(connection: apsw.Connection, steps: Sequence[str | Callable[[apsw.Connection], None]]) -> None:
    """Bring the schema to the last step under the write lock; a newer schema than ours is refused."""
    if _version(connection) == len(steps):
        return
    with writing(connection):
        found = _version(connection)
        if found > len(steps):
            raise Unavailable(
                f"{connection.filename} was written by a newer Holdfast (schema {found})",
                "update Holdfast, then try again",
            )
        for step in steps[found:]:
            if callable(step):
                step(connection)
            else:
                connection.execute(step)
        connection.pragma("user_version", len(steps))


def all_rows(connection: apsw.Connection, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows at once; what is in them is the caller's to know."""
    try:
        return connection.execute(sql, tuple(bindings)).fetchall()
    except apsw.Error as error:
        raise _translated(error, connection.filename) from error


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))


@contextlib.contextmanager
def foreign_copy(path: Path) -> Iterator[apsw.Connection]:
    """Open another program's database as it stands, with its log; the original is only read, and never locked.

    Up to LARGE it is copied to a private folder. A larger one is cloned where the file system can; elsewhere it is read where it
    lies, with a copy of its log, unless a change is half done in it: that takes a whole copy, and the room for it.
    """
    import shutil  # noqa: PLC0415 - copying is rare, and lists should be quick
    import tempfile  # noqa: PLC0415

    _check_library()
    large = path.stat().st_size > LARGE
    folder = Path(tempfile.mkdtemp(prefix="holdfast-", dir=_place_for(path) if large else None))
    try:
        copy = folder / "copy.db"
        looking = large and not _cloned(path, copy) and not _is_half_done(path)
        _copied(path, copy, main=not looking)
        try:
            connection = _looking(path, copy) if looking else apsw.Connection(str(copy), flags=_FOREIGN)
            connection.pragma("schema_version")
        except apsw.Error as error:
            raise Unreadable(f"{path} is no readable database: {error}") from error
        try:
            yield connection
        except (apsw.Error, UnicodeDecodeError) as error:
            raise Unreadable(f"{path} is damaged: {error}") from error
        finally:
            connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(path: Path, copy: Path, *, main: bool) -> None:
    """Copy a database's files again until none of them changed meanwhile: what stands in the log may move into the database."""
    sides = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal")]
    for _ in range(TRIES):
        before = [_stamp(p) for p in (path, *sides)]
        if main:
            _copy(path, copy)
        for side in sides:
            with contextlib.suppress(FileNotFoundError):
                _copy(side, copy.with_name(copy.name + side.name.removeprefix(path.name)))
        if not main or before == [_stamp(p) for p in (path, *sides)]:
            return


def _copy(source: Path, target: Path) -> None:
    import shutil  # noqa: PLC0415 - copying is rare, and lists should be quick

    if not _cloned(source, target):
        _check_room(target.parent, source)
        shutil.copyfile(source, target)


def _cloned(source: Path, target: Path) -> bool:
    """Let a file share another one's blocks, where the file system can: no byte is read, whatever the size."""
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - not on every system

    with source.open("rb") as given, target.open("wb") as taken:
        try:
            fcntl.ioctl(taken, _FICLONE, given.fileno())
        except OSError:
            pass
        else:
            return True
    target.unlink()
    return False


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _is_half_done(path: Path) -> bool:
    return _stamp(path.with_name(path.name + "-journal"))[0] > 0


def _place_for(path: Path) -> str | None:
    """Return where a large copy goes: on the database's own file system, where it can be a clone and takes no memory."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with contextlib.suppress(OSError):
        if cache.stat().st_dev == path.stat().st_dev:
            return str(cache)
    return None


def _check_room(folder: Path, path: Path) -> None:
    import shutil  # noqa: PLC0415 - copying is rare, and lists should be quick

    size, free = path.stat().st_size, shutil.disk_usage(folder).free
    if size > MOST_COPIED or size + SPARE > free:
        why = f"{free >> 20} MB are free in {folder.parent}" if size <= MOST_COPIED else "its program is writing to it"
        hint = "end its program, then try again; TMPDIR names another folder, sources.exclude leaves its agent out"
        raise Unavailable(f"{path} is not read: {size >> 20} MB would have to be copied, and {why}", hint)


def _looking(path: Path, copy: Path) -> apsw.Connection:
    """Open a database where it lies, to read it without a lock; its log is the copy's."""
    copy.touch(mode=0o600)
    looker = _looker()
    looker.places[str(copy)] = str(path)
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY, vfs=_Looker.NAME)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.pragma("locking_mode", "exclusive")  # the log's index is then in memory, not in a file beside it
    connection.pragma("temp_store", "memory")
    return connection


class _Looker(apsw.VFS):
    """Puts other programs' files in the places of empty ones."""

    NAME = "holdfast-looker"

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        super().__init__(self.NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: ANN401, N802 - the library's own names
        theirs = self.places.pop(name.filename() if isinstance(name, apsw.URIFilename) else name, None)
        if theirs is None:
            return super().xOpen(name, flags)
        given = [flags[0] & ~_OPEN | apsw.SQLITE_OPEN_READONLY, 0]
        found = _Untouched("", theirs, given)
        flags[1] = given[1]
        return found


@lru_cache(maxsize=1)
def _looker() -> _Looker:
    return _Looker()


class _Untouched(apsw.VFSFile):
    """A file that takes no lock and no byte."""

    def xLock(self, level: int) -> None:  # noqa: N802
        """Take none."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Give none back."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        """Say that nobody has one."""
        return False

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Refuse."""
        raise apsw.ReadOnlyError(f"{len(data)} bytes at {offset} of another program's database")

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Refuse."""
        raise apsw.ReadOnlyError(f"another program's database to {newsize} bytes")


def tables(connection: apsw.Connection) -> dict[str, tuple[str, ...]]:
    """Return each table's column names, so that readers probe instead of trusting versions."""
    names = [str(r[0]) for r in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    return {n: tuple(str(r[1]) for r in connection.execute(f"PRAGMA table_info({quoted(n)})")) for n in names}


def quoted(name: str) -> str:
    """Quote an identifier that came from a file."""
    return '"' + name.replace('"', '""') + '"'


def _check_library() -> None:
    found = tuple(int(p) for p in apsw.sqlite_lib_version().split("."))
    if found < OLDEST:
        raise Unavailable(
            f"SQLite {apsw.sqlite_lib_version()} can lose rows under several writers",
            "install apsw 3.51.3 or later",
        )
