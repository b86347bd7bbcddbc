"""What the records of `sessions/cli/<id>.jsonl` and the side file `<id>.json` mean."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Message,
    Parent,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    observed_id,
)
from holdfast.sources._content import inside, millis, number, text, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

_ROLES: dict[str, Role] = {"Prompt": "user", "AssistantMessage": "assistant", "ToolResults": "tool"}
_EXIT = re.compile(r"^exit (?:status|code): (-?\d{1,9})$")


class State(Struct):
    """What must be remembered between two readings of one log."""

    prompt: str = ""
    asked: str = ""
    """The id of the last prompt, which a cancellation takes back."""
    started: int | None = None
    active: int | None = None
    credits: float = 0.0
    percent: float | None = None
    cancelled: list[str] = field(default_factory=list)


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def session_of(ref: Ref, state: State, side: dict[str, Json], *, name: str) -> Session:
    """Describe a session by its side file, as far as there is one."""
    inner = inside(side, "session_state")
    engine = inside(inner, "rts_model_state")
    model = inside(engine, "model_info")
    native = text(side.get("session_id")) or name
    parent = text(side.get("parent_session_id"))
    reason = text(side.get("session_created_reason"))
    cwd = text(side.get("cwd"))
    percent = real(engine.get("context_usage_percentage"))
    facts = {
        "store": "v2",
        "credits": _credits(inside(inner, "conversation_metadata")),
        "context_percent": percent,
        "profile": text(inner.get("agent_name")),
        "reason": reason,
    }
    return Session(
        id=observed_id("kiro-cli", native),
        agent="kiro-cli",
        native_id=native,
        title=title_of(text(side.get("title"))) or state.prompt,
        cwd=cwd,
        project=project_of(cwd),
        models=tuple(m for m in (text(model.get("model_id")),) if m),
        parent=Parent(id=observed_id("kiro-cli", parent), kind="subagent" if reason == "subagent" else "fork")
        if parent
        else None,
        status="ended",
        started=millis(side.get("created_at")) or state.started,
        active=millis(side.get("updated_at")) or state.active,
        source_path=ref.path,
        context=context_of(percent, number(model.get("context_window_tokens"))),
        extra={k: v for k, v in facts.items() if v},
    )


def context_of(percent: float | None, limit: int) -> Context:
    """Return the context in use: Kiro records its share of the window."""
    if not limit:
        return Context()
    used = None if percent is None else round(limit * percent / 100)
    return Context(used=used, limit=limit, source="recorded")


def understand(record: dict[str, Json], state: State, line: int) -> tuple[Message | None, list[str]]:
    """Return the message in a record, and what in it is not known."""
    kind = text(record.get("kind"))
    data = record.get("data")
    data = data if isinstance(data, dict) else {}
    name = text(data.get("message_id")) or f"line:{line}"
    at = _time(data, state)
    if kind == "Compaction":
        return Message(id=name, role="system", parts=(Summary(text(data.get("summary"))),), at=at, line=line), []
    if kind == "CancelledPrompt":
        state.cancelled.extend(n for n in (state.asked,) if n)
        return None, []
    if kind == "Clear":
        return None, []
    if kind not in _ROLES:
        return None, [f"record:{kind[:60] or text(record.get('type'))[:60] or '?'}"]
    parts, odd = _parts(data.get("content"))
    message = Message(id=name, role=_ROLES[kind], parts=parts, at=at, line=line)
    if message.is_prompt:
        state.asked = name
        state.prompt = state.prompt or title_of(message.text)
    return message, odd


def _time(data: dict[str, Json], state: State) -> int | None:
    at = millis(inside(data, "meta").get("timestamp"))
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    return at


def _parts(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    if not isinstance(content, list):
        return ((Text(content),) if isinstance(content, str) and content else ()), []
    parts: list[Part] = []
    odd: list[str] = []
    for block in content:
        kind = text(block.get("kind")) if isinstance(block, dict) else type(block).__name__
        part = _part(kind, block.get("data")) if isinstance(block, dict) else None
        if part is None:
            odd.append(f"block:{kind[:60] or '?'}")
        elif part != Text(""):
            parts.append(part)
    return tuple(parts), odd


def _part(kind: str, data: Json) -> Part | None:
    inner = data if isinstance(data, dict) else {}
    match kind:
        case "text":
            return Text(text(data))
        case "thinking":
            return Thinking(text(inner.get("text")))
        case "toolUse":
            return ToolCall(id=text(inner.get("toolUseId")), name=text(inner.get("name")), input=inner.get("input"))
        case "toolResult":
            return result_of(text(inner.get("toolUseId")), inner.get("content"), text(inner.get("status")))
        case "image":
            return Attachment(media=f"image/{text(inner.get('format'))}".rstrip("/"))
        case _:
            return None


def result_of(call: str, content: Json, status: str) -> ToolResult:
    """Make a tool result of its blocks: `{kind, data}` in logs, `{Text: ...}` or `{Json: ...}` in the database."""
    words: list[str] = []
    code: int | None = None
    for block in content if isinstance(content, list) else [content]:
        value = block
        if isinstance(block, dict):
            value = next((block[k] for k in ("data", "Text", "Json") if k in block), block)
        if isinstance(value, dict):
            found = _EXIT.match(text(value.get("exit_status")))
            code = int(found[1]) if found else code
        words.append(_words(value))
    failed = status.lower() not in ("", "success") or bool(code)
    return ToolResult(call=call, text="\n".join(w for w in words if w), error=failed, exit_code=code)


def _words(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and ("stdout" in value or "stderr" in value):
        return "\n".join(w for w in (text(value.get("stdout")), text(value.get("stderr"))) if w)
    return "" if value is None else encoded(value)


def encoded(value: Json) -> str:
    """Write a value as JSON, nothing where it goes too deep for that."""
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return ""


def _credits(turns: dict[str, Json]) -> float:
    total = 0.0
    listed = turns.get("user_turn_metadatas")
    for turn in listed if isinstance(listed, list) else ():
        if isinstance(turn, dict):
            total += credits_in(turn.get("metering_usage"), "value")
    return round(total, 6)


def credits_in(found: Json, key: str) -> float:
    """Add up entries that are measured in credits."""
    listed = found if isinstance(found, list) else []
    return sum(
        real(e.get(key)) or 0.0 for e in listed if isinstance(e, dict) and text(e.get("unit")).lower() == "credit"
    )


def real(value: Json) -> float | None:
    """Return a plausible amount, None for anything else."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 <= value < 1e9
    ):
        return None
    return float(value)
