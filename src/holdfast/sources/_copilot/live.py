"""Copilot CLI when it runs: its command, its lock `inuse.<pid>.lock`, and the end of an event log.

A lock survives a kill and a restart of the machine: it is believed only for a live process that is Copilot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, moment, question, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.model import Json
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

_OF_AWS = ("app", "deploy", "docs", "env", "init", "job", "pipeline", "secret", "storage", "svc")
"""Commands of another program of this name, which deploys containers."""
LAUNCH = Launch(
    names=("copilot",),
    scripts=("@github/copilot/index.js", "@github/copilot/npm-loader.js", "@github/copilot/app.js"),
    never=("help", "login", "logout", "update", "version", "mcp", "plugin", "completion", *_OF_AWS),
)
SLACK_NS = 2_000_000_000
TOO_MANY = 429


def claims(process: Process, scene: Scene) -> tuple[Claim, ...]:
    """Say which sessions the process holds: by its locks, else by what its command line names."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    held = [folder for root in scene.roots for folder in _locked(root, process)]
    if held:
        return tuple(
            Claim(native_id=f.name, path=str(f / "events.jsonl"), cwd=process.cwd, host=len(held) > 1) for f in held
        )
    return (plain_claim(process, given, by_id=("--resume",), go_on=("--continue",)),)


def _locked(root: Path, process: Process) -> list[Path]:
    """Return the folders of sessions that this process has locked: an older lock with its pid is another's."""
    found = []
    for lock in (root / "session-state").glob(f"*/inuse.{process.pid}.lock"):
        try:
            is_its = lock.stat().st_mtime_ns >= process.started * 1_000_000 - SLACK_NS
        except OSError:
            continue
        if is_its and (lock.parent / "events.jsonl").exists():  # going on with a session leaves an empty folder too
            found.append(lock.parent)
    return found


def tail(path: str) -> Tail | None:
    """Say where the last turn of an event log stands."""
    if not path.endswith(".jsonl"):
        return None
    fold = Fold()
    asked: list[str] = []
    for event in tail_lines(path):
        data = event.get("data")
        at = moment(event.get("timestamp"))
        kind = str(event.get("type"))
        is_below = bool(event.get("agentId"))
        if isinstance(data, dict) and (not is_below or kind.startswith("permission.")):
            _apply(fold, kind, data, at)
        if is_below:
            continue
        if kind == "assistant.message" and isinstance(data, dict):
            asked = [str(r.get("toolCallId")) for r in data.get("toolRequests") or () if isinstance(r, dict)]
        elif kind in ("session.task_complete", "session.idle"):
            asked = []
        elif kind == "assistant.turn_end" and asked and fold.turn == "done":
            fold.works(at)  # the tools that it asked for have answered: the next request follows
            asked = []
    return fold.tail(written=written_at(path))


def _apply(fold: Fold, kind: str, data: dict[str, Json], at: int | None) -> None:
    match kind:
        case "user.message":
            fold.prompt(at)
        case "assistant.turn_start" | "assistant.reasoning" | "session.compaction_start" | "permission.completed":
            fold.works(at)
        case "assistant.message":
            fold.said(at)
        case "tool.execution_start" | "tool.user_requested":
            fold.call(str(data.get("toolCallId")), str(data.get("toolName")), at, data.get("arguments"))
        case "tool.execution_complete":
            fold.result(str(data.get("toolCallId")), at, failed=data.get("success") is False)
        case "permission.requested":
            fold.ask("permission", _wish(data), at)
        case "user_input.requested" | "elicitation.requested":
            fold.ask("question", question(data) or text_of(data), at)
        case _:
            _end(fold, kind, data, at)


def _end(fold: Fold, kind: str, data: dict[str, Json], at: int | None) -> None:
    match kind:
        case "assistant.turn_end" | "session.task_complete" | "session.idle":
            if fold.turn != "failed":
                fold.done(at)
        case "session.error":
            limited = "limit" in str(data.get("errorType")) or data.get("statusCode") == TOO_MANY
            fold.failed(text_of(data.get("message")), at, limited=limited or None)
        case "abort" | "session.abort":
            fold.interrupted(at)
        case "session.shutdown":
            fold.closed(at)
        case "session.resume":
            fold.is_closed = False


def _wish(data: dict[str, Json]) -> str:
    wish = data.get("permissionRequest")
    wish = wish if isinstance(wish, dict) else data
    for name in ("fullCommandText", "command", "intention", "path", "url", "toolName", "kind"):
        if isinstance(wish.get(name), str) and wish[name]:
            return str(wish[name])
    return ""
