"""Antigravity (the IDE and `agy`): transcripts in `brain/`, usage in `conversations/*.db`, encrypted `*.pb` before.

Knows where the files are and how they are read. Format: docs/reference/sources/antigravity.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast._sqlite import foreign_copy
from holdfast.errors import Unreadable
from holdfast.model import Context, Losses, Message, Session, Transcript, observed_id
from holdfast.model.session import ordered
from holdfast.sources._antigravity import family, steps, stored, usage
from holdfast.sources._antigravity.family import AGENT
from holdfast.sources._content import count, title_of
from holdfast.sources._files import ref
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.sources._jsonl import Chunk

PARSER = 1
DATABASE, ENCRYPTED = "database", "encrypted"
LOOKS = 3
HISTORY = 16 << 20
"""How much of `history.jsonl` is looked at for a session's workspace."""


class Antigravity:
    """Reads Antigravity's transcripts, and the usage of their conversations."""

    info = SourceInfo(
        slug=AGENT,
        name="Antigravity",
        parser=PARSER,
        verified=True,
        evidence="5 recordings of June 2026, one with its database; 4 transcripts of another program's tests",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return the folders of the command line and of the IDE, old and new."""
        return tuple(home / ".gemini" / name for name in ("antigravity-cli", "antigravity", "antigravity-ide"))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find transcripts (the full one where there are two), then databases, then what is encrypted."""
        for root in roots:
            for folder in family.listed(root / "brain"):
                found = family.transcript_of(root, folder)
                if found is not None:
                    yield found
            conversations = family.listed(root / "conversations")
            for path in conversations:
                found = _database_ref(path, root) if path.suffix == ".db" else None
                if found is not None:
                    yield found
            for path in conversations:
                found = ref(AGENT, path, kind=ENCRYPTED, root=root) if path.suffix == ".pb" else None
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a transcript's tail, or a conversation's usage; what is encrypted is only counted."""
        if ref.kind == DATABASE:
            yield _usage_reading(ref)
        elif ref.kind == ENCRYPTED:
            yield _nothing(ref, Losses(unknown={"encrypted:pb": 1}))
        else:
            yield from _transcript_readings(ref, cursor)

    def resume_command(self, session: Session) -> Command:
        """Return `agy --conversation=ID` in the session's directory."""
        return Command(argv=("agy", f"--conversation={session.native_id}"), cwd=session.cwd)


def _transcript_readings(ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
    path = Path(ref.path)
    native = path.parents[2].name
    start = resumed(path, ref, cursor, PARSER)
    state = steps.state_of(start.state)
    workspace = _workspace(Path(ref.root), native)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        transcript = _transcript(chunk, state, ref, native=native, workspace=workspace)
        raw = span(ref.path, chunk) if chunk.data or chunk.torn else None
        position = advanced(start, ref, chunk)
        kept = replace(position, sessions=(transcript.session.id,), state=msgspec.to_builtins(state))
        yield Reading(transcript=transcript, raw=raw, cursor=kept)


def _transcript(chunk: Chunk, state: steps.State, ref: Ref, *, native: str, workspace: str) -> Transcript:
    messages: dict[str, Message] = {}
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record:
            found, odd = _understood(record, state, number)
            messages.update((m.id, m) for m in found)
            count(unknown, odd)
    if chunk.last:
        _look_for_parent(state, Path(ref.root), native)
    return Transcript(
        session=steps.session_of(native, state, path=ref.path, workspace=workspace),
        messages=tuple(messages.values()),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _understood(record: dict[str, object], state: steps.State, line: int) -> tuple[list[Message], list[str]]:
    """A record nested deeper than any agent writes is counted, not followed."""
    try:
        return steps.understand(record, state, line)
    except RecursionError:
        return [], ["record:too-deep"]


def _look_for_parent(state: steps.State, root: Path, native: str) -> None:
    """Look a few times, because a live parent may tell of its sub-agent a moment after that began."""
    if state.parent or state.looks >= LOOKS or state.started is None:
        return
    state.looks += 1
    state.parent, folder = family.parent_of(root, native, state.started)
    state.cwd = state.cwd or folder


def _usage_reading(found: Ref) -> Reading:
    path = Path(found.path)
    transcript = family.transcript_of(Path(found.root), Path(found.root) / "brain" / path.stem)
    try:
        with foreign_copy(path) as connection:
            said = () if transcript else stored.messages(connection)
            billed = usage.read(connection, native=path.stem, path=found.path)
            raw = usage.raw_rows(connection)
    except (Unreadable, UnicodeDecodeError):  # names in a damaged schema are not decoded leniently
        return _nothing(found, Losses(damaged=1))
    times = [t for t in (*(r.at for r in billed.requests.values()), *(m.at for m in said)) if t is not None]
    session = Session(
        id=observed_id(AGENT, path.stem),
        agent=AGENT,
        native_id=path.stem,
        title=next((title_of(m.text) for m in said if m.is_prompt), ""),
        models=ordered(r.model for r in billed.requests.values() if r.main),
        status="ended",
        started=min(times, default=None),
        active=max(times, default=None),
        source_path=transcript.path if transcript else found.path,
        partial=transcript is None,
        context=Context(used=billed.used),
    )
    return Reading(
        transcript=Transcript(
            session=session,
            messages=said,
            requests=tuple(billed.requests.values()),
            losses=Losses(unknown=billed.unknown),
        ),
        raw=RawSpan(path=found.path, offset=0, data=raw, rows=True),
        cursor=_cursor(found, session.id),
    )


def _nothing(found: Ref, losses: Losses) -> Reading:
    session = Session(id=observed_id(AGENT, ""), agent=AGENT, native_id="", source_path=found.path)
    return Reading(transcript=Transcript(session=session, losses=losses), raw=None, cursor=_cursor(found))


def _cursor(found: Ref, *sessions: str) -> Cursor:
    return Cursor(size=found.size, mtime_ns=found.mtime_ns, inode=found.inode, parser=PARSER, sessions=sessions)


def _database_ref(path: Path, root: Path) -> Ref | None:
    """Describe a database with its write-ahead log: most changes are only in the log for a long time."""
    found = ref(AGENT, path, kind=DATABASE, root=root)
    log = ref(AGENT, path.with_name(path.name + "-wal"))
    if found is None or log is None:
        return found
    return replace(found, size=found.size + log.size, mtime_ns=max(found.mtime_ns, log.mtime_ns))


def _workspace(root: Path, native: str) -> str:
    """Return where the command line's prompt history says that a conversation took place."""
    try:
        with (root / "history.jsonl").open("rb") as stream:
            lines = stream.read(HISTORY).splitlines()
    except OSError:
        return ""
    for line in lines:
        record = loads(line) if native.encode("utf-8", "replace") in line else None
        if isinstance(record, dict) and record.get("conversationId") == native:
            found = record.get("workspace")
            return found if isinstance(found, str) else ""
    return ""
