"""Where a session is saved: a name that tells it, a file that is whole or not there, readable to its owner alone."""

from __future__ import annotations

import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import Unsafe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Session
    from holdfast.services.exchange import Exchange, Exported

_ENDINGS = {"native": "holdfast", "markdown": "md"}
_LONGEST = 40


def name_of(session: Session, kind: str, *, at: float | None = None) -> str:
    """Return a file name with the session's own name and whole id, and a time where several may be kept."""
    slug = re.sub(r"[^\w.-]+", "-", session.shown_name.casefold(), flags=re.ASCII)[:_LONGEST].strip("-.")
    stamp = "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S-")
    return f"{stamp}{slug + '-' if slug else ''}{session.id}.{_ENDINGS.get(kind, kind)}"


def save(exchange: Exchange, sessions: Sequence[Session], path: Path, *, kind: str, raw: bool, force: bool) -> Exported:
    """Write sessions to a file; raises errors.Unsafe where it exists and may not be replaced."""
    if os.path.lexists(path) and not force:
        raise Unsafe(f"{path} exists", "choose another folder, or add --force to replace it")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            done = exchange.export(sessions, stream, name=kind, raw=raw)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)
    return done
