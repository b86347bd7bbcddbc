"""GitHub Copilot CLI: `session-state/<id>/events.jsonl`, flat files of old, and what lies beside them.

Knows where the files are and how far they were read. Format: docs/reference/sources/copilot-cli.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._copilot import events, live, records, usage
from holdfast.sources._copilot import sidecars as beside
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 3
FOLDER = "session-state"


class CopilotCli:
    """Reads the events that Copilot's terminal agent appends; sub-agents are sessions of their own."""

    info = SourceInfo(
        slug=records.SLUG,
        name="GitHub Copilot CLI",
        parser=PARSER,
        env=("COPILOT_HOME",),
        verified=True,
        bills_parent=True,
        evidence="8 recordings of 1.0.7x, 2 files of another program's tests",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one for all
        """Return `~/.copilot` or its override."""
        moved = env.get("COPILOT_HOME")
        return (Path(moved) if moved else home / ".copilot",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find event files by listing alone; a folder without events is a resumed session's empty twin."""
        for root in roots:
            folder, home = (root, root.parent) if root.name == FOLDER else (root / FOLDER, root)
            for entry in walk(folder, wanted=_is_events, depth=1):
                if entry.name != "events.jsonl" and Path(entry.path).parent != folder:
                    continue
                found = ref(records.SLUG, entry, root=home)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a session's tail; what sub-agents said comes first, each as its own session."""
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state, ref.path)
        before = replace(start, done=False)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            found = _understood(chunk, ref, state)
            for agent in [a for a in found.messages if a and state.voice(a).spoke]:
                messages = tuple(found.messages.pop(agent))
                inside = replace(records.session_of(ref, state, agent=agent), captured=True)  # by its parent's span
                part = Transcript(session=inside, messages=messages)
                yield Reading(transcript=part, raw=None, cursor=before)
            position = replace(advanced(start, ref, chunk), sessions=_named(ref, state), state=records.kept(state))
            before = replace(position, done=False)
            raw = span(ref.path, chunk) if chunk.data or chunk.torn else None
            yield Reading(transcript=_transcript(ref, state, found), raw=raw, cursor=position)

    def resume_command(self, session: Session) -> Command:
        """Return `copilot --resume=ID` in the session's directory."""
        return Command(argv=("copilot", f"--resume={session.native_id.partition('/')[0]}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _understood(chunk: Chunk, ref: Ref, state: records.State) -> records.Found:
    found = records.Found(path=ref.path, root=ref.root)
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            found.damaged.append(number)
        elif record:
            events.understand(record, number, state, found)
    if not state.native and any(found.messages.values()):
        path = Path(ref.path)
        state.native = path.parent.name if path.name == "events.jsonl" else path.stem
    if chunk.last and state.calls:
        usage.recover(state, found)
    return found


def _transcript(ref: Ref, state: records.State, found: records.Found) -> Transcript:
    title = beside.title_beside(Path(ref.path)) if state.native else ""
    return Transcript(
        session=records.session_of(ref, state, title=title),
        messages=tuple(found.messages.get("", ())),
        requests=tuple(found.requests),
        dropped=tuple(found.dropped),
        losses=Losses(unknown=found.unknown, damaged=len(found.damaged), damaged_lines=tuple(found.damaged)),
    )


def _named(ref: Ref, state: records.State) -> tuple[str, ...]:
    if not state.native:
        return ()
    agents = [a for a in state.voices if a]
    return tuple(records.session_of(ref, state, agent=a).id for a in ("", *agents))


def _is_events(name: str) -> bool:
    return name.endswith(".jsonl")
