"""iFlow: `projects/<cwd>/session-<id>.jsonl`, Claude Code's records with Gemini's tool results inside.

Knows where the files are and what iFlow does otherwise than Claude Code, whose records are understood in `_claude`.
Format: docs/reference/sources/iflow.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import Json, Losses, ToolCall, ToolResult, Transcript
from holdfast.sources._claude import live, records
from holdfast.sources._claude.shapes import Record
from holdfast.sources._content import count, flat_text
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, resumed, span, typed
from holdfast.sources._live import Launch
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Message, Part, Request, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
CALLS_KEPT = 256
"""How many calls are remembered, so that none is shown twice."""


LAUNCH = Launch(names=("iflow",), scripts=("@iflow-ai/iflow-cli/",), never=("mcp",))


class IFlowRecord(Record, rename={"outcome": "toolUseResult"}):
    """One line, with how a tool fared."""

    outcome: Json = None


class State(Struct):
    """What must be remembered between two readings of one file."""

    session: records.State = field(default_factory=records.State)
    answering: bool = False
    calls: dict[str, None] = field(default_factory=dict)


_decoder = msgspec.json.Decoder(IFlowRecord)


class IFlow:
    """Reads the sessions of iFlow CLI."""

    info = SourceInfo(
        slug="iflow",
        name="iFlow",
        parser=PARSER,
        verified=True,
        evidence="1 sanitized recording of January 2026, a description of 2 further sessions",
        records_usage=False,
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.iflow`; no variable that moves it is known."""
        return (home / ".iflow",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find sessions by listing alone."""
        for root in roots:
            folder = root if root.name == "projects" else root / "projects"
            for entry in walk(folder, wanted=_is_session, depth=2):
                found = ref("iflow", entry, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a session's tail."""
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        state = msgspec.convert(start.state, State) if start.state else State()
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(advanced(start, ref, chunk), sessions=(transcript.session.id,), state=_kept(state)),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `iflow --resume=ID` in the session's directory."""
        return Command(argv=("iflow", f"--resume={session.native_id}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene, LAUNCH)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _transcript(chunk: Chunk, ref: Ref, state: State) -> Transcript:
    messages: list[Message] = []
    requests: list[Request] = []
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = typed(_decoder, line) if line.strip() else None
        if record is None:
            if line.strip():
                damaged.append(number)
            continue
        used = state.session.used
        message, request, odd = records.understand(record, state.session, path=ref.path, line=number)
        count(unknown, odd)
        if message is not None:
            messages.extend(_message(message, record, state))
        if request is not None and request.usage.total:
            requests.append(replace(request, key=f"iflow:{request.key.partition(':')[2]}"))
        elif request is not None:
            state.session.used = used  # most answers are written with counts of zero
    return Transcript(
        session=records.session_of(ref, state.session),
        messages=tuple(messages),
        requests=tuple(requests),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged)),
    )


def _message(found: Message, record: IFlowRecord, state: State) -> Iterator[Message]:
    """Yield the message without what an earlier record of the same answer said already.

    Parents are left out: they join the pieces of a streamed answer, not the turns of a conversation.
    """
    if found.role != "assistant":
        state.answering = False
        yield replace(found, parts=_results(found.parts, record), parent="")
        return
    parts = tuple(p for p in found.parts if not (isinstance(p, ToolCall) and p.id in state.calls))
    state.calls.update({p.id: None for p in parts if isinstance(p, ToolCall) and p.id})
    if parts or not found.parts:
        yield replace(found, parts=parts, parent="", continues=state.answering)
        state.answering = True


def _results(parts: tuple[Part, ...], record: IFlowRecord) -> tuple[Part, ...]:
    """Fill in what tools gave back, which lies deeper than in Claude Code's records."""
    content = record.message.content if record.message else None
    blocks = content if isinstance(content, list) and len(content) == len(parts) else [None] * len(parts)
    outcome = record.outcome if isinstance(record.outcome, dict) else {}
    failed = outcome.get("status") in ("error", "cancelled")
    return tuple(
        _result(p, b, failed=failed) if isinstance(p, ToolResult) else p for p, b in zip(parts, blocks, strict=True)
    )


def _result(part: ToolResult, block: Json, *, failed: bool) -> ToolResult:
    content = block.get("content") if isinstance(block, dict) else None
    response = _response(content.get("responseParts") or content) if isinstance(content, dict) else {}
    said = flat_text(response.get("output")) or flat_text(response.get("error"))
    shown = content.get("resultDisplay") if isinstance(content, dict) else ""
    text = part.text or said or (shown if isinstance(shown, str) else "")
    return replace(part, text=text, error=part.error or failed or bool(response.get("error")))


def _response(found: Json) -> dict[str, Json]:
    """Return the `response` of the first `functionResponse` in a part or a list of parts."""
    for part in found if isinstance(found, list) else [found]:
        answer = part.get("functionResponse") if isinstance(part, dict) else None
        response = answer.get("response") if isinstance(answer, dict) else None
        if isinstance(response, dict):
            return response
    return {}


def _kept(state: State) -> dict[str, Json]:
    calls: dict[str, Json] = dict.fromkeys(list(state.calls)[-CALLS_KEPT:])
    return {"session": records.kept(state.session), "answering": state.answering, "calls": calls}


def _is_session(name: str) -> bool:
    return name.startswith("session-") and name.endswith(".jsonl")
