"""Aider: `.aider.chat.history.md` in each repository, one Markdown file with many sessions.

Knows how to read the file by its tail. Where files are is in `_aider_places`, what lines mean in `_aider_lines`.
Format: docs/reference/sources/aider.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Session, Transcript, observed_id
from holdfast.sources import _aider_lines as lines
from holdfast.sources import _aider_places as places
from holdfast.sources._files import project_of, ref
from holdfast.sources._jsonl import advanced, chunks, resumed, span
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.sources._jsonl import Chunk

PARSER = 1


class Aider:
    """Reads Aider's chat histories."""

    info = SourceInfo(
        slug="aider",
        name="Aider",
        parser=PARSER,
        env=("AIDER_CHAT_HISTORY_FILE",),
        verified=True,
        scattered=True,
        evidence="8 recordings of April and May 2026 (0.86.2), a file of another program's tests",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return the file that a variable names, the home directory and the usual folders for code."""
        return places.roots(env, home)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Look for histories below the roots, not deep and not long; further places must be named as roots."""
        for path, root in places.find(roots):
            found = ref("aider", path, root=root)
            if found is not None:
                yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read what is new: a transcript for each session, the last message again where it may have grown."""
        path = Path(ref.path)
        if cursor is not None and cursor.covers(ref, PARSER):
            yield Reading(transcript=_nothing(ref), raw=None, cursor=cursor)
            return
        start = resumed(path, ref, cursor, PARSER)
        reader = lines.Reader(lines.state_of(start.state), place=path.parent.name, path=ref.path)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            offset = chunk.offset
            for number, line in enumerate(chunk.lines(), chunk.line):
                reader.feed(line.decode("utf-8", "replace").rstrip("\r"), number, offset)
                offset += len(line) + 1
            position = reader.position(offset, chunk.line + len(chunk.lines()))
            yield from _readings(reader, ref, chunk, before=start, position=position)
            start = _moved(start, ref, chunk, position)

    def resume_command(self, session: Session) -> Command:
        """Return Aider's own way to go on: with the whole history of the directory."""
        return Command(argv=("aider", "--restore-chat-history"), cwd=session.cwd)


def _readings(
    reader: lines.Reader, ref: Ref, chunk: Chunk, *, before: Cursor, position: lines.Position
) -> Iterator[Reading]:
    found = [_transcript(run, said, ref) for run, said in reader.take(last=chunk.last)] or [_nothing(ref)]
    found[-1] = replace(found[-1], losses=Losses(unknown=reader.odd()))
    raw = span(ref.path, chunk) if chunk.data or chunk.torn else None
    end = _moved(before, ref, chunk, position)
    sessions = tuple(t.session.id for t in found if t.session.native_id)
    for transcript in found[:-1]:
        yield Reading(transcript=transcript, raw=None, cursor=replace(before, done=False))
    yield Reading(transcript=found[-1], raw=raw, cursor=replace(end, sessions=sessions))


def _moved(cursor: Cursor, ref: Ref, chunk: Chunk, position: lines.Position) -> Cursor:
    """Return the cursor where the last message begins that may still grow."""
    moved = advanced(cursor, ref, chunk)
    return replace(moved, offset=position.offset, line=position.line, state=lines.kept(position.state))


def _transcript(run: lines.Run, said: lines.Said, ref: Ref) -> Transcript:
    path = Path(ref.path)
    cwd = str(path.parent) if path.name == places.NAME else ""
    session = Session(
        id=observed_id("aider", run.native),
        agent="aider",
        native_id=run.native,
        title=run.title,
        cwd=cwd,
        project=project_of(cwd),
        models=run.models,
        status="ended",
        started=lines.moment(run),
        active=lines.moment(run),
        source_path=ref.path,
        version=run.version,
    )
    return Transcript(session=session, messages=tuple(said.messages), requests=tuple(said.requests))


def _nothing(ref: Ref) -> Transcript:
    return Transcript(session=Session(id=observed_id("aider", ""), agent="aider", native_id="", source_path=ref.path))
