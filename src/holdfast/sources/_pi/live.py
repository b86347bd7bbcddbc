"""Pi when it runs: its command, and the end of a session file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, option, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("pi",),
    scripts=("/pi-coding-agent/dist/",),
    never=("install", "remove", "update", "list", "config", "--list-models", "--export"),
)


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names: by id, or by its file."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    claim = plain_claim(process, given, by_id=("--session", "--resume", "-r"), go_on=("--continue", "-c"))
    named = option(given, "--session")
    return (replace(claim, native_id="", path=named) if "/" in named else claim,)


def tail(path: str) -> Tail:
    """Say where the last turn of a session file stands."""
    fold = Fold()
    for record in tail_lines(path):
        message = record.get("message")
        if record.get("type") == "message" and isinstance(message, dict):
            _message(fold, message, moment(record.get("timestamp")) or moment(message.get("timestamp")))
        elif record.get("type") == "compaction":
            fold.at = moment(record.get("timestamp")) or fold.at
    return fold.tail(written=written_at(path))


def _message(fold: Fold, message: dict[str, Json], at: int | None) -> None:
    match message.get("role"):
        case "user":
            fold.prompt(at)
        case "assistant":
            _answer(fold, message, at)
        case "toolResult":
            fold.result(str(message.get("toolCallId")), at, failed=bool(message.get("isError")))


def _answer(fold: Fold, message: dict[str, Json], at: int | None) -> None:
    reason = message.get("stopReason")
    if reason == "error":
        fold.failed(text_of(message.get("errorMessage")), at)
        return
    if reason == "aborted":
        fold.interrupted(at)
        return
    fold.works(at)
    called = [b for b in blocks(message.get("content")) if b.get("type") == "toolCall"]
    for call in called:
        fold.call(str(call.get("id")), str(call.get("name")), at, call.get("arguments"))
    if not called:
        fold.said(at, last=reason in ("stop", "length", "endTurn"))
