"""What the files of the systems that Holdfast replaces share: local times, chat messages, small SQLite databases.

Knows how to open such a database without touching it; refuses to know what a row means.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msgspec.structs import replace

from holdfast._sqlite import all_rows, foreign_copy, quoted, tables
from holdfast.errors import Unreadable
from holdfast.interchange._vendor import moment
from holdfast.model import Json, Message, Part, ToolCall, ToolResult
from holdfast.model.chat import to_chat
from holdfast.model.verbatim import GIVEN, as_given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Connection = Any
"""An open copy; readers take it as it comes, because SQLite has one door."""
LARGEST = 64
"""Bits of a whole number that other programs read."""
DEEPEST = 100
MAGIC = b"SQLite format 3\x00"


def local(value: Json) -> int | None:
    """Return Unix ms of a time that was written down without a zone, as it was on this machine."""
    try:
        return moment(datetime.fromisoformat(value).astimezone().isoformat()) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def local_text(at: int | None) -> str:
    """Return a moment as local time without a zone, to the millisecond; empty for none."""
    try:
        return "" if at is None else datetime.fromtimestamp(at / 1000).isoformat()  # noqa: DTZ006 - their form
    except (OverflowError, OSError, ValueError):
        return ""


def utc_text(at: int | None) -> str:
    """Return a moment with its zone, to the second; empty for none."""
    try:
        return "" if at is None else datetime.fromtimestamp(at // 1000, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def chats(message: Message) -> Iterator[dict[str, Json]]:
    """Yield the chat messages that say what a message of ours says: results of tools stand for themselves."""
    if GIVEN in message.extra:
        yield as_given(message)
        return
    results = [p for p in message.parts if isinstance(p, ToolResult)]
    for result in results:
        yield {"role": "tool", "tool_call_id": result.call, "content": result.text}
    rest = tuple(_tamed(p) for p in message.parts if not isinstance(p, ToolResult))
    if not results or (rest and message.role != "tool"):
        yield to_chat(replace(message, parts=rest))


def _tamed(part: Part) -> Part:
    return replace(part, input=tame(part.input)) if isinstance(part, ToolCall) else part


def tame(value: Json, depth: int = 0) -> Json:
    """Return what every reader of JSON takes: no half surrogate pairs, endless numbers or levels without end."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, int) and value.bit_length() > LARGEST:
        return hex(value)
    if depth > DEEPEST and isinstance(value, dict | list | tuple):
        return "too many levels"
    if isinstance(value, dict):
        return {str(tame(k)): tame(v, depth + 1) for k, v in value.items()}
    return [tame(v, depth + 1) for v in value] if isinstance(value, list | tuple) else value


def parsed(text: Json, kind: type[list[Json] | dict[str, Json]]) -> Json:
    """Return a JSON text as a list or an object, an empty one where it is none."""
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return kind()
    return found if isinstance(found, kind) else kind()


@contextlib.contextmanager
def database(stream: IO[bytes]) -> Iterator[Connection]:
    """Open a copy of the database that a stream reads, with its log where it is a file."""
    name = getattr(stream, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        with foreign_copy(Path(name)) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        path = Path(folder) / "given.db"
        path.write_bytes(stream.read())
        with foreign_copy(path) as connection:
            yield connection


def shape(stream: IO[bytes]) -> dict[str, tuple[str, ...]]:
    """Return the tables of the database that a stream reads, with their columns, and put the stream back; else nothing."""
    start = stream.tell()
    try:
        if stream.read(len(MAGIC)) != MAGIC:
            return {}
        stream.seek(start)
        with database(stream) as connection:
            return tables(connection)
    except Unreadable:
        return {}
    finally:
        stream.seek(start)


def has(found: Mapping[str, tuple[str, ...]], wanted: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether all wanted tables and columns are there."""
    return all(name in found and set(columns) <= set(found[name]) for name, columns in wanted.items())


def rows(connection: Connection, table: str, order: str = "rowid") -> Iterator[dict[str, Json]]:
    """Yield the rows of a table by the names of their columns."""
    names = tables(connection).get(table, ())
    if names:
        listed = ", ".join(quoted(n) for n in names)
        for row in all_rows(connection, f"SELECT {listed} FROM {quoted(table)} ORDER BY {order}"):  # noqa: S608 - quoted
            yield dict(zip(names, row, strict=True))
