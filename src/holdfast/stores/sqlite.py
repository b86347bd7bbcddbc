"""Sessions in one SQLite file that many processes write at once.

Knows rows and transactions; refuses to know what a message means or where it came from.
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
from msgspec.structs import replace

from holdfast._sqlite import Durability, Guarded, all_rows, files_with, is_read_only, migrate, open_database, writing
from holdfast.errors import NotFound, Unreadable
from holdfast.model import Edits, Message, Query, Receipt, Session, Transcript, matches, with_edits
from holdfast.stores import _forking, _forks, _ledger, _raw, _rows, _salvage, _schema, _tail, _verify
from holdfast.stores._log import Log
from holdfast.stores._patience import Patience
from holdfast.stores._put import Put
from holdfast.stores.base import Changed, Entry, Fault, Raw, RawFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SAMPLE = 24
_OF_SESSION_ALONE = """
WITH own AS (SELECT pk, coalesce((SELECT max(base_seq) FROM sessions f WHERE f.base=s.pk), 0) AS given FROM sessions s WHERE id=?1)
SELECT data FROM blocks WHERE session=(SELECT pk FROM own) AND first >= (SELECT given FROM own)
UNION ALL SELECT data FROM tail WHERE session=(SELECT pk FROM own) AND first >= (SELECT given FROM own)
UNION ALL SELECT data FROM raw WHERE file IN (SELECT pk FROM files WHERE session=(SELECT pk FROM own))
"""
"""What goes with a session: not what its forks have of it."""


class SqliteStore:
    """A store in a file; `path` None keeps everything in memory."""

    def __init__(self, path: Path | None, *, durability: Durability = "durable") -> None:
        """Open and, where needed, create or migrate the file."""
        self.url = "sqlite://" if path is None else f"sqlite:///{path}"
        self.path = path
        self.durability = durability
        self._db = open_database(path, durability="derived", kind=Guarded)
        self._db.set_busy_handler(Patience())
        logs = path is not None and durability == "durable" and not is_read_only(path)
        self._log = Log(path) if logs and path is not None else None
        self._lock = threading.RLock()
        self._names: dict[str, int] = {}
        self.states: dict[str, _tail.State] = {}
        migrate(self._db, _schema.STEPS)

    @classmethod
    def from_url(cls, url: str, *, durability: Durability = "durable") -> SqliteStore:
        """Open `sqlite:////absolute/path` or `sqlite:///relative/path`."""
        found = url.partition("://")[2]
        found = found[found.find("/") :]  # a file has no host; what stands there may be a password
        if "%" in found:
            from urllib.parse import unquote  # noqa: PLC0415 - rare, and lists should be quick

            found = unquote(found)
        return cls(Path(found[1:]) if found.startswith("/") and len(found) > 1 else None, durability=durability)

    def put(
        self,
        transcript: Transcript,
        docs: Mapping[str, Mapping[str, bytes | None]] | None = None,
        *,
        raw: Raw | None = None,
        expect: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Keep a transcript in one transaction; see the protocol."""
        with self._writing():
            receipt = Put(self._db, transcript, self).run(raw=raw, expect=expect, key=key)
            for kind, values in (docs or {}).items():
                self._put_docs(kind, values)
        return receipt

    def get(self, session_id: str) -> Session | None:
        """Return one session."""
        with self._lock:
            row = self._db.execute("SELECT body, edits, revision, trashed FROM sessions WHERE id=?", (session_id,)).get
        return None if row is None else _session(row)

    def find(self, query: Query | None = None, *, trashed: bool = False) -> Iterator[Session]:
        """Yield sessions, last active first."""
        with self._lock:
            rows = all_rows(
                self._db,
                f"SELECT body, edits, revision, trashed FROM sessions WHERE trashed IS {'NOT NULL' if trashed else 'NULL'}"
                " ORDER BY active DESC, id",
            )
        for row in rows:
            session = _session(row)
            if query is None or matches(session, query):
                yield session

    def messages(
        self, session_id: str, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> Iterator[Message]:
        """Yield messages in order."""
        with self._lock:
            row = self._db.execute("SELECT next_seq, pk, base, base_seq FROM sessions WHERE id=?", (session_id,)).get
            if row is None:
                return
            start = after if last is None else max(after, row[0] - last - 1)
            found = _forks.read(self._db, _forks.Base(*row[1:]), start, before)
            if last is not None:
                found = iter(list(found))
        yield from found

    def change(self, session_id: str, edits: Edits) -> Session:
        """Replace a person's edits."""
        with self._writing():
            row = self._db.execute("SELECT edits, next_seq FROM sessions WHERE id=?", (session_id,)).get
            if row is None:
                raise NotFound(f"no session {session_id!r}", "holdfast list")
            data = _rows.encode(edits)
            if row[0] != data:
                revision = self.tick(session_id, row[1])
                self._db.execute("UPDATE sessions SET edits=?, revision=? WHERE id=?", (data, revision, session_id))
        found = self.get(session_id)
        if found is None:
            raise NotFound(f"session {session_id!r} was erased meanwhile")
        return found

    def edits(self, session_id: str) -> Edits:
        """Return a person's edits."""
        with self._lock:
            data = self._db.execute("SELECT edits FROM sessions WHERE id=?", (session_id,)).get
        return Edits() if data is None else _rows.edits_from(data)

    def delete(self, session_id: str, *, at: int | None, forever: bool = False) -> bool:
        """Move to the trash, take out of it, or erase."""
        with self._writing():
            row = self._db.execute("SELECT pk, next_seq, trashed FROM sessions WHERE id=?", (session_id,)).get
            if row is None:
                return False
            if row[2] == at and not forever:
                return True
            revision = self.tick(session_id, row[1])
            if forever:
                self._erase(row[0])
            else:
                self._db.execute("UPDATE sessions SET trashed=?, revision=? WHERE id=?", (at, revision, session_id))
                self.recount(_ledger.settle_all(self._db, row[0]))
        if forever:
            self._scrub()
        return True

    def fork(self, session_id: str, session: Session, *, at: int | None = None) -> Receipt:
        """Begin a session with the messages of another one before a place; none is copied."""
        with self._writing():
            return _forking.fork(self._db, session_id, session, at=at, tick=self.tick, durability=self.durability)

    def doc(self, kind: str, key: str) -> bytes | None:
        """Return one document."""
        with self._lock:
            found: bytes | None = self._db.execute("SELECT value FROM docs WHERE kind=? AND key=?", (kind, key)).get
        return found

    def since(self, revision: int) -> Iterator[Changed]:
        """Yield what changed after a revision."""
        steps: dict[str, list[tuple[int, int]]] = {}
        with self._lock:
            changes = "SELECT session, revision, first FROM changes WHERE revision > ? ORDER BY revision"
            for session_id, number, first in all_rows(self._db, changes, (revision,)):
                steps.setdefault(session_id, []).append((number, first))
        for session_id, found in sorted(steps.items(), key=lambda item: item[1][-1]):
            session = self.get(session_id)
            gone = Session(id=session_id, agent="", native_id="")
            first = 0 if session is None else min(first for _, first in found)
            yield Changed(session=session or gone, first=first, gone=session is None, steps=tuple(found))

    def revision(self) -> int:
        """Return the store's clock."""
        with self._lock:
            return self._db.execute("SELECT max(revision) FROM changes").get or 0

    def docs(self, kind: str) -> dict[str, bytes]:
        """Return all documents of a kind."""
        with self._lock:
            return dict(all_rows(self._db, "SELECT key, value FROM docs WHERE kind=?", (kind,)))

    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of documents that are kept."""
        with self._lock:
            return tuple(kind for (kind,) in all_rows(self._db, "SELECT DISTINCT kind FROM docs ORDER BY kind"))

    def put_docs(self, kind: str, docs: Mapping[str, bytes | None]) -> None:
        """Keep or remove documents."""
        with self._writing():
            self._put_docs(kind, docs)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Join puts into one commit."""
        with self._writing():
            yield

    def raw_files(self, session_id: str) -> tuple[RawFile, ...]:
        """List captured files."""
        with self._lock:
            pk = self._db.execute("SELECT pk FROM sessions WHERE id=?", (session_id,)).get
            return () if pk is None else _raw.files(self._db, pk, session_id)

    def raw(self, file: RawFile) -> Iterator[bytes]:
        """Yield a captured file's bytes."""
        with self._lock:
            pk = self._db.execute("SELECT pk FROM sessions WHERE id=?", (file.session,)).get
            pieces = [] if pk is None else list(_raw.read(self._db, pk, file))
        yield from pieces

    def ledger(
        self, session_id: str | None = None, *, since: int | None = None, until: int | None = None, copies: bool = False
    ) -> Iterator[Entry]:
        """Yield requests in order of time; with `copies` also those counted elsewhere or repeated in the same file."""
        with self._lock:
            pk = None
            if session_id is not None:
                pk = self._db.execute("SELECT pk FROM sessions WHERE id=?", (session_id,)).get
                if pk is None:
                    return
            found = list(_ledger.entries(self._db, pk, since, until, copies=copies))
            if copies and pk is not None:
                found += _ledger.repeats(self._db, pk)
        yield from found

    def verify(self) -> Iterator[Fault]:
        """Read every page, block and raw span."""
        with self._lock:
            name = str(self.path or "memory")
            try:
                pages = [str(found) for (found,) in all_rows(self._db, "PRAGMA integrity_check")]
            except Unreadable as error:
                pages = [error.message]
            yield from (Fault(place=name, problem=found) for found in pages if found != "ok")
            yield from _verify.rows(self._db)

    def ids(self) -> tuple[str, ...]:
        """Name every session, also those whose facts cannot be read."""
        with self._lock:
            return tuple(found for (found,) in all_rows(self._db, "SELECT id FROM sessions ORDER BY active DESC, id"))

    def readable(self, session_id: str) -> Iterator[Message | Fault]:
        """Yield the messages that come back, and a fault for those that do not."""
        with self._lock:
            row = self._db.execute("SELECT pk, base, base_seq FROM sessions WHERE id=?", (session_id,)).get
            if row is not None:
                yield from _salvage.messages(self._db, session_id, _forks.Base(*row))

    def readable_raw(self, file: RawFile) -> Iterator[tuple[int, bytes] | Fault]:
        """Yield the spans that come back, and a fault for those that do not."""
        with self._lock:
            pk = self._db.execute("SELECT pk FROM sessions WHERE id=?", (file.session,)).get
            if pk is not None:
                yield from _salvage.spans(self._db, pk, file)

    def samples(self, session_id: str) -> tuple[bytes, ...]:
        """Return pieces of the session's blocks and raw spans as they stand in the file."""
        with self._lock:
            rows = all_rows(
                self._db,
                _OF_SESSION_ALONE,
                (session_id,),
            )
            found = {_sample(data): len(data) for (data,) in rows if len(data) > 2 * SAMPLE}
            copies = self._copies(session_id, set(found.values()))
        return tuple(s for s in found if s not in copies)

    def _copies(self, session_id: str, sizes: set[int]) -> set[bytes]:
        """Return samples of other sessions' rows of these sizes: what a fork copied compresses to the same bytes."""
        own = "SELECT pk FROM sessions WHERE id=?1"
        sql = (
            f"SELECT data FROM tail WHERE session IS NOT ({own}) AND length(data) IN (SELECT value FROM json_each(?2)) UNION ALL"
            f" SELECT data FROM blocks WHERE session IS NOT ({own}) AND length(data) IN (SELECT value FROM json_each(?2))"
            " UNION ALL SELECT data FROM raw WHERE length(data) IN (SELECT value FROM json_each(?2))"
            f" AND file NOT IN (SELECT pk FROM files WHERE session=({own}))"
        )
        rows = self._db.execute(sql, (session_id, json.dumps(sorted(sizes))))
        return {_sample(data) for (data,) in rows}

    def traces(self, samples: Sequence[bytes]) -> tuple[str, ...]:
        """Look for byte strings in the file and its log."""
        return () if self.path is None else files_with(self.path, samples)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._log is not None:
                self._log.close()
            self._db.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Run one write transaction, or join the one that runs; `durable` waits for the disk when others may write already."""
        commit = 0
        with self._lock:
            try:
                if self._db.in_transaction:
                    yield
                    return
                with writing(self._db):
                    yield
                if self._log is not None:
                    commit = self._log.wrote()
            except BaseException:
                self._names.clear()
                self.states.clear()
                raise
        if self._log is not None:
            self._log.wait(commit)

    def tick(self, session_id: str, first: int) -> int:
        """Advance the clock: a session changed from a message on. Inside a write transaction only."""
        self._db.execute("INSERT INTO changes(session, first) VALUES(?,?)", (session_id, first))
        return self._db.last_insert_rowid()

    def _put_docs(self, kind: str, docs: Mapping[str, bytes | None]) -> None:
        for key, value in docs.items():
            if value is None:
                self._db.execute("DELETE FROM docs WHERE kind=? AND key=?", (kind, key))
            else:
                self._db.execute("INSERT OR REPLACE INTO docs VALUES(?,?,?)", (kind, key, value))

    def name_of(self, name: str) -> int:
        """Return the number of a model's or file's name. Inside a write transaction only."""
        found = self._names.get(name)
        if found is None:
            self._db.execute("INSERT OR IGNORE INTO names(name) VALUES(?)", (name,))
            found = self._names[name] = int(self._db.execute("SELECT pk FROM names WHERE name=?", (name,)).get)
        return found

    def _erase(self, pk: int) -> None:
        _forks.give(self._db, _forks.of(self._db, pk), -1)
        others = _ledger.forget(self._db, pk)
        self._db.execute("DELETE FROM raw WHERE file IN (SELECT pk FROM files WHERE session=?)", (pk,))
        self._db.execute("DELETE FROM files WHERE session=?", (pk,))
        for table in _schema.OF_SESSION:
            self._db.execute(f"DELETE FROM {table} WHERE session=?", (pk,))
        self._db.execute("DELETE FROM sessions WHERE pk=?", (pk,))
        self.recount(others)

    def recount(self, sessions: set[int]) -> None:
        """Add up the requests of sessions whose counts moved. Inside a write transaction only."""
        for pk in sessions:
            row = self._db.execute("SELECT id, body, next_seq FROM sessions WHERE pk=?", (pk,)).get
            if row is None:
                continue
            session_id, body, next_seq = row
            session = _rows.session_from(body)
            usage = _ledger.totals(self._db, pk)
            if usage == session.rollup.usage:
                continue
            rollup = replace(session.rollup, usage=usage, requests=sum(b.requests for b in usage))
            revision = self.tick(session_id, next_seq)
            self._db.execute(
                "UPDATE sessions SET body=?, revision=? WHERE pk=?",
                (_rows.encode(replace(session, rollup=rollup, revision=revision)), revision, pk),
            )

    def _scrub(self) -> None:
        """Leave no byte of what was erased: free pages rewritten, the log emptied."""
        with self._lock:
            self._db.execute("VACUUM")
            if self.path is not None:
                self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _sample(data: bytes) -> bytes:
    """Return bytes that only this content has: of compressed content the middle, of plain content the checksum first."""
    return data[:SAMPLE] if data[:1] == _rows.PLAIN else data[len(data) // 2 :][:SAMPLE]


def _session(row: Sequence[object]) -> Session:
    body, edits, revision, trashed = row
    session = _rows.session_from(body)  # type: ignore[arg-type]
    if (
        session.revision != revision or trashed is not None
    ):  # an edit or the trash ticked the clock without rewriting it
        session = replace(session, revision=revision, trashed=trashed)
    return session if edits is None else with_edits(session, _rows.edits_from(edits))  # type: ignore[arg-type]
