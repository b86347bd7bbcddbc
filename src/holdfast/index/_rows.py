"""Where a row of the index stands: spans of consecutive rows, each the messages of one session in order.

Knows row numbers, sessions, places and times; refuses to know words. Message times inside a span are interpolated: good
enough for an order, the exact time comes with the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from holdfast.model import Message

_SPAN = "SELECT first, count, session, seq, at0, at1 FROM spans"

_TOUCHED = (
    " WHERE session = ? AND seq <= ?"
    " AND seq >= coalesce((SELECT max(seq) FROM spans WHERE session = ? AND seq <= ?), ?)"
)


class Span(Struct, frozen=True):
    """Rows `first` to `first + count - 1` are messages `seq` onwards of a session, from time `at0` to `at1`."""

    first: int
    count: int
    session: int
    seq: int
    at0: int
    at1: int

    def at(self, row: int) -> int:
        """Return about when the row's message was said."""
        return self.at0 + (self.at1 - self.at0) * (row - self.first) // max(self.count - 1, 1)


def place(connection: apsw.Connection, rows: Iterable[int]) -> Iterator[tuple[int, Span]]:
    """Yield each row's span (neighbouring rows in order need one look-up)."""
    span: Span | None = None
    for row in rows:
        if span is None or not span.first <= row < span.first + span.count:
            found = connection.execute(_SPAN + " WHERE first <= ? ORDER BY first DESC LIMIT 1", (row,)).fetchone()
            span = Span(*found) if found else None
        if span is not None and row < span.first + span.count:
            yield row, span


def spans_of(connection: apsw.Connection, session: int) -> list[Span]:
    """Return a session's spans, the newest messages first."""
    return [Span(*r) for r in connection.execute(_SPAN + " WHERE session = ? ORDER BY seq DESC", (session,))]


def rows_for(
    connection: apsw.Connection, session: int, messages: Sequence[Message], *, begun: bool = False
) -> tuple[list[int], set[int]]:
    """Return a row for each message, making spans for new ones, and the rows that are known already.

    Of a session that has just `begun` none can be.
    """
    known = {} if begun else _known(connection, session, messages)
    fresh = [m for m in messages if m.seq not in known]
    for run in _runs(fresh):
        first = _extended(connection, session, run)
        known.update((m.seq, first + i) for i, m in enumerate(run))
    new = {known[m.seq] for m in fresh}
    rows = [known[m.seq] for m in messages]
    return rows, set(rows) - new


def _known(connection: apsw.Connection, session: int, messages: Sequence[Message]) -> dict[int, int]:
    seqs = {m.seq for m in messages}
    known: dict[int, int] = {}
    low, high = min(seqs), max(seqs)
    for row in connection.execute(_SPAN + _TOUCHED, (session, high, session, low, low)):
        span = Span(*row)
        held = seqs.intersection(range(span.seq, span.seq + span.count))
        known.update((seq, span.first + seq - span.seq) for seq in held)
    return known


def _runs(messages: Iterable[Message]) -> Iterator[list[Message]]:
    run: list[Message] = []
    for message in sorted({m.seq: m for m in messages}.values(), key=lambda m: m.seq):
        if run and message.seq != run[-1].seq + 1:
            yield run
            run = []
        run.append(message)
    if run:
        yield run


def _extended(connection: apsw.Connection, session: int, run: Sequence[Message]) -> int:
    """Lengthen the session's last span where it is the newest of all, else begin one; return the first new row."""
    times = [m.at for m in run if m.at is not None]
    at0, at1 = (times[0], times[-1]) if times else (0, 0)
    row = connection.execute(_SPAN + " ORDER BY first DESC LIMIT 1").fetchone()
    last = Span(*row) if row else None
    if last and last.session == session and last.seq + last.count == run[0].seq:
        connection.execute(
            "UPDATE spans SET count = count + ?, at1 = max(at1, ?) WHERE first = ?", (len(run), at1, last.first)
        )
        return last.first + last.count
    first = last.first + last.count if last else 1
    connection.execute("INSERT INTO spans VALUES(?, ?, ?, ?, ?, ?)", (first, len(run), session, run[0].seq, at0, at1))
    return first
