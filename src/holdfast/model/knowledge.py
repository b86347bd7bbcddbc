"""Notes, preferences and tag feedback: what is remembered, always with who wrote it and where it came from."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Trust = Literal["person", "agent", "tool", "import"]


class Provenance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who said it, in which session and message, how far it is trusted, and when (Unix ms)."""

    writer: str
    trust: Trust
    at: int
    session: str = ""
    message: str = ""


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing worth remembering."""

    id: str
    text: str
    provenance: Provenance
    tags: tuple[str, ...] = ()
    session: str = ""


class Preference(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One habit of a person, revocable at any time."""

    key: str
    value: str
    provenance: Provenance


class TagFeedback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One accepted or rejected tag proposal."""

    tag: str
    accepted: bool
    provenance: Provenance
