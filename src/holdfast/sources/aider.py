"""Aider: `.aider.chat.history.md` in each repository, one Markdown file with many sessions.

Knows how to read the file by its tail. Where files are is in `_aider_places`, what lines mean in `_aider_lines`.
Format: docs/reference/sources/aider.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Session, Transcript, observed_id
from holdfast.sources._aider import lines, live, places
from holdfast.sources._files import project_of, ref
from holdfast.sources._jsonl import advanced, chunks, resumed
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 2
MOST_UNOWNED = 1 << 20
"""More bytes before the first session are no history's."""


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
        first, state = start, lines.state_of(start.state)
        reader = lines.Reader(state, place=path.parent.name, path=ref.path)
        parts = Parts(ref.path, state.run, start.offset, anew=cursor is not None and start.offset == 0)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            offset = chunk.offset
            for number, line in enumerate(chunk.lines(), chunk.line):
                reader.feed(line.decode("utf-8", "replace").rstrip("\r"), number, offset)
                offset += len(line) + 1
            position = reader.position(offset, chunk.line + len(chunk.lines()))
            end = _moved(start, ref, chunk, position)
            for reading in _readings(reader, parts, ref, chunk, before=start, end=end):
                unowned = reading.cursor.done and parts.untouched(first.offset)
                yield replace(reading, cursor=_back(reading.cursor, first)) if unowned else reading
            start = end

    def resume_command(self, session: Session) -> Command:
        """Return Aider's own way to go on: with the whole history of the directory."""
        return Command(argv=("aider", "--restore-chat-history"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


class Parts:
    """Deals out the bytes of a file while it is read: each session has its own part, to be kept and erased by itself.

    A session in which nothing was said is none: its lines go to the one after it, at the end of the file to the one before.
    """

    def __init__(self, path: str, owner: lines.Run | None, offset: int, *, anew: bool) -> None:
        """Begin at an offset, in a session's part; `anew` where a file that was known is read from its start."""
        self.owner = owner
        self._path = path
        self._anew = anew
        self._place = offset
        self._held = b""
        self._waiting: list[tuple[int, lines.Run]] = []
        self._continues = owner is not None

    def untouched(self, offset: int) -> bool:
        """Tell whether no byte from this offset on was anybody's."""
        return self.owner is None and self._place == offset

    def deal(
        self, chunk: Chunk, headers: Sequence[tuple[int, lines.Run]], spoke: Container[str]
    ) -> list[tuple[lines.Run, RawSpan]]:
        """Return the spans of a chunk in order; `headers` are the sessions that begin in it, `spoke` those that are some."""
        self._held += chunk.data + chunk.torn
        end = self._place + len(self._held)
        found: list[tuple[lines.Run, RawSpan]] = []
        waiting: list[tuple[int, lines.Run]] = []
        begun = False
        for offset, run in (*self._waiting, *headers):
            waiting.append((offset, run))
            if run.native in spoke:
                found += self._take(waiting[0][0], ends=True, begun=begun)
                self.owner, begun, waiting = run, True, []
        limit = waiting[0][0] if waiting and not chunk.last else end
        found += self._take(limit, ends=False, begun=begun)
        if self.owner is None and not waiting and len(self._held) > MOST_UNOWNED:
            self._place, self._held = end, b""
        self._waiting = [] if chunk.last else waiting
        return found

    def _take(self, until: int, *, ends: bool, begun: bool) -> list[tuple[lines.Run, RawSpan]]:
        """Give the owner its bytes; where it was read before, what it was given beyond its end is taken back."""
        if self.owner is None:
            return []
        size = until - self._place
        data, self._held = self._held[:size], self._held[size:]
        whole = begun and self._anew
        spans = [RawSpan(path=self._path, offset=self._place, data=data, whole=whole)] if data else []
        self._place = until
        if ends and self._continues:
            spans.append(RawSpan(path=self._path, offset=until, data=b""))
            self._continues = False
        return [(self.owner, s) for s in spans]


def _readings(
    reader: lines.Reader, parts: Parts, ref: Ref, chunk: Chunk, *, before: Cursor, end: Cursor
) -> Iterator[Reading]:
    """Yield one reading for each part of the chunk, the last one with the cursor."""
    headers = reader.headers()
    taken = reader.take(last=chunk.last)
    latest, said = {run.native: run for run, _ in taken}, {run.native: said for run, said in taken}
    found: list[tuple[Transcript, RawSpan | None]] = []
    for run, part in parts.deal(chunk, headers, latest):
        words = said.pop(run.native, lines.Said())
        found.append((_transcript(latest.get(run.native, run), words, ref), part))
    rest = [(_transcript(latest[native], words, ref), None) for native, words in said.items()]
    found = [*rest, *found] or [(_nothing(ref), None)]
    for transcript, span in found[:-1]:
        yield Reading(transcript=transcript, raw=span, cursor=replace(before, done=False))
    transcript, span = found[-1]
    sessions = dict.fromkeys(t.session.id for t, _ in found if t.session.native_id)
    if parts.owner is not None:
        transcript = replace(transcript, losses=Losses(unknown=reader.odd()))
    yield Reading(transcript=transcript, raw=span, cursor=replace(end, sessions=tuple(sessions)))


def _back(cursor: Cursor, first: Cursor) -> Cursor:
    """Go back to where a reading began: nobody has said anything yet."""
    return replace(cursor, offset=first.offset, line=first.line, state=first.state)


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
