"""Sessions in plain dicts: for tests, for trying things out, and as the model that other stores are compared with."""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.model import (
    Edits,
    Message,
    Query,
    Receipt,
    Request,
    Rollup,
    Session,
    Transcript,
    Usage,
    buckets,
    counted,
    dedupe,
    matches,
    merged,
    with_edits,
)
from holdfast.model.usage import grown, is_counted, short_key, weight
from holdfast.stores._held import Held, Places
from holdfast.stores.base import Changed, Entry, Fault, Raw, RawFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model.results import Durability


class InMemoryStore:
    """A store without a file; everything is gone with the process."""

    def __init__(self, *, durability: Durability = "derived") -> None:
        """Start empty."""
        self.url = "memory://"
        self.durability = durability
        self._held: dict[str, Held] = {}
        self._docs: dict[str, dict[str, bytes]] = {}
        self._changes: list[tuple[int, str, int]] = []
        self._lock = threading.RLock()

    @classmethod
    def from_url(cls, url: str, *, durability: Durability = "derived") -> InMemoryStore:
        """Open `memory://`: a new empty store each time."""
        del url
        return cls(durability=durability)

    def put(
        self,
        transcript: Transcript,
        docs: Mapping[str, Mapping[str, bytes | None]] | None = None,
        *,
        raw: Raw | None = None,
        expect: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Keep a transcript; see the protocol."""
        with self._lock:
            held = self._held.get(transcript.session.id)
            if held is not None and key is not None and key in held.receipts:
                receipt = replace(held.receipts[key], repeated=True)
            else:
                receipt = self._put(transcript, held, raw, expect)
                if key is not None:
                    self._held[transcript.session.id].receipts[key] = receipt
            for kind, values in (docs or {}).items():
                self.put_docs(kind, values)
            return receipt

    def get(self, session_id: str) -> Session | None:
        """Return one session."""
        with self._lock:
            held = self._held.get(session_id)
            return None if held is None else self._shown(held)

    def find(self, query: Query | None = None, *, trashed: bool = False) -> Iterator[Session]:
        """Yield sessions, last active first."""
        with self._lock:
            found = [self._shown(h) for h in self._held.values() if (h.session.trashed is not None) == trashed]
        found.sort(key=lambda s: (-(s.active or 0), s.id))
        yield from (s for s in found if query is None or matches(s, query))

    def messages(
        self, session_id: str, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> Iterator[Message]:
        """Yield messages in order."""
        with self._lock:
            held = self._held.get(session_id)
            found = [] if held is None else list(held.messages)
        start = after if last is None else max(after, len(found) - last - 1)
        yield from (m for m in found if start < m.seq and (before is None or m.seq < before))

    def change(self, session_id: str, edits: Edits) -> Session:
        """Replace a person's edits."""
        with self._lock:
            held = self._held.get(session_id)
            if held is None:
                raise NotFound(f"no session {session_id!r}", "holdfast list")
            if held.edits != edits:
                held.edits = edits
                self._tick(held, len(held.messages))
            return self._shown(held)

    def edits(self, session_id: str) -> Edits:
        """Return a person's edits."""
        held = self._held.get(session_id)
        return Edits() if held is None or held.edits is None else held.edits

    def delete(self, session_id: str, *, at: int | None, forever: bool = False) -> bool:
        """Move to the trash, take out of it, or erase."""
        with self._lock:
            held = self._held.get(session_id)
            if held is None:
                return False
            if held.session.trashed == at and not forever:
                return True
            held.session = replace(held.session, trashed=at)
            self._tick(held, len(held.messages))
            if forever:
                del self._held[session_id]
            return True

    def fork(self, session_id: str, session: Session, *, at: int | None = None) -> Receipt:
        """Begin a session with the messages of another one before a place."""
        with self._lock:
            held = self._held.get(session_id)
            if held is None:
                raise NotFound(f"no session {session_id!r}", "holdfast list")
            end = len(held.messages) if at is None else at
            if not 0 <= end <= len(held.messages):
                raise BadInput(f"at={end}: the session has {len(held.messages)} messages", "a number from 0 to that")
            if session.id in self._held:
                raise Conflict(f"session {session.id} is there already", "fork into a new one")
            begun = replace(session, revision=0, trashed=None, rollup=Rollup())
            made = Held(session=begun, messages=held.messages[:end], places=Places(held.places, end))
            self._held[session.id] = made
            self._tick(made, 0)
            return Receipt(session=session.id, revision=made.revision, first=end, durability=self.durability)

    def doc(self, kind: str, key: str) -> bytes | None:
        """Return one document."""
        with self._lock:
            return self._docs.get(kind, {}).get(key)

    def since(self, revision: int) -> Iterator[Changed]:
        """Yield what changed after a revision."""
        steps: dict[str, list[tuple[int, int]]] = {}
        with self._lock:
            for number, session_id, first in self._changes:
                if number > revision:
                    steps.setdefault(session_id, []).append((number, first))
        for session_id, found in sorted(steps.items(), key=lambda item: item[1][-1]):
            session = self.get(session_id)
            gone = Session(id=session_id, agent="", native_id="")
            first = 0 if session is None else min(first for _, first in found)
            yield Changed(session=session or gone, first=first, gone=session is None, steps=tuple(found))

    def revision(self) -> int:
        """Return the store's clock."""
        return self._changes[-1][0] if self._changes else 0

    def docs(self, kind: str) -> dict[str, bytes]:
        """Return all documents of a kind."""
        with self._lock:
            return dict(self._docs.get(kind, {}))

    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of documents that are kept."""
        with self._lock:
            return tuple(sorted(kind for kind, held in self._docs.items() if held))

    def put_docs(self, kind: str, docs: Mapping[str, bytes | None]) -> None:
        """Keep or remove documents."""
        with self._lock:
            held = self._docs.setdefault(kind, {})
            for key, value in docs.items():
                if value is None:
                    held.pop(key, None)
                else:
                    held[key] = value

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Keep all puts inside, or none of them."""
        with self._lock:
            before: tuple[Any, ...] = copy.deepcopy((self._held, self._docs, self._changes))
            try:
                yield
            except BaseException:
                self._held, self._docs, self._changes = before
                raise

    def raw_files(self, session_id: str) -> tuple[RawFile, ...]:
        """List captured files."""
        held = self._held.get(session_id)
        if held is None:
            return ()
        return tuple(
            RawFile(path=path, session=session_id, version=version, rows=rows, size=len(data), start=start)
            for (path, version), (data, rows, start) in sorted(held.files.items())
        )

    def raw(self, file: RawFile) -> Iterator[bytes]:
        """Yield a captured file's bytes."""
        held = self._held.get(file.session)
        if held is not None and (file.path, file.version) in held.files:
            yield held.files[file.path, file.version][0]

    def ledger(
        self, session_id: str | None = None, *, since: int | None = None, until: int | None = None, copies: bool = False
    ) -> Iterator[Entry]:
        """Yield requests in order of time."""
        shown = [h for h in self._held.values() if h.session.trashed is None or h.session.id == session_id]
        found = [e for h in shown for e in self._entries(h)]
        found.sort(key=lambda e: (e.request.at or 0, e.request.line))
        for entry in found:
            at = entry.request.at or 0
            in_time = (since is None or at >= since) and (until is None or at < until)
            if in_time and (copies or entry.counted) and session_id in (None, entry.session):
                yield entry
        held = self._held.get(session_id or "")
        if copies and held is not None:
            yield from (
                Entry(
                    session=held.session.id,
                    request=replace(held.requests[k], path=p, line=n, usage=Usage()),
                    counted=False,
                    owner=held.session.id,
                )
                for p, n, k in sorted(held.repeats)
            )

    def verify(self) -> Iterator[Fault]:
        """Check that every message stands in its place."""
        for held in self._held.values():
            if [m.seq for m in held.messages] != list(range(len(held.messages))):
                yield Fault(place=f"session {held.session.id}", problem="messages out of place")

    def close(self) -> None:
        """Forget nothing: the store lives as long as the object."""

    def _put(self, transcript: Transcript, held: Held | None, raw: Raw | None, expect: int | None) -> Receipt:
        found = 0 if held is None else held.revision
        if expect is not None and expect != found:
            raise Conflict(
                f"session {transcript.session.id} is at revision {found}, not {expect}", "read it again, then retry"
            )
        old = None if held is None else held.session
        held = held or Held(session=transcript.session)
        self._held[transcript.session.id] = held
        first, added, replaced = self._keep_messages(held, transcript)
        touched = self._keep_requests(held, transcript)
        kept = raw is not None and self._keep_raw(held, raw)
        session = merged(old, transcript.session)
        held.session = replace(
            session,
            captured=session.captured or raw is not None,
            trashed=old.trashed if old else None,
            revision=0,
            rollup=Rollup(),
        )
        if held.session != old or added or replaced or touched or kept:
            self._tick(held, first)
        return Receipt(
            session=session.id,
            revision=held.revision,
            first=first,
            added=added,
            replaced=replaced,
            durability=self.durability,
        )

    def _keep_messages(self, held: Held, transcript: Transcript) -> tuple[int, int, int]:
        first, added, replaced = len(held.messages), 0, 0
        given = {m.id: m for m in transcript.messages}
        gone = {i for i in transcript.dropped if i in held.places or i in given}
        if transcript.replaces:
            gone |= set(held.places) - given.keys()
        changes = {
            i: given.get(i) or held.messages[held.places.get(i) or 0] for i in (*given, *sorted(gone - given.keys()))
        }
        for ident, message in changes.items():
            place = held.places.get(ident)
            kept = replace(message, live=message.live and ident not in gone)
            if place is None:
                held.places[ident] = len(held.messages)
                held.messages.append(replace(kept, seq=len(held.messages)))
                added += 1
            elif held.messages[place] != replace(kept, seq=place):
                held.messages[place] = replace(kept, seq=place)
                first, replaced = min(first, place), replaced + 1
        return first, added, replaced

    def _keep_requests(self, held: Held, transcript: Transcript) -> bool:
        before = dict(held.requests)
        requests = self._make_way(held, transcript.requests)
        for key, request in dedupe(requests).items():
            short = short_key(key)
            old = held.requests.get(short)
            held.requests[short] = replace(request, key=short) if old is None else grown(old, request)
        for request in requests:
            counts = held.requests[short_key(request.key)]
            if (request.path, request.line) != (counts.path, counts.line):
                held.repeats[request.path, request.line, short_key(request.key)] = None
        return before != held.requests

    def _make_way(self, held: Held, requests: Sequence[Request]) -> Sequence[Request]:
        """Keep requests that stand in for unrecorded usage only while there is no recorded one, and only the newest set."""
        recorded = [r for r in requests if not is_counted(r)]
        if not requests or (not recorded and not all(is_counted(r) for r in held.requests.values())):
            return recorded
        stay = set() if recorded else {short_key(r.key) for r in requests}
        for key in [k for k, r in held.requests.items() if is_counted(r) and k not in stay]:
            del held.requests[key]
            held.repeats = {place: None for place in held.repeats if place[2] != key}
        return recorded or requests

    def _keep_raw(self, held: Held, raw: Raw) -> bool:
        if raw.version:
            before = held.files.get((raw.path, raw.version))
            held.files[raw.path, raw.version] = (raw.data, raw.rows, raw.offset)
            return before != (raw.data, raw.rows, raw.offset)
        known = (raw.path, 0) in held.files
        data, _, start = held.files.get((raw.path, 0), (b"", False, raw.offset))
        all_of_it = raw.whole or raw.rows
        moved = not all_of_it and not start <= raw.offset <= start + len(data)
        place = 0 if moved or all_of_it else raw.offset - start
        new = data[:place] + raw.data
        if not all_of_it and not moved and raw.data and data[place:].startswith(raw.data):
            new = data
        begins = raw.offset if moved or all_of_it else start
        if (known and (new, begins) == (data, start)) or (not raw.data and not all_of_it and (moved or not known)):
            return False
        lost = b"" if all_of_it or not raw.data else data[place:]
        rewritten = b"\n" in lost and not raw.data.startswith(lost)
        if rewritten or (all_of_it and len(new) < len(data) and not new.startswith(data)):
            held.files[raw.path, 1] = (data, raw.rows, start)
        held.files[raw.path, 0] = (new, raw.rows, begins)
        return True

    def _owner(self, key: str) -> tuple[str, Request]:
        """Return where a request counts, and its record with the greatest figures; the trash counts only what nobody else has."""
        holders = [h for h in self._held.values() if key in h.requests]
        seen = [h for h in holders if h.session.trashed is None] or holders
        never = float("inf")
        best = min(
            seen,
            key=lambda h: (
                never if h.session.started is None else h.session.started,
                never if h.session.active is None else h.session.active,
                h.session.id,
            ),
        )
        return best.session.id, max((h.requests[key] for h in seen), key=lambda r: (weight(r.usage), r.model))

    def _entries(self, held: Held) -> Iterator[Entry]:
        for key, request in held.requests.items():
            owner, most = self._owner(key)
            mine = owner == held.session.id
            shown = grown(request, most) if mine else request
            yield Entry(session=held.session.id, request=shown, counted=mine, owner="" if mine else owner)

    def _shown(self, held: Held) -> Session:
        rollup = counted(Rollup(), [m for m in held.messages if m.live])
        usage = buckets(e.request for e in self._entries(held) if e.counted)
        rollup = replace(rollup, usage=usage, requests=sum(b.requests for b in usage))
        session = replace(held.session, rollup=rollup, revision=held.revision)
        return session if held.edits is None else with_edits(session, held.edits)

    def _tick(self, held: Held, first: int) -> None:
        held.revision = self.revision() + 1
        self._changes.append((held.revision, held.session.id, first))
