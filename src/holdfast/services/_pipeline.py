"""The two workers behind a sync: one keeps readings in the store, one indexes them; a failure of either ends the sync.

Readings are kept in batches, and indexed only after their batch is on disk. A batch holds the store's write lock, so the clock
ticks in it for our own puts alone: once they are indexed, the index has caught up with the whole batch.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from holdfast.model import Message, Receipt, Session, Transcript
from holdfast.services._losses import LossBook
from holdfast.stores.base import Raw, SupportsBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from holdfast.index import Index
    from holdfast.sources.base import Reading
    from holdfast.stores.base import Store

READING_MB = 40
"""About what one more reading waiting between two workers costs at the worst, parsed and being written."""
DEEPEST = 16
BATCH_SECONDS = 0.25
BATCH_BYTES = 8 << 20
FIRST_SECONDS = 0.8
"""How long the first commit of the index may take: after it, the newest sessions are found."""
LATER_SECONDS = 10.0
WAIT = 0.05
Job = tuple[str, "Reading", bool]
Done = tuple[Session, tuple[Message, ...]]


class Kept(NamedTuple):
    """What one batch kept, and the store's clock before and after it (no time passed where others may put in between)."""

    done: list[Done]
    before: int
    after: int


NOTHING = Kept([], 0, 0)


class Pipeline:
    """Keeps and indexes readings beside the reader."""

    def __init__(
        self, store: Store, index: Index, *, keep_raw: Callable[[Reading], bool], memory_mb: int = 250
    ) -> None:
        """Take the two ends; the workers start with the context."""
        self.store = store
        self.index = index
        self.keep_raw = keep_raw
        self.messages = self.rows = 0
        self.indexed: set[int] = set()
        """Revisions that are in the index, or will be when its worker ends."""
        self._jobs: queue.Queue[Job | None] = queue.Queue(max(1, min(memory_mb // READING_MB, DEEPEST)))
        self._done: queue.Queue[Kept | None] = queue.Queue(2)
        self._failure: BaseException | None = None
        self._keeper = threading.Thread(target=self._guard, args=(self._keep,), name="holdfast-keep")
        self._indexer = threading.Thread(target=self._guard, args=(self._write_index,), name="holdfast-index")
        self._expected = index.revision
        self._losses = LossBook(store)
        self._begun: dict[str, Session] = {}

    def __enter__(self) -> Self:
        """Start the workers."""
        self._keeper.start()
        self._indexer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what was handed over, also after an interruption; then tell of a worker's failure."""
        self._hand(self._jobs, None)
        self._keeper.join()
        self._indexer.join()
        if error is None and self._failure is not None:
            raise self._failure

    def put(self, key: str, reading: Reading) -> None:
        """Hand over a reading to keep."""
        self._hand(self._jobs, (key, reading, True))

    def skip(self, key: str, reading: Reading) -> None:
        """Remember only how far a file was read."""
        self._hand(self._jobs, (key, reading, False))

    def _hand(self, to: queue.Queue[Job | None], job: Job | None) -> None:
        while True:
            if self._failure is not None:
                if job is None:
                    return
                raise self._failure
            try:
                to.put(job, timeout=0.1)
            except queue.Full:
                continue
            return

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            self._failure = self._failure or error

    def _keep(self) -> None:
        going = True
        while going and self._failure is None:
            first = self._jobs.get()
            if first is None:
                break
            done: list[Done] = []
            with self._batch() as alone:
                before = self.store.revision() if alone else 0
                going = self._keep_batch(first, done)
                after = self.store.revision() if alone else 0
            self._pass_on(Kept(done, before, after))
        self._pass_on(None)

    def _keep_batch(self, first: Job, done: list[Done]) -> bool:
        began, held = time.monotonic(), 0
        job: Job | None = first
        while job is not None:
            key, reading, wanted = job
            if wanted:
                done.append(self._keep_one(key, reading))
            else:
                self.store.put_docs("cursor", {key: msgspec.msgpack.encode(reading.cursor)})
            held += len(reading.raw.data) if reading.raw else 0
            if time.monotonic() - began > BATCH_SECONDS or held > BATCH_BYTES:
                return True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return True
        return False

    def _keep_one(self, key: str, reading: Reading) -> Done:
        docs = self._losses.docs(key, reading)
        docs["cursor"] = {key: msgspec.msgpack.encode(reading.cursor)}
        session = reading.transcript.session
        held = self._begun.get(session.id) or self.store.get(session.id)
        raw = self._raw(reading)
        if _adds_nothing(reading.transcript, held, raw):
            for kind, values in docs.items():
                self.store.put_docs(kind, values)
            return held or session, ()
        receipt = self.store.put(self._without_fragments(reading.transcript, held), docs, raw=raw)
        self.messages += receipt.added
        self.rows += receipt.added + receipt.replaced
        return self._described(session, held), self._to_index(reading, receipt)

    def _described(self, session: Session, held: Session | None) -> Session:
        """Return the session with what a person said of it, which readings do not know: nothing yet of one that just began."""
        if held is None or session.id in self._begun:
            self._begun[session.id] = session
            return session
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

    def _pass_on(self, kept: Kept | None) -> None:
        while self._failure is None:
            try:
                self._done.put(kept, timeout=0.1)
            except queue.Full:
                continue
            return

    def _write_index(self) -> None:
        """Index in few large commits, the first one soon: many small ones cost far more than they are worth."""
        patience = FIRST_SECONDS
        while self._failure is None and self._index_for(patience):
            patience = LATER_SECONDS

    def _index_for(self, seconds: float) -> bool:
        """Index in one commit what comes within so many seconds; False once all has come."""
        began = time.monotonic()
        with self.index.batch():
            while self._failure is None and time.monotonic() - began < seconds:
                kept = self._next()
                if kept is None:
                    return False
                self._index_batch(kept)
        return True

    def _next(self) -> Kept | None:
        try:
            return self._done.get(timeout=WAIT)
        except queue.Empty:
            return NOTHING

    def _index_batch(self, kept: Kept) -> None:
        """The index has caught up only as far as there is no gap; a gap is closed at the end, from the store."""
        for session, messages in kept.done:
            self.index.put(session, messages)
        self.indexed.update(range(kept.before + 1, kept.after + 1))
        if kept.before == self._expected != kept.after:
            self._expected = kept.after
            self.index.mark(kept.after)

    @contextlib.contextmanager
    def _batch(self) -> Iterator[bool]:
        """Join puts where the store can; tells whether nobody else puts meanwhile."""
        if isinstance(self.store, SupportsBatch):
            with self.store.batch():
                yield True
        else:
            yield False


def _adds_nothing(transcript: Transcript, held: Session | None, raw: Raw | None) -> bool:
    """An empty file makes no session, and fragments say nothing about a session that was read whole."""
    if held is None:
        return not (transcript.messages or transcript.requests or raw)
    return transcript.session.partial and not held.partial
