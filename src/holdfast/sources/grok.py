"""Grok Build: a folder for each session with its log of updates, the model's history, and two small files about it.

Knows where the folders are and which file to believe. What the files say is in `_grok/`. Format: docs/reference/sources/grok.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, no_option
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._grok import history, updates
from holdfast.sources._grok.about import AGENT, MOST, Seen, session_of
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Json, Session
    from holdfast.sources._jsonl import Chunk

PARSER = 1
DEPTH = 2
UPDATES, HISTORY = "updates.jsonl", "chat_history.jsonl"
_NAMES = (UPDATES, HISTORY, "summary.json", "signals.json")


class Grok:
    """Reads Grok Build's sessions: the log of updates, or the model's history where an old version left no log."""

    info = SourceInfo(
        slug=AGENT,
        name="Grok Build",
        parser=PARSER,
        env=("GROK_HOME",),
        evidence="3 sessions of other programs' tests, made with Grok's own writer or to its shapes; no real recording",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return `~/.grok` or what GROK_HOME names."""
        moved = env.get("GROK_HOME", "").strip()
        if moved.startswith("~"):
            return (home / moved[1:].lstrip("/\\"),)
        return (Path(moved) if moved else home / ".grok",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find each session's log, history and small files; a history beside a log is kept, not read twice."""
        for root in roots:
            folder = root / "sessions"
            for entry in walk(folder if folder.is_dir() else root, wanted=_NAMES.__contains__, depth=DEPTH):
                found = ref(AGENT, entry, kind=_kind(entry), root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a log by its tail, or what a small file says of its session."""
        path = Path(ref.path)
        if ref.kind == "about":
            yield _read_about(path, ref)
            return
        start = resumed(path, ref, cursor, PARSER)
        state = msgspec.convert(start.state, updates.State)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state)
            kept: dict[str, Json] = msgspec.to_builtins(state)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(advanced(start, ref, chunk), sessions=(transcript.session.id,), state=kept),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `grok --resume ID` in the session's directory."""
        no_option(session.native_id, self.info.name)
        return Command(argv=("grok", "--resume", session.native_id), cwd=session.cwd)


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.name == UPDATES:
        return "updates"
    if entry.name != HISTORY:
        return "about"
    return "aside" if Path(entry.path).with_name(UPDATES).is_file() else "history"


def _transcript(chunk: Chunk, ref: Ref, state: updates.State) -> Transcript:
    found = updates.Found()
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record:
            _add(found, record, ref, state, line=number)
    if ref.kind == "updates":
        found.messages += updates.growing(state)
    count(unknown, found.odd)
    session = session_of(ref, state.seen)
    if ref.kind == "aside":
        session = replace(session_of(ref, Seen()), source_path="")
    latest = {m.id: m for m in found.messages}
    return Transcript(
        session=session,
        messages=tuple(latest.values()) if ref.kind != "aside" else (),
        requests=tuple(r if r.model else replace(r, model=next(iter(session.models), "")) for r in found.requests),
        dropped=tuple(found.dropped),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _add(found: updates.Found, record: dict[str, Json], ref: Ref, state: updates.State, *, line: int) -> None:
    if ref.kind == "updates":
        more = updates.understand(record, state, path=ref.path, line=line)
        found.messages += more.messages
        found.requests += more.requests
        found.dropped += more.dropped
        found.odd += more.odd
        return
    message, odd = history.understand(record, state, line=line)
    found.messages += [message] if message is not None else []
    found.odd += odd


def _read_about(path: Path, ref: Ref) -> Reading:
    data = path.read_bytes() if ref.size <= MOST else b""
    session = replace(session_of(ref, Seen()), source_path="")  # the log's path is the session's
    transcript = Transcript(session=session, losses=Losses(damaged=0 if isinstance(loads(data), dict) else 1))
    return whole(ref, transcript, data, parser=PARSER)
