"""What a Kimi session is known by: where it lies, what stands beside it, what its records told so far."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Context, Json, Message, Parent, Request, Session, Text, Usage, observed_id
from holdfast.model.session import ParentKind
from holdfast.sources._content import millis, number, table, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

SLUG = "kimi"
MOST = 8 << 20
"""No state file and no index is larger."""
REMEMBERED = 1024
"""So many messages at least are known again when an undo takes them back."""
_PARENT = ("parent_session_id", "parentSessionId")
_COUNTS: tuple[tuple[str, ...], ...] = (
    ("inputOther", "input_other", "input_tokens"),
    ("inputCacheRead", "input_cache_read"),
    ("inputCacheCreation", "input_cache_creation"),
    ("output", "output_tokens"),
)


class Streamed(Struct):
    """A call whose arguments come in pieces."""

    message: str
    line: int
    at: int | None
    model: str
    continues: bool
    call: str
    name: str
    pieces: list[str]
    size: int = 0
    grown: bool = False


class State(Struct):
    """What must be remembered between two readings of one file."""

    title: str = ""
    cwd: str = ""
    model: str = ""
    version: str = ""
    started: int | None = None
    active: int | None = None
    used: int | None = None
    limit: int | None = None
    answering: bool = False
    asked: bool = False
    models: dict[str, None] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    counted: list[list[int]] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    streamed: Streamed | None = None


class Found(Struct):
    """What one piece of a file gave."""

    path: str
    apart: bool = False
    """Sub-agents have logs of their own beside this one."""
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


class Place:
    """One record's line and time, and where its messages go."""

    def __init__(self, line: int, at: int | None, state: State, found: Found) -> None:
        self.line, self.at, self.state, self.found = line, at, state, found
        if at is not None:
            state.started = at if state.started is None else min(state.started, at)
            state.active = at if state.active is None else max(state.active, at)

    def say(self, role: Role, parts: tuple[Part, ...], *, named: str = "line", **extra: Json) -> Message | None:
        """Add a message, unless it says nothing."""
        if not parts and not extra.get("error"):
            return None
        state, assistant = self.state, role == "assistant"
        message = Message(
            id=f"{named}:{self.line}",
            role=role,
            parts=parts,
            at=self.at,
            model=state.model if assistant else "",
            continues=assistant and state.answering,
            line=self.line,
            extra=extra,
        )
        state.answering = assistant or (state.answering and role == "system")
        self.found.messages.append(message)
        if role != "system":
            _remember(state.order, self.line)
        if message.is_prompt:
            _remember(state.prompts, self.line)
            state.title = state.title or title_of(message.text)
        return message

    def bill(self, usage: Usage, key: str, *, model: str = "", main: bool = True) -> None:
        """Add a request."""
        name = model or self.state.model
        if name:
            self.state.models[name] = None
        self.found.requests.append(
            Request(
                key=f"{SLUG}:{key}",
                at=self.at,
                model=name,
                usage=usage,
                path=self.found.path,
                line=self.line,
                main=main,
            )
        )

    def take_back(self, turns: int) -> None:
        """Take the last so many turns out of the conversation; what they cost stays billed."""
        state = self.state
        if not turns or not state.prompts:
            return
        first = state.prompts[max(0, len(state.prompts) - turns)]
        state.prompts = state.prompts[: max(0, len(state.prompts) - turns)]
        self.found.dropped.extend(f"line:{n}" for n in state.order if n >= first)
        state.order = [n for n in state.order if n < first]

    def unknown(self, name: str) -> None:
        """Count a type that is not known."""
        self.found.unknown.append(name[:80])


def _remember(into: list[int], line: int) -> None:
    into.append(line)
    if len(into) > 2 * REMEMBERED:
        del into[:REMEMBERED]


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def usage_of(counts: Json) -> Usage | None:
    """Read a count of tokens, in the names of either generation; the classes do not overlap."""
    found = table(counts)
    given, read, written, output = (next((number(found[n]) for n in ns if n in found), 0) for ns in _COUNTS)
    usage = Usage(input=given, cache_read=read, cache_write=written, output=output)
    return usage if usage.total else None


class Whereabouts(Struct, frozen=True):
    """Which session a file belongs to: its folder, its id, and the agent where it is not the main one."""

    folder: Path
    session: str
    agent: str = ""

    @property
    def native(self) -> str:
        """The native id: of a sub-agent with its session's in front."""
        return f"{self.session}/{self.agent}" if self.agent else self.session


def whereabouts(ref: Ref) -> Whereabouts:
    """Read a file's place from its path."""
    path = Path(ref.path)
    if ref.kind in ("agent", "subagent"):
        folder = path.parent.parent.parent
        agent = "" if ref.kind == "agent" and path.parent.name == "main" else path.parent.name
        return Whereabouts(folder, folder.name, agent)
    return Whereabouts(path.parent, path.parent.name)


def session_of(ref: Ref, state: State) -> Session:
    """Describe the session as it is known so far, with what stands beside its records."""
    place = whereabouts(ref)
    about = small(place.folder / "state.json")
    own = table(table(about.get("agents")).get(place.agent or "main"))
    cwd = state.cwd or text(about.get("cwd")) or text(about.get("workDir")) or text(about.get("worktree_path"))
    cwd = cwd or _listed(ref.root, place)
    named = "" if place.agent else text(about.get("title")) or text(about.get("custom_title"))
    extra: dict[str, Json] = {
        "archived": about.get("archived") is True,
        "role": text(own.get("type")) if place.agent else "",
    }
    return Session(
        id=observed_id(SLUG, place.native),
        agent=SLUG,
        native_id=place.native,
        title=title_of(named) or state.title,
        cwd=cwd,
        project=text(about.get("parent_repo_path")) or project_of(cwd),
        models=tuple(state.models),
        parent=_parent(place, about, own),
        status="ended",
        started=state.started if place.agent else _least(millis(about.get("createdAt")), state.started),
        active=state.active,
        source_path=ref.path,
        context=Context(used=state.used, limit=state.limit, source="recorded" if state.limit else "unknown"),
        version=state.version,
        extra={k: v for k, v in extra.items() if v},
    )


def _parent(place: Whereabouts, about: dict[str, Json], own: dict[str, Json]) -> Parent | None:
    if place.agent:
        above = text(own.get("parentAgentId"))
        native = f"{place.session}/{above}" if above not in ("", "main") else place.session
        return Parent(id=observed_id(SLUG, native), kind="subagent")
    custom = table(about.get("custom"))
    called_by = next((text(custom[n]) for n in _PARENT if text(custom.get(n))), "")
    forked = text(about.get("forkedFrom"))
    kind: ParentKind = "subagent" if called_by else "fork"
    return Parent(id=observed_id(SLUG, called_by or forked), kind=kind) if called_by or forked else None


def _least(one: int | None, other: int | None) -> int | None:
    known = [t for t in (one, other) if t is not None]
    return min(known) if known else None


def small(path: Path) -> dict[str, Json]:
    """Read a small file of JSON, nothing where it is not there or no object."""
    try:
        found = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except (OSError, ValueError):
        return {}
    return table(found)


def _listed(root: str, place: Whereabouts) -> str:
    """Look a session's directory up in the index, or by the hash that its folder is named by."""
    if not root:
        return ""
    index, metadata = Path(root) / "session_index.jsonl", Path(root) / "kimi.json"
    found = _directories(index, _seen(index)).get(place.session)
    return found or _hashed(metadata, _seen(metadata)).get(place.folder.parent.name.rpartition("_")[2], "")


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size <= MOST else None


@lru_cache(maxsize=8)
def _directories(path: Path, seen: tuple[int, int] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if seen is None:
        return found
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return found
    for line in lines:
        record = table(loads(line)) if line else {}
        if text(record.get("sessionId")) and text(record.get("workDir")):
            found[text(record["sessionId"])] = text(record["workDir"])
    return found


@lru_cache(maxsize=8)
def _hashed(path: Path, seen: tuple[int, int] | None) -> dict[str, str]:
    listed = small(path).get("work_dirs") if seen is not None else None
    paths = [text(table(w).get("path")) for w in listed] if isinstance(listed, list) else []
    return {hashlib.md5(p.encode("utf-8", "replace"), usedforsecurity=False).hexdigest(): p for p in paths if p}


def said(parts: tuple[Part, ...]) -> str:
    """Return the words of parts, without spaces, to know them again."""
    return hashlib.blake2b(
        "".join("".join(p.text.split()) for p in parts if isinstance(p, Text)).encode("utf-8", "replace"), digest_size=8
    ).hexdigest()
