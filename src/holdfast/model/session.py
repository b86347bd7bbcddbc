"""The session: one conversation of one agent, with what lists need to know of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model.message import Json
from holdfast.model.usage import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterable

ID_LENGTH = 16
PREFIX_LENGTH = 4
SHOWN_LENGTH = 6
Status = Literal[
    "ended",
    "unknown",
    "working",
    "waiting-permission",
    "waiting-question",
    "waiting-limit",
    "idle",
    "done-unread",
    "error",
]
ParentKind = Literal["fork", "continuation", "subagent"]
Origin = Literal["observed", "owned"]
LimitSource = Literal["recorded", "table", "unknown"]


class Parent(Struct, frozen=True, kw_only=True):
    """The session this one came from; `id` is ours, also when that session was never read."""

    id: str
    kind: ParentKind


class Context(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens in the context window after the last main-chain request, and the window's size."""

    used: int | None = None
    limit: int | None = None
    source: LimitSource = "unknown"


class Rollup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was counted of a session, so that lists never read messages."""

    messages: int = 0
    user_messages: int = 0
    tool_calls: int = 0
    errors: int = 0
    usage: tuple[Bucket, ...] = ()
    requests: int = 0
    files: tuple[str, ...] = ()
    """Paths of files touched, the first hundred."""


class Edits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person said about a session; no sync ever changes it. None means: nothing said."""

    name: str | None = None
    description: str | None = None
    project: str | None = None
    tags: tuple[str, ...] = ()
    expires: int | None = None


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session. Times are Unix ms; `revision` is the store's clock at its last change."""

    id: str
    agent: str
    native_id: str
    origin: Origin = "observed"
    name: str = ""
    title: str = ""
    project: str = ""
    cwd: str = ""
    branch: str = ""
    models: tuple[str, ...] = ()
    parent: Parent | None = None
    status: Status = "unknown"
    started: int | None = None
    active: int | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    expires: int | None = None
    source_expires: int | None = None
    source_path: str = ""
    captured: bool = False
    trashed: int | None = None
    partial: bool = False
    """True where only fragments are known, for example prompts rebuilt from a history file."""
    context: Context = Context()
    rollup: Rollup = Rollup()
    revision: int = 0
    version: str = ""
    extra: dict[str, Json] = field(default_factory=dict)

    @property
    def shown_name(self) -> str:
        """The name a person gave, else the title, else the native id."""
        return self.name or self.title or self.native_id


ID_LETTERS = 16
_LETTERS = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in range(256))
"""Turns random bytes into base32 letters, each as likely as any other."""


def observed_id(agent: str, native_id: str) -> str:
    """Derive the id of an observed session: the same on every scan, restart and machine."""
    import hashlib  # noqa: PLC0415 - lists make no ids, and should be quick

    digest = hashlib.blake2b(f"{agent}\0{native_id}".encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return _base32(digest)


def owned_id() -> str:
    """Return a new random id for an owned session."""
    return os.urandom(ID_LETTERS).translate(_LETTERS).decode()


def _base32(data: bytes) -> str:
    from base64 import b32encode  # noqa: PLC0415 - lists make no ids, and should be quick

    return b32encode(data).decode().lower()


def with_edits(session: Session, edits: Edits) -> Session:
    """Lay a person's edits over what the agent recorded."""
    return replace(
        session,
        name=session.name if edits.name is None else edits.name,
        description=session.description if edits.description is None else edits.description,
        project=session.project if edits.project is None else edits.project,
        tags=tuple(sorted({*session.tags, *edits.tags})),
        expires=session.expires if edits.expires is None else edits.expires,
    )


def merged(old: Session | None, new: Session) -> Session:
    """Lay what was just read over what is known: a source says what it knows, an empty field says nothing."""
    if old is None:
        return new
    return replace(
        new,
        title=old.title if new.partial and old.title else new.title or old.title,
        name=new.name or old.name,
        project=new.project or old.project,
        cwd=new.cwd or old.cwd,
        branch=new.branch or old.branch,
        models=ordered((*old.models, *new.models)),
        parent=new.parent or old.parent,
        started=_least(old.started, new.started),
        active=_most(old.active, new.active),
        source_expires=new.source_expires or old.source_expires,
        source_path=new.source_path or old.source_path,
        captured=new.captured or old.captured,
        context=new.context if new.context.used is not None else old.context,
        version=new.version or old.version,
        extra={**old.extra, **new.extra},
    )


def ordered(values: Iterable[str]) -> tuple[str, ...]:
    """Drop repeats and empty strings, keep the order."""
    return tuple(dict.fromkeys(v for v in values if v))


def _least(one: int | None, other: int | None) -> int | None:
    known = [t for t in (one, other) if t is not None]
    return min(known) if known else None


def _most(one: int | None, other: int | None) -> int | None:
    known = [t for t in (one, other) if t is not None]
    return max(known) if known else None
