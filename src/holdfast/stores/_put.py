"""One put into the SQLite store, step by step: messages, requests, raw bytes, rollups, revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from holdfast.errors import Conflict
from holdfast.model import Message, Receipt, Rollup, Session, Transcript, counted, kind_of, merged
from holdfast.model.usage import key_hash
from holdfast.stores import _blocks, _forks, _ledger, _raw, _rows, _stand_ins, _tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from holdfast.model import Request
    from holdfast.model.results import Durability
    from holdfast.stores.base import Raw


STATES = 64
"""Sessions of which a store knows by heart what a put needs."""
_ROW = "SELECT pk, next_seq, revision, shared, base, base_seq FROM sessions WHERE id=?"
Row = tuple[int, int, int, int, int | None, int]


class Clock(Protocol):
    """What a put needs of its store."""

    durability: Durability
    states: dict[str, _tail.State]

    def tick(self, session_id: str, first: int) -> int:
        """Advance the store's clock for a session that changed from a place on."""

    def name_of(self, name: str) -> int:
        """Return the number of a model's or file's name."""

    def recount(self, sessions: set[int]) -> None:
        """Add up the requests of sessions whose counts moved."""


class Put:
    """One put, step by step, inside its transaction."""

    def __init__(self, db: apsw.Connection, transcript: Transcript, store: Clock) -> None:
        """Take the connection, inside a write transaction, and the store whose clock and names are used."""
        self.store = store
        self.db = db
        self.transcript = transcript
        self.id = transcript.session.id
        self.next = self.first = self.added = self.replaced = 0
        self.block: _blocks.Block | None = None
        self.given: Session | None = None
        self.waits: dict[int, int] = {}

    def run(self, *, raw: Raw | None, expect: int | None, key: str | None) -> Receipt:
        """Do all of it; see the protocol."""
        row: Row | None = self.db.execute(_ROW, (self.id,)).get
        if key is not None and row is not None:
            known = self.db.execute("SELECT receipt FROM receipts WHERE session=? AND key=?", (row[0], key)).get
            if known is not None:
                return replace(_rows.receipt_from(known), repeated=True)
        if expect is not None and expect != (0 if row is None else row[2]):
            found = 0 if row is None else row[2]
            raise Conflict(f"session {self.id} is at revision {found}, not {expect}", "read it again, then retry")
        state = None if row is None else self._state(row)
        old = None if state is None else state.session
        pk, self.next = self._begun() if row is None else row[:2]
        self.first = self.next
        here = _forks.Base(pk, *row[4:]) if row is not None else _forks.Base(pk, None, 0)
        rollup = self._messages(here, state, may_wait=raw is None)
        change = self._requests(pk, old, shared=row is not None and bool(row[3]))
        kept = raw is not None and _raw.put(self.db, pk, raw, self.block)
        session = self._session(state, rollup, change, captured=raw is not None)
        shared = row is not None and (row[3] or change.shared)
        if shared:
            change.others |= self._resettle(pk, session)
        if change.recount or shared:
            usage = _ledger.totals(self.db, pk)
            session = replace(
                session, rollup=replace(session.rollup, usage=usage, requests=sum(b.requests for b in usage))
            )
        revision = 0 if row is None else int(row[2])
        if old is None or self.added or self.replaced or session != old or change.added or kept:
            revision = self._write(pk, session, self.next + self.added)
            self._remember(state, _tail.State(pk, revision, session, {}, self.given))
        self.store.recount(change.others - {pk})
        if self.block is not None and row is not None:
            _blocks.join_small(self.db, pk, before=self.next, after=self.next + self.added)
        return self._receipt(pk, revision, key)

    def _state(self, row: Row) -> _tail.State:
        """Return what is known of the session, from memory where it has not changed since."""
        known = self.store.states.get(self.id)
        if known is not None and known.revision == row[2] and known.pk == row[0]:
            return known
        body = self.db.execute("SELECT body FROM sessions WHERE pk=?", (row[0],)).get
        session = replace(_rows.session_from(body), revision=0)
        return _tail.State(row[0], row[2], session, _tail.places(self.db, row[0]))

    def _remember(self, old: _tail.State | None, new: _tail.State) -> None:
        if self.waits:
            new.places = {**(old.places if old else {}), **self.waits}
        elif old is not None and self.block is None and not self.replaced:
            new.places = old.places
        if len(self.store.states) >= STATES:
            self.store.states.clear()
        self.store.states[self.id] = new

    def _begun(self) -> tuple[int, int]:
        session = self.transcript.session
        self.db.execute(
            "INSERT INTO sessions(id, agent, started_at, active, revision, next_seq, body) VALUES(?,?,?,?,0,0,x'')",
            (self.id, session.agent, session.started, session.active),
        )
        return self.db.last_insert_rowid(), 0

    def _messages(self, here: _forks.Base, state: _tail.State | None, *, may_wait: bool) -> Rollup:
        rollup = Rollup() if state is None else state.session.rollup
        waiting = state.places if state else {}
        messages: Sequence[Message] = self.transcript.messages
        if self.transcript.dropped:
            gone = frozenset(self.transcript.dropped)
            messages = [_blocks.drop(m) if m.id in gone else m for m in messages]
        hashes = [key_hash(m.id) for m in messages]
        known = {} if state is None else _forks.known(self.db, here, hashes, waiting)
        if known or self.transcript.dropped or self.transcript.replaces:
            changes = self._dropped(here, set(known.values()), waiting)
            changes |= {known[n]: m for n, m in zip(hashes, messages, strict=True) if n in known}
            rollup = self._replace(here, changes, rollup)
            waiting = {} if self.replaced else waiting
        unique = dict(zip(hashes, messages, strict=True))  # of several with one id the last, at the place of the first
        new = {n: m for n, m in unique.items() if n not in known} if known else unique
        if new:
            given = _blocks.New([*new.values()], [*new], rollup, len(waiting), may_wait)
            self.block = _blocks.append(self.db, here.pk, self.next, given)
            self.added = len(new)
            if self.block is None:
                self.waits = {number: self.next + i for i, number in enumerate(new)}
            rollup = counted(rollup, [m for m in new.values() if m.live])
        return rollup

    def _requests(self, pk: int, old: Session | None, *, shared: bool) -> _ledger.Change:
        requests: Sequence[Request] = self.transcript.requests
        if not requests:
            return _ledger.Change()
        moved: set[int] | None = None
        held = shared or (old is not None and kind_of(old.rollup.usage) == "estimated")
        if held or any(r.kind == "estimated" for r in requests):
            requests, moved = _stand_ins.make_way(self.db, pk, requests)
        change = _ledger.put(self.db, pk, requests, self.store.name_of)
        if moved is not None:
            change.recount = True
            change.others |= moved
        return change

    def _dropped(self, here: _forks.Base, given: set[int], waiting: dict[int, int]) -> dict[int, Message]:
        hashes = [key_hash(i) for i in self.transcript.dropped]
        gone = set(_forks.known(self.db, here, hashes, waiting).values())
        if self.transcript.replaces:
            gone |= set(range(self.next)) - given
        if not gone:
            return {}
        held = {m.seq: m for m in _forks.read(self.db, here, min(gone) - 1, max(gone) + 1)}
        return {seq: _blocks.drop(held[seq]) for seq in gone if seq in held and held[seq].live}

    def _replace(self, here: _forks.Base, changes: dict[int, Message], rollup: Rollup) -> Rollup:
        if not changes:
            return rollup
        span = _forks.read(self.db, here, min(changes) - 1, max(changes) + 1)
        held = {m.seq: m for m in span if m.seq in changes}
        real = {s: m for s, m in changes.items() if replace(m, seq=s) != held.get(s)}
        if real:
            self._make_own(here, min(real))
            _blocks.put_in_place(self.db, here.pk, real)
            self.replaced = len(real)
            self.first = min(self.first, *real)
            before = counted(Rollup(), [held[s] for s in real if s in held and held[s].live])
            rollup = _less(counted(rollup, [m for m in real.values() if m.live]), before)
        return rollup

    def _make_own(self, here: _forks.Base, first: int) -> None:
        """Make sure that a change from a place on reaches no other session, and that all of it stands in blocks."""
        _forks.give(self.db, here, first)
        if first < here.start:
            _forks.own(self.db, here)
        _blocks.settle(self.db, here.pk)
        self.db.execute("UPDATE blocks SET before=NULL WHERE session=? AND first>?", (here.pk, first))

    def _session(self, state: _tail.State | None, rollup: Rollup, change: _ledger.Change, *, captured: bool) -> Session:
        if not change.recount and change.added:
            usage = _ledger.added_up(rollup.usage, change.added)
            rollup = replace(rollup, usage=usage, requests=sum(b.requests for b in usage))
        told = self.transcript.session
        self.given = replace(told, active=None)
        if state is not None and state.given == self.given and not captured:  # told before: only the time is new
            active = max((t for t in (told.active, state.session.active) if t is not None), default=None)
            return replace(state.session, rollup=rollup, active=active)
        new = merged(None if state is None else state.session, told)
        return replace(new, rollup=rollup, captured=new.captured or captured, revision=0, trashed=None)

    def _resettle(self, pk: int, session: Session) -> set[int]:
        self.db.execute("UPDATE sessions SET started_at=?, active=? WHERE pk=?", (session.started, session.active, pk))
        return _ledger.settle_all(self.db, pk)

    def _write(self, pk: int, session: Session, next_seq: int) -> int:
        revision = self.store.tick(self.id, self.first)
        self.db.execute(
            "UPDATE sessions SET started_at=?, active=?, revision=?, next_seq=?, body=? WHERE pk=?",
            (
                session.started,
                session.active,
                revision,
                next_seq,
                _rows.encode(replace(session, revision=revision)),
                pk,
            ),
        )
        return revision

    def _receipt(self, pk: int, revision: int, key: str | None) -> Receipt:
        receipt = Receipt(
            session=self.id,
            revision=revision,
            first=self.first,
            added=self.added,
            replaced=self.replaced,
            durability=self.store.durability,
        )
        if key is not None:
            self.db.execute("INSERT INTO receipts VALUES(?,?,?)", (pk, key, _rows.encode(receipt)))
        return receipt


def _less(rollup: Rollup, minus: Rollup) -> Rollup:
    return replace(
        rollup,
        messages=rollup.messages - minus.messages,
        user_messages=rollup.user_messages - minus.user_messages,
        tool_calls=rollup.tool_calls - minus.tool_calls,
        errors=rollup.errors - minus.errors,
    )
