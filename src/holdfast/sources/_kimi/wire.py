"""The records of Kimi Code's `wire.jsonl` (protocol 1.0 to 1.5): prompts, what each step did, tokens, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import flat_text, millis, number, table, text
from holdfast.sources._jsonl import loads
from holdfast.sources._kimi.state import Place, said, usage_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role, Usage
    from holdfast.sources._kimi.state import Found, State

HEARD = 8
_REMINDER = "<system-reminder>"
_QUIET = frozenset({
    "metadata", "forked", "prompt.accepted", "interruptionReminder.recorded", "tools.update_store", "plan.revision",
    "context.clear", "session.metadata", "session_metadata",
})  # fmt: skip
_QUIET_FAMILIES = (
    "cron.", "full_compaction.", "goal.", "interaction.", "llm.", "mcp.", "permission.", "plan_mode.", "plugin.",
    "runtime.", "staleGuard.", "swarm_mode.", "task.", "token_counting.", "tools.", "tower_mode.", "turn.", "file_history.",
)  # fmt: skip
_MEDIA = ("image_url", "audio_url", "video_url")


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what a record says to what was found."""
    kind = text(record.get("type"))
    at = millis(record.get("time")) or millis(record.get("created_at"))
    place = Place(line, at, state, found)
    match kind:
        case "turn.prompt" | "turn.steer":
            parts = parts_of(record.get("input"), place)
            _heard(parts, _origin(record), place, prompt=True)
        case "context.append_message":
            _message(table(record.get("message")), place)
        case "context.append_loop_event":
            _step(table(record.get("event")), place)
        case "usage.record":
            _usage(record, place)
        case _:
            _change(kind, record, place)


def _change(kind: str, record: dict[str, Json], place: Place) -> None:
    """Take what is no message: what the context, the turn or the settings became."""
    state = place.state
    match kind:
        case "context.apply_compaction":
            _compaction(record, place)
        case "context.undo":
            place.take_back(number(record.get("count")))
        case "turn.ended":
            failure = text(table(record.get("error")).get("message"))
            if record.get("reason") == "failed" or failure:
                place.say("system", (Text(failure),) if failure else (), error=True)
        case "llm.request":
            state.model = text(record.get("model")) or state.model
        case "config.update" | "profile.bind":
            shown = text(table(record.get("environmentDisclosure")).get("cwd"))
            state.cwd = text(record.get("cwd")) or shown or state.cwd
            state.model = state.model or text(record.get("modelAlias"))
        case _ if kind not in _QUIET and not kind.startswith(_QUIET_FAMILIES):
            place.unknown(f"record:{kind or '?'}")


def _origin(record: dict[str, Json]) -> str:
    return text(table(record.get("origin")).get("kind"))


def _role(origin: str, parts: tuple[Part, ...], state: State) -> Role:
    """Tell whether a person spoke; the first thing a sub-agent hears is its task, whoever it comes from."""
    first = next((p.text for p in parts if isinstance(p, Text)), "")
    if origin not in ("", "user") and state.asked:
        return "system"
    return "system" if first.lstrip().startswith(_REMINDER) or origin == "injection" else "user"


def _heard(parts: tuple[Part, ...], origin: str, place: Place, *, prompt: bool) -> None:
    """Take what was asked, which stands in the log twice: as the turn's prompt, and as a message in the context."""
    state, other = place.state, ("message:" if prompt else "prompt:") + said(parts)
    if other in state.heard:
        state.heard.remove(other)
        return
    state.heard = [*state.heard[-HEARD:], ("prompt:" if prompt else "message:") + said(parts)]
    role = _role(origin, parts, state)
    if origin == "compaction_summary":
        parts, role = tuple(Summary(p.text) if isinstance(p, Text) else p for p in parts), "system"
    state.asked = state.asked or role == "user"
    place.say(role, parts)


def _message(message: dict[str, Json], place: Place) -> None:
    parts = parts_of(message.get("content"), place)
    match message.get("role"):
        case "user":
            _heard(parts, _origin(message), place, prompt=False)
        case "assistant":
            place.state.answering = False
            calls = message.get("toolCalls", message.get("tool_calls"))
            found = [_call(table(c), place) for c in calls] if isinstance(calls, list) else []
            place.say("assistant", (*parts, *found))
        case "tool":
            call = text(message.get("toolCallId")) or text(message.get("tool_call_id"))
            result = ToolResult(call=call, text=flat_text(message.get("content")), error=message.get("isError") is True)
            place.say("tool", (result,))
        case "system":
            place.say("system", parts)
        case role:
            place.unknown(f"role:{text(role) or '?'}")


def _call(found: dict[str, Json], place: Place) -> ToolCall:
    """Read a call; before protocol 1.1 its name and arguments stood one level deeper."""
    inner = table(found.get("function")) or found
    return ToolCall(
        id=text(found.get("id")) or f"line:{place.line}",
        name=text(inner.get("name")),
        input=decoded(inner.get("arguments")),
    )


def decoded(arguments: Json) -> Json:
    """Return the arguments of a call, their text where they are no JSON."""
    if not isinstance(arguments, str):
        return arguments
    found = loads(arguments.encode("utf-8", "replace"))
    return arguments if found is None else found


def _step(event: dict[str, Json], place: Place) -> None:
    match event.get("type"):
        case "step.begin":
            place.state.answering = False
        case "content.part":
            place.say("assistant", parts_of([event.get("part")], place))
        case "tool.call":
            name = text(event.get("name")) or text(event.get("toolName"))
            given = event.get("args", event.get("input"))
            place.say("assistant", (ToolCall(id=text(event.get("toolCallId")), name=name, input=given),))
        case "tool.result":
            place.say("tool", (_result(event),))
        case "step.end":
            usage = usage_of(event.get("usage"))
            if usage is not None and not _again(usage, "step", place):
                place.bill(usage, f"step:{text(event.get('uuid')) or f'{place.at}:{usage.prompt}:{usage.output}'}")
                place.state.used = usage.context
        case kind:
            place.unknown(f"event:{text(kind) or '?'}")


def _result(event: dict[str, Json]) -> ToolResult:
    result = table(event.get("result")) or event
    shown = flat_text(result.get("output")) or text(result.get("message")) or text(result.get("note"))
    return ToolResult(call=text(event.get("toolCallId")), text=shown, error=result.get("isError") is True)


def _usage(record: dict[str, Json], place: Place) -> None:
    """Bill a request that no step has billed: those of compactions and titles, and where steps count nothing."""
    usage = usage_of(record.get("usage"))
    if usage is None:
        return
    aside = record.get("usageScope") == "session"
    place.state.model = place.state.model or text(record.get("model"))
    if aside or not _again(usage, "record", place):
        counts = f"{usage.input}:{usage.cache_read}:{usage.cache_write}:{usage.output}"
        model = text(record.get("model"))
        place.bill(
            usage, f"record:{place.at}:{counts}", model=model if aside else place.state.model or model, main=not aside
        )
        if not aside:
            place.state.used = usage.context


def _again(usage: Usage, source: str, place: Place) -> bool:
    """Tell whether the other record of the same request has been counted: each step is followed by one."""
    sign = 0 if source == "step" else 1
    counts = [usage.input, usage.cache_read, usage.cache_write, usage.output]
    other = [1 - sign, *counts]
    if other in place.state.counted:
        place.state.counted.remove(other)
        return True
    place.state.counted = [*place.state.counted[-HEARD:], [sign, *counts]]
    return False


def _compaction(record: dict[str, Json], place: Place) -> None:
    summary = record.get("summary")
    words = text(summary) or text(record.get("contextSummary")) or flat_text(table(summary).get("content"))
    place.state.used = number(record.get("tokensAfter")) or place.state.used
    place.say("system", (Summary(words),) if words else ())


def parts_of(content: Json, place: Place) -> tuple[Part, ...]:
    """Read content: a text, or a list of parts; media stay out, a data URL by its size."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    listed = content if isinstance(content, list) else []
    parts: list[Part] = []
    for block in listed:
        kind = text(table(block).get("type"))
        if isinstance(block, str):
            parts.append(Text(block))
        elif kind == "text":
            parts.append(Text(text(table(block).get("text"))))
        elif kind == "think":
            parts.append(Thinking(text(table(block).get("think")) or text(table(block).get("text"))))
        elif kind in _MEDIA:
            parts.append(_media(kind, table(block)))
        else:
            place.unknown(f"block:{kind or '?'}")
    return tuple(p for p in parts if p not in (Text(""), Thinking("")))


def _media(kind: str, block: dict[str, Json]) -> Attachment:
    inner = next((block[k] for k in (kind, "imageUrl", "audioUrl", "videoUrl") if k in block), None)
    url = text(inner) or text(table(inner).get("url"))
    head, mark, data = url.partition(";base64,")
    if mark:
        return Attachment(media=head.removeprefix("data:"), size=len(data) * 3 // 4)
    return Attachment(media=kind.removesuffix("_url"), name=url[:1000])
