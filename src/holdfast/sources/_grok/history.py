"""What the lines of Grok Build's `chat_history.jsonl` mean: the model's side of a session, in both formats, without times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Json, Message, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import blocks, flat_text, inside, text, title_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources._grok.updates import State

_OPENED, _CLOSED = "<user_query>", "</user_query>"
_INJECTED = ("<user_info>", "<system-reminder>", "<agent_skills>", "<project_layout>", "<git_status>")


def understand(record: dict[str, Json], state: State, *, line: int) -> tuple[Message | None, list[str]]:
    """Return the message in a line, and what in it is not known."""
    kind = text(record.get("type")) or text(record.get("role"))
    role, parts, odd = _read(kind, record)
    if role is None:
        return None, odd
    further = role == "assistant" and state.answering
    state.answering = role == "assistant"
    if not parts:
        return None, odd
    model = text(record.get("model_id"))
    state.seen.models.update({model: None} if model and role == "assistant" else {})
    message = Message(
        id=f"line:{line}",
        role=role,
        parts=parts,
        model=model if role == "assistant" else "",
        continues=further,
        line=line,
    )
    if message.is_prompt:
        state.seen.prompt = state.seen.prompt or title_of(message.text)
    return message, odd


def _read(kind: str, record: dict[str, Json]) -> tuple[Role | None, tuple[Part, ...], list[str]]:
    match kind:
        case "system" | "user":
            parts, odd = blocks(record.get("content"))
            role, said = _asked(record, parts) if kind == "user" else ("system", parts)
            return role, said, list(odd)
        case "reasoning":
            said_in = flat_text(record.get("summary")) or flat_text(record.get("content"))
            return "assistant", ((Thinking(said_in),) if said_in else ()), []
        case "assistant":
            return "assistant", _answer(record), []
        case "tool_result" | "tool":
            result = ToolResult(call=text(record.get("tool_call_id")), text=flat_text(record.get("content")))
            return "tool", (result,), []
        case "backend_tool_call":
            inner = inside(record, "kind")
            call = ToolCall(id=text(inner.get("id")), name=text(inner.get("tool_type")), input=inner.get("action"))
            return "assistant", (call,), []
        case _:
            return None, (), [f"record:{(kind or '?')[:60]}"]


def _asked(record: dict[str, Json], parts: tuple[Part, ...]) -> tuple[Role, tuple[Part, ...]]:
    """Tell a prompt from what the program put in; a person's words stand in a tag of their own where both share a record."""
    if text(record.get("synthetic_reason")) not in ("", "interjection"):
        return "system", parts
    whole = "\n".join(p.text for p in parts if isinstance(p, Text))
    asked, closed, _ = whole.partition(_OPENED)[2].partition(_CLOSED)
    if closed:
        return "user", (Text(asked.strip()), *(p for p in parts if not isinstance(p, Text)))
    return ("system" if whole.lstrip().startswith(_INJECTED) else "user"), parts


def _answer(record: dict[str, Json]) -> tuple[Part, ...]:
    thought, said = flat_text(record.get("reasoning_content")), flat_text(record.get("content"))
    calls = record.get("tool_calls")
    return (
        *((Thinking(thought),) if thought else ()),
        *((Text(said),) if said else ()),
        *(_call(c) for c in (calls if isinstance(calls, list) else ()) if isinstance(c, dict)),
    )


def _call(call: dict[str, Json]) -> ToolCall:
    function = inside(call, "function") or call
    given = function.get("arguments")
    decoded = loads(given.encode("utf-8", "replace")) if isinstance(given, str) else given
    return ToolCall(
        id=text(call.get("id")), name=text(function.get("name")), input=given if decoded is None else decoded
    )
