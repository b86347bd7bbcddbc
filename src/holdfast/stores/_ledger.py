"""Requests, each counted once over all sessions: in the earliest one that holds it.

Every session keeps its own copy of a request, with its own figures; `counted` marks the one that counts: 1 with its own figures,
2 with those of another copy that has greater ones. Earliest is by the session's start, then its last activity, then its id, so that
the answer does not depend on the order of reading. What lies in the trash counts only what nobody outside it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from holdfast._sqlite import all_rows
from holdfast.model import Bucket, Request, Usage, band, buckets, dedupe
from holdfast.model.usage import TokensKind, grown, is_counted, key_hash, shown_key, weight
from holdfast.stores.base import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import apsw

_COLUMNS = (
    "key, session, counted, at, model, path, line, main, kind, band, input, cache_read, cache_write, output, reasoning,"
    " reasoning_apart, cache_write_1h, web, cost"
)
_FIGURES = "input, cache_read, cache_write, output, reasoning, reasoning_apart, cache_write_1h, web, cost"
_OWN, _BORROWED = 1, 2
STAND_IN = 2
"""Added to `main` in the row of a request that was counted because its agent recorded none."""
_INSERT = f"INSERT INTO requests({_COLUMNS}) VALUES({','.join('?' * 19)})"


class Change:
    """What a put did to the ledger: whether anything is new, and which other sessions' counts moved."""

    def __init__(self) -> None:
        """Start with no change."""
        self.added: list[Request] = []
        self.recount = False
        self.shared = False
        self.others: set[int] = set()


def put(db: apsw.Connection, session: int, requests: Sequence[Request], name_of: Callable[[str], int]) -> Change:
    """Keep requests; a known key of the same session keeps its place and takes the greater figures."""
    change = Change()
    if not requests:
        return change
    unique = dedupe(requests)
    hashes = {text: key_hash(text) for text in unique}
    numbers = {hashes[text]: request for text, request in unique.items()}
    held = _held(db, numbers)
    new = []
    for key, request in numbers.items():
        mine = held.get(key, {}).get(session)
        if mine is None:
            new.append(_row(key, session, request, name_of))
            change.added.append(request)
        elif weight(request.usage) > weight(mine):
            _grow(db, key, session, request, name_of=name_of)
            change.recount = True
    db.executemany(_INSERT, new)
    shared = [k for k, holders in held.items() if holders.keys() - {session}]
    if shared:
        change.recount = change.shared = True
        change.others |= settle(db, shared) - {session}
        holding = "SELECT session FROM requests WHERE key IN (SELECT value FROM json_each(?))"
        db.execute(f"UPDATE sessions SET shared=1 WHERE NOT shared AND pk IN ({holding})", (str(shared),))
    if len(requests) > len(unique) or len(new) < len(unique):
        older = {text: key for text, key in hashes.items() if session in held.get(key, ())}
        places = {r.key: (r.path, r.line) for r in unique.values()} | (_places(db, session, older) if older else {})
        again = [r for r in requests if (r.path, r.line) != places[r.key]]
        rows = [(session, name_of(r.path), r.line, hashes[r.key]) for r in again]
        db.executemany("INSERT OR IGNORE INTO repeats VALUES(?,?,?,?)", rows)
    return change


def _places(db: apsw.Connection, session: int, hashes: Mapping[str, int]) -> dict[str, tuple[str, int]]:
    """Return where a session's requests were recorded first."""
    wanted = (
        "SELECT r.key, n.name, r.line FROM requests r JOIN names n ON n.pk = r.path"
        " WHERE r.session=? AND r.key IN (SELECT value FROM json_each(?))"
    )
    found = {key: (path, line) for key, path, line in db.execute(wanted, (session, str(list(hashes.values()))))}
    return {text: found[key] for text, key in hashes.items() if key in found}


def _held(db: apsw.Connection, keys: Iterable[int]) -> dict[int, dict[int, Usage]]:
    """Return who holds these requests already: key -> session -> figures."""
    found: dict[int, dict[int, Usage]] = {}
    wanted = f"SELECT key, session, {_FIGURES} FROM requests WHERE key IN (SELECT value FROM json_each(?))"
    for key, session, *sums, cost in db.execute(wanted, (str(list(keys)),)):
        found.setdefault(key, {})[session] = _usage(sums, cost)
    return found


def settle(db: apsw.Connection, keys: Iterable[int]) -> set[int]:
    """Count shared requests where they belong; returns the sessions whose counts may have moved."""
    moved: set[int] = set()
    marks: list[tuple[int, int, int]] = []
    for key, holders in _holders(db, keys).items():
        owner = holders[0]
        own = all(weight(owner.figures) >= weight(peer.figures) for peer in _peers(holders))
        moved |= set() if own else {owner.session}
        for holder in holders:
            mark = 0 if holder is not owner else _OWN if own else _BORROWED
            if holder.counted != mark:
                marks.append((mark, holder.session, key))
                moved.add(holder.session)
    db.executemany("UPDATE requests SET counted=? WHERE session=? AND key=?", marks)
    return moved


class _Holder(NamedTuple):
    """A session's own copy of a request."""

    session: int
    trashed: bool
    counted: int
    model: str
    figures: Usage


def _holders(db: apsw.Connection, keys: Iterable[int]) -> dict[int, list[_Holder]]:
    """Return who holds each request, first the one in which it counts."""
    found: dict[int, list[_Holder]] = {}
    for key, session, trashed, counted, model, *sums, cost in db.execute(
        f"SELECT r.key, r.session, s.trashed IS NOT NULL, counted, n.name, {_FIGURES} FROM requests r"
        " JOIN sessions s ON s.pk = r.session JOIN names n ON n.pk = r.model"
        " WHERE r.key IN (SELECT value FROM json_each(?))"
        " ORDER BY 3, s.started_at IS NULL, s.started_at, s.active IS NULL, s.active, s.id",
        (str(list(keys)),),
    ):
        found.setdefault(key, []).append(_Holder(session, bool(trashed), counted, model, _usage(sums, cost)))
    return found


def _peers(holders: list[_Holder]) -> list[_Holder]:
    """Leave those whose figures count: what lies in the trash says nothing about what does not."""
    return [holder for holder in holders if holder.trashed == holders[0].trashed]


def _greatest(holders: list[_Holder]) -> Request:
    best = max(_peers(holders), key=lambda holder: (weight(holder.figures), holder.model))
    return Request(key="", model=best.model, usage=best.figures)


def settle_all(db: apsw.Connection, session: int) -> set[int]:
    """Settle every request that a session shares with another one."""
    keys = all_rows(
        db,
        "SELECT key FROM requests r WHERE session=?"
        " AND EXISTS(SELECT 1 FROM requests o WHERE o.key=r.key AND o.session<>r.session)",
        (session,),
    )
    return settle(db, [key for (key,) in keys])


def totals(db: apsw.Connection, session: int) -> tuple[Bucket, ...]:
    """Add up a session's counted requests."""
    rows = db.execute(
        "SELECT n.name, band, kind, cost IS NOT NULL, count(*), sum(input), sum(cache_read), sum(cache_write), sum(output),"
        " sum(reasoning), sum(reasoning_apart), sum(cache_write_1h), sum(web), sum(cost)"
        f" FROM requests JOIN names n ON n.pk = model WHERE session=? AND counted={_OWN} GROUP BY 1, 2, 3, 4 ORDER BY min(at)",
        (session,),
    )
    own = tuple(_bucket(row) for row in rows)
    borrowed = all_rows(
        db,
        f"SELECT key, n.name, kind FROM requests JOIN names n ON n.pk = model WHERE session=? AND counted={_BORROWED}"
        " ORDER BY at, line, key",
        (session,),
    )
    held = _holders(db, [key for key, *_ in borrowed]) if borrowed else {}
    found = [grown(Request(key="", model=model, kind=kind), _greatest(held[key])) for key, model, kind in borrowed]
    return added_up(own, found) if found else own


def added_up(old: tuple[Bucket, ...], requests: Iterable[Request]) -> tuple[Bucket, ...]:
    """Add requests to totals without reading the ledger."""
    rows = {(b.model, b.band, b.kind, b.recorded > 0): b for b in old}
    for new in buckets(requests):
        key = (new.model, new.band, new.kind, new.recorded > 0)
        held = rows.get(key)
        rows[key] = (
            new
            if held is None
            else Bucket(
                model=new.model,
                band=new.band,
                kind=new.kind,
                requests=held.requests + new.requests,
                usage=held.usage + new.usage,
                recorded=held.recorded + new.recorded,
            )
        )
    return tuple(rows.values())


def entries(
    db: apsw.Connection, session: int | None, since: int | None, until: int | None, *, copies: bool
) -> Iterator[Entry]:
    """Yield requests in order of time."""
    rows = db.execute(
        "SELECT s.id, r.counted, r.at, m.name, p.name, r.line, r.main, r.kind, r.input, r.cache_read, r.cache_write, r.output,"
        " r.reasoning, r.reasoning_apart, r.cache_write_1h, r.web, r.cost, r.key,"
        " CASE WHEN r.counted THEN '' ELSE (SELECT o.id FROM requests q JOIN sessions o ON o.pk=q.session"
        " WHERE q.key=r.key AND q.counted) END"
        " FROM requests r JOIN sessions s ON s.pk = r.session JOIN names m ON m.pk = r.model JOIN names p ON p.pk = r.path"
        " WHERE (?1 IS NULL OR r.session = ?1) AND (?2 IS NULL OR r.at >= ?2) AND (?3 IS NULL OR r.at < ?3) AND (?4 OR r.counted)"
        " AND (s.trashed IS NULL OR ?1 IS NOT NULL) ORDER BY r.at, r.line",
        (session, since, until, int(copies)),
    )
    for row in rows:
        found = _entry(row)
        if row[1] == _BORROWED:
            found = replace(found, request=grown(found.request, _greatest(_holders(db, [row[-2]])[row[-2]])))
        yield found


def repeats(db: apsw.Connection, session: int) -> Iterator[Entry]:
    """Yield the further records of requests that a session's own files repeat, without tokens: the first record has them."""
    rows = db.execute(
        "SELECT s.id, p.name, x.line, x.key, r.at, m.name, r.main, r.kind FROM repeats x JOIN names p ON p.pk = x.path"
        " JOIN sessions s ON s.pk = x.session JOIN requests r ON r.session = x.session AND r.key = x.key"
        " JOIN names m ON m.pk = r.model WHERE x.session=? ORDER BY 2, 3",
        (session,),
    )
    for owner, path, line, key, at, model, main, kind in rows:
        shown = shown_key(key, counted=main >= STAND_IN)
        request = Request(key=shown, path=path, line=line, at=at, model=model, main=bool(main % STAND_IN), kind=kind)
        yield Entry(session=owner, request=request, counted=False, owner=owner)


def forget(db: apsw.Connection, session: int) -> set[int]:
    """Give requests that others hold too to the next of them; returns the sessions whose counts moved."""
    keys = [k for (k,) in all_rows(db, "SELECT key FROM requests WHERE session=?", (session,))]
    db.execute("DELETE FROM requests WHERE session=?", (session,))
    db.execute("DELETE FROM repeats WHERE session=?", (session,))
    return settle(db, keys)


def _row(key: int, session: int, request: Request, name_of: Callable[[str], int]) -> tuple[Any, ...]:
    u = request.usage
    return (
        key, session, 1, request.at, name_of(request.model), name_of(request.path), request.line,
        request.main + STAND_IN * is_counted(request), request.kind,
        band(u), u.input, u.cache_read, u.cache_write, u.output, u.reasoning, u.reasoning_apart, u.cache_write_1h, u.web_searches,
        u.cost,
    )  # fmt: skip


def _grow(db: apsw.Connection, key: int, session: int, request: Request, *, name_of: Callable[[str], int]) -> None:
    u = request.usage
    db.execute(
        f"UPDATE requests SET (band, {_FIGURES}) = (?,?,?,?,?,?,?,?,?,?), model=iif(model=?, ?, model) WHERE session=? AND key=?",
        (band(u), u.input, u.cache_read, u.cache_write, u.output, u.reasoning, u.reasoning_apart, u.cache_write_1h, u.web_searches,
         u.cost, name_of(""), name_of(request.model), session, key),
    )  # fmt: skip


def _bucket(row: tuple[Any, ...]) -> Bucket:
    model, number, kind, costed, count, *sums, cost = row
    known: TokensKind = kind
    return Bucket(
        model=model, band=number, kind=known, requests=count, usage=_usage(sums, cost), recorded=count if costed else 0
    )


def _usage(sums: Sequence[int], cost: int | None) -> Usage:
    return Usage(
        input=sums[0], cache_read=sums[1], cache_write=sums[2], output=sums[3], reasoning=sums[4], reasoning_apart=sums[5],
        cache_write_1h=sums[6], web_searches=sums[7], cost=cost,
    )  # fmt: skip


def _entry(row: tuple[Any, ...]) -> Entry:
    session, counted, at, model, path, line, main, kind, *sums, cost, key, owner = row
    request = Request(
        key=shown_key(key, counted=main >= STAND_IN),
        at=at,
        model=model,
        usage=_usage(sums, cost),
        kind=kind,
        path=path,
        line=line,
        main=bool(main % STAND_IN),
    )
    return Entry(session=session, request=request, counted=bool(counted), owner=owner or "")
