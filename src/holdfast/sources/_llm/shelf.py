"""llm's log: its conversations, in whichever generation of tables each is, or in both."""

from __future__ import annotations

from holdfast._sqlite import tables
from holdfast.model import Context, Json, Losses, Parent, Session, Transcript, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import millis, text, title_of
from holdfast.sources._database import Connection, Found, Places, Row, mark_of, rows, sums
from holdfast.sources._llm import responses, threads
from holdfast.sources._llm.tables import AGENT, Draft

_LISTS = (("conversations", "responses", "conversation_id"), ("threads", "turns", "thread_id"))
_MEASURED = ("prompt", "response", "input_tokens", "output_tokens", "token_details", "tip_message_hash")
_SHORTENED = "…"


class Shelf:
    """Reads one log."""

    agent = AGENT

    def __init__(self, parser: int) -> None:
        self.parser = parser
        self.known: dict[str, tuple[str, ...]] = {}
        self.places = Places(None)

    def sessions(self, connection: Connection) -> list[Found]:
        """List every conversation once: with a row of its own, or as a single response or turn without one."""
        self.known = known = tables(connection)
        self.places = Places(connection)
        facts: dict[str, dict[str, Json]] = {}
        for listed, single, column in _LISTS:
            for row in rows(connection, listed, known[listed]) if "id" in known.get(listed, ()) else ():
                facts.setdefault(text(row.get("id")), {})[listed] = row
            for native, numbers in _sums(connection, known, single, by=column).items():
                facts.setdefault(text(native), {})[single] = numbers
            for native in _alone(connection, known, single, column):
                facts.setdefault(native, {})[single] = True
        return [Found(native=n, row=found, mark=mark_of(found)) for n, found in facts.items() if n]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one conversation whole."""
        draft = Draft(connection=connection, native=found.native, path=path, known=self.known, places=self.places)
        turns = threads.turns_of(draft)
        draft.one("conversations", "id", found.native)
        begun = responses.read(draft, later={text(row.get("id")) for row in turns})
        threads.read(draft, turns, begun=begun)
        return _transcript(draft, found), b"".join(draft.lines)


def _transcript(draft: Draft, found: Found) -> Transcript:
    return Transcript(
        session=_session(draft, found),
        messages=tuple(draft.messages.values()),
        requests=tuple(draft.requests.values()),
        dropped=tuple(draft.dropped),
        losses=Losses(unknown=draft.unknown, damaged=len(draft.damaged), damaged_lines=tuple(draft.damaged)),
        replaces=True,
    )


def _session(draft: Draft, found: Found) -> Session:
    thread, conversation = _row(found, "threads"), _row(found, "conversations")
    messages = list(draft.messages.values())
    times = [t for t in (*(m.at for m in messages), millis(thread.get("datetime_utc"))) if t is not None]
    above = text(thread.get("forked_from"))
    named = text(conversation.get("name")) or text(thread.get("name"))
    prompts = (title_of(m.text) for m in messages if m.is_prompt)
    own = "" if named.endswith(_SHORTENED) else title_of(named)
    models = (*(m.model for m in messages), text(conversation.get("model")))
    return Session(
        id=observed_id(AGENT, draft.native),
        agent=AGENT,
        native_id=draft.native,
        title=own or next((p for p in prompts if p), title_of(named)),
        models=ordered(m.model for m in messages) or ordered(models),
        parent=Parent(id=observed_id(AGENT, above), kind="fork") if above else None,
        status="ended",
        started=min(times, default=None),
        active=max(times, default=None),
        source_path=draft.path,
        context=Context(used=draft.used),
    )


def _row(found: Found, table: str) -> Row:
    row = found.row.get(table)
    return row if isinstance(row, dict) else {}


def _sums(connection: Connection, known: dict[str, tuple[str, ...]], table: str, *, by: str) -> dict[Json, list[Json]]:
    columns = known.get(table, ())
    return sums(connection, table, [c for c in _MEASURED if c in columns], by=by) if by in columns else {}


def _alone(connection: Connection, known: dict[str, tuple[str, ...]], table: str, column: str) -> list[str]:
    """List responses or turns that belong to no conversation: each is one."""
    columns = known.get(table, ())
    if "id" not in columns:
        return []
    listed = rows(connection, table, [c for c in ("id", column) if c in columns])
    return [text(row.get("id")) for row in listed if not text(row.get(column))]
