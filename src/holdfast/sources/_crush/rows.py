"""Crush's database of a project: its sessions, what is in them, and what each of them cost by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast._sqlite import tables
from holdfast.model import Context, Json, Losses, Message, Parent, Request, Session, Transcript, Usage, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, number, text, title_of
from holdfast.sources._crush.parts import messages_of
from holdfast.sources._database import Connection, Found, Row, line_of, mark_of, rows, sums
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from collections.abc import Iterable

AGENT = "crush"
FOLDER = ".crush"
MICRO = 1_000_000
_NEEDED = {"id", "session_id", "role", "parts"}
_DEFAULT_TITLES = ("", "New Session", "Untitled Session")
_CHILDREN = "children cost"
"""A key that no column has: what the sub-agents of a session cost, which its own cost holds."""


class Shelf:
    """Reads the tables of one project's database."""

    agent = AGENT

    def __init__(self, parser: int) -> None:
        self.parser = parser
        self.known: dict[str, tuple[str, ...]] = {}

    def sessions(self, connection: Connection) -> list[Found]:
        """List every session, with its row, what its sub-agents cost and how much hangs on it."""
        self.known = known = tables(connection)
        listed = list(rows(connection, "sessions", known["sessions"])) if "id" in known.get("sessions", ()) else []
        below: dict[str, float] = {}
        for row in listed:
            above = text(row.get("parent_session_id"))
            below[above] = below.get(above, 0.0) + _usd(row.get("cost"))
        said = _sums(connection, known)
        found = ((text(r.get("id")), {**r, _CHILDREN: below.get(text(r.get("id")), 0.0)}) for r in listed)
        return [Found(native=n, row=row, mark=mark_of(row, said.get(n))) for n, row in found if n]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one session whole; copies that it keeps of files are left out of its rows."""
        known = self.known
        said = _of(connection, known, "messages", found.native) if set(known.get("messages", ())) >= _NEEDED else []
        lines = [line_of("sessions", {k: v for k, v in found.row.items() if k != _CHILDREN})]
        lines += [line_of("messages", row) for row in said]
        for table in ("files", "read_files"):
            lines += [line_of(table, row) for row in _of(connection, known, table, found.native)]
        return _transcript(found, said, path), b"".join(lines)


def _transcript(found: Found, said: list[Row], path: str) -> Transcript:
    messages, losses = _messages(said)
    session = _session(found, messages, path)
    providers = ordered(text(row.get("provider")) for row in said)
    extra = {"providers": list(providers)} if providers else {}
    return Transcript(
        session=replace(session, extra={**session.extra, **extra}),
        messages=tuple(messages),
        requests=_cost(found, session, path),
        losses=losses,
        replaces=True,
    )


def _messages(said: Iterable[Row]) -> tuple[list[Message], Losses]:
    messages: dict[str, Message] = {}
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for line, row in enumerate(said, 1):
        read = messages_of(row, line)
        if read is None:
            damaged.append(line)
            continue
        messages.update({m.id: m for m in read[0]})
        count(unknown, read[1])
    return list(messages.values()), Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged))


def _session(found: Found, messages: list[Message], path: str) -> Session:
    row, above = found.row, text(found.row.get("parent_session_id"))
    folder = Path(path).parent
    cwd = str(folder.parent) if folder.name == FOLDER else ""
    used = number(row.get("prompt_tokens")) + number(row.get("completion_tokens"))
    times = [t for t in (millis(row.get("updated_at")), *(m.at for m in messages)) if t is not None]
    title, prompts = text(row.get("title")), (title_of(m.text) for m in messages if m.is_prompt)
    return Session(
        id=observed_id(AGENT, found.native),
        agent=AGENT,
        native_id=found.native,
        title=title_of(title) if title.strip() not in _DEFAULT_TITLES else next((p for p in prompts if p), ""),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered(m.model for m in messages),
        parent=Parent(id=observed_id(AGENT, above), kind="subagent") if above else None,
        status="ended",
        started=millis(row.get("created_at")) or min(times, default=None),
        active=max(times, default=None),
        source_path=path,
        context=Context(used=used or None),
    )


def _cost(found: Found, session: Session, path: str) -> tuple[Request, ...]:
    """Return what a session cost by itself: money alone, for no sum of its tokens was written down."""
    own = round(max(0.0, _usd(found.row.get("cost")) - _usd(found.row[_CHILDREN])) * MICRO)
    if not own:
        return ()
    model = session.models[-1] if session.models else ""
    key = f"{AGENT}:{found.native}"
    return (Request(key=key, at=session.active, model=model, usage=Usage(cost=own), kind="none", path=path, line=1),)


def _usd(cost: Json) -> float:
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < MICRO:
        return 0.0
    return float(cost)


def _of(connection: Connection, known: dict[str, tuple[str, ...]], table: str, native: str) -> list[Row]:
    columns = [c for c in known.get(table, ()) if (table, c) != ("files", "content")]
    if "session_id" not in columns:
        return []
    order = "created_at, rowid" if "created_at" in columns else "rowid"
    return list(rows(connection, table, columns, where=("session_id", native), order=order))


def _sums(connection: Connection, known: dict[str, tuple[str, ...]]) -> dict[Json, list[Json]]:
    columns = known.get("messages", ())
    if not {"session_id", "parts"} <= set(columns):
        return {}
    newest = "updated_at" if "updated_at" in columns else "rowid"
    return sums(connection, "messages", ("parts",), by="session_id", newest=newest)
