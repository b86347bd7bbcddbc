"""Pi and its relatives Oh My Pi and Prime Agent: one JSONL tree per session below `sessions/`.

Knows where the files are and how a session is named. What each entry means is in `_pi/records.py`.
Format: docs/reference/sources/pi.md.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, no_option
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._pi import live, records
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Message, Request, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
PEEK = 1 << 16
"""How far into a file its header is looked for."""
_STAMPED = re.compile(r"^\d{4}-\d\d-\d\dT[0-9-]+Z?_(.+)$")


class Pi:
    """Reads the sessions of Pi, Oh My Pi (`~/.omp`) and Prime Agent (`~/.prime`), which write the same format."""

    info = SourceInfo(
        slug="pi",
        name="Pi",
        parser=PARSER,
        env=("PI_CODING_AGENT_SESSION_DIR", "PI_CODING_AGENT_DIR"),
        verified=True,
        evidence="7 recordings of May 2026, 3 files of other programs' tests, the session managers' source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return the agent directories, and the sessions directory where a variable or setting moves it."""
        moved = env.get("PI_CODING_AGENT_DIR", "").strip()
        agent = _expanded(moved, home) if moved else home / ".pi" / "agent"
        named = env.get("PI_CODING_AGENT_SESSION_DIR", "").strip() or _setting(agent / "settings.json")
        apart = (_expanded(named, home),) if named else ()
        return (*apart, agent, home / ".omp" / "agent", home / ".prime" / "agent")

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find session files by listing alone."""
        for root in roots:
            folder = next((f for f in (root / "agent" / "sessions", root / "sessions") if f.is_dir()), root)
            wanted = _is_session if folder is not root else _is_stamped
            for entry in walk(folder, wanted=wanted, depth=3):
                found = ref("pi", entry, kind=_kind(entry.path), root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a session's tail."""
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            if not state.native:
                state.native, state.parent = _identity(ref, chunk.data[:PEEK])
                state.program = _program(ref.path)
            transcript = _transcript(chunk, ref, state)
            if not chunk.offset and not chunk.data:
                state.native = ""  # the header is not written yet
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(
                    advanced(start, ref, chunk), sessions=(transcript.session.id,), state=records.kept(state)
                ),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `pi --session ID` (`omp --resume ID` for Oh My Pi) in the session's directory."""
        name = session.native_id.partition("/")[0]
        no_option(name, self.info.name)
        argv = {"omp": ("omp", "--resume"), "prime": ("prime-agent", "--session")}
        program = argv.get(str(session.extra.get("program")), ("pi", "--session"))
        return Command(argv=(*program, name), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _transcript(chunk: Chunk, ref: Ref, state: records.State) -> Transcript:
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
        session=records.session_of(ref, state),
        messages=tuple(messages),
        requests=tuple(requests),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _identity(ref: Ref, head: bytes) -> tuple[str, str]:
    """Return the session's native id and, for a sub-agent, its parent's: from the name, else from the header."""
    path = Path(ref.path)
    stamped = _STAMPED.match(path.stem)
    if ref.kind == "subagent":
        above = _STAMPED.match(path.parent.name)
        parent = above[1] if above else path.parent.name
        return f"{parent}/{path.stem}", parent
    return (stamped[1] if stamped else _header_id(head) or path.stem), ""


def _header_id(head: bytes) -> str:
    for line in head.split(b"\n")[:8]:
        record = loads(line) if b'"session"' in line else None
        if isinstance(record, dict) and record.get("type") == "session" and isinstance(record.get("id"), str):
            return str(record["id"])
    return ""


def _kind(path: str) -> str:
    """Tell Oh My Pi's sub-agents: they lie in a folder named like their parent's file."""
    return "subagent" if _STAMPED.match(Path(path).parent.name) else ""


def _program(path: str) -> str:
    parts = path.replace("\\", "/").split("/")
    return next((name for name in ("omp", "prime") if f".{name}" in parts), "")


def _is_session(name: str) -> bool:
    return name.endswith(".jsonl")


def _is_stamped(name: str) -> bool:
    return name.endswith(".jsonl") and _STAMPED.match(name.removesuffix(".jsonl")) is not None


def _setting(path: Path) -> str:
    try:
        found = loads(path.read_bytes()[: 1 << 20])
    except OSError:
        return ""
    named = found.get("sessionDir") if isinstance(found, dict) else None
    return named.strip() if isinstance(named, str) else ""


def _expanded(name: str, home: Path) -> Path:
    return home / name[1:].lstrip("/\\") if name.startswith("~") else Path(os.path.normpath(name))
