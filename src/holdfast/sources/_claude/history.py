"""Claude Code's `history.jsonl`: the prompts of sessions whose transcript is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json, Losses, Message, Session, Text, Transcript, observed_id
from holdfast.sources._content import millis, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import advanced, chunks, loads, resumed
from holdfast.sources.base import Cursor, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources._jsonl import Chunk


def read(ref: Ref, cursor: Cursor | None, parser: int) -> Iterator[Reading]:
    """Yield one partial session for each session id that prompts name."""
    path = Path(ref.path)
    start = resumed(path, ref, cursor, parser)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        position = advanced(start, ref, chunk)
        found, damaged = _by_session(chunk)
        transcripts = [_transcript(name, prompts, ref) for name, prompts in found.items()] or [_nothing(ref)]
        transcripts[-1] = replace(transcripts[-1], losses=Losses(damaged=len(damaged), damaged_lines=tuple(damaged)))
        for transcript in transcripts[:-1]:
            yield Reading(transcript=transcript, raw=None, cursor=replace(start, done=False))
        yield Reading(transcript=transcripts[-1], raw=None, cursor=position)


def _by_session(chunk: Chunk) -> tuple[dict[str, list[tuple[int, dict[str, Json]]]], list[int]]:
    found: dict[str, list[tuple[int, dict[str, Json]]]] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif isinstance(record.get("sessionId"), str) and isinstance(record.get("display"), str):
            found.setdefault(record["sessionId"], []).append((number, record))
    return found, damaged


def _transcript(name: str, prompts: list[tuple[int, dict[str, Json]]], ref: Ref) -> Transcript:
    times = [t for t in (millis(r.get("timestamp")) for _, r in prompts) if t is not None]
    cwd = str(prompts[0][1].get("project") or "")
    return Transcript(
        session=Session(
            id=observed_id("claude-code", name),
            agent="claude-code",
            native_id=name,
            title=title_of(prompts[0][1]["display"]),
            cwd=cwd,
            project=project_of(cwd),
            status="ended",
            started=min(times, default=None),
            active=max(times, default=None),
            source_path=ref.path,
            partial=True,
        ),
        messages=tuple(
            Message(
                id=f"history:{r.get('timestamp')}:{n}",
                role="user",
                parts=(Text(r["display"]),),
                at=millis(r.get("timestamp")),
                line=n,
            )
            for n, r in prompts
        ),
    )


def _nothing(ref: Ref) -> Transcript:
    return Transcript(
        session=Session(id=observed_id("claude-code", ""), agent="claude-code", native_id="", source_path=ref.path)
    )
