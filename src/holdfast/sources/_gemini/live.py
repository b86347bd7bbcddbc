"""Gemini CLI when it runs: its command (a launcher and a worker, both node), and the end of an operation log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("gemini",),
    scripts=("@google/gemini-cli/dist/", "@google/gemini-cli/bundle/", "gemini-cli/bundle/gemini"),
    never=(
        "mcp",
        "extensions",
        "extension",
        "--list-sessions",
        "--delete-session",
        "--list-extensions",
        "skills",
        "hooks",
    ),
)
_WAITS = frozenset({"awaiting_approval", "confirming"})
_RUNS = frozenset({"validating", "scheduled", "executing", "pending", "running"})


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names; the log is not kept open."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    return (plain_claim(process, given, by_id=("--resume", "-r"), go_on=("--resume", "-r")),)


def tail(path: str) -> Tail | None:
    """Say where the last turn of a log stands; older whole files are never live."""
    if not path.endswith(".jsonl"):
        return None
    fold = Fold()
    for record in tail_lines(path):
        changed = record.get("$set")
        if isinstance(changed, dict) and isinstance(changed.get("messages"), list):
            for message in changed["messages"][-20:]:
                if isinstance(message, dict):
                    _message(fold, message)
        elif "$rewindTo" in record:
            fold.interrupted(fold.at)
        else:
            _message(fold, record)
    return fold.tail(written=written_at(path))


def _message(fold: Fold, record: dict[str, Json]) -> None:
    at = moment(record.get("timestamp"))
    text = _words(record.get("content"))
    match record.get("type"):
        case "user":
            _user(fold, record, at)
        case "gemini":
            _answer(fold, record, at)
        case "info" if "cancelled" in text.lower():
            fold.interrupted(at)
        case "info" if "request failed" in text.lower() and fold.turn != "failed":
            fold.failed(text, at)
        case "error":
            fold.failed(text, at)


def _user(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    answered = [
        b["functionResponse"] for b in blocks(record.get("content")) if isinstance(b.get("functionResponse"), dict)
    ]
    for answer in answered:
        fold.result(str(answer.get("id")), at)
    if not answered:
        fold.prompt(at)


def _answer(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    calls = [c for c in record.get("toolCalls") or () if isinstance(c, dict)]
    if not calls and _words(record.get("content")).strip():
        fold.said(at, last=True)
        return
    fold.works(at)
    for call in calls:
        ident, name, status = str(call.get("id")), str(call.get("name")), call.get("status")
        if status in _WAITS:
            fold.call(ident, name, at, call.get("args"))
            fold.ask("permission", name, at)
        elif status in _RUNS:
            fold.call(ident, name, at, call.get("args"))
        else:
            fold.result(ident, at, failed=status == "error")


def _words(content: Json) -> str:
    return content if isinstance(content, str) else " ".join(text_of(b) for b in blocks(content))
