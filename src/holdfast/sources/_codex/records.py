"""What the lines of a Codex rollout tell about the session: who it is, its turns, its requests, what was copied.

Messages come from `items`. A forked rollout starts with a copy of its parent's history: turns older than the fork.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Context, Json, Message, Parent, Request, Session, Usage, observed_id
from holdfast.model.session import ParentKind, ordered
from holdfast.sources._content import inside, millis, number, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.sources.base import Ref

NAMED = 3
"""The rank of a title that a person or Codex gave; a first prompt has rank 1."""
_ROLLOUT = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.jsonl(?:\.zst)?\Z")
_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
COPY_MS = 1000
"""Copied lines are written at once: a later line without a turn is the fork's own."""
TURNS_KEPT = 1024


class State(Struct):
    """What must be remembered between two readings of one file."""

    native: str = ""
    met: bool = False
    title: str = ""
    rank: int = 0
    cwd: str = ""
    branch: str = ""
    version: str = ""
    parent: str = ""
    parent_kind: ParentKind = "fork"
    started: int | None = None
    active: int | None = None
    used: int | None = None
    limit: int | None = None
    models: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    fork: str = ""
    fork_at: int | None = None
    copying: bool = False
    turn: str = ""
    model: str = ""
    turns: dict[str, None] = field(default_factory=dict)
    total: list[int] | None = None
    answering: bool = False
    sealed: bool = False
    """The last reasoning came without words of its own: they may follow as an event."""
    failed: str = ""
    heard: list[tuple[str, str, int, bool]] = field(default_factory=list)
    outcomes: dict[str, tuple[int | None, bool]] = field(default_factory=dict)
    prompts: list[int] = field(default_factory=list)
    cut: tuple[int, int] = (0, 0)


class Found(Struct):
    """What one piece of a file gave."""

    path: str
    agent: str
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)


def state_of(kept: dict[str, Json], path: str) -> State:
    """Take the state up again from a cursor."""
    if kept:
        return msgspec.convert(kept, State)
    named = _ROLLOUT.search(path)
    return State(native=named[1] if named else "")


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    if len(state.turns) > TURNS_KEPT:
        state.turns = dict(list(state.turns.items())[-TURNS_KEPT:])
    found: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(state))
    return found


def session_of(ref: Ref, state: State, *, title: str = "") -> Session:
    """Describe the session as it is known so far."""
    extra: dict[str, Json] = {k: v for k, v in state.extra.items() if v}
    if "archived" in ref.kind:
        extra["archived"] = True
    return Session(
        id=observed_id(ref.agent, state.native),
        agent=ref.agent,
        native_id=state.native,
        title=title or state.title,
        cwd=state.cwd,
        project=project_of(state.cwd),
        branch=state.branch,
        models=tuple(state.models),
        parent=Parent(id=observed_id(ref.agent, state.parent), kind=state.parent_kind) if state.parent else None,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path,
        context=Context(used=state.used, limit=state.limit, source="recorded" if state.limit else "unknown"),
        version=state.version,
        extra=extra,
    )


def text(values: dict[str, Json], name: str) -> str:
    """Return a text, empty where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def payload_of(record: dict[str, Json]) -> tuple[str, dict[str, Json], str]:
    """Return a line's type, its payload and the payload's type; lines of before 0.3x have no envelope."""
    payload = record.get("payload")
    if isinstance(payload, dict):
        return text(record, "type"), payload, text(payload, "type")
    if "record_type" in record:
        return "state", record, ""
    if "type" in record:
        return "response_item", record, text(record, "type")
    return ("session_meta" if isinstance(record.get("id"), str) else "?"), record, ""


def tick(state: State, at: int | None) -> None:
    """Note the time of a line."""
    if at is None:
        return
    state.started = at if state.started is None else min(state.started, at)
    state.active = at if state.active is None else max(state.active, at)
    if state.copying and not state.turn and state.fork_at is not None and at > state.fork_at + COPY_MS:
        state.copying = False


def learn_meta(found: dict[str, Json], state: State, at: int | None) -> None:
    """Take the first session_meta as the session; a later one of another id begins copied history."""
    native = text(found, "id") or text(found, "session_id")
    if state.met:
        if native and native != state.native:
            state.fork, state.fork_at, state.copying, state.turn = max(state.fork, native), at, True, ""
        return
    state.met = True
    state.native = state.native or native
    state.cwd = text(found, "cwd")
    state.version = text(found, "cli_version")
    git = inside(found, "git")
    state.branch = text(git, "branch")
    _learn_parent(found, state, at)
    source = found.get("source")
    state.extra |= {
        "provider": text(found, "model_provider"),
        "originator": text(found, "originator"),
        "source": source if isinstance(source, str) else "",
        "repository": text(git, "repository_url"),
        "nickname": text(found, "agent_nickname"),
        "role": text(found, "agent_role"),
    }
    tick(state, millis(found.get("timestamp")))


def _learn_parent(found: dict[str, Json], state: State, at: int | None) -> None:
    spawn = inside(inside(inside(found, "source"), "subagent"), "thread_spawn")
    spawned_by = text(found, "parent_thread_id") or text(spawn, "parent_thread_id")
    forked_from = text(found, "forked_from_id")
    state.parent = spawned_by or forked_from
    state.parent_kind = "subagent" if spawned_by else "fork"
    if forked_from:
        state.fork, state.fork_at, state.copying = state.native, at or millis(found.get("timestamp")), True


def learn_turn(found: dict[str, Json], state: State) -> None:
    """Begin or describe a turn: which one, with which model, and whether it is a copy."""
    turn = text(found, "turn_id")
    if turn and turn != state.turn:
        state.turn = turn
        state.answering = False
        if state.copying and turn not in state.turns and not _older(turn, found.get("started_at"), state):
            state.copying = False
    limit = number(found.get("model_context_window"))
    state.limit = limit or state.limit
    if state.copying:
        state.model = text(found, "model") or state.model
        return
    if turn:
        state.turns[turn] = None
    state.cwd = text(found, "cwd") or state.cwd
    if text(found, "model"):
        state.model = text(found, "model")
        state.models = list(ordered((*state.models, state.model)))


def _older(turn: str, started: Json, state: State) -> bool:
    """Tell whether a turn is older than the fork, from the times in both ids, else from when it started."""
    if _V7.match(turn) and _V7.match(state.fork):
        return turn[:13] < state.fork[:13]
    began = millis(started)
    return began is not None and state.fork_at is not None and began + COPY_MS <= state.fork_at


def learn_tokens(found: dict[str, Json], state: State) -> Usage | None:
    """Return what a token_count adds: nothing where its total has not moved (a refresh of rate limits)."""
    info = inside(found, "info")
    total, last = info.get("total_token_usage"), info.get("last_token_usage")
    if not isinstance(total, dict):
        return None
    limit = number(info.get("model_context_window"))
    state.limit = limit or state.limit
    counts = _counts(total)
    before, state.total = state.total, counts
    if isinstance(last, dict):
        state.used = number(last.get("total_tokens")) or state.used
    if counts == before or not any(counts[:5]):
        return None
    state.answering = False
    spent = (
        _counts(last)
        if isinstance(last, dict)
        else [max(0, n - b) for n, b in zip(counts, before or [0] * 6, strict=True)]
    )
    return _usage(spent) if any(spent[:5]) else None


def request_of(usage: Usage, state: State, found: Found, *, line: int, at: int | None) -> Request:
    """Make a request whose key is the same in every copy: the turn and the running total."""
    owner = state.turn or (state.parent if state.copying else "") or state.native
    return Request(
        key=f"{found.agent}:{owner}:{':'.join(str(n) for n in state.total or ())}",
        at=at,
        model=state.model,
        usage=usage,
        path=found.path,
        line=line,
    )


def _counts(found: dict[str, Json]) -> list[int]:
    names = (
        "input_tokens",
        "cached_input_tokens",
        "cache_write_input_tokens",
        "output_tokens",
        "reasoning_output_tokens",
    )
    return [number(found.get(n)) for n in (*names, "total_tokens")]


def _usage(counts: list[int]) -> Usage:
    """Codex counts cached tokens inside input and reasoning inside output."""
    given, read, written, output, reasoning, _ = counts
    read = min(read, given)
    written = min(written, given - read)
    return Usage(
        input=given - read - written,
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=min(reasoning, output),
    )


def learn_title(said: str, state: State, rank: int) -> None:
    """Keep the best title: a given name replaces, a first prompt stays."""
    if rank >= NAMED or (rank > state.rank and said):
        found = title_of(said.partition("## My request for Codex:")[2] or said)
        if found:
            state.title, state.rank = found, rank
