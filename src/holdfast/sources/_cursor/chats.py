"""Cursor's command line: `chats/<workspace>/<id>/store.db`, a tree of blobs whose root lists the messages in order."""

from __future__ import annotations

import binascii
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import Unreadable
from holdfast.model import Json, Message, Part, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import attachment, inside, millis, text
from holdfast.sources._cursor import rows
from holdfast.sources._cursor.parts import (
    Draft,
    arguments,
    path_of,
    result,
    shadow_of,
    summary,
    transcript_of,
    user_messages,
)
from holdfast.sources._jsonl import loads
from holdfast.sources.base import RawSpan, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources._database import Connection
    from holdfast.sources.base import Cursor, Ref

NAME = "store.db"
MOST = 1 << 20
"""A larger `meta.json` is none."""
_MESSAGE, _TOKENS, _FOLDERS = 1, 5, 9
_USED, _MOST = 1, 2
_FIXED = {1: 8, 5: 4}


def read(found: Ref, cursor: Cursor | None, parser: int, *, shadowed: bool) -> Reading:
    """Read a session's database whole; only who it is where another store tells it."""
    path = Path(found.path)
    marks = rows.marks_of(cursor, parser)
    draft = Draft(native=path.parent.name, path=found.path, extra={"store": "cli"})
    kept = [b""]
    try:
        with foreign_copy(path) as connection:
            kept = _take(draft, connection)
    except (Unreadable, UnicodeDecodeError, OSError):
        draft.damaged.append(0)
    facts(path.with_name("meta.json"), draft)
    if not draft.messages:
        return rows.nothing(found, parser, marks, damaged=len(draft.damaged))
    data = b"".join(kept)
    return Reading(
        transcript=shadow_of(draft) if shadowed else transcript_of(draft),
        raw=RawSpan(path=found.path, offset=0, data=data, rows=True),
        cursor=rows.cursor_at(found, parser, {draft.native: rows.mark(data)}, done=True),
    )


@lru_cache(maxsize=256)
def tells(path: str, size: int, mtime_ns: int) -> bool:  # noqa: ARG001 - size and time are the cache's key
    """Tell whether a session's database has readable messages."""
    draft = Draft(native="", path=path)
    try:
        with foreign_copy(Path(path)) as connection:
            _take(draft, connection)
    except (Unreadable, UnicodeDecodeError, OSError):
        return False
    return bool(draft.messages)


def facts(path: Path, draft: Draft) -> None:
    """Take what the file beside the database says: where and when."""
    try:
        said = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except OSError:
        return
    if isinstance(said, dict):
        draft.cwd = text(said.get("cwd")) or draft.cwd
        draft.started = millis(said.get("createdAtMs")) or draft.started
        draft.active = millis(said.get("updatedAtMs")) or draft.active


def _take(draft: Draft, connection: Connection) -> list[bytes]:
    """Take the session's facts and messages; returns its rows as JSON lines."""
    known = tables(connection)
    if "value" not in known.get("meta", ()) or "data" not in known.get("blobs", ()):
        return []
    kept: list[bytes] = []
    meta: Json = None
    for key, value in rows.pairs(connection, "meta"):
        kept.append(rows.line("meta", key, value))
        meta = _unhexed(value) if key == "0" else meta
    blobs = dict(rows.pairs(connection, "blobs", name="id"))
    kept += [rows.line("blobs", name, data) for name, data in blobs.items()]
    if isinstance(meta, dict):
        _learn(draft, meta)
        _follow(draft, blobs, text(meta.get("latestRootBlobId")))
    elif blobs:
        draft.damaged.append(0)
    return kept


def _unhexed(value: bytes) -> Json:
    try:
        return loads(binascii.unhexlify(value.strip()))
    except binascii.Error:
        return loads(value)


def _learn(draft: Draft, meta: dict[str, Json]) -> None:
    draft.title = text(meta.get("name"))
    draft.title = "" if draft.title == "New Agent" else draft.title
    draft.started = millis(meta.get("createdAt"))
    model = text(meta.get("lastUsedModel"))
    draft.models += [model] if model else []
    if text(meta.get("mode")):
        draft.extra["mode"] = meta["mode"]


def _follow(draft: Draft, blobs: dict[str, bytes], root: str) -> None:
    """Add the messages that the root lists, each blob as often as it is listed."""
    seen: dict[str, int] = {}
    for field, value in _fields(blobs.get(root, b"")):
        if field == _MESSAGE and isinstance(value, bytes):
            name = value.hex()
            seen[name] = seen.get(name, 0) + 1
            record = loads(blobs.get(name, value))
            if isinstance(record, dict):
                again = f":{seen[name]}" if seen[name] > 1 else ""
                _message(draft, name[:32] + again, record, line=sum(seen.values()))
            else:
                draft.damaged.append(sum(seen.values()))
        elif field == _TOKENS and isinstance(value, bytes):
            counted = {f: v for f, v in _fields(value) if isinstance(v, int)}
            draft.used, draft.limit = counted.get(_USED) or None, counted.get(_MOST) or None
        elif field == _FOLDERS and isinstance(value, bytes):
            draft.cwd = draft.cwd or path_of(value.decode("utf-8", "replace"))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a protobuf message's fields up to the first that is none."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        if not key >> 3:
            return
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        size = _FIXED.get(kind, -1)
        if kind == 2:
            size, place = _varint(data, place)
        if size < 0 or place + size > len(data):
            return
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 64:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    return 0, len(data)


def _message(draft: Draft, name: str, record: dict[str, Json], *, line: int) -> None:
    content = record.get("content")
    listed = content if isinstance(content, list) else [{"type": "text", "text": text(content)}]
    parts = [p for p in (_part(draft, b, f"{name}:{n}") for n, b in enumerate(listed)) if p is not None]
    said = "\n".join(p.text for p in parts if isinstance(p, Text))
    if inside(inside(record, "providerOptions"), "cursor").get("isSummary") is True:
        draft.messages.append(summary(name, said, at=None, line=line))
        return
    match record.get("role"):
        case "user":
            draft.messages += user_messages(name, parts, at=None, line=line)
        case "assistant" | "system" | "tool" as role if parts:
            model = draft.models[-1] if role == "assistant" and draft.models else ""
            draft.messages.append(Message(id=name, role=role, parts=tuple(parts), model=model, line=line))
        case "assistant" | "system" | "tool":
            pass
        case other:
            draft.miss(f"record:{str(other)[:40]}")


def _part(draft: Draft, block: Json, name: str) -> Part | None:
    if not isinstance(block, dict):
        draft.miss("block:?")
        return None
    match block.get("type"):
        case "text":
            return Text(text(block["text"])) if text(block.get("text")) else None
        case "reasoning":
            return Thinking(text(block["text"])) if text(block.get("text")) else None
        case "redacted-reasoning":
            return None
        case "tool-call":
            given = block.get("args", block.get("input"))
            return ToolCall(
                id=text(block.get("toolCallId")) or name, name=text(block.get("toolName")), input=arguments(given)
            )
        case "tool-result":
            return _result(block)
        case "image" | "file":
            return attachment(block)
        case other:
            draft.miss(f"block:{str(other)[:40]}")
            return None


def _result(block: dict[str, Json]) -> ToolResult:
    given = block.get("result", block.get("output"))
    if isinstance(given, dict) and "value" in given:
        given = given["value"]
    return result(text(block.get("toolCallId")), given, error=block.get("isError") is True)
