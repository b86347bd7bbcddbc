"""What the lines of Grok Build's `updates.jsonl` mean: chunks laid together, calls with their results, turns with their cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.model import Attachment, Json, Message, Request, Summary, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import flat_text, inside, millis, number, text, title_of
from holdfast.sources._grok.about import Seen

if TYPE_CHECKING:
    from holdfast.model import Part, Role

TICKS = 10_000
"""Ticks of Grok's cost in a micro-dollar: 10^10 are a dollar."""
_SPOKEN = {"user_message_chunk": "user", "agent_message_chunk": "agent", "agent_thought_chunk": "thought"}
_QUIET = frozenset({
    "plan", "available_commands_update", "current_mode_update", "config_option_update", "session_info_update",
    "turn_started", "hook_execution", "hook_run_started", "hook_run_completed", "pending_interaction",
    "interaction_resolved", "response_completed", "tool_call_delta_chunk", "subagent_spawned", "subagent_progress",
    "subagent_finished", "subagent_completed", "task_backgrounded", "task_completed", "auto_compact_started",
    "auto_compact_failed", "last_turn_summary", "workflow_updated", "workflow_paused", "goal_updated",
    "goal_completed", "usage_update",
})  # fmt: skip


class Call(Struct):
    """A tool call that has no result yet."""

    line: int
    name: str
    at: int | None = None
    known: bool = False
    """Whether its arguments are complete."""
    further: bool = False


class State(Struct):
    """What must be remembered between two readings of one log."""

    seen: Seen = field(default_factory=Seen)
    prompts: list[list[int]] = field(default_factory=list)
    """Each prompt that still stands: its index and its line."""
    calls: dict[str, Call] = field(default_factory=dict)
    kind: str = ""
    pieces: list[str] = field(default_factory=list)
    """What was said so far in the message that still grows; `line`, `at` and `further` are that message's."""
    line: int = 0
    at: int | None = None
    index: int = -1
    further: bool = False
    answering: bool = False
    turn: int = 0
    model: str = ""
    """The model that the last prompt was sent to."""


class Found(Struct):
    """What one line says; a message whose id is known takes the place of the earlier one."""

    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


def understand(record: dict[str, Json], state: State, *, path: str, line: int) -> Found:
    """Understand one line; older versions wrote what is inside `params` alone."""
    params = inside(record, "params") or record
    update = inside(params, "update")
    kind = text(update.get("sessionUpdate"))
    at = millis(inside(params, "_meta").get("agentTimestampMs")) or millis(record.get("timestamp"))
    _note_time(state.seen, at)
    found = Found()
    if kind in _SPOKEN:
        _spoken(_SPOKEN[kind], update, state, found, at=at, line=line)
        return found
    if kind in _QUIET:
        return found
    found.messages.extend(closed(state))
    if kind == "tool_call":
        found.messages.append(_called(update, state, at=at, line=line))
    elif kind == "tool_call_update":
        found.messages.extend(_updated(update, state, at=at, line=line))
    elif kind == "turn_completed":
        found.requests.extend(_requests(update, state, at=at, path=path, line=line))
        state.answering = False
    elif kind == "rewind_marker":
        found.dropped.extend(_rewound(update, state, line))
    elif kind == "auto_compact_completed":
        found.messages.extend(_compacted(update, at=at, line=line))
    elif kind == "session_summary_generated":
        state.seen.title = text(update.get("session_summary")) or state.seen.title
    else:
        found.odd.append(f"record:{(kind or text(record.get('method')) or text(record.get('type')) or '?')[:60]}")
    return found


def _note_time(seen: Seen, at: int | None) -> None:
    if at is not None:
        seen.started = at if seen.started is None else min(seen.started, at)
        seen.active = at if seen.active is None else max(seen.active, at)


def _spoken(kind: str, update: dict[str, Json], state: State, found: Found, *, at: int | None, line: int) -> None:
    """Lay a chunk to what stands open, or begin anew; anything else than text is a message of its own."""
    content = update.get("content")
    block = content if isinstance(content, dict) else {"type": "text", "text": content}
    if block.get("type", "text") != "text":
        found.messages.extend(closed(state))
        role: Role = "user" if kind == "user" else "assistant"
        found.messages.append(Message(id=_id(line), role=role, parts=(_attachment(block),), at=at, line=line))
        return
    said = inside(update, "_meta")
    place = said.get("promptIndex")
    index = place if isinstance(place, int) and place.__class__ is int else -1
    if state.kind != kind or (kind == "user" and index != state.index):
        found.messages.extend(closed(state))
        state.kind, state.line, state.at, state.index = kind, line, at, index
        state.further = kind != "user" and state.answering
        state.answering = kind != "user"
        if kind == "user":
            state.prompts.append([index if index >= 0 else len(state.prompts), line])
            state.model = text(said.get("modelId")) or state.model
            state.seen.models.update({state.model: None} if state.model else {})
    state.pieces.append(text(block.get("text")))


def closed(state: State) -> list[Message]:
    """End the message that still grows, and return it."""
    found = growing(state)
    state.kind = ""
    state.pieces.clear()
    return found


def growing(state: State) -> list[Message]:
    """Return the message that still grows as it stands."""
    words = "".join(state.pieces)
    state.pieces[:] = [words]
    if not state.kind or not words:
        return []
    if state.kind == "user":
        state.seen.prompt = state.seen.prompt or title_of(words)
    part: Part = Thinking(words) if state.kind == "thought" else Text(words)
    role: Role = "user" if state.kind == "user" else "assistant"
    message = Message(
        id=_id(state.line), role=role, parts=(part,), at=state.at, continues=state.further, line=state.line
    )
    return [message]


def _attachment(block: dict[str, Json]) -> Attachment:
    data = block.get("data")
    return Attachment(
        media=text(block.get("mimeType")) or text(block.get("type")),
        name=text(block.get("name")) or text(block.get("uri")),
        size=len(data) * 3 // 4 if isinstance(data, str) else 0,
    )


def _called(update: dict[str, Json], state: State, *, at: int | None, line: int) -> Message:
    ident = text(update.get("toolCallId")) or _id(line)
    given = update.get("rawInput")
    call = Call(line=line, name=_tool(update), at=at, known=bool(given), further=state.answering)
    state.answering = True
    state.calls[ident] = call
    return _call_message(ident, call, given)


def _call_message(ident: str, call: Call, given: Json) -> Message:
    part = ToolCall(id=ident, name=call.name, input=given)
    return Message(
        id=_id(call.line), role="assistant", parts=(part,), at=call.at, continues=call.further, line=call.line
    )


def _tool(update: dict[str, Json]) -> str:
    return text(inside(inside(update, "_meta"), "x.ai/tool").get("name")) or text(update.get("title")) or "tool"


def _updated(update: dict[str, Json], state: State, *, at: int | None, line: int) -> list[Message]:
    """Complete a call's arguments, or give its result; an update whose call was never seen stands for the call too."""
    ident = text(update.get("toolCallId"))
    status = text(update.get("status"))
    given = update.get("rawInput")
    messages: list[Message] = []
    call = state.calls.get(ident)
    if call is None and given:
        messages.append(_called(update, state, at=at, line=line))
    elif call is not None and given and not call.known:
        call.known = True
        messages.append(_call_message(ident, call, given))
    if status in ("completed", "failed"):
        state.calls.pop(ident, None)
        state.answering = False
        messages.append(_result(ident, update, failed=status == "failed", at=at, line=line))
    return messages


def _result(ident: str, update: dict[str, Json], *, failed: bool, at: int | None, line: int) -> Message:
    output = inside(update, "rawOutput")
    code = output.get("exit_code")
    part = ToolResult(
        call=ident,
        text=_output(update) or flat_text(inside(output, "Content") or output),
        error=failed,
        exit_code=code if code.__class__ is int and -(1 << 31) <= code < 1 << 32 else None,
    )
    return Message(id=f"{_id(line)}:result", role="tool", parts=(part,), at=at, line=line)


def _output(update: dict[str, Json]) -> str:
    content = update.get("content")
    listed = content if isinstance(content, list) else []
    texts = [flat_text(c.get("content")) for c in listed if isinstance(c, dict) and c.get("type") == "content"]
    changed = [text(c.get("path")) for c in listed if isinstance(c, dict) and c.get("type") == "diff"]
    return "\n".join(t for t in (*texts, *(f"changed {p}" for p in changed if p)) if t)


def _requests(update: dict[str, Json], state: State, *, at: int | None, path: str, line: int) -> list[Request]:
    """Bill a turn, each of its models for itself; a turn that was cancelled before any answer has no usage."""
    usage = inside(update, "usage")
    if not usage:
        return []
    state.turn += 1
    turn = text(update.get("prompt_id")) or f"{Path(path).parent.name}:{state.turn}"
    models = {m: u for m, u in inside(usage, "modelUsage").items() if isinstance(u, dict)}
    state.seen.models.update(dict.fromkeys(m for m in models if m))
    if not models:
        return [Request(key=f"grok:{turn}", at=at, model=state.model, usage=_usage(usage), path=path, line=line)]
    return [
        Request(key=f"grok:{turn}:{model}", at=at, model=model, usage=_usage(counts), path=path, line=line)
        for model, counts in models.items()
    ]


def _usage(counts: dict[str, Json]) -> Usage:
    whole, read, write = (number(counts.get(k)) for k in ("inputTokens", "cachedReadTokens", "cacheCreationTokens"))
    ticks = number(counts.get("costUsdTicks"))
    known = ticks and counts.get("costIsPartial") is not True
    return Usage(
        input=max(0, whole - read - write),
        cache_read=read,
        cache_write=write,
        output=number(counts.get("outputTokens")),
        reasoning=number(counts.get("reasoningTokens")),
        cost=round(ticks / TICKS) if known else None,
    )


def _rewound(update: dict[str, Json], state: State, line: int) -> list[str]:
    """Return the ids of everything from the prompt on that a person went back to."""
    target = update.get("target_prompt_index", update.get("targetPromptIndex"))
    if target.__class__ is not int:
        return []
    gone = [p for p in state.prompts if p[0] >= target]
    state.prompts = [p for p in state.prompts if p[0] < target]
    state.calls.clear()
    state.answering = False
    if not gone:
        return []
    return [i for n in range(min(p[1] for p in gone), line) for i in (_id(n), f"{_id(n)}:result")]


def _compacted(update: dict[str, Json], *, at: int | None, line: int) -> list[Message]:
    said = text(update.get("summary_preview")) or text(update.get("summary"))
    facts = {k: number(update.get(k)) for k in ("tokens_before", "tokens_after") if number(update.get(k))}
    return [Message(id=_id(line), role="system", parts=(Summary(said),), at=at, line=line, extra=dict(facts))]


def _id(line: int) -> str:
    return f"line:{line}"
