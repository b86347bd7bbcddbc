"""What a sync does with readings: keeps them in the store in batches, and indexes what a batch kept once it is on disk.

All in one thread: two workers beside the reader took a third more CPU for a wall time that a second busy program takes back. A
batch holds the store's write lock, so the clock ticks in it for our own puts alone: once they are indexed, the index has caught
up with the whole batch.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Self

import msgspec

from holdfast.model import Message, Receipt, Session, Transcript, merged
from holdfast.services._branches import Branches
from holdfast.services._facts import FactBook
from holdfast.services._losses import LossBook
from holdfast.stores.base import Raw, SupportsBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from holdfast.index import Index
    from holdfast.services._estimate import Estimates
    from holdfast.sources.base import Cursor, Reading
    from holdfast.stores.base import Store

BATCH_SECONDS = 0.25
BATCH_BYTES = 8 << 20
COSTS = 12
"""How many bytes of memory a byte of a reading takes at the worst: parsed, encoded, compressed, folded for the index."""
FIRST_SECONDS = 0.8
"""How long the first commit of the index may take: after it, the newest sessions are found."""
LATER_SECONDS = 10.0
Job = tuple[str, "Reading", bool]
Done = tuple[Session, tuple[Message, ...]]


class Pipeline:
    """Takes readings, keeps them and indexes them; leaving the context finishes what was taken."""

    def __init__(
        self,
        store: Store,
        index: Index,
        *,
        keep_raw: Callable[[Reading], bool],
        memory_mb: int = 250,
        estimates: Estimates | None = None,
    ) -> None:
        """Take the two ends."""
        self.store = store
        self.index = index
        self.keep_raw = keep_raw
        self.estimates = estimates
        self.messages = self.rows = 0
        self.indexed: set[int] = set()
        """Revisions that are in the index, or will be when the context is left."""
        self._most = min(BATCH_BYTES, (memory_mb << 20) // COSTS)
        self._jobs: list[Job] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._expected = index.revision
        self._losses = LossBook(store)
        self._branches = Branches(store)
        self._facts = FactBook(store)
        self._begun: dict[str, Session] = {}
        self._last: dict[str, Cursor] = {}
        self._indexing = contextlib.ExitStack()
        self._opened: float | None = None
        self._patience = FIRST_SECONDS

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep and index what was taken, also after an interruption."""
        try:
            self._flush()
        finally:
            self._commit_index()

    def put(self, key: str, reading: Reading) -> None:
        """Take a reading to keep."""
        self._take((key, reading, True))

    def skip(self, key: str, reading: Reading) -> None:
        """Remember only how far a file was read."""
        self._take((key, reading, False))

    def _take(self, job: Job) -> None:
        if not self._jobs:
            self._since = time.monotonic()
        self._jobs.append(job)
        self._bytes += len(job[1].raw.data) if job[1].raw else 0
        if self._bytes > self._most or time.monotonic() - self._since > BATCH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Keep a batch in one commit, then index it."""
        jobs, self._jobs, self._bytes = self._jobs, [], 0
        if not jobs:
            return
        done: list[Done] = []
        with self._batch() as alone:
            before = self.store.revision() if alone else 0
            for key, reading, wanted in jobs:
                if wanted:
                    done.append(self._keep_one(key, reading))
                else:
                    self.store.put_docs("cursor", {key: msgspec.msgpack.encode(reading.cursor)})
                self._estimate(key, reading)
            after = self.store.revision() if alone else 0
        self._index(done, before, after)

    def _keep_one(self, key: str, reading: Reading) -> Done:
        docs = self._losses.docs(key, reading)
        if (
            self._last.get(key) is not reading.cursor
        ):  # one that names thousands of sessions stands for several readings
            self._last = {key: reading.cursor}
            docs["cursor"] = {key: msgspec.msgpack.encode(reading.cursor)}
        session = reading.transcript.session
        held = self._begun.get(session.id) or self.store.get(session.id)
        raw = self._raw(reading)
        if session.captured and not self.keep_raw(reading):  # it counts on bytes of another session, which are not kept
            session = msgspec.structs.replace(session, captured=False)
            reading = _of(reading, session)
        if self.estimates is not None:
            self.estimates.see(key, reading.transcript, held)
        if _adds_nothing(reading.transcript, held, raw):
            for kind, values in (docs | (self._facts.wait(session) if held is None else {})).items():
                self.store.put_docs(kind, values)
            return held or session, ()
        if held is None:
            session, forgotten = self._facts.join(session)
            docs |= forgotten
            reading = _of(reading, session)
        transcript = self._branches.settle(self._without_fragments(reading.transcript, held), held)
        receipt = self.store.put(transcript, docs, raw=raw)
        self.messages += receipt.added
        self.rows += receipt.added + receipt.replaced
        return self._described(session, held), self._to_index(reading, receipt)

    def _estimate(self, key: str, reading: Reading) -> None:
        """Estimate what a file does not tell once it was read to its end, in the commit that says so."""
        if self.estimates is not None and reading.cursor.done:
            for transcript in self.estimates.of(key):
                self.store.put(transcript)

    def _described(self, session: Session, held: Session | None) -> Session:
        """Return the session with what a person said of it, which readings do not know: nothing yet of one that just began."""
        if held is None or session.id in self._begun:
            self._begun[session.id] = known = merged(self._begun.get(session.id), session)
            return known
        return self.store.get(session.id) or session

    def _raw(self, reading: Reading) -> Raw | None:
        span = reading.raw
        if span is None or not self.keep_raw(reading):
            return None
        return Raw(path=span.path, offset=span.offset, data=span.data, whole=span.whole, rows=span.rows)

    def _without_fragments(self, transcript: Transcript, held: Session | None) -> Transcript:
        """Take what was pieced together out of the conversation once the session itself is there."""
        if held is None or not held.partial or transcript.session.partial:
            return transcript
        whole = {m.id for m in transcript.messages}
        fragments = [m.id for m in self.store.messages(held.id) if m.id not in whole]
        return msgspec.structs.replace(transcript, dropped=(*transcript.dropped, *fragments))

    def _to_index(self, reading: Reading, receipt: Receipt) -> tuple[Message, ...]:
        messages = reading.transcript.messages
        if receipt.replaced or receipt.added not in (0, len(messages)):
            return tuple(self.store.messages(receipt.session, after=receipt.first - 1))
        if not receipt.added:
            return ()
        return tuple(msgspec.structs.replace(m, seq=receipt.first + i) for i, m in enumerate(messages))

    def _index(self, done: list[Done], before: int, after: int) -> None:
        """Index a batch; the index has caught up only as far as there is no gap, and a gap is closed at the end.

        Commits are few and large, the first one soon: many small ones cost far more than they are worth.
        """
        if self._opened is None:
            self._indexing.enter_context(self.index.batch())
            self._opened = time.monotonic()
        for session, messages in done:
            self.index.put(session, messages)
        self.indexed.update(range(before + 1, after + 1))
        if before == self._expected != after:
            self._expected = after
            self.index.mark(after)
        if time.monotonic() - self._opened > self._patience:
            self._commit_index()

    def _commit_index(self) -> None:
        if self._opened is not None:
            self._indexing.close()
            self._opened, self._patience = None, LATER_SECONDS

    @contextlib.contextmanager
    def _batch(self) -> Iterator[bool]:
        """Join puts where the store can; tells whether nobody else puts meanwhile."""
        if isinstance(self.store, SupportsBatch):
            with self.store.batch():
                yield True
        else:
            yield False


def _of(reading: Reading, session: Session) -> Reading:
    """Put what is known of its session into a reading."""
    if session is reading.transcript.session:
        return reading
    return msgspec.structs.replace(reading, transcript=msgspec.structs.replace(reading.transcript, session=session))


def _adds_nothing(transcript: Transcript, held: Session | None, raw: Raw | None) -> bool:
    """An empty file makes no session, and fragments say nothing about a session that was read whole."""
    if held is None:
        return not (transcript.messages or transcript.requests or raw)
    return transcript.session.partial and not held.partial
