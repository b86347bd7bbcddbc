"""Goose: its database of sessions, and the files of JSON lines before it.

Knows where they are and which to believe. Format: docs/reference/sources/goose.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json, Losses, Message, Request, Transcript
from holdfast.sources._content import count, text
from holdfast.sources._database import ENDINGS, changed, described, known_to, nothing
from holdfast.sources._files import ref, walk
from holdfast.sources._goose import live
from holdfast.sources._goose.content import is_archived, message_of
from holdfast.sources._goose.rows import Shelf, names
from holdfast.sources._goose.session import AGENT, accumulated, known_time, session_of, widened
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
NAME = "sessions.db"
_KEPT = ("working_dir", "description", "schedule_id", "total_tokens", "input_tokens", "output_tokens")
_SUMS = ("accumulated_total_tokens", "accumulated_input_tokens", "accumulated_output_tokens")


class Goose:
    """Reads Goose's sessions from its database, and from older files that the database never took over."""

    info = SourceInfo(
        slug=AGENT,
        name="Goose",
        parser=PARSER,
        env=("GOOSE_PATH_ROOT", "XDG_DATA_HOME"),
        evidence="2 databases that another program's tests were given; the program's published source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the data folder, which GOOSE_PATH_ROOT moves."""
        moved = env.get("GOOSE_PATH_ROOT", "").strip()
        if moved:
            return (Path(moved) / "data",)
        if platform == "win32":
            base = Path(env.get("APPDATA") or home / "AppData" / "Roaming")
            return (base / "Block" / "goose" / "data",)
        return (Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / AGENT,)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find older files first, then databases: what both know is the database's."""
        for root in roots:
            for folder in (root / "sessions", root):
                for entry in walk(folder, wanted=_is_log, depth=0):
                    found = ref(AGENT, entry, kind="log", root=root)
                    if found is not None:
                        yield found
        for root in roots:
            for path in _databases(root):
                found = described(AGENT, path, kind="database", root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read the sessions of a database that changed since the cursor, or what is new in an older file."""
        if ref.kind == "database":
            yield from changed(ref, cursor, Shelf(PARSER))
        elif _taken_over(ref):
            yield nothing(ref, Shelf(PARSER))
        else:
            yield from _read_log(ref, cursor)

    def resume_command(self, session: Session) -> Command:
        """Return Goose's command for one session, in its directory."""
        return Command(argv=("goose", "session", "--resume", f"--session-id={session.native_id}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _read_log(found: Ref, cursor: Cursor | None) -> Iterator[Reading]:
    path = Path(found.path)
    start = resumed(path, found, cursor, PARSER)
    state = dict(start.state)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        transcript = _transcript(chunk, found, state)
        yield Reading(
            transcript=transcript,
            raw=span(found.path, chunk) if chunk.data or chunk.torn else None,
            cursor=replace(advanced(start, found, chunk), sessions=(transcript.session.id,), state=dict(state)),
        )


def _transcript(chunk: Chunk, found: Ref, state: dict[str, Json]) -> Transcript:
    native = Path(found.path).stem
    messages: list[Message] = []
    requests: tuple[Request, ...] = ()
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record and "info" not in state and "role" not in record and "working_dir" in record:
            state["info"] = {k: v for k, v in record.items() if k in (*_KEPT, *_SUMS)}
            requests = accumulated(native, record, path=found.path)
        elif record:
            message, odd = _message(record, state, number)
            messages.extend(m for m in (message,) if m is not None)
            count(unknown, odd)
    return Transcript(
        session=_session(native, found, state, messages),
        messages=tuple(messages),
        requests=requests,
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
        replaces=chunk.offset == 0 and chunk.last,
    )


def _message(record: dict[str, Json], state: dict[str, Json], number: int) -> tuple[Message | None, list[str]]:
    name = text(record.get("id")) or f"line:{number}"
    message, odd = message_of(record, name, line=number, archived=state.get("archived") is True)
    state["archived"] = is_archived(record)
    if message is not None and message.is_prompt and not state.get("prompt"):
        state["prompt"] = message.text[:1000]
    return message, odd


def _session(native: str, found: Ref, state: dict[str, Json], messages: Sequence[Message]) -> Session:
    info, prompt = state.get("info"), text(state.get("prompt"))
    session = session_of(native, info if isinstance(info, dict) else {}, path=found.path, prompt=prompt)
    began, last = known_time(state.get("started")), known_time(state.get("active"))
    session = widened(replace(session, started=began, active=last), messages)
    state["started"], state["active"] = session.started, session.active
    return session


def _taken_over(found: Ref) -> bool:
    """Tell whether a database beside an older file knows its session: then the file is stale."""
    path = Path(found.path)
    beside = described(AGENT, path.with_name(NAME), kind="database", root=path.parent)
    return beside is not None and path.stem in known_to(beside.path, beside.size, beside.mtime_ns, names)


def _databases(root: Path) -> list[Path]:
    if root.is_file():
        return [root] if root.suffix in ENDINGS else []
    return [p for p in (root / "sessions" / NAME, root / NAME) if p.is_file()]


def _is_log(name: str) -> bool:
    return name.endswith(".jsonl")
