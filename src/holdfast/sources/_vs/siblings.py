"""Conversations that are spread over several traces: which files hold one, and all of it in order.

Knows that a trace's name begins with its time; refuses to know what a span says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._jsonl import chunks, loads
from holdfast.sources._vs import records
from holdfast.sources._vs.records import Found, Talk
from holdfast.sources._vs.spans import spans_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.model import Json, Message, Request

NEAR = 32
"""How many traces before and after one are looked into: a conversation does not go on for longer."""


class Whole:
    """One conversation as all its traces have it."""

    def __init__(self, native: str, paths: list[Path]) -> None:
        """Read the conversation from the traces, oldest first."""
        self.talk = Talk()
        self.path = str(paths[-1])
        self.messages: list[Message] = []
        self.requests: list[Request] = []
        talks = {native: self.talk}
        for path in paths:
            found = Found(path=str(path))
            for number, record in _records(path, native):
                for one in spans_of(record):
                    if one is not None and one.text("gen_ai.conversation.id").lower() == native:
                        records.understand(one, talks, found, number)
            self.messages += found.messages.get(native, ())
            self.requests += found.requests.get(native, ())


def spread(path: Path, natives: Iterable[str], mark: str) -> dict[str, list[Path]]:
    """Return the traces of each conversation that stands in more than this one, oldest first."""
    wanted = list(natives)
    if mark not in path.name or not wanted:
        return {}
    try:
        names = sorted(p.name for p in path.parent.iterdir() if mark in p.name and p.name.endswith(".jsonl"))
    except OSError:
        return {}
    place = names.index(path.name) if path.name in names else 0
    held: dict[str, list[Path]] = {native: [] for native in wanted}
    for name in names[max(0, place - NEAR) : place + NEAR + 1]:
        other = path.with_name(name)
        for native in wanted if name == path.name else _named(other, wanted):
            held[native].append(other)
    return {native: paths for native, paths in held.items() if len(paths) > 1}


def _named(path: Path, natives: list[str]) -> list[str]:
    """Return which conversations a trace names."""
    missing = dict.fromkeys(natives)
    try:
        for chunk in chunks(path, numbered=False):
            data = chunk.data.lower()
            for native in [n for n in missing if n.encode("utf-8", "surrogatepass") in data]:
                del missing[native]
            if not missing:
                break
    except OSError:
        pass
    return [n for n in natives if n not in missing]


def _records(path: Path, native: str) -> Iterator[tuple[int, dict[str, Json]]]:
    sign = native.encode("utf-8", "surrogatepass")
    try:
        for chunk in chunks(path):
            for number, line in enumerate(chunk.lines(), chunk.line):
                record = loads(line) if sign in line.lower() else None
                if isinstance(record, dict):
                    yield number, record
    except OSError:
        return
