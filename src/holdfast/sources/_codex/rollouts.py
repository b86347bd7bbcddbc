"""Reading the rollouts of Codex and its relatives: which files there are, and how far each was read.

Knows the layout and the steps of reading; whose rollouts they are is said by `info`, what a line means by `items`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._codex import items, records, titles
from holdfast.sources._codex import zst as packed
from holdfast.sources._content import millis
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, head_of, loads, resumed, span
from holdfast.sources.base import Cursor, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import ClassVar

    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import RawSpan, SourceInfo

PARSER = 2
FOLDERS = ("sessions", "archived_sessions")
_BILLED = (b'"token_count"', b'"turn_context"', b'"session_meta"', b'"task_started"', b'"turn_started"')
_HEAD = 4096


class Rollouts:
    """Reads the rollouts of the agent that `info` names."""

    info: ClassVar[SourceInfo]

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find rollouts by listing alone; of a plain and a compressed one the plain one counts."""
        for root in roots:
            below = (root,) if root.name in FOLDERS else tuple(root / f for f in FOLDERS)
            home = root.parent if root.name in FOLDERS else root
            for folder in below:
                plain = ""
                for entry in walk(folder, wanted=_is_rollout):
                    if entry.path == f"{plain}.zst":
                        continue
                    plain = entry.path
                    found = ref(self.info.slug, entry, kind=_kind(folder.name, entry.name), root=home)
                    if found is not None:
                        yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a rollout's tail; a compressed one is read again as a whole when it changed."""
        for piece in _pieces(ref, cursor):
            found = records.Found(path=ref.path, agent=ref.agent)
            for number, line in enumerate(piece.chunk.lines(), piece.chunk.line):
                record = loads(line) if line.strip() else {}
                if not isinstance(record, dict):
                    found.damaged.append(number)
                elif record:
                    items.understand(record, number, piece.state, found)
            yield Reading(
                transcript=_transcript(ref, piece, found),
                raw=piece.raw,
                cursor=replace(piece.cursor, sessions=_named(ref, piece), state=records.kept(piece.state)),
            )

    def usage(self, ref: Ref, cursor: Cursor | None) -> Iterator[Transcript]:
        """Read requests alone: only lines that count tokens, or say in which turn and session, are decoded."""
        for piece in _pieces(ref, cursor):
            found = records.Found(path=ref.path, agent=ref.agent)
            for number, line in enumerate(piece.chunk.lines(), piece.chunk.line):
                head = line[:_HEAD]
                if not piece.state.met or any(mark in head for mark in _BILLED):
                    record = loads(line) if line.strip() else None
                    if isinstance(record, dict):
                        _bill(record, number, piece.state, found)
            yield Transcript(session=records.session_of(ref, piece.state), requests=tuple(found.requests))


class _Piece:
    """Lines to read, the bytes they came from, and where reading stands after them."""

    def __init__(self, chunk: Chunk, raw: RawSpan | None, cursor: Cursor, state: records.State) -> None:
        self.chunk, self.raw, self.cursor, self.state = chunk, raw, cursor, state
        self.cut_short = False


def _pieces(ref: Ref, cursor: Cursor | None) -> Iterator[_Piece]:
    path = Path(ref.path)
    if ref.path.endswith(".zst"):
        yield from _packed(path, ref, cursor)
        return
    start = resumed(path, ref, cursor, PARSER)
    state = records.state_of(start.state, ref.path)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        raw = span(ref.path, chunk) if chunk.data or chunk.torn else None
        yield _Piece(chunk, raw, advanced(start, ref, chunk), state)


def _packed(path: Path, ref: Ref, cursor: Cursor | None) -> Iterator[_Piece]:
    if cursor is not None and cursor.covers(ref, PARSER):
        return
    state = records.state_of({}, ref.path)
    start = Cursor(size=ref.size, mtime_ns=ref.mtime_ns, inode=ref.inode, head=head_of(path), parser=PARSER)
    for chunk, raw, damaged in packed.chunks(path):
        line = chunk.line - 1 + chunk.newlines
        piece = _Piece(
            chunk, raw, replace(start, offset=ref.size if chunk.last else 0, line=line, done=chunk.last), state
        )
        piece.cut_short = damaged
        yield piece


def _transcript(ref: Ref, piece: _Piece, found: records.Found) -> Transcript:
    state = piece.state
    if not state.native and (found.messages or found.requests):
        state.native = Path(ref.path).name.removesuffix(".zst").removesuffix(".jsonl")
    title = titles.title_for(ref.root, state.native, own=state.title, own_is_given=state.rank >= records.NAMED)
    return Transcript(
        session=records.session_of(ref, state, title=title),
        messages=tuple(found.messages),
        requests=tuple(found.requests),
        dropped=tuple(found.dropped),
        losses=Losses(
            unknown=found.unknown, damaged=len(found.damaged) + piece.cut_short, damaged_lines=tuple(found.damaged)
        ),
    )


def _named(ref: Ref, piece: _Piece) -> tuple[str, ...]:
    return (records.session_of(ref, piece.state).id,) if piece.state.native else ()


def _bill(record: dict[str, object], line: int, state: records.State, found: records.Found) -> None:
    kind, payload, inner = records.payload_of(record)
    at = millis(record.get("timestamp"))
    if kind == "session_meta":
        records.learn_meta(payload, state, at)
    records.tick(state, at)
    if kind == "turn_context" or (kind == "event_msg" and inner in ("task_started", "turn_started")):
        records.learn_turn(payload, state)
    elif kind == "event_msg" and inner == "token_count":
        usage = records.learn_tokens(payload, state)
        if usage is not None:
            found.requests.append(records.request_of(usage, state, found, line=line, at=at))


def _is_rollout(name: str) -> bool:
    return name.endswith((".jsonl", ".jsonl.zst"))


def _kind(folder: str, name: str) -> str:
    marks = ("archived" if folder == FOLDERS[1] else "", "zst" if name.endswith(".zst") else "")
    return " ".join(m for m in marks if m)
