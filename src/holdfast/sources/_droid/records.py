"""What each record of a Droid session means, and what the settings beside it tell: model, tokens, context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import (
    Context,
    Json,
    Message,
    Parent,
    Request,
    Session,
    Summary,
    Text,
    ToolResult,
    Usage,
    observed_id,
)
from holdfast.model.session import ParentKind, ordered
from holdfast.sources._content import blocks, millis, number, table, text, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

SLUG = "factory-droid"
SETTINGS = ".settings.json"
AUTO = "auto"
REMEMBERED = 512
"""How many records without a message are remembered, so that what answers them finds the message before."""
_REMINDER = "<system-reminder>"
_UNNAMED = frozenset({"New Session", "Untitled", "Untitled Session"})
_SOUND = frozenset({
    "completed", "cancelled", "permission_rejected", "spec_handoff", "no_approver_available", "",
})  # fmt: skip
"""How a turn may end without an error."""


class State(Struct):
    """What must be remembered between two readings of one file."""

    title: str = ""
    rank: int = 0
    cwd: str = ""
    version: int = 0
    parent: str = ""
    parent_kind: ParentKind = "fork"
    started: int | None = None
    active: int | None = None
    models: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Found(Struct):
    """What one piece of a file gave."""

    messages: list[Message] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def native_id(ref: Ref) -> str:
    """Return the session's id: the name that its transcript and its settings share."""
    name = ref.path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.removesuffix(SETTINGS).removesuffix(".jsonl")


def session_of(ref: Ref, state: State, settings: dict[str, Json]) -> Session:
    """Describe the session as it is known so far, from its records and its settings."""
    native = native_id(ref)
    last = table(settings.get("lastCallTokenUsage"))
    used = sum(number(last.get(n)) for n in ("inputTokens", "cacheReadTokens", "outputTokens"))
    extra: dict[str, Json] = {
        "provider": text(settings.get("providerLock")),
        "effort": text(settings.get("reasoningEffort")),
        "archived": bool(settings.get("archivedAt")),
        "format": state.version,
    }
    return Session(
        id=observed_id(SLUG, native),
        agent=SLUG,
        native_id=native,
        title=state.title,
        cwd=state.cwd,
        project=project_of(state.cwd),
        models=ordered((*state.models, *(m for m in (model_of(settings),) if m != AUTO))),
        parent=Parent(id=observed_id(SLUG, state.parent), kind=state.parent_kind) if state.parent else None,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path.removesuffix(SETTINGS) + (".jsonl" if ref.path.endswith(SETTINGS) else ""),
        context=Context(used=used or None),
        extra={k: v for k, v in extra.items() if v},
    )


def model_of(settings: dict[str, Json]) -> str:
    """Return the model a session uses: where Droid chooses itself, the one it chose."""
    named = text(settings.get("model"))
    chosen = text(table(settings.get("effectiveFactoryRouterModel")).get("modelId"))
    return chosen or named if named in ("", AUTO) else named


def request_of(ref: Ref, settings: dict[str, Json], *, at: int | None) -> Request | None:
    """Return all that a session used as one request: Droid counts nothing smaller."""
    counts = table(settings.get("tokenUsage"))
    output, thinking = number(counts.get("outputTokens")), number(counts.get("thinkingTokens"))
    usage = Usage(
        input=number(counts.get("inputTokens")),
        cache_read=number(counts.get("cacheReadTokens")),
        cache_write=number(counts.get("cacheCreationTokens")),
        output=output,
        reasoning=thinking,
        reasoning_apart=thinking if thinking > output else 0,
    )
    if not usage.total:
        return None
    key = f"{SLUG}:{native_id(ref)}"
    return Request(key=key, at=at, model=model_of(settings), usage=usage, path=ref.path, line=1)


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what a record says to what was found."""
    place = _Place(record, line, state, found)
    match record.get("type"):
        case "session_start":
            _start(record, state)
        case "message":
            _message(table(record.get("message")), place)
        case "compaction_state":
            said = text(record.get("summaryText"))
            place.say("system", (Summary(said),) if said else ())
        case "agent_turn_outcome":
            reason = text(record.get("reason"))
            if reason not in _SOUND:
                place.say("system", (Text(reason),), ident=f"{text(record.get('turnId'))}:outcome", error=True)
        case "todo_state" | "session_end":
            pass
        case kind:
            found.unknown.append(f"record:{text(kind)[:60] or '?'}")
    place.skip()


class _Place:
    """One record, its line and time, and where its messages go."""

    def __init__(self, record: dict[str, Json], line: int, state: State, found: Found) -> None:
        self.record, self.line, self.state, self.found = record, line, state, found
        self.at = millis(record.get("timestamp"))
        self.said = False
        if self.at is not None:
            state.started = self.at if state.started is None else min(state.started, self.at)
            state.active = self.at if state.active is None else max(state.active, self.at)

    def say(self, role: Role, parts: tuple[Part, ...], *, ident: str = "", model: str = "", **extra: Json) -> Message:
        own = text(self.record.get("id")) or f"line:{self.line}"
        above = text(self.record.get("parentId"))
        message = Message(
            id=ident or own,
            role=role,
            parts=parts,
            at=self.at,
            model=model,
            parent=self.state.skipped.get(above, above),
            line=self.line,
            extra=extra,
        )
        self.said = self.said or message.id == own
        self.found.messages.append(message)
        return message

    def skip(self) -> None:
        """Remember whom a record answers that became no message."""
        own, above = text(self.record.get("id")), text(self.record.get("parentId"))
        if own and not self.said:
            self.state.skipped[own] = self.state.skipped.get(above, above)
            if len(self.state.skipped) > REMEMBERED:
                self.state.skipped.pop(next(iter(self.state.skipped)))


def _start(record: dict[str, Json], state: State) -> None:
    state.cwd = text(record.get("cwd")) or text(record.get("workspace_root")) or state.cwd
    state.version = number(record.get("version")) or state.version
    named = text(record.get("sessionTitle")) or text(record.get("title"))
    if title_of(named) and named not in _UNNAMED:
        state.title, state.rank = title_of(named), 2
    called_by, forked_from = text(record.get("callingSessionId")), text(record.get("parent"))
    if called_by or forked_from:
        state.parent = called_by or forked_from
        state.parent_kind = "subagent" if called_by else "fork" if record.get("forkedAtMessageId") else "continuation"


def _message(inner: dict[str, Json], place: _Place) -> None:
    parts, unknown = blocks(inner.get("content"))
    place.found.unknown.extend(unknown)
    if inner.get("role") == "assistant":
        model = text(inner.get("modelId"))
        if model:
            place.state.models[model] = None
        if parts:
            place.say("assistant", parts, model=model)
        return
    if inner.get("role") not in ("user", "system"):
        place.found.unknown.append(f"role:{text(inner.get('role'))[:60] or '?'}")
    if inner.get("hookEventName"):
        parts = (*parts, *_hook_output(inner))
    role = _role(inner, parts)
    if role != "user":
        if parts:
            place.say(role, parts)
        return
    added = tuple(p for p in parts if isinstance(p, Text) and p.text.lstrip().startswith(_REMINDER))
    if added:
        own = text(place.record.get("id")) or f"line:{place.line}"
        place.say("system", added, ident=f"{own}:context")
    said = tuple(p for p in parts if p not in added)
    if said:
        _ask(place.say("user", said), place.state)


def _role(inner: dict[str, Json], parts: tuple[Part, ...]) -> Role:
    """Tell who speaks in a record that is no answer: a person only where nothing says otherwise."""
    if any(isinstance(p, ToolResult) for p in parts):
        return "tool"
    injected = inner.get("visibility") in ("llm_only", "user_only") or bool(inner.get("hookEventName"))
    automatic = inner.get("userMessageSource") == "automation" or inner.get("role") != "user"
    return "system" if injected or automatic else "user"


def _ask(message: Message, state: State) -> None:
    if message.is_prompt and not state.rank:
        state.title = state.title or title_of(message.text)


def _hook_output(inner: dict[str, Json]) -> tuple[Part, ...]:
    results = inner.get("hookResults")
    found = [table(r) for r in results] if isinstance(results, list) else []
    said = "\n".join(t for r in found for t in (text(r.get("stdout")), text(r.get("stderr"))) if t)
    return (Text(said),) if said else ()
