"""Qwen Code when it runs: its command (a launcher and a worker, both node), and the end of a chat log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail
from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("qwen",),
    scripts=("@qwen-code/qwen-code/",),
    never=("mcp", "extensions", "--list-sessions", "auth", "hooks"),
)


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names; the log is not kept open."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    return (plain_claim(process, given, by_id=("--resume", "-r", "--session-id"), go_on=("--continue", "-c")),)


def tail(path: str) -> Tail:
    """Say where the last turn of a chat log stands."""
    fold = Fold()
    for record in tail_lines(path):
        at = moment(record.get("timestamp"))
        match record.get("type"):
            case "user":
                if record.get("subtype") != "notification":
                    fold.prompt(at)
            case "assistant":
                _answer(fold, record, at)
            case "tool_result":
                _result(fold, record, at)
            case "system" if record.get("subtype") == "rewind":
                fold.interrupted(at)
    return fold.tail(written=written_at(path))


def _parts(record: dict[str, Json]) -> tuple[dict[str, Json], ...]:
    message = record.get("message")
    if not isinstance(message, dict):
        return ()
    return tuple(blocks(message.get("parts") or message.get("content")))


def _answer(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    error = record.get("error")
    if error:
        fold.failed(text_of(error), at)
        return
    fold.works(at)
    called = has_words = False
    for part in _parts(record):
        has_words = has_words or bool(part.get("text") and not part.get("thought"))
        call = part.get("functionCall") or (part if part.get("type") == "tool_use" else None)
        if isinstance(call, dict):
            called = True
            fold.call(str(call.get("id")), str(call.get("name")), at, call.get("args") or call.get("input"))
    if has_words and not called:
        fold.said(at, last=True)


def _result(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    outcome = record.get("toolCallResult")
    outcome = outcome if isinstance(outcome, dict) else {}
    idents = {str(outcome.get("callId"))}
    for part in _parts(record):
        answer = part.get("functionResponse")
        idents.add(str(answer.get("id") if isinstance(answer, dict) else part.get("tool_use_id")))
    for ident in idents - {"None"}:
        fold.result(ident, at, failed=outcome.get("status") in ("error", "failed"))
    if outcome.get("status") == "cancelled":
        fold.interrupted(at)
