"""Bring the archive up to date: find what changed by stat alone, read tails, keep them, index them.

Reading, keeping and indexing run side by side, with bounded queues between them; stopping at any point loses nothing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.config.exclude import exclusion
from holdfast.errors import HoldfastError, NotFound
from holdfast.model import Message, Session, SyncReport, Transcript, merged
from holdfast.services._estimate import Estimates
from holdfast.services._pipeline import Pipeline
from holdfast.services.purge import PURGED, forgetting
from holdfast.sources.base import Cursor, Reading, Ref, Source, SupportsUsage

if TYPE_CHECKING:
    from holdfast.index import Index
    from holdfast.stores.base import Store

Capture = Literal["always", "expiring", "never"]
CURSORS = "cursor"
LIST_SECONDS = 30.0
"""How often a watching sync lists all files: some systems lose changes, and some folders are not watched."""
_cursor = msgspec.msgpack.Decoder(Cursor)


class Progress(Struct, frozen=True, kw_only=True):
    """How far a sync is: files and bytes done, of how many."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    path: str = ""


class Rules(Struct, frozen=True, kw_only=True):
    """What a person decided about syncing. `exclude` holds agent names and project globs."""

    capture: Capture = "always"
    exclude: tuple[str, ...] = ()
    memory_mb: int = 250


class Plan(Struct, frozen=True, kw_only=True):
    """Files to read, newest first, with how far each was read; `seen` counts all files."""

    stale: tuple[tuple[Source, Ref, Cursor | None], ...]
    seen: int
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """How much there is to read at most."""
        return sum(max(0, r.size - (c.offset if c else 0)) for _, r, c in self.stale)


class Sync:
    """Joins sources, store and index."""

    def __init__(
        self,
        store: Store,
        index: Callable[[], Index],
        sources: Mapping[str, Source],
        roots: Callable[[Source], Sequence[Path]],
        *,
        rules: Rules | None = None,
        present: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        """Take what is to be joined; nothing is opened or listed yet. `present` names the sources that are worth asking."""
        self.present = present or (lambda: tuple(sources))
        self.store = store
        self.index = index
        self.sources = sources
        self.roots = roots
        self.rules = rules or Rules()
        self.excluded = exclusion(self.rules.exclude, sources)

    def plan(self, agents: Iterable[str] | None = None) -> Plan:
        """List all files by stat and keep those that changed, newest first."""
        cursors = self.store.docs(CURSORS)
        stale: list[tuple[Source, Ref, Cursor | None]] = []
        failed: dict[str, str] = {}
        seen = 0
        for name in agents if agents is not None else self.present():
            if name in self.excluded.agents:
                continue
            source = self.sources[name]
            try:
                for ref in source.discover(self.roots(source)):
                    seen += 1
                    held = cursors.get(ref.key)
                    cursor = None if held is None else _cursor.decode(held)
                    if cursor is None or not cursor.covers(ref, source.info.parser):
                        stale.append((source, ref, cursor))
            except (HoldfastError, OSError) as error:
                failed[name] = str(error)
        stale.sort(key=lambda entry: (entry[1].kind == "history", -entry[1].mtime_ns))
        return Plan(stale=tuple(stale), seen=seen, failed=failed)

    def run(
        self,
        plan: Plan | None = None,
        *,
        within: float | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Read what the plan names; `within` seconds, then stop between two readings and count what remains."""
        began = time.monotonic()
        plan = plan or self.plan()
        tally = _Tally(plan)
        if not plan.stale:
            self.catch_up()
            return tally.report(began)
        tally.purged = frozenset(self.store.docs(PURGED))
        of_bytes = plan.bytes
        estimates = Estimates(self.store, self.sources)
        with self._pipeline(estimates) as pipeline:
            for done, (source, ref, cursor) in enumerate(plan.stale):
                if within is not None and time.monotonic() - began >= within:
                    tally.remaining = len(plan.stale) - done
                    break
                if cursor is not None and not cursor.done:
                    estimates.resume(ref.key, cursor.sessions)
                self._read(_readings(source, ref, cursor), ref, pipeline, tally)
                if progress is not None:
                    progress(
                        Progress(
                            files=done + 1,
                            of_files=len(plan.stale),
                            bytes=tally.bytes,
                            of_bytes=of_bytes,
                            path=ref.path,
                        )
                    )
        tally.messages, tally.rows = pipeline.messages, pipeline.rows
        self.catch_up(frozenset(pipeline.indexed))
        return tally.report(began)

    def watch(self, stop: threading.Event, agents: Iterable[str] | None = None) -> Iterator[SyncReport]:
        """Read everything once, then whatever changes, until `stop` is set; a report for each time."""
        from holdfast._watch import changes  # noqa: PLC0415 - a watcher costs more to load than most commands take

        agents = None if agents is None else tuple(agents)
        wanted = self.present() if agents is None else agents
        watched = [self.sources[name] for name in wanted if not self.sources[name].info.scattered]
        folders = [folder for source in watched for folder in self.roots(source) if folder.exists()]
        yield self.run(self.plan(wanted))
        if not folders:
            raise NotFound("no agent's folder to watch", "holdfast doctor")
        listed = -LIST_SECONDS  # the first time the watcher answers, everything is listed: it did not stand before
        for paths in changes(folders, stop):
            everything = time.monotonic() - listed > LIST_SECONDS
            if not paths and not everything:
                continue
            plan = self.plan(agents if everything else self._touched(paths, wanted))
            listed = time.monotonic() if everything else listed
            if plan.stale:
                yield self.run(plan)

    def _touched(self, paths: frozenset[str], wanted: Sequence[str]) -> list[str]:
        """Name the agents below whose folders something changed."""
        return [
            name
            for name in wanted
            if any(Path(path).is_relative_to(root) for root in self.roots(self.sources[name]) for path in paths)
        ]

    def requests(self, plan: Plan) -> Iterator[Transcript]:
        """Read the requests of changed files, without keeping anything: fast where the source can read them alone.

        Sessions that none of their files bills are estimated as a sync would: those files are read as a whole.
        """
        purged = frozenset(self.store.docs(PURGED))
        estimates = Estimates(self.store, self.sources)
        doubtful: list[tuple[Source, Ref, set[str]]] = []
        for source, ref, _ in plan.stale:
            seen: set[str] = set()
            with contextlib.suppress(
                HoldfastError, OSError
            ):  # the next sync reports it; every other file's figures stand
                for transcript in _billing(source, ref):
                    if self._wanted(transcript.session, purged):
                        seen.add(transcript.session.id)
                        estimates.see("", transcript)
                        yield transcript
            doubtful += [(source, ref, seen)] if estimates.unrecorded(seen) else []
        yield from self._estimated(doubtful, estimates, purged)

    def _estimated(
        self, files: list[tuple[Source, Ref, set[str]]], estimates: Estimates, purged: frozenset[str]
    ) -> Iterator[Transcript]:
        """Estimate each session as soon as the last of its files was read."""
        left = Counter(ident for _, _, seen in files for ident in seen)
        found: dict[str, tuple[Session, dict[str, Message]]] = {}
        for source, ref, seen in files:
            with contextlib.suppress(HoldfastError, OSError):
                for reading in source.read(ref, None):
                    session = reading.transcript.session
                    if self._wanted(session, purged) and estimates.unrecorded((session.id,)):
                        before, messages = found.get(session.id, (None, {}))
                        messages.update((m.id, m) for m in reading.transcript.messages)
                        found[session.id] = merged(before, session), messages
            left.subtract(seen)
            for ident in [i for i in found if left[i] <= 0]:
                session, messages = found.pop(ident)
                estimate = estimates.unread(session, messages.values())
                if estimate is not None:
                    yield estimate

    def catch_up(self, indexed: frozenset[int] = frozenset(), *, wait: bool = True) -> None:
        """Index what the store has and the index has not: after a crash, a lost index, or another program's puts.

        `indexed` are revisions beyond the index's own that are known to be in it. Without `wait`, another program that is
        indexing right now is an error (Conflict): it will be done with it soon.
        """
        index = self.index()
        reached = index.revision
        target = self.store.revision()
        if reached > target:  # the archive was put back to an earlier state, or is another one
            reached = 0
        if reached != target:
            with index.batch(wait=wait):
                for changed in self.store.since(reached):
                    missing = [first for revision, first in changed.steps if revision not in indexed]
                    if changed.gone:
                        index.forget(changed.session.id)
                    elif missing:
                        messages = self.store.messages(changed.session.id, after=min(missing) - 1)
                        index.put(changed.session, tuple(messages))
                index.mark(target)
        index.settle()

    def _pipeline(self, estimates: Estimates) -> Pipeline:
        memory = self.rules.memory_mb
        return Pipeline(self.store, self.index(), keep_raw=self._keeps_raw, memory_mb=memory, estimates=estimates)

    def _read(self, readings: Iterator[Reading], ref: Ref, pipeline: Pipeline, tally: _Tally) -> None:
        """Read one file; what goes wrong in reading is that file's failure, what goes wrong in keeping ends the sync."""
        while True:
            try:
                reading = next(readings, None)
            except (HoldfastError, OSError, msgspec.ValidationError) as error:
                tally.failed[ref.path] = str(error)
                return
            if reading is None:
                break
            tally.add(reading)
            if self._wanted(reading.transcript.session, tally.purged):
                pipeline.put(ref.key, reading)
            else:
                pipeline.skip(ref.key, _forgetting(reading, tally.purged))
        tally.read += 1

    def _wanted(self, session: Session, purged: frozenset[str]) -> bool:
        excluded = self.excluded.covers(session.project, session.cwd)
        return bool(session.native_id) and not excluded and session.id not in purged

    def _keeps_raw(self, reading: Reading) -> bool:
        match self.rules.capture:
            case "always":
                return True
            case "never":
                return False
            case "expiring":
                return reading.transcript.session.source_expires is not None


def _forgetting(reading: Reading, purged: frozenset[str]) -> Reading:
    """Remember nothing of what stands in a file whose sessions were all erased, only how far it was read."""
    cursor = reading.cursor
    if not cursor.sessions or not purged.issuperset(cursor.sessions):
        return reading
    return replace(reading, cursor=forgetting(cursor, reading.transcript.session))


def _billing(source: Source, ref: Ref) -> Iterator[Transcript]:
    if isinstance(source, SupportsUsage):
        yield from source.usage(ref, None)
    else:
        yield from (reading.transcript for reading in source.read(ref, None))


def _readings(source: Source, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
    try:
        yield from source.read(ref, cursor)
    except msgspec.ValidationError:
        if cursor is None:
            raise
        yield from source.read(ref, None)  # what it remembered no longer fits: from the start


class _Tally:
    """Counts while a sync runs."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.failed = dict(plan.failed)
        self.read = self.bytes = self.messages = self.rows = self.damaged = self.remaining = 0
        self.sessions: set[str] = set()
        self.purged: frozenset[str] = frozenset()
        self.unknown: dict[str, int] = {}

    def add(self, reading: Reading) -> None:
        transcript = reading.transcript
        if transcript.messages or transcript.requests:
            self.sessions.add(transcript.session.id)
        self.bytes += len(reading.raw.data) if reading.raw else 0
        self.damaged += transcript.losses.damaged
        for name, times in transcript.losses.unknown.items():
            full = f"{transcript.session.agent} {name}"
            self.unknown[full] = self.unknown.get(full, 0) + times

    def report(self, began: float) -> SyncReport:
        return SyncReport(
            seen=self.plan.seen,
            read=self.read,
            skipped=self.plan.seen - len(self.plan.stale),
            failed=self.failed,
            bytes=self.bytes,
            sessions=len(self.sessions),
            messages=self.messages,
            unknown=self.unknown,
            damaged=self.damaged,
            rows_written=self.rows,
            seconds=round(time.monotonic() - began, 3),
            remaining=self.remaining,
        )
