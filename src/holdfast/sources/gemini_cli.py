"""Gemini CLI: operation logs `tmp/<project>/chats/*.jsonl`, its sub-agents' logs, and the older whole `.json` files.

Knows where the files are and how they are read. Format: docs/reference/sources/gemini-cli.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.model import Json
from holdfast.sources._files import ref, walk
from holdfast.sources._gemini import live
from holdfast.sources._gemini.fold import AGENT, Fold, State, state_of
from holdfast.sources._gemini.places import RETENTION_DAYS, cwd_of, expires
from holdfast.sources._jsonl import LINE_LIMIT, advanced, chunks, head_of, loads, resumed, span
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 1


class GeminiCli:
    """Reads Gemini CLI's session logs and its legacy session files."""

    info = SourceInfo(
        slug=AGENT,
        name="Gemini CLI",
        parser=PARSER,
        env=("GEMINI_CLI_HOME",),
        verified=True,
        evidence="10 recordings of June 2026, 5 legacy files of another program's tests",
        retention_days=RETENTION_DAYS,
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return `~/.gemini`; GEMINI_CLI_HOME replaces the home, not the folder in it."""
        return (Path(env.get("GEMINI_CLI_HOME") or home) / ".gemini",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find logs by listing alone; a legacy file whose session went on in a log beside it is left out."""
        for root in roots:
            for chats in _chat_folders(root):
                entries = list(walk(chats, wanted=_is_session, depth=1))
                logs = {e.path for e in entries if e.path.endswith("l")}
                for entry in entries:
                    kind = _kind(chats, entry.path)
                    if kind == "legacy" and entry.path + "l" in logs:
                        continue
                    found = ref(AGENT, entry, kind=kind, root=root)
                    if found is not None:
                        yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a log's tail, or a legacy file whole."""
        if ref.path.endswith(".json"):
            yield _whole(ref)
            return
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = state_of(start.state)
        cwd, deleted = cwd_of(ref), expires(ref)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            fold = Fold(ref, state)
            for number, line in enumerate(chunk.lines(), chunk.line):
                if line.strip():
                    fold.apply(loads(line), number)
            *earlier, last = fold.transcripts(cwd=cwd, expires=deleted)
            for transcript in earlier:
                yield Reading(transcript=transcript, raw=None, cursor=replace(start, done=False))
            position = replace(advanced(start, ref, chunk), state=msgspec.to_builtins(state))
            yield Reading(
                transcript=last,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(position, sessions=_known(last.session)),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `gemini --resume=ID` in the session's directory; for a sub-agent, its parent's."""
        return Command(argv=("gemini", f"--resume={session.native_id.partition('/')[0]}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _whole(ref: Ref) -> Reading:
    """Read a legacy file: one document with all messages, rewritten at every change."""
    path = Path(ref.path)
    data = path.read_bytes() if ref.size <= LINE_LIMIT else b""
    record: Json = loads(data) if data else None
    fold = Fold(ref, State())
    usable = isinstance(record, dict) and isinstance(record.get("messages"), list)
    if usable:
        fold.learn(record, 0)
    elif data.strip() or ref.size > LINE_LIMIT:
        fold.damaged(1)
    (transcript,) = fold.transcripts(cwd=cwd_of(ref), expires=expires(ref), replaces=usable)
    cursor = Cursor(
        size=ref.size, mtime_ns=ref.mtime_ns, inode=ref.inode, head=head_of(path), parser=PARSER,
        sessions=_known(transcript.session),
    )  # fmt: skip
    raw = RawSpan(path=ref.path, offset=0, data=data, whole=True) if data else None
    return Reading(transcript=transcript, raw=raw, cursor=cursor)


def _known(session: Session) -> tuple[str, ...]:
    return (session.id,) if session.native_id else ()


def _chat_folders(root: Path) -> Iterator[Path]:
    base = root / "tmp" if (root / "tmp").is_dir() else root
    try:
        projects = sorted(p for p in base.iterdir() if p.is_dir())
    except OSError:
        return
    for project in projects:
        if (project / "chats").is_dir():
            yield project / "chats"


def _is_session(name: str) -> bool:
    return name.endswith((".jsonl", ".json"))


def _kind(chats: Path, path: str) -> str:
    if path.endswith(".json"):
        return "legacy"
    return "" if Path(path).parent == chats else "subagent"
