"""What `sessions/<workspace>/<id>/messages.jsonl` and the `session.json` beside it mean (third engine, and the IDE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Parent, Session, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources._content import inside, millis, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._kiro.records import State, credits_in, encoded, real

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

_QUIET = frozenset({
    "turn_start", "turn_end", "pending_interaction", "interaction_resolved", "session_event", "steering_inclusion",
    "sub_agent_start", "tombstone",
})  # fmt: skip
_ELIDED = "..."
"""What stands in place of reasoning that is kept encrypted."""


def session_of(ref: Ref, state: State, side: dict[str, Json], *, name: str) -> Session:
    """Describe a session by its `session.json`, as far as there is one."""
    places = side.get("workspacePaths")
    cwd = text(places[0]) if isinstance(places, list) and places else ""
    parent = text(side.get("parentSessionId"))
    model = text(side.get("modelId"))
    facts = {
        "store": "v3",
        "credits": round(state.credits, 6),
        "context_percent": state.percent,
        "mode": text(side.get("agentMode")),
        "reason": text(side.get("createdReason")),
    }
    return Session(
        id=observed_id("kiro-cli", name),
        agent="kiro-cli",
        native_id=name,
        title=title_of(text(side.get("title"))) or state.prompt,
        cwd=cwd,
        project=project_of(cwd),
        models=(model,) if model else (),
        parent=Parent(id=observed_id("kiro-cli", parent), kind="subagent" if side.get("parentExecutionId") else "fork")
        if parent
        else None,
        status="ended",
        started=millis(side.get("createdAt")) or state.started,
        active=millis(side.get("lastModifiedAt")) or state.active,
        source_path=ref.path,
        extra={k: v for k, v in facts.items() if v},
    )


def understand(record: dict[str, Json], state: State, line: int) -> tuple[Message | None, list[str]]:
    """Return the message in a record, and what in it is not known."""
    payload = inside(record, "payload")
    kind = text(payload.get("type"))
    at = millis(record.get("timestamp"))
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    if kind == "session_metadata":
        state.percent = real(inside(payload, "value").get("usagePercentage")) or state.percent
        return None, []
    if kind == "usage_summary":
        state.credits += credits_in(payload.get("promptTurnSummaries"), "usage")
        return None, []
    if kind in _QUIET:
        return None, []
    found = _said(kind, payload)
    if found is None:
        return None, [f"record:{kind[:60] or text(record.get('type'))[:60] or '?'}"]
    role, parts = found
    message = Message(
        id=text(record.get("id")) or f"line:{line}",
        role=role,
        parts=parts,
        at=at,
        line=line,
        extra={"error": True} if kind == "error" else {},
    )
    if message.is_prompt:
        state.prompt = state.prompt or title_of(message.text)
    return message, []


def _said(kind: str, payload: dict[str, Json]) -> tuple[Role, tuple[Part, ...]] | None:
    call = text(payload.get("toolCallId"))
    match kind:
        case "user":
            return "user", (*_texts(payload.get("content")), *_images(payload.get("images")))
        case "assistant":
            thinks = payload.get("operationType") == "Reasoning"
            words = _texts(payload.get("content"))
            return "assistant", tuple(Thinking(w.text) for w in words if w.text != _ELIDED) if thinks else words
        case "tool_call":
            return "assistant", (ToolCall(id=call, name=text(payload.get("toolName")), input=payload.get("args")),)
        case "tool_result":
            gave = "\n".join(t.text for t in _texts(payload.get("content")))
            return "tool", (ToolResult(call=call, text=gave, error=payload.get("success") is False),)
        case "system" | "agent_note" | "session_start":
            return "system", _texts(payload.get("content"))
        case "error":
            return "system", _texts(payload.get("message"))
        case _:
            return None


def _texts(content: Json) -> tuple[Text, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if isinstance(content, list):
        words = [
            b if isinstance(b, str) else text(b.get("text") or b.get("content")) if isinstance(b, dict) else ""
            for b in content
        ]
        return tuple(Text(w) for w in words if w)
    return (Text(encoded(content)),) if isinstance(content, dict) and content else ()


def _images(found: Json) -> tuple[Attachment, ...]:
    listed = found if isinstance(found, list) else []
    return tuple(
        Attachment(media=text(i.get("mimeType"))) if isinstance(i, dict) else Attachment(media="image", name=i)
        for i in listed
        if isinstance(i, dict | str)
    )
