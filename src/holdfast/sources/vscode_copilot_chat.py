"""Copilot Chat in VS Code and its relatives: `chatSessions/<id>.json`, and logs of changes `<id>.jsonl`.

Knows where the files are and how they are read. Format: docs/reference/sources/vscode-copilot-chat.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec.structs import replace

from holdfast.model import Context, Json, Losses, Session, Transcript, dedupe, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import entries, inside, millis, text, title_of
from holdfast.sources._files import project_of, ref, settings_home, walk
from holdfast.sources._jsonl import LINE_LIMIT, advanced, chunks, head_of, loads, resumed
from holdfast.sources._vscode import live, turns
from holdfast.sources._vscode.replay import Replay
from holdfast.sources._vscode.turns import SLUG, Draft
from holdfast.sources.base import Cursor, RawSpan, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

PARSER = 1
MOST = 256 << 20
"""A longer log is kept by nobody: it is counted as damaged."""
EDITORS = ("Code", "Code - Insiders", "Code - Exploration", "VSCodium", "Positron")
SERVERS = (".vscode-server", ".vscode-server-insiders", ".vscode-remote", ".vscodium-server")
_GLOBAL = ("emptyWindowChatSessions", "transferredChatSessions")


class VsCodeCopilotChat:
    """Reads chats of the editor, one file each."""

    info = SourceInfo(
        slug=SLUG,
        name="VS Code Copilot Chat",
        parser=PARSER,
        env=("VSCODE_PORTABLE", "XDG_CONFIG_HOME"),
        verified=True,
        records_usage=False,
        evidence="6 real chats exported in October 2025; logs of changes only as other programs' tests have them, up to 1.132",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return the `User` folders of all editors, those of remote servers, and a portable one."""
        base = settings_home(env, home, platform)
        portable = env.get("VSCODE_PORTABLE", "").strip()
        moved = (Path(portable) / "user-data" / "User",) if portable else ()
        return (
            *moved,
            *(base / name / "User" for name in EDITORS),
            *(home / name / "data" / "User" for name in SERVERS),
        )

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find chats by listing alone; a whole file whose chat goes on in a log beside it is left out."""
        for root in roots:
            for folder in _folders(root):
                listed = list(walk(folder, wanted=_is_chat, depth=0))
                logs = {e.path for e in listed if e.path.endswith("l")}
                found = (ref(SLUG, e, root=root) for e in listed if e.path + "l" not in logs)
                yield from (f for f in found if f is not None)

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read a chat whole: a log gives its sense only from its beginning."""
        if ref.path.endswith("l"):
            yield _log(ref, cursor)
        else:
            yield _whole(ref)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:  # noqa: ARG002 - its command line says all
        """Say which session a process of this agent holds."""
        return live.claims(process)

    def tail(self, path: str) -> Tail | None:  # noqa: ARG002 - its store is read by a sync
        """Leave it to the archive."""
        return None


def _whole(found: Ref) -> Reading:
    path = Path(found.path)
    data = path.read_bytes() if found.size <= LINE_LIMIT else b""
    chat = loads(data) if data.strip() else {}
    replay = Replay(chat=chat if isinstance(chat, dict) else {})
    damaged = (1,) if not isinstance(chat, dict) or found.size > LINE_LIMIT else ()
    transcript = _transcript(found, replay, damaged)
    cursor = Cursor(
        size=found.size, mtime_ns=found.mtime_ns, inode=found.inode, head=head_of(path), parser=PARSER,
        sessions=_known(transcript),
    )  # fmt: skip
    raw = RawSpan(path=found.path, offset=0, data=data, whole=True) if data else None
    return Reading(transcript=transcript, raw=raw, cursor=cursor)


def _log(found: Ref, cursor: Cursor | None) -> Reading:
    """Replay a log from its beginning; only its new bytes are kept again."""
    path = Path(found.path)
    if cursor is not None and cursor.covers(found, PARSER):
        return Reading(transcript=_transcript(found, Replay(), ()), raw=None, cursor=cursor)
    start = resumed(path, found, cursor, PARSER)
    replay, damaged, kept = Replay(), list[int](), bytearray()
    position = start
    for chunk in chunks(path):
        position = advanced(start, found, chunk)
        held = chunk.data + chunk.torn
        kept += held[max(0, start.offset - chunk.offset) :]
        if chunk.offset > MOST:
            damaged.append(chunk.line)
            continue
        for number, line in enumerate(chunk.lines(), chunk.line):
            record = loads(line) if line.strip() else {}
            if not isinstance(record, dict):
                damaged.append(number)
            elif record:
                replay.apply(record)
    transcript = _transcript(found, replay, tuple(damaged))
    raw = RawSpan(path=found.path, offset=start.offset, data=bytes(kept)) if kept else None
    return Reading(transcript=transcript, raw=raw, cursor=replace(position, sessions=_known(transcript)))


def _known(transcript: Transcript) -> tuple[str, ...]:
    return (transcript.session.id,) if transcript.session.native_id else ()


def _transcript(found: Ref, replay: Replay, damaged: tuple[int, ...]) -> Transcript:
    chat = replay.chat
    draft = Draft(native=text(chat.get("sessionId")) or Path(found.path).stem, path=found.path, unknown=replay.unknown)
    listed = entries(chat.get("requests"))
    for line, turn in enumerate(listed, 1):
        turns.add(draft, turn, line=line)
    for line, turn in replay.left.values():
        turns.add(draft, turn, line=line, live=False)
    losses = Losses(unknown=draft.unknown, damaged=len(damaged), damaged_lines=damaged)
    if not draft.messages and not draft.requests:
        return Transcript(session=Session(id=observed_id(SLUG, ""), agent=SLUG, native_id=""), losses=losses)
    return Transcript(
        session=_session(found, chat, draft),
        messages=tuple({m.id: m for m in draft.messages}.values()),
        requests=tuple(dedupe(draft.requests).values()),
        dropped=tuple(m.id for m in draft.messages if not m.live),
        losses=losses,
        replaces=True,
    )


def _session(found: Ref, chat: dict[str, Json], draft: Draft) -> Session:
    prompts = (title_of(m.text) for m in draft.messages if m.is_prompt)
    times = [m.at for m in draft.messages if m.at is not None]
    active = [t for t in (millis(chat.get("lastMessageDate")), max(times, default=None)) if t is not None]
    cwd = _folder(Path(found.path)) or _path(chat.get("workingDirectory")) or draft.folder
    return Session(
        id=observed_id(SLUG, draft.native),
        agent=SLUG,
        native_id=draft.native,
        title=title_of(text(chat.get("customTitle"))) or next((p for p in prompts if p), ""),
        cwd=cwd,
        project=project_of(cwd),
        branch=text(inside(chat, "repoData").get("localBranch")),
        models=ordered(draft.models),
        status="ended",
        started=millis(chat.get("creationDate")) or min(times, default=None),
        active=max(active, default=None),
        source_path=found.path,
        context=Context(used=draft.used),
        extra=_extra(found, chat),
    )


def _extra(found: Ref, chat: dict[str, Json]) -> dict[str, Json]:
    editor = Path(found.root).parent.name if Path(found.root).name == "User" else ""
    facts = {
        "editor": editor,
        "responder": text(chat.get("responderUsername")),
        "imported": chat.get("isImported") is True,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _folder(path: Path) -> str:
    """Return the folder of the workspace that a chat lies under; of a saved workspace, the one its file is in."""
    beside = path.parent.with_name("workspace.json")
    try:
        facts = loads(beside.read_bytes()) if beside.stat().st_size < 1 << 20 else None
    except OSError:
        return ""
    if not isinstance(facts, dict):
        return ""
    saved = _path(facts.get("configuration")) or _path(facts.get("workspace"))
    return _path(facts.get("folder")) or saved.replace("\\", "/").rpartition("/")[0]


def _path(uri: Json) -> str:
    """Return the path of a `file://` address; of a remote one, its path there."""
    if not isinstance(uri, str) or "://" not in uri:
        return ""
    scheme, _, rest = uri.partition("://")
    path = unquote(rest if scheme == "file" else "/" + rest.partition("/")[2], errors="replace")
    return path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path


def _folders(root: Path) -> Iterator[Path]:
    try:
        workspaces = sorted(p for p in (root / "workspaceStorage").iterdir() if p.is_dir())
    except OSError:
        workspaces = []
    yield from (w / "chatSessions" for w in workspaces)
    yield from (root / "globalStorage" / name for name in _GLOBAL)


def _is_chat(name: str) -> bool:
    return name.endswith((".json", ".jsonl"))
