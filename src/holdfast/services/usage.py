"""What was used and what it cost: the same numbers in every view, complete even where the archive is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Bucket, Query, Request, Session, Transcript, Usage, band, kind_of, matches
from holdfast.model.usage import TokensKind, grown, is_counted, short_key
from holdfast.services._blocks import Block, block_of, blocks
from holdfast.services._states import asks_for_states
from holdfast.stores.base import Entry, SupportsLedger

if TYPE_CHECKING:
    from holdfast.pricing import Prices
    from holdfast.services._states import Told
    from holdfast.services.sync import Plan, Sync
    from holdfast.stores.base import Store

QUARTER_MS = 900_000
By = Literal["day", "week", "month", "session", "model", "project", "agent", "block"]


class UsageRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a usage table; `cost` is USD as a decimal, None where no model of the row has a price."""

    key: str
    label: str = ""
    requests: int = 0
    usage: Usage = Usage()
    kind: TokensKind = "none"
    cost: Decimal | None = None
    unpriced: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    sessions: int = 0
    block: Block | None = None
    """The five hours that a row of blocks is about."""


class UsageTable(Struct, frozen=True, kw_only=True):
    """Rows and their total; `live` counts files that were read for this table and are not in the archive yet."""

    by: str
    rows: tuple[UsageRow, ...]
    total: UsageRow
    live: int = 0


class Explained(Struct, frozen=True, kw_only=True):
    """Where a session's numbers come from."""

    session: Session
    counted: tuple[Entry, ...]
    dropped: tuple[Entry, ...]
    unpriced: tuple[str, ...]
    row: UsageRow


class Billed(NamedTuple):
    """A counted request with the session it counts in."""

    session: Session
    request: Request


class UsageReport:
    """Joins the ledger, the fast readers for what is not in the archive yet, and prices."""

    def __init__(
        self, store: Store, sync: Callable[[], Sync], prices: Callable[[], Prices], *, told: Told | None = None
    ) -> None:
        """Take the parts; files are listed only when a table is asked for.

        `told` gives sessions the states they are in now, for filters that ask for one.
        """
        self.store = store
        self.sync = sync
        self.prices = prices
        self.told = told

    def table(
        self,
        by: By = "day",
        query: Query | None = None,
        *,
        zone: tzinfo | None = None,
        fresh: bool = True,
        now: int | None = None,
    ) -> UsageTable:
        """Add up requests; `zone` is where days begin, `fresh` also reads the requests of files not in the archive yet.

        Blocks begin where all requests that pass the query's filters say, whatever its times leave out; `now` (Unix ms)
        says which of them still runs.
        """
        query = query or Query()
        plan = self.sync().plan() if fresh else None
        billed = list(self._billed(replace(query, since=None, until=None) if by == "block" else query, plan))
        chain: list[Block] = []
        if by == "block":
            times = (at for entry in billed if (at := _moment(entry)) is not None)
            chain = blocks(times, now=int(time.time() * 1000) if now is None else now)
            billed = [entry for entry in billed if _in_time(_moment(entry), query)]
        groups: dict[str, list[Billed]] = {}
        key_of = _block_key(chain) if by == "block" else _keys(by, zone)
        for entry in billed:
            groups.setdefault(key_of(entry), []).append(entry)
        parts = {key: _added_up(e.request for e in entries) for key, entries in groups.items()}
        rows = [
            self._added(key, parts[key], label=_label(by, entries, zone), sessions=len({e.session.id for e in entries}))
            for key, entries in groups.items()
        ]
        rows = _with_gaps(rows, chain, zone) if by == "block" else sorted(rows, key=_order(by))
        everything = [bucket for part in parts.values() for bucket in part]
        total = self._added("total", everything, label="total", sessions=len({e.session.id for e in billed}))
        return UsageTable(by=by, rows=tuple(rows), total=total, live=len(plan.stale) if plan else 0)

    def explain(self, session: Session) -> Explained:
        """List what was counted for a session, what was not and why, and models without a price."""
        entries = tuple(self.store.ledger(session.id, copies=True)) if isinstance(self.store, SupportsLedger) else ()
        counted = tuple(e for e in entries if e.counted)
        row = self._added(session.id, _added_up(e.request for e in counted), label=session.shown_name, sessions=1)
        return Explained(
            session=session,
            counted=counted,
            dropped=tuple(e for e in entries if not e.counted),
            unpriced=row.unpriced,
            row=row,
        )

    def priced(self, session: Session) -> UsageRow:
        """Return a session's own numbers from its row alone."""
        rows = session.rollup.usage
        if len(rows) != 1:
            return self._added(session.id, rows, label=session.shown_name, sessions=1)
        row = rows[0]  # most sessions: one model, one price band; a list asks for thousands
        cost = self.prices().cost(row)
        return UsageRow(
            key=session.id,
            label=session.shown_name,
            requests=row.requests,
            usage=row.usage,
            kind=row.kind,
            cost=cost,
            unpriced=() if cost is not None else (row.model or "unknown",),
            models=(row.model,) if row.model else (),
            sessions=1,
        )

    def cost_of(self, request: Request) -> Decimal | None:
        """Return what one request cost in USD, None where that is unknown."""
        (bucket,) = _added_up([request])
        return self.prices().cost(bucket)

    def _billed(self, query: Query, plan: Plan | None) -> Iterator[Billed]:
        known = {s.id: s for s in self.store.find()}
        kept = list(self._from_ledger(known))
        if plan is not None and plan.stale:
            unread = list(self._unread(plan, known, shorten=bool(kept)))
            kept = _once(_still_standing(kept, unread), unread)
        passing: dict[str, bool] = {}
        filters = Query(filters=query.filters)
        now = {s.id: s for s in self.told(known.values())} if self.told and asks_for_states(query) else {}
        for entry in kept:
            ident = entry.session.id
            if ident not in passing:
                passing[ident] = matches(now.get(ident, entry.session), filters)
            if passing[ident] and _in_time(_moment(entry), query):
                yield entry

    def _from_ledger(self, sessions: Mapping[str, Session]) -> Iterator[Billed]:
        if not isinstance(self.store, SupportsLedger):
            return
        for entry in self.store.ledger():
            session = sessions.get(entry.session)
            if session is not None:
                yield Billed(session, entry.request)

    def _unread(self, plan: Plan, known: Mapping[str, Session], *, shorten: bool) -> Iterator[Billed]:
        """Read the requests of changed files from their beginning, so that they can be matched with what is known."""
        trashed = {s.id for s in self.store.find(trashed=True)}
        sessions = dict(known)
        found: list[tuple[str, Request]] = []
        for transcript in self.sync().requests(plan):
            ident = transcript.session.id
            if ident not in trashed:
                sessions[ident] = _seen(sessions.get(ident), transcript)
                found += [(ident, request) for request in transcript.requests]
        for ident, request in found:
            yield Billed(sessions[ident], replace(request, key=short_key(request.key)) if shorten else request)

    def _added(self, key: str, rows: Sequence[Bucket], *, label: str, sessions: int) -> UsageRow:
        usage = rows[0].usage if len(rows) == 1 else sum((row.usage for row in rows), Usage())
        cost: Decimal | None = None
        unpriced: list[str] = []
        prices = self.prices()
        for row in rows:
            price = prices.cost(row)
            if price is None:
                unpriced.append(row.model or "unknown")
            else:
                cost = price if cost is None else cost + price
        return UsageRow(
            key=key,
            label=label,
            requests=sum(r.requests for r in rows),
            usage=usage,
            kind=kind_of(rows),
            cost=cost,
            unpriced=tuple(sorted(set(unpriced))),
            models=tuple(sorted({r.model for r in rows if r.model})),
            sessions=sessions,
        )


def _seen(session: Session | None, transcript: Transcript) -> Session:
    """Widen a session's time to its requests: readers of requests alone may not know when it was last active."""
    new = transcript.session
    held = session or new
    ends = [t for t in (new.active, held.active, *(r.at for r in transcript.requests)) if t is not None]
    starts = [t for t in (new.started, held.started) if t is not None]
    return replace(held, started=min(starts, default=None), active=max(ends, default=None))


def _still_standing(kept: list[Billed], unread: list[Billed]) -> list[Billed]:
    """Leave out stand-ins of sessions that were just read: what was read brings all of theirs, or recorded requests."""
    read = {entry.session.id for entry in unread}
    return [e for e in kept if not (is_counted(e.request) and e.session.id in read)]


def _once(kept: Iterable[Billed], unread: Iterable[Billed]) -> list[Billed]:
    """Count each request once: in its earliest session, with its greatest figures."""
    found = {entry.request.key: entry for entry in kept}
    for entry in unread:
        key = entry.request.key
        held = found.get(key)
        if held is None:
            found[key] = entry
            continue
        first, other = (entry, held) if _age(entry.session) < _age(held.session) else (held, entry)
        found[key] = Billed(first.session, grown(first.request, other.request))
    return list(found.values())


def _added_up(requests: Iterable[Request]) -> list[Bucket]:
    """Add requests up by model and price band, in plain numbers: there may be a hundred thousand of them."""
    totals: dict[tuple[str, int, TokensKind, bool], list[int]] = {}
    for request in requests:
        u = request.usage
        place = (request.model, band(u), request.kind, u.cost is not None)
        row = totals.get(place)
        if row is None:
            row = totals[place] = [0] * 10
        row[0] += 1
        row[1] += u.input
        row[2] += u.cache_read
        row[3] += u.cache_write
        row[4] += u.output
        row[5] += u.reasoning
        row[6] += u.reasoning_apart
        row[7] += u.cache_write_1h
        row[8] += u.web_searches
        row[9] += u.cost or 0
    return [
        Bucket(
            model=m, band=b, kind=k, requests=row[0], usage=_usage(row, costed=costed), recorded=row[0] if costed else 0
        )
        for (m, b, k, costed), row in totals.items()
    ]


def _usage(row: Sequence[int], *, costed: bool) -> Usage:
    return Usage(
        input=row[1],
        cache_read=row[2],
        cache_write=row[3],
        output=row[4],
        reasoning=row[5],
        reasoning_apart=row[6],
        cache_write_1h=row[7],
        web_searches=row[8],
        cost=row[9] if costed else None,
    )


def _age(session: Session) -> tuple[float, float, str]:
    never = float("inf")
    started = never if session.started is None else session.started
    return started, never if session.active is None else session.active, session.id


def _moment(entry: Billed) -> int | None:
    """Return when a request was billed; one without a time counts at its session's start, else its last activity."""
    times = (entry.request.at, entry.session.started, entry.session.active)
    return next((at for at in times if at is not None), None)


def _in_time(at: int | None, query: Query) -> bool:
    if query.since is not None and (at or 0) < query.since:
        return False
    return query.until is None or (at or 0) < query.until


def _keys(by: By, zone: tzinfo | None) -> Callable[[Billed], str]:
    match by:
        case "session":
            return lambda e: e.session.id
        case "model":
            return lambda e: e.request.model or "unknown"
        case "project":
            return lambda e: e.session.project or "unknown"
        case "agent":
            return lambda e: e.session.agent
        case _:
            return lambda e: _period(_moment(e), by, zone)


def _block_key(chain: Sequence[Block]) -> Callable[[Billed], str]:
    real = [block for block in chain if not block.gap]
    starts, keys = [block.start for block in real], [block.key for block in real]

    def key(entry: Billed) -> str:
        at = _moment(entry)
        return "unknown" if at is None else keys[block_of(starts, at)]

    return key


def _with_gaps(rows: Sequence[UsageRow], chain: Sequence[Block], zone: tzinfo | None) -> list[UsageRow]:
    """Put rows in the order of their blocks, with the gaps between those that are there."""
    known = {row.key: row for row in rows}
    places = [place for place, block in enumerate(chain) if block.key in known]
    shown = chain[places[0] : places[-1] + 1] if places else ()
    empty = (UsageRow(key=block.key) for block in shown)
    found = [
        replace(known.get(block.key, row), label=_hours(block, zone), block=block)
        for block, row in zip(shown, empty, strict=True)
        if block.gap or block.key in known
    ]
    return [*(row for row in rows if row.key == "unknown"), *found]


def _hours(block: Block, zone: tzinfo | None) -> str:
    """Say from when to when, on the clock of a time zone."""
    start, end = (datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(zone) for at in (block.start, block.end))
    return (
        f"{start:%Y-%m-%d %H:%M} - {end:%H:%M}"
        if start.date() == end.date()
        else f"{start:%Y-%m-%d %H:%M} - {end:%m-%d %H:%M}"
    )


def _period(at: int | None, by: str, zone: tzinfo | None) -> str:
    return "unknown" if at is None else _period_of(at // QUARTER_MS, by, zone)


@lru_cache(maxsize=65536)
def _period_of(quarter: int, by: str, zone: tzinfo | None) -> str:
    """Name the period that a quarter of an hour belongs to: no time zone ever changed at another time."""
    moment = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, tz=UTC).astimezone(zone)
    if by == "month":
        return f"{moment:%Y-%m}"
    if by == "week":
        moment -= timedelta(days=moment.weekday())
    return f"{moment:%Y-%m-%d}"


def _label(by: By, entries: Sequence[Billed], zone: tzinfo | None) -> str:
    """Name a session's row: fast readers know no titles, and what an agent calls a session may be a path."""
    if by != "session" or not entries:
        return ""
    session = entries[0].session
    if session.name or session.title:
        return session.name or session.title
    times = [at for at in (session.started, *(_moment(e) for e in entries)) if at is not None]
    began = f"{datetime.fromtimestamp(min(times) / 1000, tz=UTC).astimezone(zone):%Y-%m-%d %H:%M}" if times else ""
    place = PurePath((session.project or session.cwd).replace("\\", "/")).name
    return " ".join(part for part in (place, began) if part) or session.agent


def _order(by: By) -> Callable[[UsageRow], tuple[object, ...]]:
    if by in ("day", "week", "month"):
        return lambda row: (row.key,)
    return lambda row: (-(row.cost or Decimal(0)), -row.usage.total, row.key)
