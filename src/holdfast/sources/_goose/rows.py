"""Goose's database: a row a session, a row a message, and, in newer ones, a ledger with a row a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast._sqlite import tables
from holdfast.model import Json, Losses, Message, Request, Transcript
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, text
from holdfast.sources._database import Connection, Found, Places, Row, line_of, mark_of, rows, sums
from holdfast.sources._goose.content import is_archived, message_of
from holdfast.sources._goose.session import AGENT, accumulated, config_of, session_of, usage_of, widened
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEEDED = {"id", "session_id", "role", "content_json"}


class Shelf:
    """Reads the tables of one database."""

    agent = AGENT

    def __init__(self, parser: int) -> None:
        self.parser = parser
        self.known: dict[str, tuple[str, ...]] = {}
        self.places = Places(None)

    def sessions(self, connection: Connection) -> list[Found]:
        """List every session, with its row and how much hangs on it."""
        self.known, self.places = tables(connection), Places(connection)
        known = self.known
        said = _sums(connection, known, "messages")
        billed = _sums(connection, known, "usage_ledger")
        listed = rows(connection, "sessions", known["sessions"]) if "id" in known.get("sessions", ()) else ()
        return [
            Found(native=native, row=row, mark=mark_of(row, said.get(native), billed.get(native)))
            for native, row in ((text(r.get("id")), r) for r in listed)
            if native
        ]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one session whole."""
        known = self.known
        lines = [line_of("sessions", found.row)]
        said = _of(connection, known, "messages", found.native) if set(known.get("messages", ())) >= _NEEDED else []
        lines += [line_of("messages", row) for row in said]
        billed = list(self._billed(found.native))
        lines += [line_of("usage_ledger", row) for row in billed]
        return _transcript(found, said, billed, path=path), b"".join(lines)

    def _billed(self, native: str) -> Iterable[Row]:
        columns = self.known.get("usage_ledger", ())
        there = {"id", "session_id"} <= set(columns)
        return self.places.rows("usage_ledger", columns, where=("session_id", native)) if there else ()


def names(connection: Connection) -> frozenset[str]:
    """Return the ids of all sessions that a database knows."""
    known = tables(connection)
    found = rows(connection, "sessions", ("id",)) if "id" in known.get("sessions", ()) else ()
    return frozenset(text(row["id"]) for row in found)


def _transcript(found: Found, said: list[Row], billed: list[Row], *, path: str) -> Transcript:
    messages, losses = _messages(said)
    prompt = next((m.text for m in messages if m.is_prompt and m.text), "")
    session = widened(session_of(found.native, found.row, path=path, prompt=prompt), messages)
    requests = tuple(_requests(found, billed, path)) or accumulated(found.native, found.row, path=path)
    models = ordered((*session.models, *(r.model for r in requests)))
    return Transcript(
        session=replace(session, models=models),
        messages=tuple(messages),
        requests=requests,
        losses=losses,
        replaces=True,
    )


def _messages(said: Iterable[Row]) -> tuple[list[Message], Losses]:
    messages: list[Message] = []
    seen: dict[str, int] = {}
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    archived = False
    for number, row in enumerate(said, 1):
        content = loads(text(row.get("content_json")).encode())
        if not isinstance(content, list):
            damaged.append(number)
            continue
        record = {
            "role": row.get("role"),
            "content": content,
            "created": row.get("created_timestamp"),
            "metadata": loads(text(row.get("metadata_json")).encode()),
        }
        native = text(row.get("message_id")) or f"row:{row.get('id')}"
        seen[native] = again = seen.get(native, 0) + 1
        message, odd = message_of(record, f"{native}#{again}" if again > 1 else native, line=number, archived=archived)
        archived = is_archived(record)
        count(unknown, odd)
        if message is not None:
            messages.append(replace(message, continues=again > 1))
    return messages, Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged))


def _requests(found: Found, billed: Iterable[Row], path: str) -> Iterable[Request]:
    """Read the ledger; what was carried forward into it is the one request that stood for the session before."""
    seen: dict[str, int] = {}
    default = text(config_of(found.row).get("model_name"))
    for number, row in enumerate(billed, 1):
        usage, at, model = usage_of(row), row.get("created_timestamp"), text(row.get("model"))
        if not usage.total and not usage.cost:
            continue
        key = f"{AGENT}:{found.native}"
        if row.get("cost_source") != "carried_forward":
            key = f"{key}:{at}:{model}:{usage.prompt}:{usage.cache_read}:{usage.output}:{usage.cost}"
        seen[key] = again = seen.get(key, 0) + 1
        yield Request(
            key=f"{key}#{again}" if again > 1 else key,
            at=millis(at),
            model=model or default,
            usage=usage,
            path=path,
            line=number,
            main=not row.get("is_compaction"),
        )


def _of(connection: Connection, known: dict[str, tuple[str, ...]], table: str, native: str) -> list[Row]:
    columns = known.get(table, ())
    if not {"id", "session_id"} <= set(columns):
        return []
    return list(rows(connection, table, columns, where=("session_id", native), order="id"))


def _sums(connection: Connection, known: dict[str, tuple[str, ...]], table: str) -> dict[Json, list[Json]]:
    columns = known.get(table, ())
    if "session_id" not in columns:
        return {}
    measured = [c for c in ("content_json", "metadata_json", "input_tokens", "output_tokens", "cost") if c in columns]
    return sums(connection, table, measured, by="session_id")
