"""Codex when it runs: its command, the rollouts that it keeps open, and the end of a rollout.

Codex writes down neither its pid nor that it asks for approval; the process that holds a rollout open is its session.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from holdfast.model.live import Claim, Tail, Window, is_limit
from holdfast.sources._live import Launch, arguments, option, plain_claim
from holdfast.sources._turns import Fold, moment, question, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from holdfast.model import Json
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

LAUNCH = Launch(
    names=("codex",),
    scripts=("@openai/codex/bin/", "/codex-cli/bin/"),
    never=("mcp-server", "mcp", "login", "logout", "completion", "sandbox", "debug", "apply", "features", "cloud"),
)
_ROLLOUT = re.compile(r"rollout-.*?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.jsonl$")
_SERVER = "app-server"
_FAILED_RUN = re.compile(r'"exit_code":\s*[1-9]|(?:Process exited with code|Exit code:) [1-9]|^Script failed')
FULL = 100


def claims(process: Process, scene: Scene, launch: Launch = LAUNCH) -> tuple[Claim, ...]:
    """Say which sessions the process holds: the rollouts that it writes, else what its command line names."""
    given = arguments(process, launch)
    if given is None:
        return ()
    is_host = _SERVER in given[:2]
    held = tuple(c for path in scene.written(process.pid) if (c := _held(path, process, is_host=is_host)) is not None)
    if held or is_host:
        return held or (Claim(cwd=process.cwd, host=True),)
    if "resume" not in given:
        return (Claim(cwd=process.cwd),)
    rest = [a for a in given[given.index("resume") + 1 :] if not a.startswith("-")]
    ident = option(("resume", *rest), "resume")
    if _is_id(ident):
        return (Claim(native_id=ident, cwd=process.cwd),)
    return (plain_claim(process, given, by_id=(), go_on=("--last",)),)


def _held(path: str, process: Process, *, is_host: bool) -> Claim | None:
    found = _ROLLOUT.search(os.path.basename(path))
    return (
        None
        if found is None
        else Claim(native_id=found[1], path=path, cwd="" if is_host else process.cwd, host=is_host)
    )


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text))


def tail(path: str) -> Tail | None:
    """Say where the last turn of a rollout stands; packed ones are never live."""
    if not path.endswith(".jsonl"):
        return None
    fold = Fold()
    for record in tail_lines(path):
        at = moment(record.get("timestamp"))
        payload = record.get("payload")
        if not isinstance(payload, dict):
            _bare(fold, record)
        elif record.get("type") == "event_msg":
            _event(fold, payload, at)
        elif record.get("type") == "response_item":
            _item(fold, payload, at)
        elif record.get("type") == "compacted" and fold.turn in ("none", "open", "said"):
            fold.works(at)  # after a turn it opens none
    return fold.tail(written=written_at(path))


def _bare(fold: Fold, record: dict[str, Json]) -> None:
    """Understand a rollout from before records had an envelope."""
    if "record_type" not in record and isinstance(record.get("type"), str):
        _item(fold, record, None)


def _event(fold: Fold, event: dict[str, Json], at: int | None) -> None:
    match event.get("type"):
        case "task_started":
            fold.prompt(at)
        case "user_message":
            fold.works(at) if fold.turn == "open" else fold.prompt(at)
        case "task_complete":
            error = text_of(event.get("error"))
            fold.failed(error, at) if error else _complete(fold, at)
        case "turn_aborted":
            fold.interrupted(at)
        case "agent_message":
            _said(fold, at)
        case "error":
            code = event.get("codex_error_info")
            text = text_of(event.get("message"))
            fold.failed(text or str(code), at, limited="limit" in str(code).lower() or is_limit(text))
        case "stream_error":
            fold.retried(text_of(event.get("message")), at)
        case "token_count":
            _count(fold, event, at)
        case _:
            _asked(fold, event, at)


def _asked(fold: Fold, event: dict[str, Json], at: int | None) -> None:
    match event.get("type"):
        case "exec_approval_request" | "apply_patch_approval_request" | "request_permissions":
            fold.ask("permission", _wish(event), at)
        case "elicitation_request" | "request_user_input":
            fold.ask("question", question(event) or text_of(event.get("message")), at)


def _complete(fold: Fold, at: int | None) -> None:
    """End a turn; an error that came just before is why."""
    if fold.turn == "failed":
        fold.at = at or fold.at
    else:
        fold.done(at)


def _said(fold: Fold, at: int | None) -> None:
    """Note words: only `task_complete` ends a turn."""
    held = dict(fold.open)
    fold.said(at)
    fold.open = held


def _item(fold: Fold, item: dict[str, Json], at: int | None) -> None:
    ident = str(item.get("call_id") or item.get("id"))
    kind = item.get("type")
    if kind in ("function_call", "custom_tool_call", "local_shell_call"):
        fold.call(ident, str(item.get("name") or "shell"), at, _given(item.get("arguments")))
    elif kind in ("function_call_output", "custom_tool_call_output"):
        fold.result(ident, at, failed=bool(_FAILED_RUN.search(_words(item.get("output"))[:2000])))
    elif kind == "reasoning":
        fold.works(at)
    elif kind == "message" and item.get("role") == "assistant":
        _said(fold, at)


def _given(arguments_text: Json) -> Json:
    from holdfast.sources._jsonl import loads  # noqa: PLC0415 - only for calls

    return loads(arguments_text.encode("utf-8", "replace")) if isinstance(arguments_text, str) else None


def _words(output: Json) -> str:
    if isinstance(output, dict):
        return str(output)
    return text_of(output)


def _wish(event: dict[str, Json]) -> str:
    command = event.get("command")
    return " ".join(map(str, command)) if isinstance(command, list) else text_of(event.get("reason"))


def _count(fold: Fold, event: dict[str, Json], at: int | None) -> None:
    limits = event.get("rate_limits")
    if not isinstance(limits, dict):
        return
    found = [w for name in ("primary", "secondary") if (w := _window(limits.get(name), name, at)) is not None]
    fold.windows = tuple(found) or fold.windows


def _window(limit: Json, name: str, at: int | None) -> Window | None:
    used = limit.get("used_percent") if isinstance(limit, dict) else None
    if not isinstance(used, int | float):
        return None
    minutes = limit.get("window_minutes")
    resets = moment(limit.get("resets_at"))
    after = limit.get("resets_in_seconds")
    if resets is None and isinstance(after, int | float) and at is not None:
        resets = at + int(after * 1000)
    return Window(
        name=_called(minutes) or name, used=used / FULL, minutes=minutes if isinstance(minutes, int) else None,
        resets=resets, at=at,
    )  # fmt: skip


def _called(minutes: Json) -> str:
    return {300: "5h", 299: "5h", 10080: "week", 10079: "week"}.get(minutes, "") if isinstance(minutes, int) else ""
