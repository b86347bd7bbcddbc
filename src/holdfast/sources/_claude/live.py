"""Claude Code when it runs: its command, its registry `sessions/<pid>.json`, and the end of a transcript.

A registry file is believed only for the very process that wrote it: pid and start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model.live import Claim, Evidence, State, Tail, is_limit
from holdfast.sources._jsonl import loads
from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, blocks, moment, tail_lines, text_of, written_at

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.model import Json
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene

LAUNCH = Launch(
    names=("claude",),
    scripts=("@anthropic-ai/claude-code/cli", "/claude/versions/"),
    never=("daemon", "mcp", "--bg-pty-host", "--bg-spare", "--chrome-native-host", "update", "doctor", "install",
           "setup-token", "plugin", "agents", "auth"),
)  # fmt: skip
HELPERS = frozenset({"--bg-pty-host", "--bg-spare", "--chrome-native-host"})
SLACK_MS = 2000
_STATUS: dict[str, State] = {
    "busy": "working", "idle": "idle", "shell": "idle", "waiting": "waiting-permission",
}  # fmt: skip
_INTERRUPTED = "[Request interrupted by user"
_ASIDE = ("<command-name>", "<local-command-", "<command-message>", "<bash-input>", "<bash-stdout>", "<bash-stderr>")


def claims(process: Process, scene: Scene, launch: Launch = LAUNCH) -> tuple[Claim, ...]:
    """Say which session the process holds: by its registry, else by what its command line names."""
    given = arguments(process, launch)
    if given is None or HELPERS.intersection(given):
        return ()
    for root in scene.roots:
        found = _registered(root / "sessions" / f"{process.pid}.json", process, scene)
        if found is not None:
            return (found,)
    others = tuple(i for root in scene.roots for i in _registered_ids(root))
    if "--fork-session" in given:
        return (Claim(cwd=process.cwd, never=others),)
    claim = plain_claim(process, given, by_id=("--resume", "-r", "--session-id"), go_on=("--continue", "-c"))
    return (replace(claim, never=others),)


def _registered_ids(root: Path) -> list[str]:
    """Return the sessions that other processes registered, also such that ended without a good-bye."""
    found = []
    for path in (root / "sessions").glob("*.json"):
        try:
            entry = loads(path.read_bytes())
        except OSError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("sessionId"), str):
            found.append(entry["sessionId"])
    return found


def _registered(path: Path, process: Process, scene: Scene) -> Claim | None:
    try:
        entry = loads(path.read_bytes())
    except OSError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("sessionId"), str) or not entry["sessionId"]:
        return None
    if not _is_its(entry, process, scene):
        return None
    cwd = entry.get("cwd")
    return Claim(
        native_id=entry["sessionId"], cwd=cwd if isinstance(cwd, str) else process.cwd, evidence=_said(entry, process)
    )


def _is_its(entry: dict[str, Json], process: Process, scene: Scene) -> bool:
    """Tell whether this process wrote the entry, and not an earlier one with its pid."""
    if entry.get("pid") not in (None, process.pid):
        return False
    mark, birth = entry.get("procStart"), scene.birth(process.pid)
    if mark is not None and birth and str(mark).isdigit():
        return str(mark) == birth
    times = [t for name in ("startedAt", "updatedAt", "statusUpdatedAt") if (t := moment(entry.get(name))) is not None]
    return bool(times) and max(times) >= process.started - SLACK_MS


def _said(entry: dict[str, Json], process: Process) -> Evidence | None:
    status = entry.get("status")
    state = _STATUS.get(status) if isinstance(status, str) else None
    if state is None:
        return None
    at = moment(entry.get("statusUpdatedAt")) or moment(entry.get("updatedAt")) or process.started
    return Evidence(kind="registry", state=state, at=at, detail=f"sessions/{process.pid}.json: {status}")


def tail(path: str) -> Tail:
    """Say where the last turn of a transcript stands; sub-agents' records are left out."""
    fold = Fold()
    for record in tail_lines(path):
        if not record.get("isSidechain"):
            at = moment(record.get("timestamp"))
            match record.get("type"):
                case "user":
                    _user(fold, record, at)
                case "assistant":
                    _assistant(fold, record, at)
                case "system":
                    _system(fold, record, at)
    return fold.tail(written=written_at(path))


def _user(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if record.get("isMeta") or record.get("isCompactSummary"):
        return
    for block in blocks(content):
        text = block.get("text")
        if block.get("type") == "tool_result":
            fold.result(str(block.get("tool_use_id")), at, failed=bool(block.get("is_error")))
        elif isinstance(text, str) and text.startswith(_INTERRUPTED):
            fold.interrupted(at)
        elif (isinstance(text, str) and not text.lstrip().startswith(_ASIDE)) or block.get("type") in (
            "image",
            "document",
        ):
            fold.prompt(at)


def _assistant(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    message = record.get("message")
    if not isinstance(message, dict):
        return
    found = blocks(message.get("content"))
    if record.get("isApiErrorMessage") or record.get("error"):
        text = " ".join(text_of(b.get("text")) for b in found) or text_of(record.get("error"))
        limited = record.get("error") == "rate_limit" or record.get("apiErrorStatus") == 429 or is_limit(text)
        fold.failed(text, at, limited=limited)
        return
    if message.get("model") == "<synthetic>":
        return
    for block in found:
        if block.get("type") == "tool_use":
            fold.call(str(block.get("id")), str(block.get("name")), at, block.get("input"))
        else:
            fold.works(at) if block.get("type") != "text" else fold.said(at)
    if message.get("stop_reason") in ("end_turn", "stop_sequence", "max_tokens", "refusal"):
        fold.done(at)


def _system(fold: Fold, record: dict[str, Json], at: int | None) -> None:
    match record.get("subtype"):
        case "turn_duration":
            if fold.turn in ("open", "said"):
                fold.done(at)
        case "api_error":
            error = record.get("error")
            text = text_of(error) or (str(error.get("status", "")) if isinstance(error, dict) else "")
            limited = isinstance(error, dict) and error.get("status") == 429
            if _gave_up(record):
                fold.failed(text, at, limited=limited or None)
            else:
                fold.retried(text, at)
                fold.limited = fold.limited or limited


def _gave_up(record: dict[str, Json]) -> bool:
    tried, most = record.get("retryAttempt"), record.get("maxRetries")
    return isinstance(tried, int) and isinstance(most, int) and tried >= most
