"""Parrot: one file of JSON lines for each session, below `~/.parrot/sessions`.

Knows where the files are and how far they were read. What a record means is in `records.py`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from holdfast.model import Losses, Transcript
from holdfast.sources.base import CHUNK, Command, Cursor, RawSpan, Reading, Ref, SourceInfo
from holdfast_source_sample.records import State, understand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Session

HEAD = 512


class Parrot:
    """Reads Parrot's sessions."""

    info = SourceInfo(
        slug="parrot",
        name="Parrot",
        parser=1,  # raise it whenever reading the same bytes gives another result
        env=("PARROT_HOME",),
        verified=False,
        evidence="made up, as an example",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the agent's folder, whether it exists or not."""
        del platform
        moved = env.get("PARROT_HOME", "")
        return (Path(moved) if moved else home / ".parrot",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find the files by listing and stat only: nothing is opened here."""
        for root in roots:
            for path in sorted((root / "sessions").glob("*.jsonl")):
                found = path.stat()
                yield Ref(
                    agent=self.info.slug,
                    path=str(path),
                    size=found.st_size,
                    mtime_ns=found.st_mtime_ns,
                    inode=found.st_ino,
                    root=str(root),
                )

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read what was added since the cursor; from the start where the file is another one, or became shorter."""
        path = Path(ref.path)
        head = _head(path)
        if cursor is None or cursor.parser != self.info.parser or ref.size < cursor.offset or not _same(path, cursor):
            cursor = Cursor(size=0, mtime_ns=0, parser=self.info.parser)
        state = State.of(cursor.state, native=path.stem)
        offset, line = cursor.offset, cursor.line
        with path.open("rb") as stream:
            stream.seek(offset)
            while True:
                lines, torn = _chunk(stream)
                transcript = _transcript(lines, state, ref, line)
                data = b"".join(lines)
                raw = RawSpan(path=ref.path, offset=offset, data=data + torn) if data or torn else None
                offset, line = offset + len(data), line + len(lines)
                done = bool(torn) or not data or offset >= ref.size
                yield Reading(
                    transcript=transcript,
                    raw=raw,
                    cursor=Cursor(
                        size=ref.size,
                        mtime_ns=ref.mtime_ns,
                        inode=ref.inode,
                        offset=offset,
                        line=line,
                        head=head,
                        parser=self.info.parser,
                        sessions=(transcript.session.id,),
                        done=done,
                        state=state.kept(),
                    ),
                )
                if done:
                    return

    def resume_command(self, session: Session) -> Command:
        """Return the agent's own command; the id is joined to its option, so that it cannot become another one."""
        return Command(argv=("parrot", f"--resume={session.native_id}"), cwd=session.cwd)


def _chunk(stream: IO[bytes]) -> tuple[list[bytes], bytes]:
    """Return about CHUNK bytes of whole lines, and a last line that is still being written."""
    lines: list[bytes] = []
    size = 0
    while size < CHUNK:
        line = stream.readline()
        if not line:
            break
        if not line.endswith(b"\n"):
            return lines, line
        lines.append(line)
        size += len(line)
    return lines, b""


def _transcript(lines: Sequence[bytes], state: State, ref: Ref, before: int) -> Transcript:
    """Make a tail of the session of lines; what cannot be used is counted, never fatal."""
    found = [understand(line, state, path=ref.path, place=place) for place, line in enumerate(lines, before + 1)]
    unknown: dict[str, int] = {}
    for record in found:
        if record.unknown:
            unknown[record.unknown] = unknown.get(record.unknown, 0) + 1
    damaged = tuple(place for place, record in enumerate(found, before + 1) if record.damaged)
    return Transcript(
        session=state.session(ref.path),
        messages=tuple(r.message for r in found if r.message is not None),
        requests=tuple(r.request for r in found if r.request is not None),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=damaged),
    )


def _head(path: Path, length: int = HEAD) -> str:
    """Identify a file by its first bytes."""
    with path.open("rb") as stream:
        data = stream.read(min(length, HEAD))
    return f"{len(data)}:{hashlib.blake2b(data, digest_size=8).hexdigest()}"


def _same(path: Path, cursor: Cursor) -> bool:
    """Tell whether the file still begins as it did; it may have been shorter than a whole head then."""
    return _head(path, int(cursor.head.partition(":")[0] or 0)) == cursor.head
