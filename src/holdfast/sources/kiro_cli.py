"""Kiro CLI: three stores by age (a database, `sessions/cli/`, `sessions/<workspace>/`), and its ancestor Amazon Q CLI.

Knows where the stores are. What they hold is in `_kiro_classic`, `_kiro_records` and `_kiro_v3`.
Format: docs/reference/sources/kiro-cli.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, no_option
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._kiro import classic, live, records, v3
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Json, Message, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
MOST = 64 << 20
"""A larger side file is not read."""


class KiroCli:
    """Reads Kiro CLI's sessions of all three stores, and Amazon Q CLI's database."""

    info = SourceInfo(
        slug="kiro-cli",
        name="Kiro CLI",
        parser=PARSER,
        env=("KIRO_HOME", "XDG_DATA_HOME"),
        verified=True,
        records_usage=False,
        evidence="5 recordings of June and August 2026, 4 conversations of other programs' tests, the log's source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return `~/.kiro` or its override, and the folders with the databases."""
        moved = env.get("KIRO_HOME", "").strip()
        if platform == "darwin":
            data = home / "Library" / "Application Support"
        elif platform == "win32":
            data = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
        else:
            data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
        return (Path(moved) if moved else home / ".kiro", data / "kiro-cli", data / "amazon-q")

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find databases and session files by listing alone; what is said about a session follows its messages."""
        for root in roots:
            yield from classic.discover(root)
            for entry in walk(root / "sessions", wanted=_is_log, depth=2):
                path = Path(entry.path)
                flat = path.parent == root / "sessions" / "cli"
                if not flat and path.name != "messages.jsonl":
                    continue
                side = path.with_suffix(".json") if flat else path.with_name("session.json")
                kind = "v2" if flat else "v3"
                found = (
                    ref("kiro-cli", entry, kind=kind, root=root),
                    ref("kiro-cli", side, kind=f"{kind}-side", root=root),
                )
                yield from (f for f in found if f is not None)

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read what is new in a database, a log, or the file beside a log."""
        if ref.kind == "classic":
            yield from classic.read(ref, cursor, PARSER)
        elif ref.kind.endswith("-side"):
            yield _read_side(ref)
        else:
            yield from _read_log(ref, cursor)

    def resume_command(self, session: Session) -> Command:
        """Return Kiro's command for the session's store; Amazon Q resumes a directory's conversation."""
        if session.extra.get("program") == "amazon-q":
            return Command(argv=("q", "chat", "--resume"), cwd=session.cwd)
        no_option(session.native_id, self.info.name)
        engine = ("--v3",) if session.extra.get("store") == "v3" else ()
        return Command(argv=("kiro-cli", "chat", *engine, "--resume-id", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _read_log(ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
    path = Path(ref.path)
    start = resumed(path, ref, cursor, PARSER)
    state = records.state_of(start.state)
    side = _side_of(path, ref.kind)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        transcript = _transcript(chunk, ref, state, side)
        yield Reading(
            transcript=transcript,
            raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
            cursor=replace(advanced(start, ref, chunk), sessions=(transcript.session.id,), state=records.kept(state)),
        )


def _transcript(chunk: Chunk, ref: Ref, state: records.State, side: dict[str, Json]) -> Transcript:
    understand = v3.understand if ref.kind == "v3" else records.understand
    messages: list[Message] = []
    dropped: list[str] = []
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record:
            message, odd = understand(record, state, number)
            messages.extend(m for m in (message,) if m is not None)
            dropped.extend(state.cancelled)
            state.cancelled.clear()
            count(unknown, odd)
    return Transcript(
        session=_session(ref, state, side),
        messages=tuple(messages),
        dropped=tuple(dropped),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _session(ref: Ref, state: records.State, side: dict[str, Json]) -> Session:
    path = Path(ref.path)
    if ref.kind.startswith("v3"):
        return v3.session_of(ref, state, side, name=path.parent.name)
    return records.session_of(ref, state, side, name=path.stem)


def _read_side(ref: Ref) -> Reading:
    data = Path(ref.path).read_bytes() if ref.size <= MOST else b""
    side = loads(data)
    known = isinstance(side, dict)
    session = replace(_session(ref, records.State(), side if isinstance(side, dict) else {}), source_path="")
    transcript = Transcript(session=session, losses=Losses(damaged=0 if known else 1))
    return whole(ref, transcript, data, parser=PARSER)


def _side_of(path: Path, kind: str) -> dict[str, Json]:
    side = path.with_suffix(".json") if kind == "v2" else path.with_name("session.json")
    try:
        found = loads(side.read_bytes()) if side.stat().st_size <= MOST else None
    except OSError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_log(name: str) -> bool:
    return name.endswith(".jsonl")
