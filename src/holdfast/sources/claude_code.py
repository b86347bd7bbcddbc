"""Claude Code: `projects/<cwd>/<session>.jsonl`, its sub-agents' files, and prompts from `history.jsonl`.

Knows where the files are and what each record means. Format: docs/reference/sources/claude-code.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.errors import NotFound
from holdfast.model import Losses, Transcript
from holdfast.sources._claude import history, live, records
from holdfast.sources._claude.shapes import Record, UsageRecord
from holdfast.sources._content import count, no_option
from holdfast.sources._files import ref, settings_home, walk
from holdfast.sources._jsonl import advanced, chunks, resumed, span, typed
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Message, Request, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
RETENTION_DAYS = 30
DAY_MS = 86_400_000
MARK = b'"usage":'
USAGE_CHUNK = 1 << 20
_PROMPTS = "history.jsonl"
_usage_decoder = msgspec.json.Decoder(UsageRecord)
_decoder = msgspec.json.Decoder(Record)


class ClaudeCode:
    """Reads Claude Code's transcripts; also its desktop app's local sessions."""

    info = SourceInfo(
        slug="claude-code",
        name="Claude Code",
        parser=PARSER,
        env=("CLAUDE_CONFIG_DIR",),
        verified=True,
        evidence="31 recordings of 2.1.92 to 2.1.165, 4 files of another program's tests",
        retention_days=RETENTION_DAYS,
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return `~/.claude` or its override, and the desktop app's folder."""
        moved = env.get("CLAUDE_CONFIG_DIR")
        main = [Path(p) for p in moved.split(",") if p.strip()] if moved else [home / ".claude"]
        return (*main, _desktop(env, home, platform))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find transcripts by listing alone; prompts of lost sessions come last."""
        for root in roots:
            for folder in self._project_folders(root):
                for entry in walk(folder, wanted=_is_transcript):
                    found = ref("claude-code", entry, kind=_kind(entry.path), root=root)
                    if found is not None:
                        yield found
        for root in roots:
            found = ref("claude-code", root / _PROMPTS, kind="history", root=root)
            if found is not None:
                yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a transcript's tail."""
        if ref.kind == "history":
            yield from history.read(ref, cursor, PARSER)
            return
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state)
        expires = _expires(ref)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state, expires)
            position = advanced(start, ref, chunk)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(position, sessions=(transcript.session.id,), state=records.kept(state)),
            )

    def usage(self, ref: Ref, cursor: Cursor | None) -> Iterator[Transcript]:
        """Read requests alone, without line numbers: only records with a usage block are decoded."""
        if ref.kind == "history":
            return
        path = Path(ref.path)
        start = None if cursor is None else resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state if start else {})
        found: dict[str, Request] = {}
        for chunk in chunks(path, offset=start.offset if start else 0, numbered=False, size=USAGE_CHUNK):
            if not state.cwd:
                _learn(chunk.data, state)
            for line in _marked_lines(chunk.data):
                record = typed(_usage_decoder, line)
                if record is not None:
                    records.keep_request(record, found, path=ref.path)
        yield Transcript(session=records.session_of(ref, state), requests=tuple(found.values()))

    def resume_command(self, session: Session) -> Command:
        """Return `claude --resume ID` in the session's directory."""
        ident = session.native_id.partition("/")[0]
        no_option(ident, self.info.name)
        if Path(session.source_path).name == _PROMPTS:
            raise NotFound(
                "its transcript is gone: Claude Code has only its prompts left, and cannot go on with it",
                f"no transcript was captured to restore; holdfast show {session.id[:12]} has the prompts",
            )
        return Command(argv=("claude", "--resume", ident), cwd=session.cwd)

    def _project_folders(self, root: Path) -> Iterator[Path]:
        if (root / "projects").is_dir():
            yield root / "projects"
        elif root.name in ("local-agent-mode-sessions", "projects"):
            yield root

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _transcript(chunk: Chunk, ref: Ref, state: records.State, expires: int | None) -> Transcript:
    messages: list[Message] = []
    requests: list[Request] = []
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = typed(_decoder, line) if line else None
        if record is None:
            if line.strip():
                damaged.append(number)
            continue
        message, request, odd = records.understand(record, state, path=ref.path, line=number)
        if message is not None:
            messages.append(message)
        if request is not None:
            requests.append(request)
        if odd:
            count(unknown, odd)
    return Transcript(
        session=replace(records.session_of(ref, state), source_expires=expires),
        messages=tuple(messages),
        requests=tuple(requests),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _marked_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines that hold a usage block."""
    place = data.find(MARK)
    while place >= 0:
        end = data.find(b"\n", place)
        end = len(data) if end < 0 else end
        yield data[data.rfind(b"\n", 0, place) + 1 : end]
        place = data.find(MARK, end)


def _learn(data: bytes, state: records.State) -> None:
    """Learn where and when from the first records."""
    start = 0
    while not state.cwd and start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        record = typed(_usage_decoder, data[start:end])
        if record is not None:
            records.learn_usage(record, state)
        start = end + 1


def _is_transcript(name: str) -> bool:
    return name.endswith(".jsonl")


def _kind(path: str) -> str:
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return "subagent" if name.startswith("agent-") else ""


def _expires(ref: Ref) -> int | None:
    """When Claude Code deletes the file: so many days after it was last written (settings.json may change the number)."""
    days = RETENTION_DAYS
    for name in ("settings.json", "settings.local.json"):
        try:
            found = json.loads((Path(ref.root) / name).read_bytes()).get("cleanupPeriodDays")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(found, int) and not isinstance(found, bool):
            days = found
    return ref.mtime_ns // 1_000_000 + days * DAY_MS


def _desktop(env: Mapping[str, str], home: Path, platform: str) -> Path:
    base = settings_home(env, home, platform)
    return base / "Claude" / "local-agent-mode-sessions"
