"""What the tables of Open WebUI's `webui.db` mean: chats as trees, in a document of their own and in newer versions row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import tables
from holdfast.model import Context, Json, Losses, Message, Request, Session, Transcript, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, text, title_of
from holdfast.sources._database import Connection, Found, Row, line_of, mark_of, rows
from holdfast.sources._jsonl import loads
from holdfast.sources._openwebui.messages import Record, messages_of, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = "open-webui"
_ROWS = "chat_message"
_DEEPEST = 100_000
_NAMES = {
    "parent_id": "parentId",
    "model_id": "model",
    "status_history": "statusHistory",
    "context_summary": "contextSummary",
    "created_at": "timestamp",
}
_OWN = ("id", "chat_id", "user_id", "updated_at")
_TEXTS = ("role", "parent_id", "model_id", "context_summary")


class OpenWebUiBook:
    """Reads the chats of one database."""

    agent = AGENT
    parser = 1

    def sessions(self, connection: Connection) -> list[Found]:
        """List every chat once, with a mark over its row and its messages; copies made for sharing are left out."""
        known = tables(connection)
        columns = known.get("chat", ())
        if "id" not in columns or "chat" not in columns:
            return []
        sizes = dict(connection.execute("SELECT id, octet_length(chat) FROM chat").fetchall())
        said = _sums(connection, known)
        found: dict[str, Found] = {}
        for row in rows(connection, "chat", [c for c in columns if c != "chat"]):
            native = row.get("id")
            if isinstance(native, str) and native and not text(row.get("user_id")).startswith("shared-"):
                mark = mark_of(row, sizes.get(native), said.get(native))
                found[native] = Found(native=native, row=row, mark=mark)
        return list(found.values())

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one chat whole, and its rows as JSON lines."""
        known = tables(connection)
        row = next(rows(connection, "chat", known["chat"], where=("id", found.native)), found.row)
        said: list[Row] = []
        if {"id", "chat_id", "role"} <= set(known.get(_ROWS, ())):
            said = list(rows(connection, _ROWS, known[_ROWS], where=("chat_id", found.native), order="rowid"))
        document = _decoded(row.get("chat"))
        chat = document if isinstance(document, dict) else {}
        tree = _laid_over(_tree(chat), said, found.native)
        transcript = _transcript(row, chat, tree, path)
        if not isinstance(document, dict) and not said:
            transcript = Transcript(session=transcript.session, losses=Losses(damaged=1), replaces=True)
        return transcript, b"".join([line_of("chat", row), *(line_of(_ROWS, r) for r in said)])


def _sums(connection: Connection, known: Mapping[str, tuple[str, ...]]) -> dict[str, list[Json]]:
    """Return for each chat what changes whenever one of its message rows does."""
    columns = known.get(_ROWS, ())
    if "chat_id" not in columns:
        return {}
    asked = "".join(f", {ask}" for c, ask in _CHANGES.items() if c in columns)
    ask = f"SELECT chat_id, count(*), max(rowid){asked} FROM {_ROWS} GROUP BY 1"  # noqa: S608 - our own names
    return {key: list(numbers) for key, *numbers in connection.execute(ask) if isinstance(key, str)}


_CHANGES = {
    "updated_at": "total(updated_at)",
    "content": "total(octet_length(content))",
    "output": "total(octet_length(output))",
    "usage": "total(octet_length(usage))",
}


def _tree(chat: Record) -> dict[str, Record]:
    """Return a chat's messages by id; the oldest versions had a plain list."""
    history = chat.get("history")
    held = history.get("messages") if isinstance(history, dict) else None
    if isinstance(held, dict) and held:
        return {name: record for name, record in held.items() if isinstance(record, dict)}
    listed = chat.get("messages")
    records = [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    return {text(r.get("id")) or f"place:{n}": r for n, r in enumerate(records, 1)}


def _laid_over(tree: dict[str, Record], said: list[Row], native: str) -> dict[str, Record]:
    """Lay the rows of newer versions over the document's messages: what a row says is newer."""
    for row in said:
        name = text(row.get("id")).removeprefix(f"{native}-")
        if name:
            told = {
                _NAMES.get(c, c): v if c in _TEXTS else _decoded(v)
                for c, v in row.items()
                if v is not None and c not in _OWN
            }
            tree[name] = {**tree.get(name, {}), **told}
    return tree


def _decoded(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    decoded = loads(value.encode("utf-8", "replace"))
    return value if decoded is None else decoded


def _transcript(row: Row, chat: Record, tree: dict[str, Record], path: str) -> Transcript:
    shown = _shown(row, chat, tree)
    unknown: dict[str, int] = {}
    messages: list[Message] = []
    requests: list[Request] = []
    for line, name in enumerate(_in_order(tree), 1):
        record = tree[name]
        live = not shown or name in shown
        found, odd = messages_of(name, record, line=line, live=live)
        count(unknown, odd)
        messages.extend(found)
        usage = usage_of(record)
        if record.get("role") == "assistant" and usage.total:
            at, model = millis(record.get("timestamp")), text(record.get("model"))
            requests.append(
                Request(key=f"open-webui:{name}", at=at, model=model, usage=usage, path=path, line=line, main=live)
            )
    return Transcript(
        session=_session(row, chat, messages, requests, path=path),
        messages=tuple(messages),
        requests=tuple(requests),
        losses=Losses(unknown=unknown),
        replaces=True,
    )


def _shown(row: Row, chat: Record, tree: dict[str, Record]) -> set[str]:
    """Return the branch that the page shows: from the chosen message up to the first."""
    history = chat.get("history")
    chosen = text(history.get("currentId")) if isinstance(history, dict) else ""
    name = chosen if chosen in tree else text(row.get("current_message_id"))
    found: set[str] = set()
    while name in tree and name not in found:
        found.add(name)
        name = text(tree[name].get("parentId"))
    return found


def _in_order(tree: dict[str, Record]) -> list[str]:
    """Return messages by time, each after the one that it answers."""
    depths: dict[str, int] = {}
    for name in tree:
        above: list[str] = []
        step = name
        while step in tree and step not in depths and len(above) < _DEEPEST:
            depths[step] = 0
            above.append(step)
            step = text(tree[step].get("parentId"))
        base = depths.get(step, -1) if step not in above else -1
        for steps, passed in enumerate(reversed(above), 1):
            depths[passed] = base + steps
    places = {name: place for place, name in enumerate(tree)}
    return sorted(tree, key=lambda n: (depths[n], millis(tree[n].get("timestamp")) or 0, places[n]))


def _session(row: Row, chat: Record, messages: list[Message], requests: list[Request], *, path: str) -> Session:
    native = text(row.get("id"))
    times = [m.at for m in messages if m.at is not None]
    meta = _decoded(row.get("meta"))
    tags = meta.get("tags") if isinstance(meta, dict) else None
    chosen = chat.get("models")
    facts: dict[str, Json] = {k: True for k in ("archived", "pinned") if row.get(k) == 1}
    facts |= {k: row[k] for k in ("folder_id", "user_id") if text(row.get(k))}
    named = text(row.get("title")) or text(chat.get("title"))
    last = next((r.usage for r in reversed(requests) if r.main), None)
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=named if named != "New Chat" else next((title_of(m.text) for m in messages if m.is_prompt), named),
        models=ordered((*(m.model for m in messages), *(c for c in _list(chosen) if isinstance(c, str)))),
        status="ended",
        started=millis(row.get("created_at")) or min(times, default=None),
        active=max((t for t in (millis(row.get("updated_at")), *times) if t is not None), default=None),
        tags=tuple(sorted({t for t in _list(tags) if isinstance(t, str)})),
        source_path=path,
        context=Context(used=last.context if last else None),
        extra=facts,
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
