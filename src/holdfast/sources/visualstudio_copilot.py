"""Copilot in Visual Studio: traces of OpenTelemetry, a file for each run of the program, several conversations in it.

Knows where the files are and how far they were read. Format: docs/reference/sources/visualstudio-copilot.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Session, Transcript, dedupe, observed_id
from holdfast.sources._content import count
from holdfast.sources._files import ref, walk
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
from holdfast.sources._vs import records
from holdfast.sources._vs.records import SLUG, Found, Talk
from holdfast.sources._vs.siblings import Whole, spread
from holdfast.sources._vs.spans import spans_of
from holdfast.sources.base import Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.sources._jsonl import Chunk

PARSER = 1
DEPTH = 6
MARK = "_VSGitHubCopilot_traces"
_PLACE = ("VSGitHubCopilotLogs", "traces")
_NAME = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class VisualStudioCopilot:
    """Reads what Copilot in Visual Studio traces of its conversations."""

    info = SourceInfo(
        slug=SLUG,
        name="Visual Studio Copilot",
        parser=PARSER,
        env=("LOCALAPPDATA", "XDG_CACHE_HOME"),
        verified=True,
        records_usage=False,
        evidence="4 redacted real traces of Visual Studio 18.6, without requests; requests only as described by another program",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return where the traces are; the other systems hold copies of them."""
        if platform == "darwin":
            base = home / "Library" / "Caches"
        elif platform == "win32":
            base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Temp"
        else:
            base = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
        return (base.joinpath(*_PLACE),)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find traces by listing alone, and the conversations of solutions whose folder is a root."""
        for root in roots:
            folder = root if root.name == ".vs" else root / ".vs"
            found = [*walk(root, wanted=_is_trace, depth=1), *walk(folder, wanted=_is_conversation, depth=DEPTH)]
            for entry in found:
                one = ref(SLUG, entry, root=root)
                if one is not None and (MARK in entry.name or _in_solution(Path(entry.path))):
                    yield one

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a trace's tail; each conversation in it is a session, told in order with what other traces have of it."""
        path = Path(ref.path)
        start = resumed(path, ref, cursor, PARSER)
        talks = records.talks_of(start.state)
        before = replace(start, done=False)
        touched = dict.fromkeys(() if start.done else talks)  # in the middle of a file, some were not told yet
        places: dict[str, list[Path]] = {}
        for chunk in chunks(path, offset=start.offset, line=start.line):
            found = _understood(chunk, ref, talks)
            new = [n for n in (*touched, *found.messages) if n not in places]
            places.update({n: list[Path]() for n in new} | spread(path, new, MARK))
            touched.update(dict.fromkeys(found.messages))
            told = [_whole(n, places[n]) for n in touched if places[n]] if chunk.last else []
            transcripts = [*told, *_transcripts(ref, talks, found, [n for n in found.messages if not places[n]])]
            known = tuple(observed_id(SLUG, native) for native in talks)
            position = replace(advanced(start, ref, chunk), sessions=known, state=records.kept(talks))
            for transcript in transcripts[:-1]:  # the bytes of all go with the last one's
                yield Reading(transcript=transcript, raw=None, cursor=before)
            before = replace(position, done=False)
            raw = span(ref.path, chunk) if chunk.data or chunk.torn else None
            yield Reading(transcript=transcripts[-1], raw=raw, cursor=position)


def _whole(native: str, paths: list[Path]) -> Transcript:
    """Return a conversation from all its traces: they are read newest first, but it was not said so."""
    found = Whole(native, paths)
    return Transcript(
        session=records.session_of(native, found.talk, path=found.path, cwd=""),
        messages=tuple({m.id: m for m in found.messages}.values()),
        requests=tuple(dedupe(found.requests).values()),
        replaces=True,
    )


def _understood(chunk: Chunk, found_in: Ref, talks: dict[str, Talk]) -> Found:
    found = Found(path=found_in.path)
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            found.damaged.append(number)
        elif "resourceSpans" in record:
            for one in spans_of(record):
                records.understand(one, talks, found, number)
        elif record:
            count(found.unknown, [f"record:{str(record.get('type', '?'))[:40]}"])
    return found


def _transcripts(found_in: Ref, talks: dict[str, Talk], found: Found, natives: list[str]) -> list[Transcript]:
    """Return what each conversation said; the last one also tells what could not be used."""
    cwd = _folder(Path(found_in.path))
    made = [
        Transcript(
            session=records.session_of(native, talks[native], path=found_in.path, cwd=cwd),
            messages=tuple({m.id: m for m in found.messages[native]}.values()),
            requests=tuple(found.requests.get(native, ())),
        )
        for native in natives
    ]
    if not made:
        made = [Transcript(session=_last(found_in, talks, cwd))]
    return [*made[:-1], replace(made[-1], losses=_losses(found))]


def _losses(found: Found) -> Losses:
    return Losses(unknown=found.unknown, damaged=len(found.damaged), damaged_lines=tuple(found.damaged))


def _last(found_in: Ref, talks: dict[str, Talk], cwd: str) -> Session:
    """Return the conversation to which bytes belong that say nothing."""
    if not talks:
        return Session(id=observed_id(SLUG, ""), agent=SLUG, native_id="", source_path=found_in.path)
    native = next(reversed(talks))
    return records.session_of(native, talks[native], path=found_in.path, cwd=cwd)


def _folder(path: Path) -> str:
    """Return the folder of the solution that a conversation lies under; a trace names none."""
    parts = path.parts
    place = next((n for n, p in enumerate(parts) if p.lower() == ".vs"), 0)
    return str(Path(*parts[:place])) if place and MARK not in path.name else ""


def _in_solution(path: Path) -> bool:
    parents = [p.name.lower() for p in path.parents][:3]
    return len(parents) == 3 and parents[0] == "sessions" and parents[2] == "copilot-chat"


def _is_trace(name: str) -> bool:
    return name.endswith(".jsonl") and MARK in name


def _is_conversation(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
