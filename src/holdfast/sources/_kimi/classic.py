"""The records of the first Kimi CLI (Python): events of `wire.jsonl`, and messages of the older `context.jsonl`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Json, Message, Text, ToolCall, ToolResult
from holdfast.sources._content import flat_text, millis, number, table, text
from holdfast.sources._kimi.state import Place, Streamed, usage_of
from holdfast.sources._kimi.wire import decoded, parts_of

if TYPE_CHECKING:
    from holdfast.sources._kimi.state import Found, State

LONGEST = 1 << 20
"""More of one call's arguments is not put together."""
_QUIET = frozenset({
    "TurnEnd", "CompactionBegin", "CompactionEnd", "HookTriggered", "HookResolved", "MCPLoadingBegin", "MCPLoadingEnd",
    "ApprovalRequest", "ApprovalResponse", "ApprovalRequestResolved", "ToolCallRequest", "QuestionRequest",
    "BtwBegin", "BtwEnd",
})  # fmt: skip


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what an event says to what was found."""
    message = table(record.get("message"))
    place = Place(line, millis(record.get("timestamp")), state, found)
    if state.streamed is not None and message.get("type") != "ToolCallPart":
        settle(state, found)
    _event(text(message.get("type")), table(message.get("payload")), place, inside=False)


def _event(kind: str, found: dict[str, Json], place: Place, *, inside: bool) -> None:
    """Take an event; `inside` marks one of a sub-agent, which is told in its parent's log."""
    match kind:
        case "StatusUpdate":
            _status(found, place, inside=inside)
        case "SubagentEvent":
            event = table(found.get("event"))
            _event(text(event.get("type")), table(event.get("payload")), place, inside=True)
        case _ if inside:
            _inside(kind, found, place)
        case _:
            _said(kind, found, place)


def _said(kind: str, found: dict[str, Json], place: Place) -> None:
    match kind:
        case "TurnBegin" | "SteerInput":
            place.say("user", parts_of(found.get("user_input"), place))
        case "StepBegin" | "StepInterrupted":
            place.state.answering = False
        case "ContentPart":
            place.say("assistant", parts_of([found], place))
        case "ToolCall":
            _begin(found, place)
        case "ToolCallPart":
            _go_on(text(found.get("arguments_part")), place.state)
        case "ToolResult":
            place.say("tool", (_result(found),))
        case "Notification" | "PlanDisplay":
            words = "\n".join(t for t in (text(found.get(n)) for n in ("title", "body", "content")) if t)
            place.say("system", (Text(words),) if words else ())
        case _ if kind not in _QUIET:
            place.unknown(f"event:{kind or '?'}")


def _begin(found: dict[str, Json], place: Place) -> None:
    """Take a call, of which the arguments may go on in the next records."""
    call = _call(found)
    message = place.say("assistant", (call,))
    if message is not None:
        place.state.streamed = Streamed(
            message=message.id,
            line=message.line,
            at=message.at,
            model=message.model,
            continues=message.continues,
            call=call.id,
            name=call.name,
            pieces=[text(table(found.get("function")).get("arguments"))],
        )


def _go_on(more: str, state: State) -> None:
    known = state.streamed
    if known is not None and more and known.size < LONGEST:
        known.pieces.append(more)
        known.size, known.grown = known.size + len(more), True


def settle(state: State, found: Found) -> None:
    """Say a call again with what came to its arguments, in the place of what was said of it before."""
    known = state.streamed
    if known is None or not known.grown:
        return
    known.pieces, known.grown = ["".join(known.pieces)], False
    whole = Message(
        id=known.message,
        role="assistant",
        parts=(ToolCall(id=known.call, name=known.name, input=decoded(known.pieces[0])),),
        at=known.at,
        model=known.model,
        continues=known.continues,
        line=known.line,
    )
    for place in range(len(found.messages) - 1, -1, -1):
        if found.messages[place].id == known.message:
            found.messages[place] = whole
            return
        if found.messages[place].line < known.line:
            break
    found.messages.append(whole)  # it was said in an earlier reading


def _inside(kind: str, found: dict[str, Json], place: Place) -> None:
    """Keep what a sub-agent said and did where it has no log of its own, marked as a side chain."""
    if place.found.apart:
        return
    answering = place.state.answering
    if kind == "ToolCall":
        place.say("assistant", (_call(found),), side=True)
    elif kind == "ToolResult":
        place.say("tool", (_result(found),), side=True)
    elif kind == "ContentPart":
        place.say("assistant", parts_of([found], place), side=True)
    place.state.answering = answering


def _status(found: dict[str, Json], place: Place, *, inside: bool) -> None:
    usage = usage_of(found.get("token_usage"))
    if usage is not None:
        name = text(found.get("message_id")) or f"{place.at}:{usage.prompt}:{usage.output}"
        place.bill(usage, f"message:{name}", main=not inside)
    if inside:
        return
    known = number(found.get("context_tokens")) or (usage.context if usage else 0)
    place.state.used = known or place.state.used
    place.state.limit = number(found.get("max_context_tokens")) or place.state.limit


def _call(found: dict[str, Json]) -> ToolCall:
    inner = table(found.get("function"))
    return ToolCall(id=text(found.get("id")), name=text(inner.get("name")), input=decoded(inner.get("arguments")))


def _result(found: dict[str, Json]) -> ToolResult:
    value = table(found.get("return_value")) or table(found.get("result"))
    words = flat_text(value.get("output")) or text(value.get("message"))
    failed = value.get("is_error") is True or value.get("ok") is False
    return ToolResult(call=text(found.get("tool_call_id")), text=words, error=failed)


def understand_context(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what a message of `context.jsonl` says; it has no times and no tokens but the size of the context."""
    place = Place(line, None, state, found)
    parts = parts_of(record.get("content"), place) if record.get("role") not in ("tool", "_usage") else ()
    match record.get("role"):
        case "user" | "system" as role:
            place.say(role, parts, named="context")
        case "assistant":
            state.answering = False
            calls = record.get("tool_calls")
            listed = [_call(table(c)) for c in calls] if isinstance(calls, list) else []
            place.say("assistant", (*parts, *listed), named="context")
        case "tool":
            words = flat_text(record.get("content"))
            place.say("tool", (ToolResult(call=text(record.get("tool_call_id")), text=words),), named="context")
        case "_usage":
            state.used = number(record.get("token_count")) or state.used
        case "_checkpoint" | "_system_prompt":
            pass
        case role:
            place.unknown(f"role:{text(role) or '?'}")
