"""One put into the SQLite store, step by step: messages, requests, raw bytes, rollups, revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from holdfast.errors import Conflict
from holdfast.model import Message, Receipt, Rollup, Session, Transcript, counted, kind_of, merged
from holdfast.stores import _blocks, _ledger, _raw, _rows, _stand_ins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from holdfast.model import Request
    from holdfast.model.results import Durability
    from holdfast.stores.base import Raw


class Clock(Protocol):
    """What a put needs of its store."""

    durability: Durability

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

    def run(self, *, raw: Raw | None, expect: int | None, key: str | None) -> Receipt:
        """Do all of it; see the protocol."""
        row = self.db.execute("SELECT pk, body, next_seq, revision, shared FROM sessions WHERE id=?", (self.id,)).get
        old = None if row is None else replace(_rows.session_from(row[1]), revision=0)
        if key is not None and row is not None:
            known = self.db.execute("SELECT receipt FROM receipts WHERE session=? AND key=?", (row[0], key)).get
            if known is not None:
                return replace(_rows.receipt_from(known), repeated=True)
        if expect is not None and expect != (0 if row is None else row[3]):
            found = 0 if row is None else row[3]
            raise Conflict(f"session {self.id} is at revision {found}, not {expect}", "read it again, then retry")
        pk, self.next = self._row(row)
        self.first = self.next
        rollup = self._messages(pk, old)
        change = self._requests(pk, old, shared=row is not None and bool(row[4]))
        kept = raw is not None and _raw.put(self.db, pk, raw, self.block)
        session = self._session(old, rollup, change, captured=raw is not None)
        shared = row is not None and (row[4] or change.shared)
        if shared:
            change.others |= self._resettle(pk, session)
        if change.recount or shared:
            usage = _ledger.totals(self.db, pk)
            session = replace(
                session, rollup=replace(session.rollup, usage=usage, requests=sum(b.requests for b in usage))
            )
        revision = 0 if row is None else int(row[3])
        changed = old is None or self.added or self.replaced or session != old or change.added or kept
        if changed:
            revision = self._write(pk, session, self.next + self.added)
        self.store.recount(change.others - {pk})
        if self.added and row is not None:
            _blocks.join_small(self.db, pk, before=self.next, after=self.next + self.added)
        return self._receipt(pk, revision, key)

    def _row(self, row: tuple[int, bytes, int, int, int] | None) -> tuple[int, int]:
        if row is not None:
            return row[0], row[2]
        session = self.transcript.session
        self.db.execute(
            "INSERT INTO sessions(id, agent, started_at, active, revision, next_seq, body) VALUES(?,?,?,?,0,0,x'')",
            (self.id, session.agent, session.started, session.active),
        )
        return self.db.last_insert_rowid(), 0

    def _messages(self, pk: int, old: Session | None) -> Rollup:
        rollup = Rollup() if old is None else old.rollup
        gone = frozenset(self.transcript.dropped)
        messages = [_blocks.drop(m) if m.id in gone else m for m in self.transcript.messages]
        known = {} if old is None else _blocks.known(self.db, pk, messages)
        new = _distinct([m for i, m in enumerate(messages) if i not in known])
        changes = self._dropped(pk, known) | {seq: messages[i] for i, seq in known.items()}
        rollup = self._replace(pk, changes, rollup)
        if new:
            self.block = _blocks.append(self.db, pk, self.next, new)
            self.added = len(new)
            rollup = counted(rollup, [m for m in new if m.live])
        return rollup

    def _requests(self, pk: int, old: Session | None, *, shared: bool) -> _ledger.Change:
        requests: Sequence[Request] = self.transcript.requests
        moved: set[int] | None = None
        held = shared or (old is not None and kind_of(old.rollup.usage) == "estimated")
        if held or any(r.kind == "estimated" for r in requests):
            requests, moved = _stand_ins.make_way(self.db, pk, requests)
        change = _ledger.put(self.db, pk, requests, self.store.name_of)
        if moved is not None:
            change.recount = True
            change.others |= moved
        return change

    def _dropped(self, pk: int, known: dict[int, int]) -> dict[int, Message]:
        gone = {s for s in (_blocks.place_of(self.db, pk, i) for i in self.transcript.dropped) if s is not None}
        if self.transcript.replaces:
            gone |= set(range(self.next)) - set(known.values())
        if not gone:
            return {}
        held = {m.seq: m for m in _blocks.read(self.db, pk, min(gone) - 1, max(gone) + 1)}
        return {seq: _blocks.drop(held[seq]) for seq in gone if seq in held and held[seq].live}

    def _replace(self, pk: int, changes: dict[int, Message], rollup: Rollup) -> Rollup:
        if not changes:
            return rollup
        held = {m.seq: m for m in _blocks.read(self.db, pk, min(changes) - 1, max(changes) + 1) if m.seq in changes}
        real = {s: m for s, m in changes.items() if replace(m, seq=s) != held.get(s)}
        if real:
            _blocks.put_in_place(self.db, pk, real)
            self.replaced = len(real)
            self.first = min(self.first, *real)
            before = counted(Rollup(), [held[s] for s in real if s in held and held[s].live])
            rollup = _less(counted(rollup, [m for m in real.values() if m.live]), before)
        return rollup

    def _session(self, old: Session | None, rollup: Rollup, change: _ledger.Change, *, captured: bool) -> Session:
        if not change.recount and change.added:
            usage = _ledger.added_up(rollup.usage, change.added)
            rollup = replace(rollup, usage=usage, requests=sum(b.requests for b in usage))
        new = merged(old, self.transcript.session)
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


def _distinct(messages: Sequence[Message]) -> list[Message]:
    """Keep the last of several messages with one id, at the place of the first."""
    return list({m.id: m for m in messages}.values())


def _less(rollup: Rollup, minus: Rollup) -> Rollup:
    return replace(
        rollup,
        messages=rollup.messages - minus.messages,
        user_messages=rollup.user_messages - minus.user_messages,
        tool_calls=rollup.tool_calls - minus.tool_calls,
        errors=rollup.errors - minus.errors,
    )
