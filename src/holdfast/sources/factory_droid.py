"""Factory Droid: `sessions/<cwd>/<session>.jsonl`, and the tokens in `<session>.settings.json` beside it.

Knows where the files are. What each record means is in `_droid/records.py`. Format: docs/reference/sources/factory-droid.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, millis, no_option
from holdfast.sources._droid import live, records
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._jsonl import advanced, chunks, loads, resumed, span
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
"""No settings file is larger."""
TAIL = 1 << 16
"""How far back from its end a transcript is searched for its last time."""
_TIME = re.compile(rb'"timestamp":\s*"([^"]{10,40})"')


class FactoryDroid:
    """Reads the sessions of Factory's `droid`, from the terminal, `droid exec` and the desktop app."""

    info = SourceInfo(
        slug=records.SLUG,
        name="Factory Droid",
        parser=PARSER,
        evidence="published descriptions of files of 0.164 to 0.229 by programs that read them; no file of Droid itself",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.factory`; no variable that moves it is known."""
        return (home / ".factory",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find transcripts and their settings by listing alone."""
        for root in roots:
            folder = root if root.name == "sessions" else root / "sessions"
            for entry in walk(folder, wanted=_is_wanted, depth=2):
                kind = "settings" if entry.name.endswith(records.SETTINGS) else ""
                found = ref(records.SLUG, entry, kind=kind, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a transcript's tail, or what the settings say that a session used."""
        path = Path(ref.path)
        if ref.kind == "settings":
            yield _read_settings(path, ref)
            return
        start = resumed(path, ref, cursor, PARSER)
        state = records.state_of(start.state)
        for chunk in chunks(path, offset=start.offset, line=start.line):
            transcript = _transcript(chunk, ref, state)
            yield Reading(
                transcript=transcript,
                raw=span(ref.path, chunk) if chunk.data or chunk.torn else None,
                cursor=replace(
                    advanced(start, ref, chunk), sessions=(transcript.session.id,), state=records.kept(state)
                ),
            )

    def resume_command(self, session: Session) -> Command:
        """Return `droid --resume ID` in the session's directory."""
        no_option(session.native_id, self.info.name)
        return Command(argv=("droid", "--resume", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _transcript(chunk: Chunk, ref: Ref, state: records.State) -> Transcript:
    found = records.Found()
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            found.damaged.append(number)
        elif record:
            records.understand(record, number, state, found)
    unknown: dict[str, int] = {}
    count(unknown, found.unknown)
    return Transcript(
        session=records.session_of(ref, state, {}),
        messages=tuple(found.messages),
        losses=Losses(unknown=unknown, damaged=len(found.damaged), damaged_lines=tuple(found.damaged)),
    )


def _read_settings(path: Path, ref: Ref) -> Reading:
    """Read what a session used so far; the file is rewritten with each answer."""
    data = path.read_bytes() if ref.size <= MOST else b""
    found = loads(data) if data.strip() else {}
    settings = found if isinstance(found, dict) else {}
    at = _last_time(path.with_name(records.native_id(ref) + ".jsonl"))
    request = records.request_of(ref, settings, at=at)
    session = records.session_of(ref, records.State(), settings)
    transcript = Transcript(
        session=session,
        requests=(request,) if request else (),
        losses=Losses() if isinstance(found, dict) else Losses(damaged=1),
    )
    return whole(ref, transcript, data, parser=PARSER)


def _last_time(path: Path) -> int | None:
    """Return when a transcript was last written to, by its own times."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - TAIL))
            times = _TIME.findall(stream.read(TAIL))
    except OSError:
        return None
    return max((t for t in (millis(v.decode("ascii", "replace")) for v in times) if t is not None), default=None)


def _is_wanted(name: str) -> bool:
    return name.endswith((".jsonl", records.SETTINGS))
