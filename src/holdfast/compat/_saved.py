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
        if (
            not (old.digest and digest(given) == old.digest)
            and given != (kept := as_given(old.message))
            and mask(given) != kept
        ):
            break
        same += 1
    return Change(same, list(now[same:]), [s.message.id for s in before[same:]])


def digest(given: Mapping[str, Json]) -> bytes:
    """Return what two equal messages share, however their keys are ordered."""
    return hashlib.blake2b(msgspec.json.encode(given, order="deterministic"), digest_size=12).digest()


def plain(given: Mapping[str, Json]) -> dict[str, Json]:
    """Return a message of JSON values alone: what JSON has no word for becomes its text."""
    found: dict[str, Json] = msgspec.to_builtins(dict(given), enc_hook=str, str_keys=True)
    return found
