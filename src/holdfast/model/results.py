"""What operations answer with."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from holdfast.model.message import Role

Durability = Literal["durable", "derived"]
HitKind = Literal["said", "tool", "session"]


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a put did: messages `first` to `first + added - 1` are new; `repeated` means the key was known already."""

    session: str
    revision: int
    first: int = 0
    added: int = 0
    replaced: int = 0
    durability: Durability = "derived"
    repeated: bool = False
    masked: int = 0


class Hit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message (or session, for a match in its title, name, tags or description) that a search found.

    `highlights` are (start, end) character positions in `snippet`; `start` is where the snippet stands in the text searched.
    """

    session: str
    message: str = ""
    seq: int = -1
    role: Role = "user"
    kind: HitKind = "said"
    at: int | None = None
    snippet: str = ""
    highlights: tuple[tuple[int, int], ...] = ()
    start: int = 0
    score: float = 0.0


class SyncReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sync met: files by fate, what they held, and what could not be used."""

    seen: int = 0
    read: int = 0
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Path -> why it could not be read at all."""
    bytes: int = 0
    sessions: int = 0
    messages: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: int = 0
    rows_written: int = 0
    seconds: float = 0.0
    remaining: int = 0
    """Files that are known to have changed and were not read, because the time given was over."""
