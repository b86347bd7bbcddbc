"""Qwen Code: `projects/<cwd>/chats/<session>.jsonl`, and its sub-agents' files.

Knows where the files are. What each record means is in `_qwen/records.py`. Format: docs/reference/sources/qwen-code.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json, Losses, Transcript
from holdfast.sources._content import count, no_option, table, text
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._qwen import live, records
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
MOST = 1 << 20
"""No settings file and no description of a sub-agent is larger."""


class QwenCode:
    """Reads the sessions of Qwen Code."""

    info = SourceInfo(
        slug=records.SLUG,
        name="Qwen Code",
        parser=PARSER,
        env=("QWEN_RUNTIME_DIR", "QWEN_HOME"),
        evidence="1 synthetic file of another program's tests, the recorder's own source, published samples of 0.11 and 0.15",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.qwen` or its override, and the output folder where a variable or setting moves it."""
        named = env.get("QWEN_HOME", "").strip()
        main = _expanded(named, home) if named else home / ".qwen"
        moved = env.get("QWEN_RUNTIME_DIR", "").strip() or _setting(main / "settings.json")
        apart = _expanded(moved, home) if moved else main
        return (main,) if apart == main or not apart.is_absolute() else (apart, main)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find sessions and sub-agents by listing alone; beside them lie ledgers, which are no transcripts."""
        for root in roots:
            folder = root if root.name == "projects" else root / "projects"
            for entry in walk(folder, wanted=_is_transcript, depth=4):
                kind = _kind(entry.path)
                found = None if kind is None else ref(records.SLUG, entry, kind=kind, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a session's tail."""
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state)
        about = _about(path) if ref.kind == "subagent" else {}
        state.model = state.model or text(about.get("model"))
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state, about)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(
                    advanced(start, ref, chunk), sessions=(transcript.session.id,), state=records.kept(state)
                ),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `qwen --resume ID` in the session's directory; a sub-agent is resumed with its session."""
        ident = session.native_id.partition("/")[0]
        no_option(ident, self.info.name)
        return Command(argv=("qwen", "--resume", ident), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _transcript(chunk: Chunk, ref: Ref, state: records.State, about: dict[str, Json]) -> Transcript:
    found = records.Found(path=ref.path)
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            found.damaged.append(number)
        elif record:
            records.understand(record, number, state, found)
    unknown: dict[str, int] = {}
    count(unknown, found.unknown)
    return Transcript(
        session=records.session_of(ref, state, about),
        messages=tuple(found.messages),
        requests=tuple(found.requests),
        dropped=tuple(found.dropped),
        losses=Losses(unknown=unknown, damaged=len(found.damaged), damaged_lines=tuple(found.damaged)),
    )


def _is_transcript(name: str) -> bool:
    return name.endswith(".jsonl") and not name.endswith(".ledger.jsonl")


def _kind(path: str) -> str | None:
    """Tell sessions, archived ones and sub-agents from other files of a project."""
    above = path.replace("\\", "/").split("/")[-4:-1]
    if above[-1:] == ["chats"]:
        return ""
    if above[-2:] == ["chats", "archive"]:
        return "archived"
    return "subagent" if above[-2:-1] == ["subagents"] else None


def _about(path: Path) -> dict[str, Json]:
    return _small(path.with_name(path.name.removesuffix(".jsonl") + ".meta.json"))


def _setting(path: Path) -> str:
    settings = _small(path)
    advanced_ones = table(settings.get("advanced"))
    return text(advanced_ones.get("runtimeOutputDir")).strip() or text(settings.get("runtimeOutputDir")).strip()


def _small(path: Path) -> dict[str, Json]:
    try:
        found = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except OSError:
        return {}
    return table(found)


def _expanded(name: str, home: Path) -> Path:
    return home / name[1:].lstrip("/\\") if name.startswith("~") else Path(name)
