"""What an Antigravity conversation's database says of usage: each generation's counts, once, from wherever they stand.

The blobs have no published schema. Only paths that a recording bears out are followed, and counts that contradict each
other are left out.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from holdfast._sqlite import quoted, tables
from holdfast.model import Request, Usage
from holdfast.sources._antigravity import wire
from holdfast.sources._antigravity.steps import model_id
from holdfast.sources._content import count, millis

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = Any
"""A connection that `foreign_copy` gave: only `_sqlite` knows the library behind it."""
MOST_TOKENS = 1 << 40
FIRST_PLACEHOLDER = 1000
"""Models without a public name are numbered from here: 1016 is `MODEL_PLACEHOLDER_M16`."""
_GENERATION, _USAGE, _START, _RETRY, _NAME, _SHOWN = 1, 4, (9, 4), (17, 2), 19, 21
_STEP_USAGE, _STEP_TIME = 9, 1
_MODEL, _INPUT, _OUTPUT, _WRITE, _READ, _THINKING, _RESPONSE, _ID = 1, 2, 3, 4, 5, 9, 10, 11


class Billed(Struct, kw_only=True):
    """The requests of one conversation, by the id of their response."""

    native: str
    path: str
    requests: dict[str, Request] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    """Model number -> its name, as far as generations told."""
    unknown: dict[str, int] = field(default_factory=dict)
    used: int | None = None

    def add(self, usage: bytes, *, place: str, at: int | None, line: int, main: bool) -> Usage | None:
        """Add one block of counts, unless its response is known already."""
        counts = wire.numbers(usage)
        found = _usage(counts)
        if found is None:
            count(self.unknown, ["usage:odd"])
            return None
        number = counts.get(_MODEL, 0)
        name = self.names.get(number) or (
            f"MODEL_PLACEHOLDER_M{number - FIRST_PLACEHOLDER}" if number > FIRST_PLACEHOLDER else ""
        )
        key = f"antigravity:{wire.text(usage, _ID) or f'{self.native}:{place}'}"
        if key not in self.requests and found.total:
            self.requests[key] = Request(
                key=key, at=at, model=name, usage=found, path=self.path, line=line, main=main,
            )  # fmt: skip
        return found


def read(connection: Connection, *, native: str, path: str) -> Billed:
    """Read the usage of every generation: from the generations, then from steps that no generation tells of."""
    billed = Billed(native=native, path=path)
    for place, data in _blobs(connection, "gen_metadata", "data"):
        for generation in wire.messages(data, _GENERATION):
            _generation(billed, generation, place)
    for place, data in _blobs(connection, "steps", "metadata"):
        for usage in wire.messages(data, _STEP_USAGE):
            at = time_of(wire.messages(data, _STEP_TIME))
            billed.add(usage, place=f"step:{place}", at=at, line=place + 1, main=False)
    return billed


def raw_rows(connection: Connection) -> bytes:
    """Return every row of the database as JSON lines."""
    lines: list[str] = []
    for table, columns in tables(connection).items():
        listed = ", ".join(
            f"typeof({c}), CASE typeof({c}) WHEN 'text' THEN CAST({c} AS BLOB) ELSE {c} END"
            for c in map(quoted, columns)
        )
        ask = f"SELECT {listed} FROM {quoted(table)}"  # noqa: S608 - names from the database's own schema, quoted
        for found in connection.execute(ask):
            values = map(_plain, found[::2], found[1::2])
            row = dict(zip(columns, values, strict=True))
            lines.append(json.dumps({"table": table, "row": row}, ensure_ascii=False) + "\n")
    return "".join(lines).encode("utf-8", "replace")


def _generation(billed: Billed, generation: bytes, place: int) -> None:
    shown = model_id(wire.text(generation, _SHOWN)) or wire.text(generation, _NAME)
    at = time_of(wire.messages(generation, *_START))
    for usage in wire.messages(generation, _USAGE):
        number = wire.numbers(usage).get(_MODEL, 0)
        if shown:
            billed.names[number] = shown
        found = billed.add(usage, place=f"generation:{place}", at=at, line=place + 1, main=True)
        billed.used = found.context if found and found.total else billed.used
    for retry, usage in enumerate(wire.messages(generation, *_RETRY)):
        billed.add(usage, place=f"generation:{place}:{retry}", at=at, line=place + 1, main=False)


def _usage(counts: dict[int, int]) -> Usage | None:
    """Make the counts disjoint: input is uncached, output includes thinking; None where they contradict each other."""
    known = {n: counts.get(n, 0) for n in (_INPUT, _OUTPUT, _WRITE, _READ, _THINKING, _RESPONSE)}
    if not all(0 <= n < MOST_TOKENS for n in known.values()):
        return None
    if known[_THINKING] + known[_RESPONSE] not in (0, known[_OUTPUT]):
        return None
    return Usage(
        input=known[_INPUT],
        cache_read=known[_READ],
        cache_write=known[_WRITE],
        output=known[_OUTPUT],
        reasoning=known[_THINKING],
    )


def time_of(found: list[bytes]) -> int | None:
    """Read a timestamp: seconds, and nanoseconds besides."""
    parts = wire.numbers(found[0]) if found else {}
    seconds, nanos = parts.get(1, 0), parts.get(2, 0)
    if not 0 < seconds < 1 << 33 or not 0 <= nanos < 1_000_000_000:
        return None
    return millis(seconds * 1000 + nanos // 1_000_000)


def _blobs(connection: Connection, table: str, column: str) -> Iterator[tuple[int, bytes]]:
    if not {"idx", column}.issubset(tables(connection).get(table, ())):
        return
    ask = f"SELECT idx, {quoted(column)} FROM {quoted(table)} ORDER BY idx"  # noqa: S608 - fixed names
    for place, data in connection.execute(ask):
        if isinstance(place, int) and isinstance(data, bytes):
            yield place, data


def _plain(kind: str, value: Any) -> Any:
    """Texts travel as bytes too: a damaged one would not survive the library's own decoding."""
    if kind == "text":
        return value.decode("utf-8", "replace")
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
