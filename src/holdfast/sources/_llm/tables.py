"""What both generations of llm's tables share: rows that hang on others, fragments, attachments, and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast._sqlite import quoted
from holdfast.model import Attachment, Json, Message, Request, Usage
from holdfast.sources._content import millis, number, text
from holdfast.sources._database import Connection, Places, Row, line_of, rows
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Part, Role

AGENT = "llm"
_BYTES = {"attachments": ("content",)}
"""Columns that are only measured: the bytes of a picture are no text, and would be copied with each change."""

_UNINDEXED = ("conversation_id", "response_id", "thread_id")
"""Columns by which llm itself never looks for anything."""


class Draft(Struct, kw_only=True):
    """A conversation in the making, and the rows that it was made of."""

    connection: Connection
    native: str
    path: str
    known: dict[str, tuple[str, ...]]
    places: Places
    messages: dict[str, Message] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    lines: dict[bytes, None] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)
    """Messages of the newer tables that were looked at."""
    unread: set[str] = field(default_factory=set)
    """Messages of the newer tables that only repeat what older ones hold."""
    asked: dict[tuple[str, str, Json], list[Row]] = field(default_factory=dict)
    used: int | None = None

    def of(self, table: str, column: str, value: Json, *, order: tuple[str, ...] = ()) -> list[Row]:
        """Return the rows of a table that have a value, and remember them."""
        asked = (table, column, value)
        if asked not in self.asked:
            columns = [c for c in self.known.get(table, ()) if c not in _BYTES.get(table, ())]
            there = column in columns and value is not None
            found = list(self._rows(table, columns, where=(column, value))) if there else []
            self.asked[asked] = sorted(found, key=lambda row: [_ordered(row.get(o)) for o in order])
            self.lines.update(dict.fromkeys(line_of(table, row) for row in self.asked[asked]))
        return self.asked[asked]

    def _rows(self, table: str, columns: list[str], *, where: tuple[str, Json]) -> Iterator[Row]:
        if where[0] in _UNINDEXED:
            return self.places.rows(table, columns, where=where)
        return rows(self.connection, table, columns, where=where, order="rowid")

    def one(self, table: str, column: str, value: Json) -> Row:
        """Return the first such row, empty where there is none."""
        return next(iter(self.of(table, column, value)), {})

    def say(self, name: str, role: Role, parts: list[Part], *, at: int | None, model: str = "") -> None:
        """Add a message, unless it says nothing or is known."""
        if parts and name not in self.messages:
            line = len(self.messages) + 1
            self.messages[name] = Message(id=name, role=role, parts=tuple(parts), at=at, model=model, line=line)

    def bill(self, row: Row) -> None:
        """Add the request that a row tells of."""
        usage, name = usage_of(row), text(row.get("id"))
        if usage.total:
            model = text(row.get("resolved_model")) or text(row.get("model"))
            key, at, line = f"{AGENT}:{name}", millis(row.get("datetime_utc")), len(self.requests) + 1
            request = Request(key=key, at=at, model=model, usage=usage, path=self.path, line=line)
            self.requests.setdefault(key, request)
            self.used = usage.context

    def miss(self, name: str) -> None:
        """Count something unknown."""
        self.unknown[name] = self.unknown.get(name, 0) + 1


def fragment(draft: Draft, ident: Json) -> Attachment:
    """Return a fragment: text that went along with a prompt, under the name of where it came from."""
    row = draft.one("fragments", "id", ident)
    return Attachment(media="text/plain", name=text(row.get("source")), text=text(row.get("content")))


def attached(draft: Draft, ident: Json) -> Attachment:
    """Describe an attachment without its bytes."""
    row = draft.one("attachments", "id", ident)
    size = 0
    if {"id", "content"} <= set(draft.known.get("attachments", ())):
        ask = f"SELECT octet_length({quoted('content')}) FROM attachments WHERE id = ?"  # noqa: S608 - our own name
        size = next((n for (n,) in draft.connection.execute(ask, (ident,)) if isinstance(n, int)), 0)
    return Attachment(media=text(row.get("type")), name=text(row.get("path")) or text(row.get("url")), size=size)


def usage_of(row: Row) -> Usage:
    """Make counts disjoint: each provider's own details say whether cached tokens are inside of the input."""
    given, output, found = number(row.get("input_tokens")), number(row.get("output_tokens")), _details(row)
    if "cache_read_input_tokens" in found or "cache_creation_input_tokens" in found:
        read, write = (number(found.get(f"cache_{n}_input_tokens")) for n in ("read", "creation"))
        return Usage(input=given, cache_read=read, cache_write=write, output=output)
    if "thoughtsTokenCount" in found or "cachedContentTokenCount" in found:
        thought, read = (
            number(found.get("thoughtsTokenCount")),
            min(given, number(found.get("cachedContentTokenCount"))),
        )
        apart = 0 if "candidatesTokenCount" in found else thought
        return Usage(input=given - read, cache_read=read, output=output, reasoning=thought, reasoning_apart=apart)
    inside = _inside(found, "prompt_tokens_details", "input_tokens_details")
    thought = number(_inside(found, "completion_tokens_details", "output_tokens_details").get("reasoning_tokens"))
    read = min(given, number(inside.get("cached_tokens")) or number(found.get("cached_tokens")))
    return Usage(input=given - read, cache_read=read, output=output, reasoning=min(thought, output))


def _ordered(value: Json) -> tuple[int, float, str]:
    """Order numbers before texts, whatever stands in a column."""
    if isinstance(value, int | float):
        return 0, value, ""
    return 1, 0.0, text(value)


def _details(row: Row) -> dict[str, Json]:
    found = loads(text(row.get("token_details")).encode())
    return found if isinstance(found, dict) else {}


def _inside(found: dict[str, Json], *names: str) -> dict[str, Json]:
    return next((found[n] for n in names if isinstance(found.get(n), dict)), {})
