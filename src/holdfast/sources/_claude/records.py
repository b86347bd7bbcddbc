"""What each record of a Claude Code transcript means: messages, requests, titles, the context in use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import Context, Json, Message, Parent, Request, Session, Summary, Text, Usage, observed_id
from holdfast.model.session import ordered
from holdfast.sources._claude.shapes import Inner, Record, UsageBlock, UsageRecord
from holdfast.sources._content import blocks, millis, number, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

SYNTHETIC = "<synthetic>"
RECENT = 64
"""How many answers and skipped records are remembered over a chunk's border."""
_TITLES = {"custom-title": 5, "agent-name": 4, "ai-title": 3, "summary": 2}
_QUIET = frozenset({
    "permission-mode", "mode", "queue-operation", "file-history-snapshot", "progress", "worktree-state", "relocated",
    "pr-link", "frame-link", "bridge-session", "atis-latch", "started", "result", "cost-state", "continued-in", "last-prompt",
    "tag", "summary", "custom-title", "agent-name", "ai-title", "content-replacement", "agent-color", "agent-setting",
})  # fmt: skip
_QUIET_SYSTEM = frozenset({
    "turn_duration", "stop_hook_summary", "session_start", "compact_boundary", "microcompact_boundary", "file_snapshot",
    "model_refusal_fallback", "bridge_status", "scheduled_task_fire", "memory_saved", "agents_killed", "permission_retry",
})  # fmt: skip
_INJECTED = re.compile(
    r"\s*<(?:local-command-|task-notification|system-reminder|bash-stdout|bash-stderr|user-prompt-submit-hook|teammate-message)"
)
_INTERRUPTED = "[Request interrupted by user"
"""What the program writes in the person's place."""


class State(Struct):
    """What must be remembered between two readings of one file."""

    title: str = ""
    rank: int = 0
    cwd: str = ""
    branch: str = ""
    version: str = ""
    started: int | None = None
    active: int | None = None
    used: int | None = None
    models: list[str] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)
    """The first record of each of the last answers: a record that stands twice is no further record of its answer."""
    skipped: dict[str, str] = field(default_factory=dict)


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    state.answers = dict(list(state.answers.items())[-RECENT:])
    state.skipped = dict(list(state.skipped.items())[-RECENT:])
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def session_of(ref: Ref, state: State) -> Session:
    """Describe the session as it is known so far."""
    native, parent = _identity(ref)
    return Session(
        id=observed_id(ref.agent, native),
        agent=ref.agent,
        native_id=native,
        title=state.title,
        cwd=state.cwd,
        project=project_of(state.cwd),
        branch=state.branch,
        models=tuple(state.models),
        parent=Parent(id=observed_id(ref.agent, parent), kind="subagent") if parent else None,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path,
        context=Context(used=state.used),
        version=state.version,
    )


def understand(
    record: Record, state: State, *, path: str, line: int
) -> tuple[Message | None, Request | None, list[str]]:
    """Return the message and the request in a record, and what in it is not known."""
    at = millis(record.timestamp)
    _learn(record, state, at)
    match record.type:
        case "assistant":
            return _assistant(record, state, at, path=path, line=line)
        case "user":
            return *_user(record, state, at, line), []
        case "system":
            return *_system(record, state, at, line), _odd_system(record)
        case "attachment":
            return _attachment(record, state, at, line), None, []
        case kind:
            return None, None, [] if kind in _QUIET else [f"record:{kind or '?'}"]


def learn_usage(record: UsageRecord, state: State) -> int | None:
    """Remember where and when, for grouping requests; returns when this record was written."""
    state.cwd = state.cwd or record.cwd or ""
    state.branch = state.branch or record.branch or ""
    state.version = record.version or state.version
    at = millis(record.timestamp)
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    return at


def keep_request(record: UsageRecord, found: dict[str, Request], *, path: str) -> None:
    """Keep a record's request once, where it first stood, with its greatest output."""
    inner = record.message
    if record.type != "assistant" or inner is None or inner.usage is None or inner.model == SYNTHETIC:
        return
    key = _key(record)
    held = found.get(key)
    if held is None:
        request = request_of(record, at=millis(record.timestamp), path=path, line=0)
        if request is not None:
            found[request.key] = request
    elif number(inner.usage.output_tokens) > held.usage.output:
        found[key] = replace(held, usage=usage_of(inner.usage))


def request_of(record: UsageRecord | Record, *, at: int | None, path: str, line: int) -> Request | None:
    """Return the billed request of an assistant record, None where there is none."""
    inner = record.message
    if record.type != "assistant" or inner is None or inner.usage is None or inner.model == SYNTHETIC:
        return None
    return Request(
        key=_key(record),
        at=at,
        model=inner.model or "",
        usage=usage_of(inner.usage),
        path=path,
        line=line,
        main=not record.side,
    )


def _key(record: UsageRecord | Record) -> str:
    """Name a request the same in every copy of its record; old records without any id are told apart by time and size."""
    name = (record.message.id if record.message else None) or record.uuid
    if name is None:
        counts = record.message.usage if record.message else None
        name = f"{record.timestamp}:{counts.input_tokens if counts else ''}:{counts.output_tokens if counts else ''}"
    return f"claude:{name}:{record.request or ''}"


def usage_of(found: UsageBlock) -> Usage:
    """Read a usage block into disjoint counts."""
    written = number(found.cache_creation_input_tokens)
    hour = number(found.cache_creation.ephemeral_1h_input_tokens) if found.cache_creation else 0
    return Usage(
        input=number(found.input_tokens),
        cache_read=number(found.cache_read_input_tokens),
        cache_write=written,
        cache_write_1h=min(hour, written),
        output=number(found.output_tokens),
        web_searches=number(found.server_tool_use.web_search_requests) if found.server_tool_use else 0,
    )


def _identity(ref: Ref) -> tuple[str, str]:
    """Return the native id of a file and that of its parent: identity comes from names, which forks rewrite too."""
    pieces = ref.path.replace("\\", "/").split("/")
    stem = pieces[-1].removesuffix(".jsonl")
    if ref.kind != "subagent":
        return stem, ""
    if "subagents" in pieces:
        parent = pieces[pieces.index("subagents") - 1]
        return f"{parent}/{stem}", parent
    return stem, ""


def _learn(record: Record, state: State, at: int | None) -> None:
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    state.cwd = record.cwd or state.cwd
    state.branch = record.branch or state.branch
    state.version = record.version or state.version
    rank = _TITLES.get(record.type, 0)
    if rank and rank >= state.rank:
        found = record.custom_title or record.agent_name or record.ai_title or record.summary
        if found:
            state.title, state.rank = title_of(found) or state.title, rank


def _assistant(
    record: Record, state: State, at: int | None, *, path: str, line: int
) -> tuple[Message | None, Request | None, list[str]]:
    inner = record.message or Inner()
    request = request_of(record, at=at, path=path, line=line)
    parts, unknown = blocks(inner.content)
    answer = inner.id or ""
    ident = record.uuid or f"line:{line}"
    continues = bool(answer) and state.answers.setdefault(answer, ident) != ident
    if request is not None:
        if request.model not in state.models:
            state.models = list(ordered((*state.models, request.model)))
        if request.main:
            state.used = request.usage.context
    message = Message(
        id=ident,
        role="assistant",
        parts=parts,
        at=at,
        model=inner.model or "",
        parent=_parent(record, state),
        continues=continues,
        line=line,
        extra=_marks(record),
    )
    return message, request, list(unknown)


def _user(record: Record, state: State, at: int | None, line: int) -> tuple[Message | None, None]:
    parts, _ = blocks(record.message.content if record.message else None)
    role = _role(record, parts)
    if record.compact:
        parts = tuple(Summary(p.text) if isinstance(p, Text) else p for p in parts)
    message = Message(
        id=record.uuid or f"line:{line}",
        role=role,
        parts=parts,
        at=at,
        parent=_parent(record, state),
        line=line,
        extra=_marks(record),
    )
    if message.is_prompt and not state.rank:
        state.title = state.title or title_of(message.text)
    return message, None


def _role(record: Record, parts: tuple[Part, ...]) -> Role:
    if any(p.__class__.__name__ == "ToolResult" for p in parts):
        return "tool"
    if record.meta or record.compact:
        return "system"
    said = next((p.text for p in parts if isinstance(p, Text)), "")
    if said.startswith(_INTERRUPTED):
        return "system"
    return "system" if _INJECTED.match(said) and not title_of(said) else "user"


def _system(record: Record, state: State, at: int | None, line: int) -> tuple[Message | None, None]:
    if record.subtype == "compact_boundary":
        after = number((record.compaction or {}).get("postTokens"))
        state.used = after or state.used
        _skip(record, state)
        return None, None
    if record.subtype in _QUIET_SYSTEM:
        _skip(record, state)
        return None, None
    said = record.content if isinstance(record.content, str) else _error_text(record.error)
    return Message(
        id=record.uuid or f"line:{line}",
        role="system",
        parts=(Text(said),) if said else (),
        at=at,
        parent=_parent(record, state),
        line=line,
        extra={"error": True} if record.subtype in ("api_error", "error") else {},
    ), None


def _odd_system(record: Record) -> list[str]:
    known = record.subtype in _QUIET_SYSTEM or record.subtype in (
        "api_error", "error", "local_command", "away_summary", "api_refusal", "informational",
    )  # fmt: skip
    return [] if known else [f"system:{record.subtype or '?'}"]


def _attachment(record: Record, state: State, at: int | None, line: int) -> Message | None:
    found = record.attachment or {}
    prompt = found.get("prompt")
    if found.get("type") != "queued_command" or not prompt:
        _skip(record, state)
        return None
    parts, _ = blocks(prompt)
    said = next((p.text for p in parts if isinstance(p, Text)), "")
    return Message(
        id=record.uuid or f"line:{line}",
        role="system" if _INJECTED.match(said) and not title_of(said) else "user",
        parts=parts,
        at=at,
        parent=_parent(record, state),
        line=line,
    )


def _skip(record: Record, state: State) -> None:
    """Remember whom a record answers that is no message, so that its own answers find their way."""
    if record.uuid:
        state.skipped[record.uuid] = _parent(record, state)


def _parent(record: Record, state: State) -> str:
    parent = record.parent or record.logical_parent or ""
    return state.skipped.get(parent, parent)


def _marks(record: Record) -> dict[str, Json]:
    marks: dict[str, Json] = {}
    if record.side:
        marks["side"] = True
    if record.api_error:
        marks["error"] = True
    return marks


def _error_text(error: Json) -> str:
    if isinstance(error, str):
        return error
    return msgspec.json.encode(error).decode() if isinstance(error, dict) else ""
