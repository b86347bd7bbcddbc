"""The database of Kiro CLI's first engine and of Amazon Q CLI: a row for each conversation, rewritten in place."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast._sqlite import foreign_copy, quoted, tables
from holdfast.errors import Unreadable
from holdfast.model import Json, Losses, Message, Session, Summary, Text, ToolCall, Transcript, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import inside, millis, text, title_of
from holdfast.sources._database import CURSORS, STEP
from holdfast.sources._files import project_of, ref
from holdfast.sources._jsonl import loads
from holdfast.sources._kiro.records import credits_in, encoded, result_of
from holdfast.sources.base import Cursor, RawSpan, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from holdfast.model import Part

NAME = "data.sqlite3"
_TABLES = ("conversations_v2", "conversations")
_TEXTS = ("key", "conversation_id", "value")
_COLUMNS = ("key", "conversation_id", "value", "created_at", "updated_at")


class Row(Struct, kw_only=True):
    """One conversation as the database has it."""

    id: str
    key: str
    value: dict[str, Json]
    raw: bytes
    number: int
    created: int | None = None
    updated: int | None = None


class Found(Struct):
    """What a reading of the database found."""

    rows: list[Row]
    damaged: list[int]


def discover(root: Path) -> Iterator[Ref]:
    """Find the database; changes go to its write-ahead log first, so that counts as part of it."""
    found = ref("kiro-cli", root / NAME, kind="classic", root=root)
    if found is None:
        return
    log = ref("kiro-cli", root / f"{NAME}-wal")
    if log is None:
        yield found
    else:
        yield replace(found, size=found.size + log.size, mtime_ns=max(found.mtime_ns, log.mtime_ns))


def read(ref: Ref, cursor: Cursor | None, parser: int) -> Iterator[Reading]:
    """Yield each conversation that changed since the cursor, whole."""
    known = cursor.state if cursor is not None and cursor.parser == parser else {}
    try:
        with foreign_copy(Path(ref.path)) as connection:
            found = _rows(tables(connection), connection.execute)
    except (Unreadable, UnicodeDecodeError):
        found = Found(rows=[], damaged=[0])
    marks = {row.id: _mark(row) for row in found.rows}
    changed = [row for row in found.rows if known.get(row.id) != marks[row.id]]
    end = Cursor(
        size=ref.size,
        mtime_ns=ref.mtime_ns,
        inode=ref.inode,
        parser=parser,
        sessions=tuple(observed_id("kiro-cli", row.id) for row in found.rows),
        state={**known, **marks},
    )
    losses = Losses(damaged=len(found.damaged), damaged_lines=tuple(found.damaged))
    so_far = end
    step = max(STEP, len(changed) // CURSORS)
    for place, row in enumerate(changed, 1):
        last = place == len(changed)
        transcript = _transcript(row, ref)
        if last:
            transcript = replace(transcript, losses=replace(losses, unknown=transcript.losses.unknown))
        if place == 1 or not place % step:
            so_far = replace(end, done=False, state={**known, **{r.id: marks[r.id] for r in changed[:place]}})
        yield Reading(
            transcript=transcript,
            raw=RawSpan(path=ref.path, offset=0, data=row.raw, rows=True),
            cursor=end if last else so_far,
        )
    if not changed:
        nothing = Session(id=observed_id("kiro-cli", ""), agent="kiro-cli", native_id="", source_path=ref.path)
        yield Reading(transcript=Transcript(session=nothing, losses=losses), raw=None, cursor=end)


def _rows(present: Mapping[str, tuple[str, ...]], execute: Callable[[str], Iterable[tuple[Json, ...]]]) -> Found:
    """Read conversations, each id once: the newest, where it stands under several directories."""
    newest: dict[str, Row] = {}
    damaged: list[int] = []
    for table in _TABLES:
        columns = [c for c in _COLUMNS if c in present.get(table, ())]
        if "key" not in columns or "value" not in columns:
            continue
        wanted = ", ".join(f"CAST({quoted(c)} AS BLOB)" if c in _TEXTS else quoted(c) for c in columns)
        for number, values in enumerate(execute(f"SELECT {wanted} FROM {quoted(table)}"), 1):  # noqa: S608 - our own names
            row = _row(dict(zip(columns, map(_readable, values), strict=True)), table, number)
            if row is None:
                damaged.append(number)
            elif row.id not in newest or (row.updated or 0) > (newest[row.id].updated or 0):
                newest[row.id] = row
    return Found(rows=list(newest.values()), damaged=damaged)


def _readable(value: Json) -> Json:
    """Return bytes as text, or as base64 where they are none: no bad byte may stop the reading of other rows."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _row(columns: dict[str, Json], table: str, number: int) -> Row | None:
    inner = loads(text(columns["value"]).encode())
    if not isinstance(inner, dict):
        return None
    key = text(columns["key"])
    return Row(
        id=text(columns.get("conversation_id")) or text(inner.get("conversation_id")) or key,
        key=key,
        value=inner,
        raw=encoded({"table": table, **columns}).encode() + b"\n",
        number=number,
        created=millis(columns.get("created_at")),
        updated=millis(columns.get("updated_at")),
    )


def _mark(row: Row) -> str:
    return hashlib.blake2b(row.raw, digest_size=8).hexdigest()


def _transcript(row: Row, ref: Ref) -> Transcript:
    messages: list[Message] = []
    models: list[str] = []
    unknown: dict[str, int] = {}
    summary = row.value.get("latest_summary")
    said = text(summary[0] if isinstance(summary, list) and summary else summary)
    if said:
        messages.append(Message(id="summary", role="system", parts=(Summary(said),)))
    history = row.value.get("history")
    cwd = row.key if "/" in row.key or "\\" in row.key else ""
    for number, turn in enumerate(history if isinstance(history, list) else (), 1):
        user, assistant, request = _sides(turn)
        models.append(text(request.get("model_id")))
        cwd = text(inside(inside(user, "env_context"), "env_state").get("current_working_directory")) or cwd
        found = (_asked(user, assistant, number, unknown), _answered(assistant, request, number, unknown))
        messages.extend(m for m in found if m is not None)
    return Transcript(
        session=_session(
            row,
            ref,
            messages,
            models=ordered((*models, text(inside(row.value, "model_info").get("model_id")))),
            cwd=cwd,
        ),
        messages=tuple(messages),
        replaces=True,
        losses=Losses(unknown=unknown),
    )


def _session(row: Row, ref: Ref, messages: Iterable[Message], *, models: tuple[str, ...], cwd: str) -> Session:
    listed = tuple(messages)
    times = [m.at for m in listed if m.at is not None]
    program = "amazon-q" if Path(ref.path).parent.name == "amazon-q" else ""
    credit = round(credits_in(inside(row.value, "user_turn_metadata").get("usage_info"), "value"), 6)
    facts = {"store": "classic", "program": program, "credits": credit}
    return Session(
        id=observed_id("kiro-cli", row.id),
        agent="kiro-cli",
        native_id=row.id,
        title=next((title_of(m.text) for m in listed if m.is_prompt), ""),
        cwd=cwd,
        project=project_of(cwd),
        models=models,
        status="ended",
        started=row.created or min(times, default=None),
        active=row.updated or max(times, default=None),
        source_path=ref.path,
        extra={k: v for k, v in facts.items() if v},
    )


def _sides(turn: Json) -> tuple[dict[str, Json], dict[str, Json], dict[str, Json]]:
    """Return user, assistant and request of a turn: an object, or in Amazon Q's older files a pair."""
    if isinstance(turn, list):
        turn = dict(zip(("user", "assistant"), turn, strict=False))
    if not isinstance(turn, dict):
        return {}, {}, {}
    return inside(turn, "user"), inside(turn, "assistant"), inside(turn, "request_metadata")


def _name(assistant: dict[str, Json], number: int) -> str:
    inner = inside(assistant, "Response") or inside(assistant, "ToolUse")
    return text(inner.get("message_id")) or f"turn:{number}"


def _asked(user: dict[str, Json], assistant: dict[str, Json], number: int, unknown: dict[str, int]) -> Message | None:
    content = inside(user, "content")
    parts: list[Part] = []
    for kind, inner in content.items():
        if kind not in ("Prompt", "ToolUseResults", "CancelledToolUses"):
            unknown[f"user:{kind[:60]}"] = unknown.get(f"user:{kind[:60]}", 0) + 1
            continue
        held = inner if isinstance(inner, dict) else {}
        results = held.get("tool_use_results")
        parts.extend(
            result_of(text(r.get("tool_use_id")), r.get("content"), text(r.get("status")))
            for r in (results if isinstance(results, list) else ())
            if isinstance(r, dict)
        )
        if text(held.get("prompt")):
            parts.append(Text(text(held.get("prompt"))))
    if not parts:
        return None
    asks = any(isinstance(p, Text) for p in parts)
    return Message(
        id=f"{_name(assistant, number)}:user",
        role="user" if asks else "tool",
        parts=tuple(parts),
        at=millis(user.get("timestamp")),
        line=number,
    )


def _answered(
    assistant: dict[str, Json], request: dict[str, Json], number: int, unknown: dict[str, int]
) -> Message | None:
    for kind, inner in assistant.items():
        if kind not in ("Response", "ToolUse", "timestamp"):
            unknown[f"assistant:{kind[:60]}"] = unknown.get(f"assistant:{kind[:60]}", 0) + 1
        if kind not in ("Response", "ToolUse") or not isinstance(inner, dict):
            continue
        calls = inner.get("tool_uses")
        said = text(inner.get("content"))
        return Message(
            id=_name(assistant, number),
            role="assistant",
            parts=(
                *((Text(said),) if said else ()),
                *(
                    ToolCall(id=text(c.get("id")), name=text(c.get("name")), input=c.get("args"))
                    for c in (calls if isinstance(calls, list) else ())
                    if isinstance(c, dict)
                ),
            ),
            at=millis(request.get("stream_end_timestamp_ms")) or millis(assistant.get("timestamp")),
            model=text(request.get("model_id")),
            line=number,
        )
    return None
