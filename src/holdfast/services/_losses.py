"""What readers met in each file and could not use, kept beside the cursors so that it can still be told weeks later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from holdfast.model import Losses

if TYPE_CHECKING:
    from holdfast.sources.base import Reading
    from holdfast.stores.base import Store

LOSSES = "losses"
"""Documents by file (and by session, where many share a database)."""
LINES_KEPT = 20
_decoder = msgspec.msgpack.Decoder(Losses)


class LossBook:
    """Adds up losses file by file; reading a file from its start begins anew."""

    def __init__(self, store: Store) -> None:
        """Take the store; it is asked at the first reading."""
        self._store = store
        self._known: dict[str, Losses] | None = None

    def docs(self, key: str, reading: Reading) -> dict[str, dict[str, bytes | None]]:
        """Return the documents to keep with a reading: none where nothing was lost and nothing has to be forgotten."""
        if self._known is None:
            self._known = losses_of(self._store)
        span = reading.raw
        place = f"{key}#{reading.transcript.session.id}" if span is not None and span.rows else key
        before = self._known.get(place)
        anew = span is not None and (span.whole or span.rows or span.offset == 0)
        found = reading.transcript.losses
        if before is not None and not anew:
            found = _added(before, found)
        if found == (before or Losses()):
            return {}
        self._known[place] = found
        return {LOSSES: {place: msgspec.msgpack.encode(found) if found != Losses() else None}}


def losses_of(store: Store) -> dict[str, Losses]:
    """Return what is known to be lost, by file."""
    return {key: _decoder.decode(data) for key, data in store.docs(LOSSES).items()}


def _added(one: Losses, other: Losses) -> Losses:
    unknown = dict(one.unknown)
    for name, times in other.unknown.items():
        unknown[name] = unknown.get(name, 0) + times
    return Losses(
        unknown=unknown,
        damaged=one.damaged + other.damaged,
        damaged_lines=(*one.damaged_lines, *other.damaged_lines)[:LINES_KEPT],
    )
