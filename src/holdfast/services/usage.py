"""What was used and what it cost: the same numbers in every view, complete even where the archive is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Bucket, Query, Request, Session, Usage, band, kind_of, matches
from holdfast.model.usage import TokensKind, dedupe, short_key
from holdfast.stores.base import Entry, SupportsLedger

if TYPE_CHECKING:
    from holdfast.pricing import Prices
    from holdfast.services.sync import Plan, Sync
    from holdfast.stores.base import Store

By = Literal["day", "week", "month", "session", "model", "project", "agent"]


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


class Billed(Struct, frozen=True, kw_only=True):
    """A counted request with the session it counts in."""

    session: Session
    request: Request


class UsageReport:
    """Joins the ledger, the fast readers for what is not in the archive yet, and prices."""

    def __init__(self, store: Store, sync: Callable[[], Sync], prices: Callable[[], Prices]) -> None:
        """Take the parts; files are listed only when a table is asked for."""
        self.store = store
        self.sync = sync
        self.prices = prices

    def table(
        self, by: By = "day", query: Query | None = None, *, zone: tzinfo | None = None, fresh: bool = True
    ) -> UsageTable:
        """Add up requests; `zone` is where days begin, `fresh` also reads the requests of files not in the archive yet."""
        query = query or Query()
        plan = self.sync().plan() if fresh else None
        billed = list(self._billed(query, plan))
        groups: dict[str, list[Billed]] = {}
        key_of = _keys(by, zone)
        for entry in billed:
            groups.setdefault(key_of(entry), []).append(entry)
        rows = [self._row(key, entries, label=_label(by, entries)) for key, entries in groups.items()]
        rows.sort(key=_order(by))
        return UsageTable(
            by=by, rows=tuple(rows), total=self._row("total", billed, label="total"), live=len(plan.stale) if plan else 0
        )

    def explain(self, session: Session) -> Explained:
        """List what was counted for a session, what was not and why, and models without a price."""
        entries = tuple(self.store.ledger(session.id, copies=True)) if isinstance(self.store, SupportsLedger) else ()
        counted = tuple(e for e in entries if e.counted)
        row = self._row(session.id, [Billed(session=session, request=e.request) for e in counted], label=session.shown_name)
        return Explained(
            session=session, counted=counted, dropped=tuple(e for e in entries if not e.counted), unpriced=row.unpriced, row=row
        )

    def priced(self, session: Session) -> UsageRow:
        """Return a session's own numbers from its row alone."""
        return self._added(session.id, session.rollup.usage, label=session.shown_name, sessions=1)

    def _billed(self, query: Query, plan: Plan | None) -> Iterator[Billed]:
        everything = {s.id: s for s in self.store.find()}
        live = list(self._unread(plan, everything)) if plan is not None and plan.stale else []
        found: Iterable[Billed] = self._from_ledger(everything)
        if live:
            found = _once([*found, *live])
        for entry in found:
            if _in_time(entry.request, query) and matches(entry.session, _filters(query)):
                yield entry

    def _from_ledger(self, sessions: Mapping[str, Session]) -> Iterator[Billed]:
        if not isinstance(self.store, SupportsLedger):
            return
        for entry in self.store.ledger():
            session = sessions.get(entry.session)
            if session is not None:
                yield Billed(session=session, request=entry.request)

    def _unread(self, plan: Plan, known: Mapping[str, Session]) -> Iterator[Billed]:
        """Read the requests of changed files from their beginning, so that they can be matched with what is known."""
        for transcript in self.sync().requests(plan):
            session = known.get(transcript.session.id) or transcript.session
            for request in transcript.requests:
                yield Billed(session=session, request=replace(request, key=short_key(request.key)))

    def _row(self, key: str, entries: Sequence[Billed], *, label: str) -> UsageRow:
        totals: dict[tuple[str, int, TokensKind, bool], tuple[int, Usage]] = {}
        for entry in entries:
            request = entry.request
            place = (request.model, band(request.usage), request.kind, request.usage.cost is not None)
            count, usage = totals.get(place, (0, Usage()))
            totals[place] = (count + 1, usage + request.usage)
        rows = [
            Bucket(model=m, band=b, kind=k, requests=n, usage=u, recorded=n if costed else 0)
            for (m, b, k, costed), (n, u) in totals.items()
        ]
        return self._added(key, rows, label=label, sessions=len({e.session.id for e in entries}))

    def _added(self, key: str, rows: Sequence[Bucket], *, label: str, sessions: int) -> UsageRow:
        usage = Usage()
        cost: Decimal | None = None
        unpriced: list[str] = []
        for row in rows:
            usage = usage + row.usage
            price = self.prices().cost(row)
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
            unpriced=tuple(dict.fromkeys(unpriced)),
            models=tuple(dict.fromkeys(r.model for r in rows if r.model)),
            sessions=sessions,
        )


def _once(entries: Sequence[Billed]) -> list[Billed]:
    """Count each request once: keys of the ledger are hashes, those of files are made the same way."""
    best = dedupe(e.request for e in entries)
    owners: dict[str, Billed] = {}
    for entry in entries:
        held = owners.get(entry.request.key)
        if held is None or _age(entry.session) < _age(held.session):
            owners[entry.request.key] = entry
    return [Billed(session=owners[key].session, request=request) for key, request in best.items()]


def _age(session: Session) -> tuple[float, float, str]:
    never = float("inf")
    started = never if session.started is None else session.started
    return started, never if session.active is None else session.active, session.id


def _in_time(request: Request, query: Query) -> bool:
    if query.since is not None and (request.at or 0) < query.since:
        return False
    return query.until is None or (request.at or 0) < query.until


def _filters(query: Query) -> Query:
    return Query(filters=query.filters)


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
            return lambda e: _period(e.request.at, by, zone)


def _period(at: int | None, by: str, zone: tzinfo | None) -> str:
    if at is None:
        return "unknown"
    moment = datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(zone)
    if by == "month":
        return f"{moment:%Y-%m}"
    if by == "week":
        moment -= timedelta(days=moment.weekday())
    return f"{moment:%Y-%m-%d}"


def _label(by: By, entries: Sequence[Billed]) -> str:
    return entries[0].session.shown_name if by == "session" and entries else ""


def _order(by: By) -> Callable[[UsageRow], tuple[object, ...]]:
    if by in ("day", "week", "month"):
        return lambda row: (row.key,)
    return lambda row: (-(row.cost or Decimal(0)), -row.usage.total, row.key)
