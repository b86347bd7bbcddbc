"""What one caller last saw of a session, so that what others wrote meanwhile is kept when it saves the whole again.

Knows lists of chat messages and how they differ; refuses to write anything.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from holdfast.model.verbatim import as_given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from holdfast.model import Json, Message


OWN = "saved-"
"""How the ids of messages begin that were saved through this door; all others an agent wrote."""
NOTHING: tuple[Json, ...] = ()


class Seen(NamedTuple):
    """A message as the store has it, and a digest of what the caller gave where that was another one (masked, for example)."""

    message: Message
    digest: bytes = b""


class Change(NamedTuple):
    """What a save adds, and the ids of what it takes away; the first `same` messages stay."""

    same: int
    added: list[dict[str, Json]]
    removed: list[str]


def change(before: Sequence[Seen], now: Sequence[dict[str, Json]], mask: Callable[[Json], Json]) -> Change:
    """Compare what a caller saw with what it saves; a message that was masked when it was kept counts as the same."""
    same = 0
    for old, given in zip(before, now, strict=False):
        if not _is_same(old, given, mask):
            break
        same += 1
    return Change(same, list(now[same:]), [s.message.id for s in before[same:]])


def joined(before: Sequence[Seen], held: Sequence[Message]) -> list[Seen]:
    """Return what a caller saw, and behind it what an agent wrote since: the caller may have been given that by the agent."""
    known = {s.message.id for s in before}
    fresh = [m for m in held if m.id not in known and not m.id.startswith(OWN)]
    return [*before, *map(Seen, fresh)]


def merged(before: Sequence[Seen], told: Change, *, own: int) -> Change:
    """Take back the removal of what the caller never saw: only the first `own` are its to remove."""
    kept = {s.message.id for s in before[own:]}
    return told._replace(removed=[ident for ident in told.removed if ident not in kept])


def _is_same(old: Seen, given: dict[str, Json], mask: Callable[[Json], Json]) -> bool:
    if old.digest and digest(given) == old.digest:
        return True
    kept = as_given(old.message)
    return (
        given == kept
        or mask(given) == kept
        or (not old.message.id.startswith(OWN) and _told(given) == _told(kept) != NOTHING)
    )


def _told(given: Mapping[str, Json]) -> tuple[Json, ...]:
    """Return what a message says, however its writer laid it out."""
    calls = given.get("tool_calls") or []
    names = tuple(str(c.get("id")) for c in calls if isinstance(c, dict)) if isinstance(calls, list) else ()
    content = given.get("content")
    return (given.get("role"), content, names, given.get("tool_call_id")) if content or names else NOTHING


def digest(given: Mapping[str, Json]) -> bytes:
    """Return what two equal messages share, however their keys are ordered."""
    return hashlib.blake2b(msgspec.json.encode(given, order="deterministic"), digest_size=12).digest()


def plain(given: Mapping[str, Json]) -> dict[str, Json]:
    """Return a message of JSON values alone: what JSON has no word for becomes its text."""
    found: dict[str, Json] = msgspec.to_builtins(dict(given), enc_hook=str, str_keys=True)
    return found
