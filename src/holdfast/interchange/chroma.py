"""Chroma folders of preLLM and of LLM Session Manager: texts, tags and times out of `chroma.sqlite3`.

Knows the tables in which Chroma keeps documents and what is said of them; refuses to look at vectors.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, ClassVar

from holdfast._sqlite import all_rows
from holdfast.interchange._originals import Connection, database, has, local, parsed, shape
from holdfast.interchange._vendor import text_of
from holdfast.interchange.base import Knowledge
from holdfast.model import Json, Message, Session, Summary, Transcript, observed_id
from holdfast.model.interactions import interaction_key, seconds_of, to_messages
from holdfast.model.knowledge import Note, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

POOL = "prellm_interactions"
MEMORIES = "session_memories"
_AGENTS = {"claude_code": "claude-code", "cursor_cli": "cursor", "github_copilot": "copilot-cli"}
_TABLES = {
    "collections": ("id", "name"),
    "segments": ("id", "collection"),
    "embeddings": ("id", "segment_id", "embedding_id"),
    "embedding_metadata": ("id", "key", "string_value", "int_value", "float_value"),
}
_DOCUMENT = "chroma:document"
_SEPARATOR = "\n---\n"
_SQL = """
SELECT e.embedding_id, e.id, m.key, m.string_value, m.int_value, m.float_value
FROM collections c JOIN segments s ON s.collection = c.id JOIN embeddings e ON e.segment_id = s.id
JOIN embedding_metadata m ON m.id = e.id WHERE c.name = ? ORDER BY e.id
"""


class ChromaImport:
    """A pool of interactions becomes one session; memories become notes, and stand in the sessions they came from."""

    name: ClassVar[str] = "chroma"

    def sniff(self, head: bytes) -> float:
        """Claim nothing by a file's beginning."""
        del head
        return 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look for Chroma's tables."""
        return 0.95 if has(shape(stream), _TABLES) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the pool, then each session that memories name."""
        with database(stream) as connection:
            interactions = [_interaction(d) for d in _documents(connection, POOL)]
            memories = _documents(connection, MEMORIES)
        if interactions:
            yield _pool(interactions)
        found: dict[str, list[dict[str, Json]]] = {}
        for memory in memories:
            found.setdefault(text_of(memory, "session_id"), []).append(memory)
        for native, listed in found.items():
            if native:
                yield _remembered(native, listed)

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Return the memories as notes."""
        with database(stream) as connection:
            return Knowledge(notes=tuple(_note(d) for d in _documents(connection, MEMORIES)))


def _documents(connection: Connection, collection: str) -> list[dict[str, Json]]:
    """Return each document with its metadata, in the order in which they were added."""
    found: dict[str, dict[str, Json]] = {}
    for name, _, key, text, whole, number in all_rows(connection, _SQL, (collection,)):
        value = text if text is not None else whole if whole is not None else number
        found.setdefault(str(name), {"": str(name)})[str(key)] = value
    return list(found.values())


def _interaction(document: Mapping[str, Json]) -> dict[str, Json]:
    text = text_of(document, _DOCUMENT)
    query = text_of(document, "query") or text.partition(_SEPARATOR)[0]
    answer = (
        text[len(query) + len(_SEPARATOR) :] if text.startswith(query + _SEPARATOR) else text.partition(_SEPARATOR)[2]
    )
    about = {k: v for k, v in document.items() if k not in ("", _DOCUMENT, "timestamp", "query")}
    return {"query": query, "response_summary": answer, "metadata": about, "timestamp": document.get("timestamp")}


def _pool(listed: list[dict[str, Json]]) -> Transcript:
    messages = tuple(to_messages(listed))
    first = min(listed, key=seconds_of)
    native = f"pool-{interaction_key(first['query'], seconds_of(first))}"
    times = [m.at for m in messages if m.at is not None]
    session = Session(
        id=observed_id("prellm", native),
        agent="prellm",
        native_id=native,
        origin="owned",
        status="ended",
        started=min(times, default=None),
        active=max(times, default=None),
        partial=True,
    )
    return Transcript(session=session, messages=messages)


def _remembered(native: str, listed: list[dict[str, Json]]) -> Transcript:
    agent = next((ours for kind, ours in _AGENTS.items() if native.startswith(kind)), "import")
    messages = tuple(
        Message(
            id=f"memory-{d['']}",
            role="system",
            parts=(Summary(text_of(d, _DOCUMENT)),),
            at=local(d.get("timestamp")),
            extra={"tags": list(_tags(d))} if _tags(d) else {},
        )
        for d in listed
    )
    times = [m.at for m in messages if m.at is not None]
    session = Session(
        id=observed_id(agent, native),
        agent=agent,
        native_id=native,
        origin="owned",
        status="ended",
        active=max(times, default=None),
        partial=True,
    )
    return Transcript(session=session, messages=messages)


def _note(document: Mapping[str, Json]) -> Note:
    native = text_of(document, "session_id")
    agent = next((ours for kind, ours in _AGENTS.items() if native.startswith(kind)), "import")
    session = observed_id(agent, native) if native else ""
    source = Provenance(
        writer="llm-session-manager", trust="import", at=local(document.get("timestamp")) or 0, session=session
    )
    return Note(
        id=observed_id("chroma-memory", document[""]),
        text=text_of(document, _DOCUMENT),
        provenance=source,
        tags=_tags(document),
        session=session,
    )


def _tags(document: Mapping[str, Json]) -> tuple[str, ...]:
    listed = parsed(document.get("tags"), list)
    return tuple(dict.fromkeys(str(t).strip().lower() for t in listed if str(t).strip()))
