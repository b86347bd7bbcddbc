"""What each step of an Antigravity transcript means: prompts, answers, tool results, checkpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Json, Message, Parent, Session, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.model.session import ordered
from holdfast.model.toolnames import plain_tool
from holdfast.sources._antigravity import family
from holdfast.sources._antigravity.family import AGENT
from holdfast.sources._content import flat_text, millis, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Part, Role

OPEN = 64
"""How many tool calls without a result are remembered."""
_MODEL = re.compile(r"`Model Selection` from [^\n]{0,200}? to ([^\n(.]{1,80}(?:\.\d[^\n(.]{0,40})?)")
_OBJECTIVE = re.compile(r"^# USER Objective:\n([^\n]+)", re.MULTILINE)
_EXIT = re.compile(r"The command failed with exit code: (-?\d{1,9})")
_DONE = "The command completed successfully"
_SYSTEM = frozenset({"CONVERSATION_HISTORY", "EPHEMERAL_MESSAGE", "SYSTEM_MESSAGE"})
_MODELS = frozenset({"MODEL", "planner"})


class State(Struct):
    """What must be remembered between two readings of one transcript."""

    objective: str = ""
    prompt: str = ""
    cwd: str = ""
    model: str = ""
    started: int | None = None
    active: int | None = None
    models: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Tool calls whose result was not seen yet: id and name."""
    parent: str = ""
    looks: int = 0
    """How often a parent was looked for."""


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def session_of(native: str, state: State, *, path: str, workspace: str) -> Session:
    """Describe the session as it is known so far."""
    cwd = workspace or state.cwd
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=state.objective or state.prompt,
        cwd=cwd,
        project=project_of(cwd),
        models=tuple(state.models),
        parent=Parent(id=observed_id(AGENT, state.parent), kind="subagent") if state.parent else None,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=path,
    )


def understand(record: dict[str, Json], state: State, line: int) -> tuple[list[Message], list[str]]:
    """Return the messages in a step, and what in it is not known."""
    kind, at = text(record.get("type")), millis(record.get("created_at"))
    step = record.get("step_index")
    name = f"step:{step}" if isinstance(step, int) else f"line:{line}"
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    said = flat_text(record.get("content"))
    if kind == "USER_INPUT":
        return [Message(id=name, role="user", parts=(Text(_asked(said, state)),), at=at, line=line)], []
    if kind == "PLANNER_RESPONSE":
        parts = tuple(_answer(record, state, name))
        answer = Message(id=name, role="assistant", parts=parts, at=at, model=state.model, line=line)
        return [answer] if parts else [], []
    if kind in _SYSTEM or kind in ("CHECKPOINT", "ERROR_MESSAGE"):
        return _notice(kind, said, state, name=name, at=at, line=line), []
    if text(record.get("source")) in _MODELS:
        return _result(record, state, name=name, at=at, line=line)
    unheard = [Message(id=name, role="system", parts=(Text(said),), at=at, line=line)] if said else []
    return unheard, [f"record:{kind or '?'}"]


def model_id(shown: str) -> str:
    """Make an id of a model's shown name, without the effort in parentheses: `Gemini 3.1 Pro (High)`."""
    return "-".join(shown.partition("(")[0].lower().split())


def _asked(said: str, state: State) -> str:
    """Return what the person wrote, without what the program wraps around it."""
    change = _MODEL.search(said)
    if change:
        state.model = model_id(change[1])
    _, opened, rest = said.partition("<USER_REQUEST>")
    request, closed, _ = rest.partition("</USER_REQUEST>")
    asked = request.strip("\n") if opened and closed else said
    state.prompt = state.prompt or title_of(asked)
    return asked


def _answer(record: dict[str, Json], state: State, name: str) -> Iterator[Part]:
    if text(record.get("thinking")):
        yield Thinking(record["thinking"].strip())
    if flat_text(record.get("content")):
        yield Text(flat_text(record["content"]))
    if state.model:
        state.models = list(ordered((*state.models, state.model)))
    yield from _calls(record, state, name)


def _calls(record: dict[str, Json], state: State, name: str) -> list[ToolCall]:
    listed = record.get("tool_calls")
    calls: list[ToolCall] = []
    for place, call in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(call, dict):
            given = call.get("args")
            values = {k: _argument(v) for k, v in given.items()} if isinstance(given, dict) else given
            calls.append(ToolCall(id=f"{name}:{place}", name=text(call.get("name")), input=values))
            if isinstance(values, dict):
                state.cwd = text(values.get("Cwd")) or state.cwd
    state.calls = [*state.calls, *((c.id, c.name) for c in calls)][-OPEN:]
    return calls


def _argument(value: Json) -> Json:
    """Decode an argument: the program writes each as JSON inside of a text."""
    if not isinstance(value, str) or not value.startswith(('"', "[", "{", "true", "false", *"-0123456789")):
        return value
    found = loads(value.encode("utf-8", "replace"))
    return value if found is None else found


def _result(
    record: dict[str, Json], state: State, *, name: str, at: int | None, line: int
) -> tuple[list[Message], list[str]]:
    """Read a tool's result: it names no call, so it is that of the oldest open call of its name, or of any."""
    kind = text(record.get("type"))
    own = _calls(record, state, name)
    call = next((c for c in state.calls if plain_tool(c[1]) == plain_tool(kind)), next(iter(state.calls), ("", "")))
    state.calls = [c for c in state.calls if c != call]
    said = flat_text(record.get("content"))
    if kind == "INVOKE_SUBAGENT":
        state.cwd = state.cwd or family.folder_in(said)
    code = _EXIT.search(said) if kind == "RUN_COMMAND" else None
    done = 0 if kind == "RUN_COMMAND" and _DONE in said else None
    failed = code is not None or text(record.get("status")).upper() == "ERROR"
    part = ToolResult(call=call[0], text=said, error=failed, exit_code=int(code[1]) if code else done)
    asked = [Message(id=name, role="assistant", parts=tuple(own), at=at, model=state.model, line=line)] if own else []
    key = f"{name}:results" if own else name
    answered = Message(id=key, role="tool", parts=(part,), at=at, line=line)
    return [*asked, answered], [] if call[0] else [f"record:{kind or '?'}"]


def _notice(kind: str, said: str, state: State, *, name: str, at: int | None, line: int) -> list[Message]:
    if not said:
        return []
    part: Part = Text(said)
    if kind == "CHECKPOINT":
        part = Summary(said)
        objective = _OBJECTIVE.search(said)
        state.objective = title_of(objective[1]) if objective else state.objective
    extra: dict[str, Json] = {"error": True} if kind == "ERROR_MESSAGE" else {}
    role: Role = "system"
    return [Message(id=name, role=role, parts=(part,), at=at, line=line, extra=extra)]
