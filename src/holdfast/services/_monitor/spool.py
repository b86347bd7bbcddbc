"""What hooks wrote down: the newest word of each session, from the ends of append-only files; long files are cut.

Knows the spool's lines; refuses to know who wrote them. A line that cannot be read is passed over.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.model.live import STATES, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAIL_BYTES = 512 << 10
FULL = 4 << 20
KEPT = 1 << 20
_NAMES = {"copilot": "copilot-cli"}


class Said(Struct, frozen=True, kw_only=True):
    """One line of the spool."""

    at: int
    agent: str
    native_id: str = ""
    pid: int | None = None
    cwd: str = ""
    event: str = ""
    state: str = ""
    detail: str = ""

    @property
    def evidence(self) -> Evidence | None:
        """What it says of the state, if anything."""
        if self.state not in STATES:
            return None
        detail = f"{self.event}: {self.detail}" if self.detail else self.event
        return Evidence(kind="hook", state=self.state, at=self.at, detail=detail)


_decoder = msgspec.json.Decoder(Said)


def newest(folder: Path) -> dict[tuple[str, str], Said]:
    """Return the newest line of each session by agent and native id; a session's pid and state may be older lines'."""
    found: dict[tuple[str, str], Said] = {}
    for said in _lines(folder):
        key = (said.agent, said.native_id)
        before = found.get(key)
        if before is None or said.at >= before.at:
            found[key] = _joined(before, said)
    return found


def _joined(before: Said | None, said: Said) -> Said:
    if before is None:
        return said
    pid = before.pid if said.pid is None else said.pid
    return msgspec.structs.replace(said if said.state else before, pid=pid)


def trim(folder: Path) -> None:
    """Cut files that have grown too long, at a line's end; a line that is written meanwhile may be lost, its state is not."""
    for path in _files(folder):
        try:
            if path.stat().st_size <= FULL:
                continue
            data = path.read_bytes()[-KEPT:]
            beside = path.with_suffix(".part")
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data[data.find(b"\n") + 1 :])
            beside.replace(path)
        except OSError:
            continue


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.jsonl"))
    except OSError:
        return []


def _lines(folder: Path) -> Iterator[Said]:
    for path in _files(folder):
        for line in _tail(path):
            try:
                said = _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            agent = said.agent or path.stem
            yield msgspec.structs.replace(said, agent=_NAMES.get(agent, agent))


def _tail(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - TAIL_BYTES))
            lines = stream.read().split(b"\n")
    except OSError:
        return []
    return lines[1:] if end > TAIL_BYTES else lines
