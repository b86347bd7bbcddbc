"""The word index: what was said, thought, called and returned, and what sessions are called, found in milliseconds.

Knows which words stand in which message; refuses to keep the text (the store does: `fetch` brings it for snippets).
One Index is used by one thread; a writer and any number of readers may open the same file.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast._sqlite import BUSY_MS, files_with, writing
from holdfast.errors import Conflict, Unreadable
from holdfast.index import _terms
from holdfast.index._fold import asked, fold
from holdfast.index._hits import Hits
from holdfast.index._holders import holders
from holdfast.index._match import Plan, planned
from holdfast.index._rank import Ranking, density
from holdfast.index._rows import rows_for, spans_of
from holdfast.index._schema import CLASSES, opened, read_number, tidy, write_number
from holdfast.model import searchable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from holdfast.index._hits import Fetch
    from holdfast.model import Hit, Message, Query, Session

PER_SESSION = 3
NARROWED = 5
"""Times as many candidates where times or roles are asked for, which only the messages themselves tell."""
LATE_BYTES = 8 << 20
"""How much text of replaced messages is kept back before it is written in the middle of a batch."""
SPARE = 10
"""Candidates beyond the limit, for messages that turn out to be gone or outside the times asked for."""


class Index:
    """A word index in a file, or in memory for None."""

    def __init__(self, path: Path | None) -> None:
        self._connection = opened(path)
        self._late: _Late | None = None
        self._connection.register_fts5_function("density", density)

    @property
    def revision(self) -> int:
        """The store revision that the index has caught up with."""
        return read_number(self._connection, "revision")

    def put(self, session: Session, messages: Sequence[Message], *, revision: int | None = None) -> None:
        """Take up a session's texts and messages; a (session, seq) that is known is replaced. `messages` carry seq."""
        if not messages and revision is None and self._known(session):
            return
        with self._readable(), writing(self._connection):
            number, begun = self._describe(session)
            if messages:
                self._add(number, messages, begun=begun)
            if revision is not None and revision != self.revision:
                write_number(self._connection, "revision", revision)

    def forget(self, session_id: str) -> None:
        """Take a session out; its words stay in the file until `scrub`."""
        row = self._connection.execute("SELECT no FROM sessions WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            return
        self._replace_late()
        with writing(self._connection):
            for span in spans_of(self._connection, row[0]):
                rows = (span.first, span.first + span.count - 1)
                for name in CLASSES[1:]:
                    self._connection.execute(f"DELETE FROM words_{name} WHERE rowid BETWEEN ? AND ?", rows)
            self._connection.execute("DELETE FROM words_session WHERE rowid = ?", row)
            self._connection.execute("DELETE FROM spans WHERE session = ?", row)
            self._connection.execute("DELETE FROM sessions WHERE no = ?", row)

    def scrub(self) -> None:
        """Rewrite the tables, so that no byte of forgotten words is left in the file (secure_delete zeroes pages)."""
        with writing(self._connection):
            for name in CLASSES:
                self._connection.execute(f"INSERT INTO words_{name}(words_{name}) VALUES('optimize')")
            _terms.rebuild(self._connection)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError as error:
            message = "erased, but the index's log still holds the old words: another program is reading it"
            raise Conflict(message, "close other Holdfast programs, then purge again") from error

    def settle(self) -> None:
        """Finish what puts left open (merges, the term table): after each sync; cheap when there is nothing to do."""
        unsettled = _terms.unsettled(self._connection)
        tidy(self._connection, whole=unsettled)
        if unsettled:
            with writing(self._connection):
                _terms.rebuild(self._connection)

    def mark(self, revision: int) -> None:
        """Remember that everything up to a store revision is in the index."""
        if revision != self.revision:
            with writing(self._connection):
                write_number(self._connection, "revision", revision)

    def own_words(self, words: Iterable[str], sessions: Container[str], *, most: int) -> list[str]:
        """Return words that stand in these sessions alone and in no longer word: with the sessions they must be gone."""
        self.settle()
        found: list[str] = []
        for word in words:
            if len(found) == most:
                break
            holders = self._holders(word) if asked(word)[0] == (word,) else set()
            if holders and all(h in sessions for h in holders):
                found += [] if _terms.longer(self._connection, word, "inside", most=4) else [word]
        return found

    def traces(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the index's files if one of these words (letters and digits alone) is still in a table or in their bytes."""
        path = self._connection.filename
        for word in words:
            for name in CLASSES:
                sql = f"SELECT 1 FROM words_{name} WHERE words_{name} MATCH ? LIMIT 1"
                if self._connection.execute(sql, (f'"{" ".join(asked(word)[0])}"',)).get is not None:
                    return (path or "memory",)
        return files_with(Path(path), [w.encode() for w in words]) if path else ()

    @contextlib.contextmanager
    def batch(self, *, wait: bool = True) -> Iterator[None]:
        """Join puts into one transaction; without `wait`, another writer is an error at once (Conflict).

        Messages that are known already are replaced at its end: a row out of order makes a table write what it has gathered.
        """
        if not wait:
            self._connection.set_busy_timeout(0)
        try:
            with writing(self._connection):
                self._connection.set_busy_timeout(BUSY_MS)
                self._late = _Late()
                yield
                self._replace_late()
        finally:
            self._late = None
            self._connection.set_busy_timeout(BUSY_MS)

    def find(
        self,
        query: Query,
        *,
        fetch: Fetch,
        allowed: Container[str] | None = None,
        limit: int = 20,
        per_session: int | None = None,
    ) -> tuple[Hit, ...]:
        """Return the best hits, marked; `fetch` brings messages by seq, `allowed` holds the sessions that count."""
        plan = planned(query)
        if not plan.combinations or limit < 1:
            return ()
        with self._readable():
            return self._found(query, plan, fetch=fetch, allowed=allowed, limit=limit, per_session=per_session)

    def _found(
        self,
        query: Query,
        plan: Plan,
        *,
        fetch: Fetch,
        allowed: Container[str] | None,
        limit: int,
        per_session: int | None,
    ) -> tuple[Hit, ...]:
        most = per_session or (limit + SPARE if _one_session(query) else PER_SESSION)
        wide = NARROWED if plan.narrowed else 1
        ranking = Ranking(self._connection, plan, allowed)
        candidates = ranking.candidates(limit * wide + SPARE, per_session=most * wide)
        return Hits(self._connection, plan, fetch).shown(candidates, limit=limit, per_session=most)

    def holders(self, query: Query, *, allowed: Container[str], fetch: Fetch) -> set[str]:
        """Return all of the allowed sessions in which something matches, as words or parts of words."""
        with self._readable():
            return holders(self._connection, planned(query), allowed, fetch)

    def count(self, query: Query, *, allowed: Container[str] | None = None) -> int:
        """Count the messages and sessions that hold the query's whole words."""
        return Ranking(self._connection, planned(query), allowed).count()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            message = f"{self._connection.filename} is damaged: {error}"
            raise Unreadable(message, "delete it: the next sync builds it again") from error

    def _holders(self, word: str) -> set[str]:
        """Return the ids of the sessions in which a word stands."""
        of_session = "SELECT id FROM sessions WHERE no IN (SELECT rowid FROM words_session WHERE words_session MATCH ?)"
        found = {row[0] for row in self._connection.execute(of_session, (f'"{word}"',))}
        for name in CLASSES[1:]:
            sql = (
                "SELECT DISTINCT (SELECT id FROM sessions WHERE no ="
                " (SELECT session FROM spans WHERE first <= w.rowid ORDER BY first DESC LIMIT 1))"
                f" FROM words_{name} w WHERE words_{name} MATCH ?"
            )
            found |= {row[0] for row in self._connection.execute(sql, (f'"{word}"',))}
        return found

    def _known(self, session: Session) -> bool:
        row = self._connection.execute("SELECT active, text FROM sessions WHERE id = ?", (session.id,)).fetchone()
        return row is not None and tuple(row) == (_active(session), _text(session))

    def _describe(self, session: Session) -> tuple[int, bool]:
        """Keep what is said of a session; returns its number, and whether it is new here."""
        row = self._connection.execute("SELECT no, active, text FROM sessions WHERE id = ?", (session.id,)).fetchone()
        text, active = _text(session), _active(session)
        if row is None:
            # No RETURNING: a statement that needs a savepoint makes every full-text table write what it has gathered.
            sql = "INSERT INTO sessions(id, active, text) VALUES(?, ?, ?)"
            self._connection.execute(sql, (session.id, active, text))
            number = self._connection.last_insert_rowid()
        else:
            number = int(row[0])
            if (active, text) != tuple(row[1:]):
                sql = "UPDATE sessions SET active = ?, text = ? WHERE no = ?"
                self._connection.execute(sql, (active, text, number))
        if row is None or row[2] != text:
            self._write({"session": [(number, fold(text))]}, {number} if row else set())
        return number, row is None

    def _add(self, number: int, given: Sequence[Message], *, begun: bool) -> None:
        messages = tuple({m.seq: m for m in given}.values())
        rows, known = rows_for(self._connection, number, messages, begun=begun)
        texts: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for row, message in zip(rows, messages, strict=True):
            said, done = searchable(message)
            name = "user" if message.role == "user" else "assistant"
            if said:
                texts[name].append((row, fold(said)))
            if done:
                texts["tool"].append((row, fold(done)))
        if known and self._late is not None:
            self._late.take(texts, known)
            if self._late.size > LATE_BYTES:
                self._replace_late()
            texts = defaultdict(list, {n: [r for r in rows if r[0] not in known] for n, rows in texts.items()})
            known = set()
        self._write({name: texts[name] for name in CLASSES[1:] if known or texts[name]}, known)

    def _replace_late(self) -> None:
        """Put the messages that were kept back in the places of what stands there."""
        late = self._late
        if late is None or not late.rows:
            return
        self._late = _Late()
        self._write({name: sorted(late.texts[name].items()) for name in CLASSES[1:]}, late.rows)

    def _write(self, texts: dict[str, list[tuple[int, str]]], known: set[int]) -> None:
        for name, rows in texts.items():
            for row in sorted(known):
                self._connection.execute(f"DELETE FROM words_{name} WHERE rowid = ?", (row,))
            self._connection.executemany(f"INSERT INTO words_{name}(rowid, x) VALUES(?, ?)", rows)
        _terms.note(self._connection, [text for rows in texts.values() for _, text in rows])


class _Late:
    """What replaces messages that are in the index already, kept back until a batch ends: the last of each counts."""

    def __init__(self) -> None:
        self.rows: set[int] = set()
        self.texts: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self.size = 0

    def take(self, texts: Mapping[str, list[tuple[int, str]]], known: set[int]) -> None:
        self.rows |= known
        for name in CLASSES[1:]:
            held = self.texts[name]
            for row in known:
                held.pop(row, None)
            fresh = {row: text for row, text in texts.get(name, ()) if row in known}
            held.update(fresh)
            self.size += sum(map(len, fresh.values()))


def _one_session(query: Query) -> bool:
    return any(f.key == "id" and not f.negated for f in query.filters)


def _text(session: Session) -> str:
    parts = (session.title, session.name, " ".join(session.tags), session.description, session.project)
    return "\n".join(p for p in parts if p)


def _active(session: Session) -> int:
    return session.active or session.started or 0
