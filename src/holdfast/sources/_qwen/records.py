"""What each record of a Qwen Code session means: messages, requests, titles, rewinds, where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

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
    Thinking,
    ToolResult,
    observed_id,
)
from holdfast.model.session import ParentKind
from holdfast.sources._content import millis, number, table, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._qwen.parts import parts_of, usage_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

T = TypeVar("T")
SLUG = "qwen-code"
REMEMBERED = 2048
"""How many records are remembered, so that a rewind knows what it takes back."""
_PROMPT, _MADE, _GIVEN = 1, 2, 3
_QUIET_SYSTEM = frozenset({
    "session_notes", "at_command", "attribution_snapshot", "background_task_completed", "session_execution_engine",
    "omni_recall", "session_approval_mode", "agent_bootstrap", "agent_launch_prompt", "agent_retry",
    "agent_session_ready", "file_history_snapshot", "user_text_elements", "session_artifact_event",
    "session_artifact_snapshot", "session_sources_snapshot", "branch_checkpoint", "goal_state", "goal_runtime",
    "goal_turn_end", "turn_result", "session_model",
})  # fmt: skip
_NOT_SAID = frozenset({"notification", "cron", "goal_runtime"})
"""Records of type `user` that no person wrote."""


class State(Struct):
    """What must be remembered between two readings of one file."""

    title: str = ""
    rank: int = 0
    cwd: str = ""
    branch: str = ""
    version: str = ""
    model: str = ""
    source: str = ""
    parent: str = ""
    parent_kind: ParentKind = "fork"
    started: int | None = None
    active: int | None = None
    used: int | None = None
    limit: int | None = None
    answering: bool = False
    models: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    order: dict[str, bool] = field(default_factory=dict)
    """Records of the thread in order; True for those that became messages."""


class Found(Struct):
    """What one piece of a file gave."""

    path: str
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def session_of(ref: Ref, state: State, about: dict[str, Json]) -> Session:
    """Describe the session as it is known so far; `about` is what lies beside a sub-agent's file."""
    native, above = identity(ref)
    parent = Parent(id=observed_id(SLUG, state.parent), kind=state.parent_kind) if state.parent else None
    if above:
        parent = Parent(id=observed_id(SLUG, above), kind="subagent")
    extra: dict[str, Json] = {"source": state.source, "role": text(about.get("agentType"))}
    if ref.kind == "archived":
        extra["archived"] = True
    return Session(
        id=observed_id(SLUG, native),
        agent=SLUG,
        native_id=native,
        title=title_of(text(about.get("description"))) or state.title,
        cwd=state.cwd,
        project=project_of(state.cwd),
        branch=state.branch,
        models=tuple(state.models),
        parent=parent,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path,
        context=Context(used=state.used, limit=state.limit, source="recorded" if state.limit else "unknown"),
        version=state.version,
        extra={k: v for k, v in extra.items() if v},
    )


def identity(ref: Ref) -> tuple[str, str]:
    """Return the native id of a file and that of its parent: sub-agents lie in a folder named like their session."""
    pieces = ref.path.replace("\\", "/").split("/")
    stem = pieces[-1].removesuffix(".jsonl")
    if ref.kind == "subagent" and len(pieces) > 1:
        return f"{pieces[-2]}/{stem}", pieces[-2]
    return stem, ""


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what a record says to what was found."""
    at = _learn(record, state)
    kind = text(record.get("type"))
    before = len(found.messages)
    match kind:
        case "user":
            _user(record, _Place(line, at, state, found))
        case "assistant":
            _assistant(record, _Place(line, at, state, found))
        case "tool_result":
            _tool(record, _Place(line, at, state, found))
        case "system":
            _system(record, _Place(line, at, state, found))
        case _:
            found.unknown.append(f"record:{kind or '?'}")
    uuid = text(record.get("uuid"))
    if uuid:
        said = len(found.messages) > before
        _remember(state.order, uuid, said)
        if not said:
            parent = text(record.get("parentUuid"))
            _remember(state.skipped, uuid, state.skipped.get(parent, parent))


def _remember(into: dict[str, T], key: str, value: T) -> None:
    into[key] = value
    if len(into) > REMEMBERED:
        into.pop(next(iter(into)))


def _learn(record: dict[str, Json], state: State) -> int | None:
    at = millis(record.get("timestamp"))
    origin = text(table(record.get("forkedFrom")).get("sessionId"))
    if origin and not state.parent:
        state.parent = origin
    if at is not None:
        if not origin:  # copied records keep the times of their first life
            state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    state.cwd = text(record.get("cwd")) or state.cwd
    state.branch = text(record.get("gitBranch")) or state.branch
    state.version = text(record.get("version")) or state.version
    return at


class _Place:
    """One record's line, time and where its messages go."""

    def __init__(self, line: int, at: int | None, state: State, found: Found) -> None:
        self.line, self.at, self.state, self.found = line, at, state, found

    def say(
        self, record: dict[str, Json], role: Role, parts: tuple[Part, ...], *, suffix: str = "", **extra: Json
    ) -> None:
        """Add a message; `suffix` tells a second message of one record from its first, which it answers."""
        ident = text(record.get("uuid")) or f"line:{self.line}"
        parent = text(record.get("parentUuid"))
        assistant = role == "assistant"
        message = Message(
            id=ident + suffix,
            role=role,
            parts=parts,
            at=self.at,
            model=(text(record.get("model")) or self.state.model) if assistant else "",
            parent=ident if suffix else self.state.skipped.get(parent, parent),
            continues=assistant and self.state.answering,
            line=self.line,
            extra={**({"side": True} if record.get("isSidechain") is True else {}), **extra},
        )
        self.state.answering = assistant or (self.state.answering and role == "system")
        self.found.messages.append(message)
        if message.is_prompt:
            self.title(message.text, _PROMPT)

    def title(self, said: str, rank: int) -> None:
        """Keep the best title: a given one before a made one before the first prompt."""
        better = rank > self.state.rank or (rank == self.state.rank and rank > _PROMPT)
        named = title_of(said) if better else ""
        if named:
            self.state.title, self.state.rank = named, rank


def _user(record: dict[str, Json], place: _Place) -> None:
    parts, unknown = parts_of(record.get("message"))
    place.found.unknown.extend(unknown)
    shown = text(table(record.get("systemPayload")).get("displayText"))
    if text(record.get("subtype")) in _NOT_SAID or text(record.get("provenance")) in ("system", "goal_runtime"):
        place.say(record, "system", parts)
        return
    said = "\n".join(p.text for p in parts if isinstance(p, Text))
    if not shown.strip() or shown.strip() == said.strip():
        place.say(record, "user", parts)
        return
    added = tuple(p for p in parts if isinstance(p, Text) and p.text.strip() != shown.strip())
    place.say(record, "user", (Text(shown), *(p for p in parts if not isinstance(p, Text))))
    if added:  # files that were named and texts of hooks, put in by the program
        place.say(record, "system", added, suffix=":added")


def _assistant(record: dict[str, Json], place: _Place) -> None:
    parts, unknown = parts_of(record.get("message"))
    place.found.unknown.extend(unknown)
    state = place.state
    model = text(record.get("model")) or state.model
    usage = usage_of(record.get("usageMetadata"))
    state.limit = number(record.get("contextWindowSize")) or state.limit
    if usage is not None:
        main = record.get("isSidechain") is not True
        name = text(record.get("uuid")) or f"{record.get('timestamp')}:{usage.prompt}:{usage.output}"
        place.found.requests.append(
            Request(
                key=f"{SLUG}:{name}",
                at=place.at,
                model=model,
                usage=usage,
                path=place.found.path,
                line=place.line,
                main=main,
            )
        )
        state.used = usage.context
    if model:
        state.models[model] = None
    if parts:
        place.say(record, "assistant", parts)


def _tool(record: dict[str, Json], place: _Place) -> None:
    parts, unknown = parts_of(record.get("message"))
    place.found.unknown.extend(unknown)
    outcome = table(record.get("toolCallResult"))
    failed = text(outcome.get("status")) in ("error", "cancelled")
    shown = text(outcome.get("resultDisplay"))
    if not any(isinstance(p, ToolResult) for p in parts):
        parts = (*parts, ToolResult(call=text(outcome.get("callId")), text=shown))
    place.say(record, "tool", tuple(_settled(p, shown, failed=failed) for p in parts))


def _settled(part: Part, shown: str, *, failed: bool) -> Part:
    if not isinstance(part, ToolResult):
        return part
    return msgspec.structs.replace(part, text=part.text or shown, error=part.error or failed)


def _system(record: dict[str, Json], place: _Place) -> None:
    kind = text(record.get("subtype"))
    payload = table(record.get("systemPayload"))
    match kind:
        case "custom_title":
            made = payload.get("titleSource") == "auto"
            place.title(text(payload.get("customTitle")), _MADE if made else _GIVEN)
        case "rewind":
            _rewind(text(record.get("parentUuid")), place)
        case "chat_compression":
            _compression(record, payload, place)
        case "ui_telemetry":
            event = table(payload.get("uiEvent"))
            if text(event.get("event.name")).endswith("api_error"):
                place.say(record, "system", (Text(text(event.get("error_message"))),), error=True)
        case "slash_command":
            _command(record, payload, place)
        case "parent_session":
            place.state.parent, place.state.parent_kind = text(payload.get("parentSessionId")), "subagent"
        case "session_source":
            place.state.source = text(payload.get("sourceType"))
        case _ if kind not in _QUIET_SYSTEM:
            place.found.unknown.append(f"system:{kind or '?'}")


def _rewind(back_to: str, place: _Place) -> None:
    """Take everything after a record out of the conversation; nothing where that record is not remembered."""
    known = list(place.state.order)
    if back_to and back_to not in place.state.order:
        return
    gone = known[known.index(back_to) + 1 :] if back_to else known
    for uuid in gone:
        if place.state.order.pop(uuid):
            place.found.dropped.extend((uuid, f"{uuid}:added"))


def _compression(record: dict[str, Json], payload: dict[str, Json], place: _Place) -> None:
    history = payload.get("compressedHistory")
    first = parts_of(history[0])[0] if isinstance(history, list) and history else ()
    said = "\n".join(p.text for p in first if isinstance(p, Text | Thinking))
    place.state.used = number(table(payload.get("info")).get("newTokenCount")) or place.state.used
    place.say(record, "system", (Summary(said),) if said else ())


def _command(record: dict[str, Json], payload: dict[str, Json], place: _Place) -> None:
    """Keep what a person typed for the program itself, and what it answered."""
    items = payload.get("outputHistoryItems")
    shown = [text(table(i).get("text")) for i in items] if isinstance(items, list) else []
    asked = text(payload.get("rawCommand")) if payload.get("phase") != "result" else ""
    said = "\n".join(t for t in (asked, *shown) if t)
    if said:
        place.say(record, "system", (Text(said),), command=True)
