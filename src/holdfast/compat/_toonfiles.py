"""The `{id}_chat.toon` files of a folder of sessions: their names, and how one is written so that it is never half there.

Knows names and bytes; refuses to know what is in a store.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from holdfast import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.model import Json, Transcript

SUFFIX = "_chat.toon"
LONGEST = 80
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_-])?")


def file_name(session_id: str) -> str:
    """Return the name of a session's file: its id where that is harmless everywhere, else a spelling with a digest."""
    if _PLAIN.fullmatch(session_id) and len(session_id) <= LONGEST:
        return session_id + SUFFIX
    plain = quote(session_id.encode("utf-8", "surrogatepass"), safe=" -_").replace(".", "%2E")[:LONGEST]
    return f"{plain}-{_digest(session_id)}{SUFFIX}"


def id_in(path: Path, told: str) -> str:
    """Return the id that a file stands for: what it says of itself where its name was spelled for it, else its name."""
    return told if path.name == file_name(told) else path.name.removesuffix(SUFFIX)


def stamp_of(path: Path) -> str:
    """Return what tells whether a file changed; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def read(path: Path) -> Transcript:
    """Read a file of any generation; errors.Unreadable says what is wrong with it."""
    with path.open("rb") as stream:
        found: Transcript = next(iter(registry.load("imports", "agentry")().load(stream)))
    return found


def write(path: Path, tree: Mapping[str, Json]) -> None:
    """Write a session as both generations of Agentry read it: JSON with two blanks, 0600, whole or not at all."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name[:LONGEST]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            text = json.dumps(tree, indent=2, ensure_ascii=False, default=str)
            stream.write(text.encode("utf-8", "replace"))
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)


def _digest(session_id: str) -> str:
    return hashlib.blake2b(session_id.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
