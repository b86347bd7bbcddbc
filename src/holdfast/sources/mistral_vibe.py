"""Mistral Vibe: a folder for each session with `messages.jsonl` and `meta.json`.

Knows where the folders are and how the two files belong together. What they say is in `_vibe/records.py`.
Format: docs/reference/sources/mistral-vibe.md.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Session, Transcript, observed_id
from holdfast.sources._content import count, no_option, text
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._vibe import live, records
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Message, Request
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
DEPTH = 4
MOST = 32 << 20
"""A larger `meta.json` is not read: no session has that many tools."""


class MistralVibe:
    """Reads Mistral Vibe's sessions and those of its sub-agents."""

    info = SourceInfo(
        slug="mistral-vibe",
        name="Mistral Vibe",
        parser=PARSER,
        env=("VIBE_HOME",),
        verified=True,
        evidence="5 recordings of July 2026, 4 sessions of other programs' tests, the session logger's source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return `~/.vibe` or its override, and the folder that its settings name for sessions."""
        moved = env.get("VIBE_HOME", "").strip()
        main = _expanded(moved, home) if moved else home / ".vibe"
        named = _save_dir(main / "config.toml")
        return (main, _expanded(named, home)) if named else (main,)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find session folders by listing alone: their messages, then what is said about them."""
        for root in roots:
            folder = next((f for f in (root / "logs" / "session",) if f.is_dir()), root)
            for entry in walk(folder, wanted=_is_messages, depth=DEPTH):
                meta = Path(entry.path).with_name("meta.json")
                found = (ref("mistral-vibe", entry, root=root), ref("mistral-vibe", meta, kind="meta", root=root))
                yield from (f for f in found if f is not None)

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read messages by their tail, or what `meta.json` says of the session."""
        path = Path(ref.path)
        if ref.kind == "meta":
            yield _read_meta(path, ref)
            return
        meta = _meta_of(path.parent)
        native = records.native_id(meta, path.parent.name)
        start = resumed(path, ref, cursor, PARSER)
        if start.state.get("native", native) != native:  # the messages were there before their meta.json
            start = resumed(path, ref, None, PARSER)
        state = records.state_of({**start.state, "native": native})
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state, meta)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(
                    advanced(start, ref, chunk), sessions=(transcript.session.id,), state=records.kept(state)
                ),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `vibe --resume ID` in the session's directory."""
        no_option(session.native_id, self.info.name)
        return Command(argv=("vibe", "--resume", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _transcript(chunk: Chunk, ref: Ref, state: records.State, meta: records.Meta) -> Transcript:
    messages: list[Message] = []
    requests: list[Request] = []
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record:
            message, request, odd = records.understand(record, state, path=ref.path, line=number)
            messages.extend(m for m in (message,) if m is not None)
            requests.extend(r for r in (request,) if r is not None)
            count(unknown, odd)
    return Transcript(
        session=_session(ref, state, meta),
        messages=tuple(messages),
        requests=tuple(requests),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _session(ref: Ref, state: records.State, meta: records.Meta) -> Session:
    folder = Path(ref.path).parent
    above = ""
    if folder.parent.name == "agents":
        above = records.native_id(_meta_of(folder.parent.parent), folder.parent.parent.name)
    return records.session_of(ref, state, meta, above=above)


def _read_meta(path: Path, ref: Ref) -> Reading:
    """Read the session's facts and, where its messages do not say, what it used."""
    data = path.read_bytes() if ref.size <= MOST else b""
    meta = loads(data)
    cursor = Cursor(size=ref.size, mtime_ns=ref.mtime_ns, inode=ref.inode, offset=len(data), parser=PARSER)
    raw = RawSpan(path=ref.path, offset=0, data=data, whole=True) if data else None
    if not isinstance(meta, dict):
        nothing = Session(id=observed_id("mistral-vibe", ""), agent="mistral-vibe", native_id="", source_path=ref.path)
        return Reading(transcript=Transcript(session=nothing, losses=Losses(damaged=1)), raw=raw, cursor=cursor)
    folder = path.parent
    state = records.State(native=records.native_id(meta, folder.name))
    first = _first_answer(folder / "messages.jsonl")
    earlier = _before_compaction(folder, meta) if first.compacted else {}
    request = None if first.counts else records.request_of_stats(meta, state, path=ref.path, earlier=earlier)
    session = replace(_session(ref, state, meta), source_path="")
    return Reading(
        transcript=Transcript(session=session, requests=(request,) if request else ()),
        raw=raw,
        cursor=replace(cursor, sessions=(session.id,)),
    )


def _first_answer(path: Path) -> records.Beginning:
    """Tell how a session begins: whether after a compaction, and whether its answers count their tokens."""
    compacted = False
    try:
        for chunk in chunks(path):
            for line in chunk.lines():
                record = loads(line)
                if isinstance(record, dict):
                    compacted = compacted or records.is_compaction(record)
                    if record.get("role") == "assistant":
                        return records.Beginning(compacted=compacted, counts=isinstance(record.get("usage"), dict))
    except OSError:
        pass
    return records.Beginning(compacted=compacted)


def _before_compaction(folder: Path, meta: records.Meta) -> records.Meta:
    """Return what the session before a compaction had used, which the counts of the one after go on from."""
    parent = text(meta.get("parent_session_id"))
    if not parent:
        return {}
    for found in sorted(folder.parent.glob("*/meta.json")):
        if found.parent.name.endswith(f"_{parent[:8]}"):
            above = _meta_of(found.parent)
            if above.get("session_id") == parent:
                return records.stats_of(above)
    return {}


def _meta_of(folder: Path) -> records.Meta:
    path = folder / "meta.json"
    try:
        found = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except OSError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_messages(name: str) -> bool:
    return name == "messages.jsonl"


def _save_dir(path: Path) -> str:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, tomllib.TOMLDecodeError, RecursionError):
        return ""
    logging = found.get("session_logging")
    return text(logging.get("save_dir")).strip() if isinstance(logging, dict) else ""


def _expanded(name: str, home: Path) -> Path:
    return home / name[1:].lstrip("/\\") if name.startswith("~") else Path(name)
