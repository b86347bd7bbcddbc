"""Amp: a JSON document for each thread that was kept on the machine (newer threads are kept on Amp's servers).

Knows where the documents are. What they say is in `_amp/thread.py`. Format: docs/reference/sources/amp.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.model import Losses, Session, Transcript, observed_id
from holdfast.sources._amp import live
from holdfast.sources._amp.thread import AGENT, transcript_of
from holdfast.sources._content import no_option
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._jsonl import LINE_LIMIT, loads
from holdfast.sources.base import Command, Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 2
DEPTH = 1


class Amp:
    """Reads Amp's threads."""

    info = SourceInfo(
        slug=AGENT,
        name="Amp",
        parser=PARSER,
        env=("AMP_DATA_DIR", "XDG_DATA_HOME"),
        evidence="2 threads of other programs' tests, made by hand; no real thread",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the folders that AMP_DATA_DIR lists, else Amp's data folder."""
        moved = [p.strip() for p in env.get("AMP_DATA_DIR", "").split(",") if p.strip()]
        if moved:
            return tuple(home / p[1:].lstrip("/\\") if p.startswith("~") else Path(p) for p in moved)
        data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
        if platform == "win32":
            return (data / AGENT, Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / AGENT)
        return (data / AGENT,)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find threads by listing alone."""
        for root in roots:
            threads = root / "threads"
            folder = threads if threads.is_dir() else root
            for entry in walk(folder, wanted=_is_document if folder is threads else _is_thread, depth=DEPTH):
                found = ref(AGENT, entry, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:  # noqa: ARG002 - a thread is rewritten whole
        """Read a thread whole."""
        path = Path(ref.path)
        data = path.read_bytes() if ref.size <= LINE_LIMIT else b""
        thread = loads(data) if data else None
        if isinstance(thread, dict) and isinstance(thread.get("messages"), list):
            transcript = transcript_of(thread, ref, stem=path.stem)
        else:
            nothing = Session(id=observed_id(AGENT, ""), agent=AGENT, native_id="", source_path=ref.path)
            transcript = Transcript(session=nothing, losses=Losses(damaged=1 if data.strip() or ref.size else 0))
        yield whole(ref, transcript, data, parser=PARSER)

    def resume_command(self, session: Session) -> Command:
        """Return `amp threads continue ID` in the session's directory."""
        no_option(session.native_id, self.info.name)
        return Command(argv=("amp", "threads", "continue", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _is_document(name: str) -> bool:
    return name.endswith(".json")


def _is_thread(name: str) -> bool:
    return name.startswith("T-") and name.endswith(".json")
