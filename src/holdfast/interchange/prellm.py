"""Databases of preLLM: one pool of questions and answers, and preferences, in SQLite.

Knows its two tables; refuses to take the order of its rows for the order of time, which its own import turns round.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._originals import MAGIC, database, has, parsed, rows, shape
from holdfast.interchange.base import Knowledge
from holdfast.model import Json, Session, Transcript, observed_id
from holdfast.model.interactions import interaction_key, seconds_of, to_messages
from holdfast.model.knowledge import Preference, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = "prellm"
_POOL = {"interactions": ("query", "response_summary", "timestamp")}
_WISHES = {"preferences": ("key", "value", "updated_at")}


class PrellmImport:
    """A pool becomes one session; a database of preferences alone has none."""

    name: ClassVar[str] = AGENT

    def sniff(self, head: bytes) -> float:
        """Claim nothing by a file's beginning."""
        del head
        return 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look for its tables."""
        found = shape(stream)
        return 0.95 if has(found, _POOL) or has(found, _WISHES) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the pool, oldest first."""
        start = stream.tell()
        is_database = stream.read(len(MAGIC)) == MAGIC
        stream.seek(start)
        with database(stream) as connection:
            listed = [_interaction(row) for row in rows(connection, "interactions")] if is_database else []
        if listed:
            yield pool(listed)

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Return the preferences."""
        with database(stream) as connection:
            return Knowledge(preferences=tuple(_wish(row) for row in rows(connection, "preferences")))


def pool(listed: list[dict[str, Json]]) -> Transcript:
    """Return a pool as a session, known by its first interaction: a copy, or the same pool later, is the same."""
    messages = tuple(to_messages(listed))
    first = min(listed, key=seconds_of)
    native = f"pool-{interaction_key(str(first.get('query', '')), seconds_of(first))}"
    times = [m.at for m in messages if m.at is not None]
    session = Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        origin="owned",
        models=tuple(dict.fromkeys(m.model for m in messages if m.model)),
        status="ended",
        started=min(times, default=None),
        active=max(times, default=None),
        partial=True,
    )
    return Transcript(session=session, messages=messages)


def _interaction(row: dict[str, Json]) -> dict[str, Json]:
    return {**row, "metadata": parsed(row.get("metadata_json"), dict)}


def _wish(row: dict[str, Json]) -> Preference:
    at = row.get("updated_at")
    moment = round(at * 1000) if isinstance(at, int | float) else 0
    return Preference(
        key=str(row["key"]), value=str(row["value"]), provenance=Provenance(writer=AGENT, trust="import", at=moment)
    )
