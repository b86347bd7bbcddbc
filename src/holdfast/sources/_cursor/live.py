"""Cursor when it runs: its command line (`agent`, formerly `cursor-agent`), the editor, and the end of a transcript.

`agent` is many programs' name: it is Cursor's where its path or its folder's sessions say so. The editor is no agent; it
is named so that chats of its store can be joined to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, named, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

LAUNCH = Launch(
    names=("cursor-agent", "agent"),
    scripts=("/cursor-agent/versions/", "/cursor-agent/dist/"),
    never=("login", "logout", "mcp", "update", "upgrade", "status", "ls", "install-shell-integration", "worker"),
)
_SPECIAL = re.compile(r"[^A-Za-z0-9]+")
_EACH = re.compile(r"[^A-Za-z0-9]")
EDITORS = frozenset({"cursor", "Cursor"})


def claims(process: Process, scene: Scene) -> tuple[Claim, ...]:
    """Say which session the command line names, or that this is the editor."""
    if process.argv and named(process.argv[0]) in EDITORS:
        return _editor(process)
    given = arguments(process, LAUNCH)
    if given is None or not _is_cursors(process, scene):
        return ()
    claim = plain_claim(process, given, by_id=("--resume",), go_on=("--continue", "resume"))
    return (replace(claim, folders=_folders(process.cwd, scene)),)


def _folders(cwd: str, scene: Scene) -> tuple[str, ...]:
    """Return where the transcripts of a folder lie: they do not name it."""
    names = dict.fromkeys((_SPECIAL.sub("-", cwd).strip("-"), _EACH.sub("-", cwd.strip("/"))))
    found = (root / "projects" / name / "agent-transcripts" for root in scene.roots for name in names if name)
    return tuple(str(folder) for folder in found if folder.is_dir())


def _editor(process: Process) -> tuple[Claim, ...]:
    if process.argv[1:2] == ("agent",):
        return (plain_claim(process, process.argv[2:], by_id=("--resume",), go_on=("--continue", "resume")),)
    if any(a.startswith("--type=") for a in process.argv) or not _is_main(process):
        return ()
    return (Claim(editor=True),)


def _is_main(process: Process) -> bool:
    """Tell the editor itself from scripts and servers that it starts."""
    return not any(a.endswith((".js", ".mjs", "serve-web", "tunnel")) for a in process.argv[1:3])


def _is_cursors(process: Process, scene: Scene) -> bool:
    """Tell Cursor's `agent` from all other programs of that name."""
    if any("cursor" in word.lower() for word in (*process.argv[:2], process.executable)):
        return True
    return bool(_folders(process.cwd, scene))


def tail(path: str) -> Tail | None:
    """Say where the last turn of a transcript stands; most have no times but the file's own."""
    if not path.endswith(".jsonl"):
        return None
    fold = Fold()
    for record in tail_lines(path):
        _record(fold, record, moment(record.get("timestamp")))
    return fold.tail(written=written_at(path))


def _record(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    kind = record.get("type") or record.get("event")
    if kind == "turn_ended":
        status = str(record.get("status") or "")
        if status in ("error", "failed"):
            fold.failed(text_of(record.get("error")) or status, at)
        elif status in ("cancelled", "aborted", "interrupted"):
            fold.interrupted(at)
        elif fold.turn != "failed":
            fold.done(at)
    elif kind == "error":
        fold.failed(text_of(record), at)
    else:
        _said(fold, record, at)


def _said(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    message = record.get("message")
    found = blocks(message.get("content")) if isinstance(message, dict) else ()
    is_user = record.get("role") == "user"
    for block in found:
        kind = block.get("type")
        if kind == "tool_use":
            fold.call(str(block.get("id")), str(block.get("name")), at, block.get("input"))
        elif kind == "tool_result":
            fold.result(str(block.get("tool_use_id")), at, failed=bool(block.get("is_error")))
        elif is_user:
            fold.prompt(at)
        elif kind == "text":
            fold.open.clear()  # answers of tools are not always written down
            fold.said(at)
