"""Cursor: the editor's databases, the command line's databases, and the transcripts that both write.

Knows where the stores are and which of them to believe where several hold one session. Format: docs/reference/sources/cursor.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Losses, Transcript
from holdfast.sources._content import count, title_of
from holdfast.sources._cursor import chats, ide, live, rows, scripts, workspace
from holdfast.sources._cursor.parts import AGENT, session_of, shadow_of
from holdfast.sources._files import ref, settings_home, walk
from holdfast.sources._jsonl import LINE_LIMIT, advanced, chunks, head_of, loads, resumed, span
from holdfast.sources.base import Command, RawSpan, Reading, Ref, SourceInfo
from holdfast.sources.base import Cursor as Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model import Message, Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources._jsonl import Chunk
    from holdfast.sources.base import Scene

PARSER = 1
DEPTH = 5


class Cursor:
    """Reads Cursor's sessions of editor and command line, each once though two or three stores may hold it."""

    info = SourceInfo(
        slug=AGENT,
        name="Cursor",
        parser=PARSER,
        env=("CURSOR_CONFIG_DIR", "XDG_CONFIG_HOME"),
        records_usage=False,
        evidence="2 transcripts and 1 editor database written for other programs' tests; no real file",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the command line's folders, and the editor's `User` folder."""
        moved = env.get("CURSOR_CONFIG_DIR", "").strip()
        config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
        base = settings_home(env, home, platform)
        command = (Path(moved),) if moved else ()
        return tuple(dict.fromkeys((*command, home / ".cursor", config / "cursor", base / "Cursor" / "User")))

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find transcripts, then the databases that tell the same sessions better."""
        users = [u for root in roots for u in (root, root / "User") if (u / "globalStorage").is_dir()]
        databases = dict.fromkeys(u / "globalStorage" / "state.vscdb" for u in users)
        beside = "".join(f"\n{path}" for path in databases if path.is_file())
        for root in roots:
            for entry in walk(root / "projects", wanted=_is_transcript, depth=DEPTH):
                found = ref(AGENT, entry, kind=f"transcript{beside}", root=root)
                if found is not None and "agent-transcripts" in Path(entry.path).parts:
                    yield found
            for entry in walk(root / "chats", wanted=_is_store, depth=2):
                store = rows.database(Path(entry.path), root, f"chat{beside}")
                if store is not None:
                    yield store
        for user in dict.fromkeys(users):
            for path in (user / "globalStorage" / "state.vscdb", *sorted(user.glob("workspaceStorage/*/state.vscdb"))):
                kind = "ide" if path.parent.name == "globalStorage" else "workspace"
                database = rows.database(path, user, kind)
                if database is not None:
                    yield database

    def read(self, ref: Ref, cursor: Position | None) -> Iterator[Reading]:
        """Read what changed in a database, or a transcript's tail."""
        kind, *databases = ref.kind.split("\n")
        if kind == "ide":
            yield from ide.read(ref, cursor, PARSER)
        elif kind == "workspace":
            yield from workspace.read(ref, cursor, PARSER)
        elif kind == "chat":
            yield chats.read(ref, cursor, PARSER, shadowed=_told(Path(ref.path).parent.name, databases))
        elif ref.path.endswith(".txt"):
            yield _plain(ref, databases)
        else:
            yield from _lines(ref, cursor, databases)

    def resume_command(self, session: Session) -> Command:
        """Return `cursor-agent --resume=ID` in the session's directory; for the editor's own chats, the editor there."""
        if session.extra.get("store") in ("ide", "chat-panel"):
            return Command(argv=("cursor", session.cwd or "."), cwd=session.cwd)
        return Command(argv=("cursor-agent", f"--resume={session.native_id}"), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)


def _lines(found: Ref, cursor: Position | None, databases: list[str]) -> Iterator[Reading]:
    path = Path(found.path)
    start = resumed(path, found, cursor, PARSER)
    state = scripts.state_of(start.state)
    better = _told_better(found, databases)
    for chunk in chunks(path, offset=start.offset, line=start.line):
        transcript = _transcript(chunk, found, state, better=better)
        position = replace(advanced(start, found, chunk), sessions=(transcript.session.id,))
        yield Reading(
            transcript=transcript,
            raw=span(found.path, chunk) if chunk.data or chunk.torn else None,
            cursor=replace(position, state=scripts.kept(state)),
        )


def _transcript(chunk: Chunk, found: Ref, state: scripts.State, *, better: bool) -> Transcript:
    messages: list[Message] = []
    unknown: dict[str, int] = {}
    damaged: list[int] = []
    for number, line in enumerate(chunk.lines(), chunk.line):
        record = loads(line) if line.strip() else {}
        if not isinstance(record, dict):
            damaged.append(number)
        elif record:
            said, odd = scripts.understand(record, state, number)
            messages += said
            count(unknown, odd)
    losses = Losses(unknown=unknown, damaged=len(damaged), damaged_lines=tuple(damaged))
    return replace(_described(found, state, messages, better=better), losses=losses)


def _described(found: Ref, state: scripts.State, messages: list[Message], *, better: bool) -> Transcript:
    scripts.learn_folder(state, messages, scripts.slug_of(Path(found.path)))
    state.title = state.title or title_of(scripts.first_prompt(messages))
    draft = scripts.draft_of(found, state)
    if better:
        return shadow_of(draft)
    return Transcript(session=session_of(draft), messages=tuple(messages))


def _plain(found: Ref, databases: list[str]) -> Reading:
    """Read a transcript of plain text, which is written whole; the newer form beside it is the same session."""
    path = Path(found.path)
    data = path.read_bytes() if found.size <= LINE_LIMIT else b""
    messages = scripts.plain(data.decode("utf-8", "replace"))
    newer = path.with_suffix(".jsonl").is_file() or (path.with_suffix("") / f"{path.stem}.jsonl").is_file()
    better = newer or _told_better(found, databases)
    transcript = _described(found, scripts.State(), messages, better=better)
    cursor = Position(
        size=found.size, mtime_ns=found.mtime_ns, inode=found.inode, head=head_of(path), parser=PARSER,
        sessions=(transcript.session.id,),
    )  # fmt: skip
    raw = RawSpan(path=found.path, offset=0, data=data, whole=True) if data else None
    return Reading(transcript=replace(transcript, replaces=not better), raw=raw, cursor=cursor)


def _told_better(found: Ref, databases: list[str]) -> bool:
    """Tell whether a database has the session of a transcript: with results, times and tokens, which transcripts lack."""
    native = Path(found.path).stem
    beside = scripts.store_of(Path(found.root), native)
    if beside is not None:
        store = rows.database(beside, Path(found.root), "chat")
        if store is not None and chats.tells(store.path, store.size, store.mtime_ns):
            return True
    return _told(native, databases)


def _told(native: str, databases: list[str]) -> bool:
    return any(native in ide.told_by(Path(path)) for path in databases)


def _is_transcript(name: str) -> bool:
    return name.endswith((".jsonl", ".txt"))


def _is_store(name: str) -> bool:
    return name == chats.NAME
