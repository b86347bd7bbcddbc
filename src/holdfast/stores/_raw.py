"""Source bytes as they stood, by file and offset, compressed against the messages they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import all_rows
from holdfast.stores import _blocks, _rows
from holdfast.stores._blocks import Block
from holdfast.stores.base import Raw, RawFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

PIECE = 1 << 20


def put(db: apsw.Connection, session: int, raw: Raw, block: Block | None) -> bool:
    """Keep a span; what was kept of the file from its offset on is replaced. False when all of it was there already."""
    if raw.version:
        return _put_before(db, session, raw)
    if raw.whole or raw.rows:
        return _put_whole(db, session, raw, block)
    known = _known(db, session, raw.path)
    if not raw.data and known is None:
        return False
    file = _new_file(db, session, raw) if known is None else known
    if known is not None and not _make_room(db, file, raw):
        return False
    if raw.data:
        _insert(db, file, raw.offset, raw.data, block=block)
    db.execute("UPDATE files SET size=? WHERE pk=?", (raw.offset + len(raw.data), file))
    return True


def files(db: apsw.Connection, session: int, session_id: str) -> tuple[RawFile, ...]:
    """List the captured files of a session."""
    rows = db.execute(
        "SELECT path, version, rows, size, coalesce((SELECT min(place) FROM raw WHERE file=files.pk), size) FROM files"
        " WHERE session=? ORDER BY path, version",
        (session,),
    )
    return tuple(
        RawFile(path=path, session=session_id, version=version, rows=bool(is_rows), size=end - start, start=start)
        for path, version, is_rows, end, start in rows
    )


def read(db: apsw.Connection, session: int, file: RawFile) -> Iterator[bytes]:
    """Yield a captured file's bytes."""
    rows = all_rows(
        db,
        "SELECT raw.data, raw.block FROM raw JOIN files ON files.pk = raw.file"
        " WHERE files.session=? AND files.path=? AND files.version=? ORDER BY raw.place",
        (session, file.path, file.version),
    )
    for data, block in rows:
        yield _rows.unpacked(data, _blocks.content(db, block))


def _put_whole(db: apsw.Connection, session: int, raw: Raw, block: Block | None) -> bool:
    found = db.execute("SELECT pk, size FROM files WHERE session=? AND path=? AND version=0", (session, raw.path)).get
    if found is not None:
        pk, end = found
        held = b"".join(read(db, session, RawFile(path=raw.path, session="", version=0)))
        if held == raw.data and end == raw.offset + len(held):
            return False
        if len(raw.data) < len(held):
            _keep_before_shrink(db, session, raw.path)
        else:
            _forget(db, pk)
    file = _file(db, session, raw)
    lean = block or _any_block(db, session)
    for offset in range(0, max(len(raw.data), 1), PIECE):
        _insert(db, file, raw.offset + offset, raw.data[offset : offset + PIECE], block=lean)
    db.execute("UPDATE files SET size=? WHERE pk=?", (raw.offset + len(raw.data), file))
    return True


def _put_before(db: apsw.Connection, session: int, raw: Raw) -> bool:
    """Keep the version before a shrink as another store had it."""
    older = db.execute("SELECT pk FROM files WHERE session=? AND path=? AND version=1", (session, raw.path)).get
    if older is not None:
        if b"".join(read(db, session, RawFile(path=raw.path, session="", version=1))) == raw.data:
            return False
        _forget(db, older)
    _insert_before(db, session, raw)
    return True


def _insert_before(db: apsw.Connection, session: int, raw: Raw) -> None:
    db.execute(
        "INSERT INTO files(session, path, version, rows, size) VALUES(?,?,1,?,?)",
        (session, raw.path, int(raw.rows), raw.offset + len(raw.data)),
    )
    kept, lean = db.last_insert_rowid(), _any_block(db, session)
    for offset in range(0, len(raw.data), PIECE):
        _insert(db, kept, raw.offset + offset, raw.data[offset : offset + PIECE], block=lean)


def _keep_before_shrink(db: apsw.Connection, session: int, path: str) -> None:
    older = db.execute("SELECT pk FROM files WHERE session=? AND path=? AND version=1", (session, path)).get
    if older is not None:
        _forget(db, older)
    db.execute("UPDATE files SET version=1 WHERE session=? AND path=? AND version=0", (session, path))


def _forget(db: apsw.Connection, file: int) -> None:
    db.execute("DELETE FROM raw WHERE file=?", (file,))
    db.execute("DELETE FROM files WHERE pk=?", (file,))


def _file(db: apsw.Connection, session: int, raw: Raw) -> int:
    found = _known(db, session, raw.path)
    return _new_file(db, session, raw) if found is None else found


def _new_file(db: apsw.Connection, session: int, raw: Raw) -> int:
    db.execute(
        "INSERT INTO files(session, path, version, rows, size) VALUES(?,?,0,?,0)", (session, raw.path, int(raw.rows))
    )
    return db.last_insert_rowid()


def _known(db: apsw.Connection, session: int, path: str) -> int | None:
    found = db.execute("SELECT pk FROM files WHERE session=? AND path=? AND version=0", (session, path)).get
    return None if found is None else int(found)


def _make_room(db: apsw.Connection, file: int, raw: Raw) -> bool:
    """Cut what is kept of the file at the span's offset; False when the same bytes stand there already.

    A part that begins before its old place, or beyond its end, was moved: all that was kept of it goes.
    """
    sql = "SELECT coalesce(min(place), ?2), coalesce(max(place + size), ?2) FROM raw WHERE file=?1"
    first, end = db.execute(sql, (file, raw.offset)).get or (raw.offset, raw.offset)
    moved = not first <= raw.offset <= end
    if not raw.data and (moved or raw.offset == end):
        return False
    rows = all_rows(
        db,
        "SELECT pk, place, size, block, data FROM raw WHERE file=? AND place + size > ? ORDER BY place",
        (file, -1 if moved else raw.offset),
    )
    kept = [(pk, place, block, _rows.unpacked(data, _blocks.content(db, block))) for pk, place, _, block, data in rows]
    if kept:
        replaced = b"".join(d for *_, d in kept)[max(0, raw.offset - kept[0][1]) :]
        if moved:
            replaced = b"".join(d for *_, d in kept)
        elif raw.data and replaced.startswith(raw.data):
            return False
        if raw.data and b"\n" in replaced and not raw.data.startswith(replaced):
            _keep_before_rewrite(db, file)
    for pk, place, block, data in kept:
        db.execute("DELETE FROM raw WHERE pk=?", (pk,))
        if place < raw.offset and not moved:
            _insert(db, file, place, data[: raw.offset - place], block=_block(db, block))
    return True


def _keep_before_rewrite(db: apsw.Connection, file: int) -> None:
    """Keep what a file held before whole lines of it were replaced by others (a torn last line is no loss)."""
    session, path = db.execute("SELECT session, path FROM files WHERE pk=?", (file,)).get
    data = b"".join(read(db, session, RawFile(path=path, session="", version=0)))
    first = db.execute("SELECT min(place) FROM raw WHERE file=?", (file,)).get
    older = db.execute("SELECT pk FROM files WHERE session=? AND path=? AND version=1", (session, path)).get
    if older is not None:
        _forget(db, older)
    _insert_before(db, session, Raw(path=path, offset=first, data=data))


def _insert(db: apsw.Connection, file: int, offset: int, data: bytes, *, block: Block | None) -> None:
    packed = _rows.packed(data, block.data if block else b"")
    db.execute(
        "INSERT INTO raw(file, place, size, block, data) VALUES(?,?,?,?,?)",
        (file, offset, len(data), block.pk if block else None, packed),
    )


def _any_block(db: apsw.Connection, session: int) -> Block | None:
    return _block(db, db.execute("SELECT pk FROM blocks WHERE session=? ORDER BY size DESC LIMIT 1", (session,)).get)


def _block(db: apsw.Connection, pk: int | None) -> Block | None:
    return None if pk is None else Block(pk, _blocks.content(db, pk))
