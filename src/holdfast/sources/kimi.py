"""Kimi: Kimi Code's `sessions/<directory>/<session>/agents/<agent>/wire.jsonl`, and the first Kimi CLI's sessions.

Knows where the files are. What each record means is in `_kimi`. Format: docs/reference/sources/kimi.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, no_option
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._kimi import classic, live, state, wire
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
EMPTY = 128
"""A log of this size holds its first line alone."""
_NAMES = ("wire.jsonl", "context.jsonl", "state.json")


class Kimi:
    """Reads the sessions of Kimi Code and of the Kimi CLI before it."""

    info = SourceInfo(
        slug=state.SLUG,
        name="Kimi",
        parser=PARSER,
        env=("KIMI_CODE_HOME", "KIMI_SHARE_DIR"),
        verified=True,
        evidence="13 sanitized sessions of Kimi CLI and 2 of Kimi Code from their own tests, their source, 1 synthetic session",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.kimi-code` and `~/.kimi`, or their overrides."""
        code, share = env.get("KIMI_CODE_HOME", "").strip(), env.get("KIMI_SHARE_DIR", "").strip()
        return (
            _expanded(code, home) if code else home / ".kimi-code",
            _expanded(share, home) if share else home / ".kimi",
        )

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find logs and what is said about their sessions by listing alone."""
        for root in roots:
            folder = root if root.name == "sessions" else root / "sessions"
            home = root.parent if root.name == "sessions" else root
            for entry in walk(folder, wanted=_NAMES.__contains__, depth=4):
                kind = _kind(Path(entry.path), folder)
                found = None if kind is None else ref(state.SLUG, entry, kind=kind, root=home)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a log's tail, or what `state.json` says of a session."""
        path = Path(ref.path)
        if ref.kind == "state":
            yield _read_state(path, ref)
            return
        start = resumed(path, ref, cursor, PARSER)
        known = state.state_of(start.state)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, known)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(advanced(start, ref, chunk), sessions=(transcript.session.id,), state=state.kept(known)),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `kimi --session ID` in the session's directory; a sub-agent is resumed with its session."""
        ident = session.native_id.partition("/")[0]
        no_option(ident, self.info.name)
        return Command(argv=("kimi", "--session", ident), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _transcript(chunk: Chunk, ref: Ref, known: state.State) -> Transcript:
    found = state.Found(path=ref.path, apart=Path(ref.path).with_name("subagents").is_dir())
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            found.damaged.append(number)
        elif not record:
            continue
        elif ref.kind == "context":
            classic.understand_context(record, number, known, found)
        elif "type" not in record and isinstance(record.get("message"), dict):
            classic.understand(record, number, known, found)
        else:
            wire.understand(record, number, known, found)
    classic.settle(known, found)
    unknown: dict[str, int] = {}
    count(unknown, found.unknown)
    return Transcript(
        session=state.session_of(ref, known),
        messages=tuple(found.messages),
        requests=tuple(found.requests),
        dropped=tuple(found.dropped),
        losses=Losses(unknown=unknown, damaged=len(found.damaged), damaged_lines=tuple(found.damaged)),
    )


def _read_state(path: Path, ref: Ref) -> Reading:
    """Read what is said about a session; its title and archive mark change after its log was read."""
    data = path.read_bytes() if ref.size <= state.MOST else b""
    session = replace(state.session_of(ref, state.State()), source_path="")
    sound = isinstance(loads(data), dict) or not data.strip()
    transcript = Transcript(session=session, losses=Losses() if sound else Losses(damaged=1))
    return whole(ref, transcript, data, parser=PARSER)


def _kind(path: Path, sessions: Path) -> str | None:
    """Tell logs of agents, older logs, messages without a log, and what is said about a session."""
    parts = path.relative_to(sessions).parts
    match parts[2:]:
        case ("agents", _, "wire.jsonl"):
            return "agent"
        case ("subagents", _, "wire.jsonl"):
            return "subagent"
        case ("wire.jsonl",):
            return ""
        case ("context.jsonl",):
            return None if _has_log(path.with_name("wire.jsonl")) else "context"
        case ("state.json",):
            return "state"
    return None


def _has_log(path: Path) -> bool:
    """Tell whether a log holds more than its first line: the first versions wrote none."""
    try:
        return path.stat().st_size > EMPTY
    except OSError:
        return False


def _expanded(name: str, home: Path) -> Path:
    return home / name[1:].lstrip("/\\") if name.startswith("~") else Path(name)
