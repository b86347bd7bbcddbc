"""What each entry of a Pi session means: messages, requests, titles, summaries, the tree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Message,
    Parent,
    Request,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    observed_id,
)
from holdfast.sources._content import millis, number, text, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

REMEMBERED = 512
"""How many entries without a message are remembered, so that what answers them finds the message before."""
MICRO = 1_000_000
_QUIET = frozenset({
    "model_change", "thinking_level_change", "label", "custom", "context_transform", "ephemeral", "service_tier_change",
    "reset_boundary", "archive", "ttsr_injection", "credential_pin", "session_init", "mode_change", "session_state",
    "agent_status", "git_state", "leaf",
})  # fmt: skip
_EXECUTIONS = {"bashExecution": "command", "pythonExecution": "code"}
Understood = tuple[Message | None, Request | None, list[str]]


class State(Struct):
    """What must be remembered between two readings of one file."""

    native: str = ""
    parent: str = ""
    forked: str = ""
    program: str = ""
    cwd: str = ""
    title: str = ""
    rank: int = 0
    started: int | None = None
    active: int | None = None
    used: int | None = None
    provider: str = ""
    format: int = 0
    models: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    state.skipped = dict(list(state.skipped.items())[-REMEMBERED:])
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def session_of(ref: Ref, state: State) -> Session:
    """Describe the session as it is known so far."""
    parent = None
    if state.parent:
        parent = Parent(id=observed_id("pi", state.parent), kind="subagent")
    elif state.forked:
        parent = Parent(id=observed_id("pi", state.forked), kind="fork")
    facts = {"provider": state.provider, "program": state.program, "format": state.format}
    return Session(
        id=observed_id("pi", state.native),
        agent="pi",
        native_id=state.native,
        title=state.title,
        cwd=state.cwd,
        project=project_of(state.cwd),
        models=tuple(state.models),
        parent=parent,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path,
        context=Context(used=state.used),
        extra={k: v for k, v in facts.items() if v},
    )


def understand(record: dict[str, Json], state: State, *, path: str, line: int) -> Understood:
    """Return the message and the request in an entry, and what in it is not known."""
    kind = text(record.get("type"))
    at = _time(record, state)
    match kind:
        case "session":
            _header(record, state)
            return None, None, []
        case "message":
            return _message(record, state, at=at, path=path, line=line)
        case "custom_message":
            parts, odd = parts_of(record.get("content"))
            return entry(record, state, role="system", parts=parts, at=at, line=line), None, odd
        case "compaction" | "branch_summary":
            summary = (Summary(text(record.get("summary"))),)
            found = entry(record, state, role="system", parts=summary, at=at, line=line)
            return found, request_of(record, record, at=at, path=path, line=line), []
        case "session_info" | "title" | "title_change":
            _name(record, state)
        case "model_usage" | "child_usage_attributed":
            _skip(record, state)
            return None, request_of(record, record, at=at, path=path, line=line), []
    _skip(record, state)
    known = kind in _QUIET or kind in ("session_info", "title", "title_change")
    return None, None, [] if known else [f"record:{kind or '?'}"]


def _header(record: dict[str, Json], state: State) -> None:
    state.cwd = text(record.get("cwd")) or state.cwd
    state.format = number(record.get("version")) or 1
    state.provider = state.provider or text(record.get("provider"))
    above = text(record.get("parentSession")) or text(record.get("branchedFrom"))
    if above:
        name = above.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".jsonl")
        state.forked = name.partition("_")[2] or name
    if text(record.get("title")):
        _name(record, state)


def _name(record: dict[str, Json], state: State) -> None:
    """Take a title: one that a person gave stays before one that was made."""
    said = title_of(text(record.get("name")) or text(record.get("title")))
    made = text(record.get("source")) == "auto" or text(record.get("titleSource")) == "auto"
    rank = 2 if made else 3
    if said and rank >= state.rank:
        state.title, state.rank = said, rank


def _message(record: dict[str, Json], state: State, *, at: int | None, path: str, line: int) -> Understood:
    inner = record.get("message")
    if not isinstance(inner, dict):
        _skip(record, state)
        return None, None, ["message:none"]
    if inner.get("role") == "assistant":
        return _assistant(record, inner, state, at=at, path=path, line=line)
    role, parts, odd = _said(record, inner, line)
    found = entry(record, state, role=role, parts=parts, at=at, line=line)
    if found.is_prompt and not state.rank:
        state.title = state.title or title_of(found.text)
    return found, None, odd


def _said(record: dict[str, Json], inner: dict[str, Json], line: int) -> tuple[Role, tuple[Part, ...], list[str]]:
    """Return whose words a message holds other than the model's."""
    role = text(inner.get("role"))
    if role in _EXECUTIONS:
        return "tool", _execution(record, inner, role, line), []
    if role in ("compactionSummary", "branchSummary"):
        return "system", (Summary(text(inner.get("summary"))),), []
    parts, odd = parts_of(inner.get("content"))
    if role == "toolResult":
        return "tool", _result(inner, parts), odd
    known = role in ("user", "developer", "custom", "hookMessage")
    return "user" if role == "user" else "system", parts, odd if known else [*odd, f"role:{role[:60] or '?'}"]


def _assistant(
    record: dict[str, Json], inner: dict[str, Json], state: State, *, at: int | None, path: str, line: int
) -> Understood:
    parts, odd = parts_of(inner.get("content"))
    model = text(inner.get("model"))
    state.provider = text(inner.get("provider")) or state.provider
    if model:
        state.models[model] = None
    request = request_of(record, inner, at=at, path=path, line=line)
    if request is not None:
        state.used = request.usage.context
    extra: dict[str, Json] = {}
    failed = text(inner.get("errorMessage"))
    if inner.get("stopReason") == "error" or failed:
        extra["error"] = True
        parts = (*parts, Text(failed)) if failed else parts
    if inner.get("stopReason") == "aborted":
        extra["aborted"] = True
    return entry(record, state, role="assistant", parts=parts, at=at, line=line, model=model, extra=extra), request, odd


def entry(
    record: dict[str, Json],
    state: State,
    *,
    role: Role,
    parts: tuple[Part, ...],
    at: int | None,
    line: int,
    model: str = "",
    extra: dict[str, Json] | None = None,
) -> Message:
    """Make a message of an entry, below the nearest entry that became a message."""
    parent = text(record.get("parentId"))
    return Message(
        id=text(record.get("id")) or f"line:{line}",
        role=role,
        parts=parts,
        at=at,
        model=model,
        parent=state.skipped.get(parent, parent),
        line=line,
        extra=extra or {},
    )


def request_of(
    record: dict[str, Json], inner: dict[str, Json], *, at: int | None, path: str, line: int
) -> Request | None:
    """Return what an entry was billed, None where it was nothing."""
    found = inner.get("childUsage") if record.get("type") == "child_usage_attributed" else inner.get("usage")
    if not isinstance(found, dict):
        return None
    usage = usage_of(found)
    if not usage.total and not usage.cost:
        return None
    name, when = text(record.get("id")), inner.get("timestamp") or record.get("timestamp")
    return Request(
        key=f"pi:{name}:{when}" if name or when else f"pi:{path}:{line}",
        at=at,
        model=text(inner.get("model")),
        usage=usage,
        path=path,
        line=line,
        main=record.get("type") == "message",
    )


def usage_of(found: dict[str, Json]) -> Usage:
    """Read a usage block: four disjoint counts, reasoning inside the output, cost in USD."""
    output = number(found.get("output"))
    written = number(found.get("cacheWrite"))
    return Usage(
        input=number(found.get("input")),
        cache_read=number(found.get("cacheRead")),
        cache_write=written,
        cache_write_1h=min(number(found.get("cacheWrite1h")), written),
        output=output,
        reasoning=min(number(found.get("reasoning")) or number(found.get("reasoningTokens")), output),
        cost=_micro(found.get("cost")),
    )


def _micro(cost: Json) -> int | None:
    total = cost.get("total") if isinstance(cost, dict) else cost
    if isinstance(total, bool) or not isinstance(total, int | float):
        return None
    return round(total * MICRO) if math.isfinite(total) and 0 <= total < MICRO else None


def parts_of(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    """Turn a text or a list of blocks into parts, and name the block types not known."""
    if isinstance(content, str):
        return ((Text(content),) if content else ()), []
    if not isinstance(content, list):
        return (), [] if content is None else [f"content:{type(content).__name__}"]
    parts: list[Part] = []
    odd: list[str] = []
    for block in content:
        part = _part(block) if isinstance(block, dict) else None
        if part is not None:
            parts.append(part)
        else:
            odd.append(f"block:{block.get('type', '?') if isinstance(block, dict) else type(block).__name__}"[:80])
    return tuple(parts), odd


def _part(block: dict[str, Json]) -> Part | None:
    match block.get("type"):
        case "text":
            return Text(text(block.get("text")))
        case "thinking" | "redactedThinking":
            return Thinking(text(block.get("thinking")))
        case "toolCall":
            return ToolCall(id=text(block.get("id")), name=text(block.get("name")), input=block.get("arguments"))
        case "image":
            data = block.get("data")
            return Attachment(
                media=text(block.get("mimeType")), size=len(data) * 3 // 4 if isinstance(data, str) else 0
            )
        case _:
            return None


def _result(inner: dict[str, Json], parts: tuple[Part, ...]) -> tuple[Part, ...]:
    said = "\n".join(p.text for p in parts if isinstance(p, Text))
    found = ToolResult(call=text(inner.get("toolCallId")), text=said, error=inner.get("isError") is True)
    return (found, *(p for p in parts if isinstance(p, Attachment)))


def _execution(record: dict[str, Json], inner: dict[str, Json], role: str, line: int) -> tuple[Part, ...]:
    """A command that a person ran with `!`: the call and what it gave back."""
    name = text(record.get("id")) or f"line:{line}"
    code = inner.get("exitCode")
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    argument = _EXECUTIONS[role]
    return (
        ToolCall(id=name, name=role, input={argument: text(inner.get(argument))}),
        ToolResult(
            call=name,
            text=text(inner.get("output")),
            error=bool(code) or inner.get("cancelled") is True,
            exit_code=code,
        ),
    )


def _skip(record: dict[str, Json], state: State) -> None:
    name, parent = text(record.get("id")), text(record.get("parentId"))
    if name and name != parent:
        state.skipped[name] = state.skipped.get(parent, parent)


def _time(record: dict[str, Json], state: State) -> int | None:
    inner = record.get("message")
    at = millis(record.get("timestamp"))
    if at is None and isinstance(inner, dict):
        at = millis(inner.get("timestamp"))
    if at is not None:
        # the header comes first: a fork begins when it was made, not with the older entries it copied
        state.started = at if state.started is None else state.started
        state.active = at if state.active is None else max(state.active, at)
    return at
