"""Kiro CLI when it runs: its command, its locks, and the end of a session file of the second engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail
from holdfast.sources._jsonl import loads
from holdfast.sources._live import Launch, arguments, option, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, written_at

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.model import Json
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

LAUNCH = Launch(
    names=("kiro-cli", "kiro-cli-chat"),
    never=("login", "whoami", "logout", "doctor", "update", "settings", "mcp", "integrations", "diagnostic", "translate",
           "--list-sessions"),
)  # fmt: skip


def claims(process: Process, scene: Scene) -> tuple[Claim, ...]:
    """Say which session the process holds: by a lock that names its pid, else by what its command line names."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    for root in scene.roots:
        for lock in (root / "sessions" / "cli").glob("*.lock"):
            if _owner(lock) == process.pid and (written_at(str(lock)) or 0) >= process.started - 2000:
                return (Claim(native_id=lock.stem, path=str(lock.with_suffix(".jsonl")), cwd=process.cwd),)
    ident = option(given, "--resume-id")
    if ident:
        return (Claim(native_id=ident, cwd=process.cwd),)
    return (plain_claim(process, given, by_id=(), go_on=("--resume", "-r")),)


def _owner(lock: Path) -> int | None:
    try:
        text = lock.read_bytes()[:4096].strip()
    except OSError:
        return None
    found = loads(text)
    if isinstance(found, dict):
        found = found.get("pid")
    return found if isinstance(found, int) else None


def tail(path: str) -> Tail | None:
    """Say where the last turn of a session file stands; only prompts carry a time."""
    if not path.endswith(".jsonl") or "/cli/" not in path.replace("\\", "/"):
        return None
    fold = Fold()
    written = written_at(path)
    last = ""
    for record in tail_lines(path):
        data = record.get("data")
        if isinstance(data, dict):
            last = str(record.get("kind"))
            _apply(fold, last, data)
    if last not in ("", "Prompt"):
        fold.at = written or fold.at
    return fold.tail(written=written)


def _apply(fold: Fold, kind: str, data: dict[str, Json]) -> None:
    found = [(str(b.get("kind")), b["data"]) for b in blocks(data.get("content")) if isinstance(b.get("data"), dict)]
    if kind == "Prompt":
        meta = data.get("meta")
        fold.prompt(moment(meta.get("timestamp")) if isinstance(meta, dict) else None)
    elif kind == "AssistantMessage":
        fold.works(None)
        called = [call for name, call in found if name == "toolUse"]
        for call in called:
            fold.call(str(call.get("toolUseId")), str(call.get("name")), None, call.get("input"))
        if not called:
            fold.said(None, last=True)
    elif kind == "ToolResults":
        for _, answer in found:
            fold.result(str(answer.get("toolUseId")), None, failed=answer.get("status") == "error")
