"""Factory Droid when it runs: its command, and the end of a session file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, written_at

if TYPE_CHECKING:
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("droid",),
    scripts=("@factory/cli/", "/.factory/bin/"),
    never=("daemon", "mcp", "plugin", "update", "login"),
)


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names; the file is not kept open."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    return (plain_claim(process, given, by_id=("--resume", "-r", "--session-id", "-s"), go_on=("--resume", "-r")),)


def tail(path: str) -> Tail:
    """Say where the last turn of a session file stands."""
    fold = Fold()
    for record in tail_lines(path):
        message = record.get("message")
        if record.get("type") == "agent_turn_outcome":
            _outcome(fold, str(record.get("reason")), moment(record.get("timestamp")))
        if record.get("type") != "message" or not isinstance(message, dict):
            continue
        at = moment(record.get("timestamp"))
        found = tuple(blocks(message.get("content")))
        calls = [b for b in found if b.get("type") == "tool_use"]
        answers = [b for b in found if b.get("type") == "tool_result"]
        for answer in answers:
            fold.result(str(answer.get("tool_use_id")), at, failed=bool(answer.get("is_error")))
        for call in calls:
            fold.call(str(call.get("id")), str(call.get("name")), at, call.get("input"))
        if message.get("role") == "user" and not answers:
            fold.prompt(at)
        elif message.get("role") == "assistant" and not calls:
            fold.said(at, last=True)
    return fold.tail(written=written_at(path))


def _outcome(fold: Fold, reason: str, at: int | None) -> None:
    match reason:
        case "completed":
            fold.done(at)
        case "error":
            fold.failed(fold.error or reason, at)
        case "cancelled" | "interrupted" | "aborted":
            fold.interrupted(at)
