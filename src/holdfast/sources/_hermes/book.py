"""What the tables of Hermes' `state.db` mean: which sessions there are, whose they are, and what each of their models used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import tables
from holdfast.model import Json, Losses, Message, Parent, Request, Session, Transcript, Usage, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, number, text, title_of
from holdfast.sources._database import Connection, Found, Row, line_of, mark_of, rows
from holdfast.sources._files import project_of
from holdfast.sources._hermes.messages import messages_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model.session import ParentKind

AGENT = "hermes"
MICRO = 1_000_000
_NEEDED = {"id", "session_id", "role"}
_COUNTERS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_ROUTE = ("model", "billing_provider", "billing_base_url", "billing_mode", "task")
_VOLATILE = ("last_read_at", "last_activity_description")
_MARKERS: dict[str, ParentKind] = {
    "_branched_from": "fork",
    "_delegate_from": "subagent",
    "_reset_from": "continuation",
}
_RESETS = ("session_reset", "session_switch", "idle", "daily", "suspended", "resume_pending_expired")


class HermesBook:
    """Reads the sessions of one database."""

    agent = AGENT
    parser = 1

    def sessions(self, connection: Connection) -> list[Found]:
        """List every session once, with a mark over its row, its messages and what its models used."""
        known = tables(connection)
        if "id" not in known.get("sessions", ()):
            return []
        said = _sums(connection, "messages", known, ("active", "compacted", "octet_length(content)"))
        used = _sums(connection, "session_model_usage", known, _COUNTERS)
        found: dict[str, Found] = {}
        for row in rows(connection, "sessions", known["sessions"]):
            native = row.get("id")
            if isinstance(native, str) and native:
                facts = {k: v for k, v in row.items() if k not in _VOLATILE}
                found[native] = Found(native=native, row=row, mark=mark_of(facts, said.get(native), used.get(native)))
        return list(found.values())

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one session whole, and its rows as JSON lines."""
        known = tables(connection)
        said: list[Row] = []
        if _NEEDED.issubset(known.get("messages", ())):
            said = list(
                rows(connection, "messages", known["messages"], where=("session_id", found.native), order='"id"')
            )
        used: list[Row] = []
        if {"session_id", *_COUNTERS} <= set(known.get("session_model_usage", ())):
            columns = known["session_model_usage"]
            used = list(
                rows(connection, "session_model_usage", columns, where=("session_id", found.native), order="rowid")
            )
        messages, odd = messages_of(said)
        unknown: dict[str, int] = {}
        count(unknown, odd)
        transcript = Transcript(
            session=_session(found, messages, used, path=path, kind=_kind(connection, known, found.row)),
            messages=tuple(messages),
            requests=tuple(_requests(found, used, path)),
            losses=Losses(unknown=unknown),
            replaces=True,
        )
        lines = [line_of("sessions", found.row), *(line_of("messages", r) for r in said)]
        return transcript, b"".join([*lines, *(line_of("session_model_usage", r) for r in used)])


def _sums(
    connection: Connection, table: str, known: dict[str, tuple[str, ...]], wanted: Sequence[str]
) -> dict[str, list[Json]]:
    """Return for each session how many rows a table has, the last of them, and sums that change when any of them does."""
    columns = known.get(table, ())
    if "session_id" not in columns:
        return {}
    held = [c for c in wanted if c in columns or (c.startswith("octet_length") and "content" in columns)]
    asked = "".join(f", total({c})" for c in held)
    ask = f"SELECT session_id, count(*), max(rowid){asked} FROM {table} GROUP BY 1"  # noqa: S608 - our own names
    return {key: list(numbers) for key, *numbers in connection.execute(ask) if isinstance(key, str)}


def _kind(connection: Connection, known: dict[str, tuple[str, ...]], row: Row) -> ParentKind:
    """Tell what a session is to its parent: by a mark of its own that names it, else by how the parent ended before it."""
    above = row.get("parent_session_id")
    config = loads(text(row.get("model_config")).encode("utf-8", "replace"))
    marks = config if isinstance(config, dict) else {}
    for name, kind in _MARKERS.items():
        if marks.get(name) == above:
            return kind
    columns = [c for c in ("end_reason", "ended_at", "session_key") if c in known["sessions"]]
    parent = next(rows(connection, "sessions", columns, where=("id", above)), {}) if above and columns else {}
    ended, started = millis(parent.get("ended_at")), millis(row.get("started_at"))
    if ended is None or started is None or started < ended:
        return "subagent"
    reason = text(parent.get("end_reason"))
    shared = text(row.get("session_key")) and row.get("session_key") == parent.get("session_key")
    if reason == "compression" or (reason in _RESETS and shared):
        return "continuation"
    return "fork" if reason == "branched" else "subagent"


def _session(found: Found, messages: list[Message], used: list[Row], *, path: str, kind: ParentKind) -> Session:
    row = found.row
    times = [m.at for m in messages if m.at is not None]
    cwd, above = text(row.get("cwd")), text(row.get("parent_session_id"))
    kept = ("source", "chat_type", "display_name", "end_reason", "billing_provider", "profile_name")
    last = (millis(row.get("ended_at")), millis(row.get("last_activity_at")), *times)
    return Session(
        id=observed_id(AGENT, found.native),
        agent=AGENT,
        native_id=found.native,
        title=text(row.get("title")) or next((title_of(m.text) for m in messages if m.is_prompt), ""),
        cwd=cwd,
        project=text(row.get("git_repo_root")) or project_of(cwd),
        branch=text(row.get("git_branch")),
        models=ordered((*(text(u.get("model")) for u in used), text(row.get("model")))),
        parent=Parent(id=observed_id(AGENT, above), kind=kind) if above else None,
        status="ended",
        started=millis(row.get("started_at")) or min(times, default=None),
        active=max((t for t in last if t is not None), default=None),
        source_path=path,
        extra={k: row[k] for k in kept if text(row.get(k))},
    )


def _requests(found: Found, used: list[Row], path: str) -> list[Request]:
    """Bill each model and route of a session; the first takes the key of the whole, which older versions counted alone."""
    counted = [u for u in used if any(number(u.get(c)) for c in _COUNTERS)]
    if not counted:
        return [_request(found, found.row, f"hermes:{found.native}", path)] if _usage(found.row).total else []
    keys = [f"hermes:{found.native}"]
    keys += [":".join(("hermes", found.native, *(text(u.get(c)) for c in _ROUTE))) for u in counted[1:]]
    return [_request(found, u, key, path, line=n) for n, (u, key) in enumerate(zip(counted, keys, strict=True), 1)]


def _request(found: Found, row: Row, key: str, path: str, *, line: int = 1) -> Request:
    at = millis(row.get("first_seen")) or millis(found.row.get("started_at"))
    return Request(
        key=key,
        at=at,
        model=text(row.get("model")),
        usage=_usage(row),
        path=path,
        line=line,
        main=not text(row.get("task")),
    )


def _usage(row: Row) -> Usage:
    fresh, output, read, write, reasoning = (number(row.get(c)) for c in _COUNTERS)
    return Usage(input=fresh, output=output, cache_read=read, cache_write=write, reasoning=reasoning, cost=_cost(row))


def _cost(row: Row) -> int | None:
    """Return what was charged, else what the program reckoned; nothing is known of what a subscription includes."""
    for name in ("actual_cost_usd", "estimated_cost_usd"):
        value = row.get(name)
        if isinstance(value, float | int) and not isinstance(value, bool) and 0 < value < 1e6:
            return round(value * MICRO)
    return None
