"""Sessions of Agentry (scratchy, Logicore): `.toon` files of every generation, broken ones too, and its SQLite databases.

Knows that a file's suffix says nothing here: JSON, TOON and another program's map of a codebase all bear it. Refuses to
take a file for empty that its own program cannot read.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.errors import Unreadable
from holdfast.interchange._originals import MAGIC, database, has, local, parsed, rows, shape
from holdfast.interchange._toon import Damaged, loads
from holdfast.interchange._vendor import list_of, rest, text_of
from holdfast.interchange.base import Knowledge
from holdfast.model import Json, Losses, Session, Transcript, observed_id
from holdfast.model.knowledge import Note, Provenance
from holdfast.model.verbatim import verbatim

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSON = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*\{(?=[^\[]*"session_id"\s*:)(?=[^\[]*"created_at"\s*:)(?=.*"messages"\s*:\s*\[)',
    re.DOTALL,
)
_TOON = re.compile(rb"\A(\xef\xbb\xbf)?session_id: [^\n]*\n(?:.*\n)?(?:created_at:|messages *\[\d)", re.DOTALL)
_CODEBASE = re.compile(rb"\A(\xef\xbb\xbf)?(#[^\n]*\n)*project: [^\n]*\n(.*\n)?modules *\[\d+\]\{", re.DOTALL)
_TABLES = {"sessions": ("session_id", "created_at"), "agent_state": ("session_id", "key", "value")}
_TEXTS = frozenset({"role", "content", "name", "tool_call_id", "id", "text", "arguments"})
_SESSION = ("session_id", "created_at", "last_activity", "title", "messages")


class AgentryImport:
    """One session a `.toon` file, or all of a database."""

    name: ClassVar[str] = "agentry"

    def sniff(self, head: bytes) -> float:
        """Claim its three kinds of text, and the maps of codebases that bear the same suffix, to refuse them."""
        return 0.92 if any(kind.match(head) for kind in (_JSON, _TOON, _CODEBASE)) else 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look into a database."""
        start = stream.tell()
        head = stream.read(1 << 16)
        stream.seek(start)
        if head.startswith(MAGIC):
            return 0.95 if has(shape(stream), _TABLES) else 0.0
        return self.sniff(head)

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield each session with its whole conversation."""
        start = stream.tell()
        head = stream.read(len(MAGIC))
        stream.seek(start)
        if head == MAGIC:
            with database(stream) as connection:
                states = {
                    r["session_id"]: r["value"] for r in rows(connection, "agent_state") if r["key"] == "messages"
                }
                for row in rows(connection, "sessions"):
                    yield _kept(row, states.get(row["session_id"]))
            return
        for tree, missing in _documents(_text(stream)):
            yield _told(tree, missing)

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Return the memories of a database."""
        if "memories" not in shape(stream):
            return Knowledge()
        with database(stream) as connection:
            return Knowledge(notes=tuple(_note(row) for row in rows(connection, "memories") if text_of(row, "content")))


def _text(stream: IO[bytes]) -> str:
    data = stream.read()
    if _CODEBASE.match(data[: 1 << 16]):
        raise Unreadable(
            "line 1: this is preLLM's map of a codebase, not a session", "import the session: a .db or a .json snapshot"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise Unreadable(f"line {line}: expected UTF-8, {problem.reason}", "save the file as UTF-8") from None


def _documents(text: str) -> Iterator[tuple[dict[str, Json], int]]:
    """Yield each document of a file, and how many messages it lacks by its own count."""
    if text.lstrip().startswith("{"):
        yield from _of_json(text)
        return
    for place, piece in _pieces(text):
        try:
            found = loads(piece, texts=_TEXTS)
        except (Damaged, RecursionError) as problem:
            line = place + (problem.line if isinstance(problem, Damaged) else 1)
            yield _by_library(piece, Unreadable(f"line {line}: {problem}", "what stands before this place was read")), 0
        else:
            yield found.tree, found.missing


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a file of several sessions at each pair of lines that begins one."""
    starts = [m.start() for m in re.finditer(r"^session_id: [^\n]*\ncreated_at: ", text, re.MULTILINE)] or [0]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text.count("\n", 0, start), text[start:end]


def _by_library(text: str, refusal: Unreadable) -> dict[str, Json]:
    """Read what the newest specification has and this reader has not, where the extra is installed."""
    if find_spec("toon_format") is None:
        raise refusal
    import toon_format  # noqa: PLC0415 - an extra, wanted for files of other writers alone

    try:
        found = toon_format.decode(text)
    except (toon_format.ToonDecodeError, ValueError, RecursionError) as problem:
        raise refusal from problem
    if not isinstance(found, dict):
        raise refusal
    return found


def _of_json(text: str) -> Iterator[tuple[dict[str, Json], int]]:
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        try:
            tree, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as problem:
            line = text.count("\n", 0, getattr(problem, "pos", at)) + 1
            raise Unreadable(f"line {line}: {problem}", "what stands before this place was read") from None
        yield tree, 0
        at += len(text[at:]) - len(text[at:].lstrip())


def _told(tree: Json, missing: int) -> Transcript:
    if not isinstance(tree, dict) or not isinstance(tree.get("messages"), list):
        raise Unreadable("line 1: expected a session with `session_id` and `messages`")
    given = tree.get("session_id")
    native = str(given) if given not in (None, "") else "session"
    session = Session(
        id=observed_id(AgentryImport.name, native),
        agent=AgentryImport.name,
        native_id=native,
        origin="owned",
        title=text_of(tree, "title"),
        status="ended",
        started=local(tree.get("created_at")),
        active=local(tree.get("last_activity")) or local(tree.get("created_at")),
        extra=rest(tree, _SESSION),
    )
    return _transcript(session, list_of(tree, "messages"), missing)


def _kept(row: dict[str, Json], value: Json) -> Transcript:
    native = str(row["session_id"])
    metadata = parsed(row.get("metadata"), dict)
    model = text_of(metadata, "model")
    session = Session(
        id=observed_id(AgentryImport.name, native),
        agent=AgentryImport.name,
        native_id=native,
        origin="owned",
        title=text_of(metadata, "title"),
        models=(model,) if model else (),
        status="ended",
        started=local(row.get("created_at")),
        active=local(row.get("last_activity")) or local(row.get("created_at")),
        extra={"metadata": metadata} if metadata else {},
    )
    return _transcript(session, parsed(value, list), 0)


def _transcript(session: Session, said: list[Json], missing: int) -> Transcript:
    given = [m if isinstance(m, dict) else {"role": "system", "content": m} for m in said]
    messages = tuple(verbatim(m, ident=f"message-{place}") for place, m in enumerate(given, 1))
    unknown = {"missing message": missing} if missing else {}
    return Transcript(session=session, messages=messages, losses=Losses(unknown=unknown))


def _note(row: dict[str, Json]) -> Note:
    native = text_of(row, "session_id")
    session = "" if native in ("", "global") else observed_id(AgentryImport.name, native)
    at = local(row.get("timestamp"))
    kind = text_of(row, "type")
    return Note(
        id=observed_id("agentry-memory", f"{row.get('id')} {row.get('timestamp')} {row['content']}"),
        text=str(row["content"]),
        provenance=Provenance(writer=AgentryImport.name, trust="import", at=at or 0, session=session),
        tags=(kind,) if kind else (),
        session=session,
    )
