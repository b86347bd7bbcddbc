"""What Copilot's events tell about a session and the sub-agents inside it: who, where, when, under which name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Context, Json, Message, Parent, Request, Session, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import inside, millis, number, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.sources.base import Ref

SLUG = "copilot-cli"
NAMED = 3
AGENTS = 500
_ID = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:[/\\]events)?\.jsonl\Z")


Call = tuple[str, int | None, int, int, bool]
"""A call that no shutdown has counted yet: model, time, line, output tokens, and whether a sub-agent made it."""


class Voice(Struct):
    """The main agent (key "") or one sub-agent: what its own session needs."""

    title: str = ""
    rank: int = 0
    spoke: bool = False
    cwd: str = ""
    branch: str = ""
    started: int | None = None
    active: int | None = None
    call: str = ""
    thought: str = ""
    models: list[str] = field(default_factory=list)


class State(Struct):
    """What must be remembered between two readings of one file."""

    native: str = ""
    cwd: str = ""
    branch: str = ""
    version: str = ""
    repository: str = ""
    used: int | None = None
    limit: int | None = None
    credits: int = 0
    premium: float = 0
    voices: dict[str, Voice] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    call: str = ""
    calls: list[Call] = field(default_factory=list)
    rowed: list[tuple[str, int]] = field(default_factory=list)
    billed: dict[str, list[int]] = field(default_factory=dict)
    closings: list[str] = field(default_factory=list)
    closed: int | None = None
    row: int = 0

    def voice(self, agent: str) -> Voice:
        """Return the speaker's own state."""
        return self.voices.setdefault(agent, Voice())


class Found(Struct):
    """What one piece of a file gave; messages by speaker."""

    path: str
    root: str = ""
    messages: dict[str, list[Message]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)


def state_of(kept: dict[str, Json], path: str) -> State:
    """Take the state up again from a cursor."""
    if kept:
        return msgspec.convert(kept, State)
    named = _ID.search(path)
    return State(native=named[1] if named else "")


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(state))
    return found


def session_of(ref: Ref, state: State, *, agent: str = "", title: str = "") -> Session:
    """Describe the session, or a sub-agent's session inside it, as it is known so far."""
    voice = state.voices.get(agent) or Voice()
    native = f"{state.native}/{agent}" if agent else state.native
    cwd = voice.cwd if agent else state.cwd
    return Session(
        id=observed_id(SLUG, native),
        agent=SLUG,
        native_id=native,
        title=title or voice.title,
        cwd=cwd,
        project=project_of(cwd),
        branch=voice.branch if agent else state.branch,
        models=tuple(voice.models),
        parent=Parent(id=observed_id(SLUG, state.native), kind="subagent") if agent else None,
        status="ended",
        started=voice.started,
        active=voice.active,
        source_path=ref.path,
        context=Context() if agent else _context(state),
        version=state.version,
        extra={} if agent else _extra(state),
    )


def _context(state: State) -> Context:
    return Context(used=state.used, limit=state.limit, source="recorded" if state.limit else "unknown")


def _extra(state: State) -> dict[str, Json]:
    """Keep money as Copilot counts it: AI credits (10^-9) and premium requests, never dollars."""
    extra: dict[str, Json] = {"repository": state.repository, "total_nano_aiu": state.credits}
    extra |= {"premium_requests": state.premium}
    return {k: v for k, v in extra.items() if v}


def text(values: dict[str, Json], name: str) -> str:
    """Return a text, empty where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def tick(state: State, agent: str, at: int | None) -> None:
    """Note the time of an event, and where a sub-agent was started."""
    if agent and not state.voice(agent).cwd:
        state.voice(agent).cwd, state.voice(agent).branch = state.cwd, state.branch
    if at is None:
        return
    for voice in {agent: state.voice(agent), "": state.voice("")}.values():
        voice.started = at if voice.started is None else min(voice.started, at)
        voice.active = at if voice.active is None else max(voice.active, at)


def learn_place(data: dict[str, Json], state: State) -> None:
    """Take what session.start, .resume and .context_changed say of where it runs."""
    state.native = state.native or text(data, "sessionId")
    state.version = text(data, "copilotVersion") or state.version
    context = inside(data, "context") or data
    state.cwd = text(context, "cwd") or state.cwd
    state.branch = text(context, "branch") or state.branch
    state.repository = text(context, "repository") or state.repository
    started = millis(data.get("startTime"))
    if started is not None:
        tick(state, "", started)


def learn_size(data: dict[str, Json], state: State) -> None:
    """Take the size of the context and of its window wherever an event says it."""
    parts = [number(data.get(n)) for n in ("systemTokens", "conversationTokens", "toolDefinitionsTokens")]
    state.used = number(data.get("currentTokens")) or (sum(parts) if parts[1] else 0) or state.used
    state.limit = number(data.get("tokenLimit")) or state.limit


def learn_model(name: str, voice: Voice) -> None:
    """Add a model to those a speaker used."""
    if name and name != "auto":
        voice.models = list(ordered((*voice.models, name)))


def learn_title(said: str, voice: Voice, rank: int) -> None:
    """Keep the best title: a given name replaces, a first prompt stays."""
    if rank >= NAMED or (rank > voice.rank and said):
        found = title_of(said)
        if found:
            voice.title, voice.rank = found, rank
