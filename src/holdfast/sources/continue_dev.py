"""Continue: one file a session in `~/.continue/sessions`, of its editor extensions and its command line.

Knows where they are, and what the index of sessions adds. What they say is in `_continue`.
Format: docs/reference/sources/continue.md.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Context, Json, Losses, Session, Transcript, dedupe, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import millis, text, title_of
from holdfast.sources._continue.records import AGENT, Book, book_of, folder_of
from holdfast.sources._files import project_of, ref, walk
from holdfast.sources._jsonl import LINE_LIMIT, loads
from holdfast.sources.base import Command, Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PARSER = 2
INDEX = "sessions.json"
_UNTITLED = frozenset({"New Session", "Untitled Session"})


class Continue:
    """Reads Continue's sessions."""

    info = SourceInfo(
        slug=AGENT,
        name="Continue",
        parser=PARSER,
        env=("CONTINUE_GLOBAL_DIR",),
        verified=True,
        evidence="49 published sessions of February 2025 to February 2026, the program's own source",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return `~/.continue` or its override."""
        moved = env.get("CONTINUE_GLOBAL_DIR", "").strip()
        return (Path(moved) if moved else home / ".continue",)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find sessions by listing alone."""
        for root in roots:
            for entry in walk(root / "sessions", wanted=_is_session, depth=0):
                found = ref(AGENT, entry, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:  # noqa: ARG002 - the file is rewritten at every change
        """Read a session whole."""
        data = Path(ref.path).read_bytes() if ref.size <= LINE_LIMIT else b""
        document = loads(data) if data else None
        usable = isinstance(document, dict) and isinstance(document.get("history"), list)
        transcript = _transcript(ref, document if isinstance(document, dict) else {}, usable=usable)
        if not usable and (data.strip() or ref.size > LINE_LIMIT):
            transcript = replace(transcript, losses=Losses(damaged=1))
        elif not usable:
            transcript = replace(transcript, session=replace(transcript.session, native_id=""))
        known = (transcript.session.id,) if transcript.session.native_id else ()
        yield Reading(
            transcript=transcript,
            raw=RawSpan(path=ref.path, offset=0, data=data, whole=True) if data else None,
            cursor=Cursor(size=ref.size, mtime_ns=ref.mtime_ns, inode=ref.inode, parser=PARSER, sessions=known),
        )

    def resume_command(self, session: Session) -> Command:
        """Return `cn --fork=ID` in the session's directory: `cn --resume` knows only the latest session."""
        return Command(argv=("cn", f"--fork={session.native_id}"), cwd=session.cwd)


def _transcript(found: Ref, document: dict[str, Json], *, usable: bool) -> Transcript:
    native = Path(found.path).stem
    book = book_of(document, native=native, path=found.path) if usable else Book(native=native, path=found.path)
    return Transcript(
        session=_session(found, document, book),
        messages=tuple(book.messages),
        requests=tuple(dedupe(book.requests).values()),
        losses=Losses(unknown=book.unknown),
        replaces=usable,
    )


def _session(found: Ref, document: dict[str, Json], book: Book) -> Session:
    listed = _listed(Path(found.root) / "sessions" / INDEX).get(book.native, {})
    cwd = folder_of(document.get("workspaceDirectory")) or folder_of(listed.get("workspaceDirectory"))
    times = [m.at for m in book.messages if m.at]
    each = [r for r in book.requests if r.line]
    prompts = (title_of(m.text) for m in book.messages if m.is_prompt)
    own = text(document.get("title"))
    title = title_of(own) if own not in _UNTITLED else ""
    mode = text(document.get("mode"))
    started = min((t for t in (_created(listed), book.began, *times) if t), default=None)
    return Session(
        id=observed_id(AGENT, book.native),
        agent=AGENT,
        native_id=book.native,
        title=title or next((p for p in prompts if p), title_of(own)),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered(m.model for m in book.messages),
        status="ended",
        started=started,
        active=max(times, default=None) or started or millis(found.mtime_ns // 1_000_000),
        source_path=found.path,
        context=Context(used=each[-1].usage.context if each else None),
        extra={"mode": mode} if mode else {},
    )


def _created(listed: dict[str, Json]) -> int | None:
    """Return when a session was first kept: Unix ms as a text."""
    written = text(listed.get("dateCreated"))
    return millis(int(written)) if written.isascii() and written.isdigit() and len(written) < 20 else millis(written)


def _listed(path: Path) -> dict[str, dict[str, Json]]:
    try:
        found = path.stat()
    except OSError:
        return {}
    return _index(str(path), found.st_size, found.st_mtime_ns) if found.st_size <= LINE_LIMIT else {}


@lru_cache(maxsize=4)
def _index(path: str, size: int, mtime_ns: int) -> dict[str, dict[str, Json]]:  # noqa: ARG001 - size and time are the cache's key
    try:
        found = loads(Path(path).read_bytes())
    except OSError:
        return {}
    listed = [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []
    return {f["sessionId"]: f for f in listed if isinstance(f.get("sessionId"), str)}


def _is_session(name: str) -> bool:
    return name.endswith(".json") and name != INDEX
