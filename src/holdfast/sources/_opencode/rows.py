"""OpenCode's databases: which sessions changed, which generation of tables holds each, and their rows as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast._sqlite import quoted, tables
from holdfast.model import Json
from holdfast.sources._content import text
from holdfast.sources._database import Connection, Row, line_of, mark_of, rows
from holdfast.sources._jsonl import loads
from holdfast.sources._opencode import v1, v2
from holdfast.sources._opencode.parts import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED = {"id", "session_id", "data"}
_JSON_COLUMNS = ("revert", "model")


class Found(Struct, frozen=True, kw_only=True):
    """One session of a database: its row, where its messages are, and what tells whether anything of it changed."""

    native: str
    row: dict[str, Json]
    table: str
    modern: bool
    mark: str
    stale: dict[str, Json] | None = None
    """Its row in the older table, where it stands in both."""


class Counts(Struct, kw_only=True):
    """Per session: how many rows a table has, how new and how long they are."""

    old: dict[str, list[Json]] = field(default_factory=dict)
    new: dict[str, list[Json]] = field(default_factory=dict)


def sessions(connection: Connection) -> list[Found]:
    """List every session once: from the newest tables that know it, by what they hold."""
    known = tables(connection)
    counts = _counts(connection, known)
    listed: dict[str, Found] = {}
    for table in ("session_v2", "session"):
        if "id" not in known.get(table, ()):
            continue
        for row in rows(connection, table, known[table]):
            native = text(row.get("id"))
            if native in listed and table != listed[native].table:
                listed[native] = _beside(listed[native], row)
            elif native and native not in listed:
                listed[native] = _found(table, row, counts)
    return list(listed.values())


def names(connection: Connection) -> frozenset[str]:
    """Return the ids of all sessions that a database knows."""
    known = tables(connection)
    found = (rows(connection, t, ("id",)) for t in ("session_v2", "session") if "id" in known.get(t, ()))
    return frozenset(text(row["id"]) for listed in found for row in listed)


def read(connection: Connection, found: Found, path: str) -> tuple[Draft, bytes]:
    """Read one session from the tables to believe, and its rows in all of them as JSON lines."""
    known = tables(connection)
    draft = Draft(native=found.native, info=_decoded(found.row), path=path)
    lines = [line_of(found.table, found.row)]
    read, keep = (_modern, _older) if found.modern else (_older, _modern)
    read(connection, draft, known=known, lines=lines)
    if found.stale is not None:
        lines.append(line_of("session", found.stale))
    unread = Draft(native=found.native, info={}, path=path)
    keep(connection, unread, known=known, lines=lines)
    v1.mark_reverted(draft)
    return draft, b"".join(lines)


def _found(table: str, row: dict[str, Json], counts: Counts) -> Found:
    native = text(row["id"])
    old, new = counts.old.get(native), counts.new.get(native)
    modern = bool(new) and (table == "session_v2" or not old)
    return Found(native=native, row=row, table=table, modern=modern, mark=mark_of(table, modern, old, new, row))


def _beside(found: Found, row: dict[str, Json]) -> Found:
    """Add the row of the older table, which is kept though the newer one is read."""
    return replace(found, stale=row, mark=mark_of(found.mark, row))


def _counts(connection: Connection, known: dict[str, tuple[str, ...]]) -> Counts:
    counts = Counts()
    for table, into in (("message", counts.old), ("part", counts.old), ("session_message", counts.new)):
        if not _NEEDED.issubset(known.get(table, ())):
            continue
        newest = "max(time_updated)" if "time_updated" in known[table] else "0"
        ask = f"SELECT session_id, count(*), {newest}, sum(octet_length(data)) FROM {quoted(table)} GROUP BY 1"  # noqa: S608
        for native, *numbers in connection.execute(ask):
            if isinstance(native, str):
                into.setdefault(native, []).append([n if isinstance(n, int | float) else str(n) for n in numbers])
    return counts


def _modern(connection: Connection, draft: Draft, *, known: dict[str, tuple[str, ...]], lines: list[bytes]) -> None:
    columns = known.get("session_message", ())
    if not _NEEDED.issubset(columns):
        return
    order = "seq" if "seq" in columns else "time_created, id"
    for number, row in enumerate(_of(connection, "session_message", columns, native=draft.native, order=order), 1):
        lines.append(line_of("session_message", row))
        data = loads(text(row.get("data")).encode())
        if isinstance(data, dict):
            v2.add_message(draft, row, data)
        else:
            draft.damaged.append(number)


def _older(connection: Connection, draft: Draft, *, known: dict[str, tuple[str, ...]], lines: list[bytes]) -> None:
    parts: dict[str, list[tuple[str, Json]]] = {}
    if {*_NEEDED, "message_id"} <= set(known.get("part", ())):
        for row in _of(connection, "part", known["part"], native=draft.native, order="id"):
            lines.append(line_of("part", row))
            found = loads(text(row.get("data")).encode())
            parts.setdefault(text(row.get("message_id")), []).append((text(row.get("id")), found))
    if not _NEEDED.issubset(known.get("message", ())):
        return
    order = "time_created, id" if "time_created" in known["message"] else "id"
    for number, row in enumerate(_of(connection, "message", known["message"], native=draft.native, order=order), 1):
        lines.append(line_of("message", row))
        name, data = text(row.get("id")), loads(text(row.get("data")).encode())
        if isinstance(data, dict) and name:
            v1.add_message(draft, name, data, parts=parts.get(name, []), line=number)
        else:
            draft.damaged.append(number)


def _of(connection: Connection, table: str, columns: tuple[str, ...], *, native: str, order: str) -> Iterator[Row]:
    return rows(connection, table, columns, where=("session_id", native), order=order)


def _decoded(row: dict[str, Json]) -> dict[str, Json]:
    return {k: loads(v.encode()) if k in _JSON_COLUMNS and isinstance(v, str) else v for k, v in row.items()}
