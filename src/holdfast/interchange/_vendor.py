"""Data exports of chat services: one list of conversations in JSON, often in a zip beside other files.

Knows where the list stands and walks through it one conversation at a time; refuses to know what a conversation means.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from holdfast.errors import Unreadable
from holdfast.interchange._json_reader import Reader
from holdfast.interchange.base import blame
from holdfast.model import Json, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LOOK = 1 << 20
"""Bytes of a list that are looked at to tell whose it is: a conversation may begin with a long summary."""
_ZIP = b"PK\x03\x04"
_LISTS = re.compile(r"(?:[^/]*/)*conversations(?:-\d+)?\.json", re.IGNORECASE)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def looked_at(stream: IO[bytes], sniff: Callable[[bytes], float]) -> float:
    """Sniff at the list itself, wherever it stands, and put the stream back."""
    start = stream.tell()
    try:
        if stream.read(len(_ZIP)) != _ZIP:
            stream.seek(start)
            return sniff(stream.read(LOOK))
        with zipfile.ZipFile(stream) as archive:
            for name in _lists(archive):
                with archive.open(name) as member:
                    return sniff(member.read(LOOK))
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, EOFError):
        return 0.0  # no archive that can be read claims anything
    finally:
        stream.seek(start)
    return 0.0


def conversations(stream: IO[bytes], build: Callable[[dict[str, Json]], Transcript]) -> Iterator[Transcript]:
    """Yield what `build` makes of each conversation, in the order of the lists; damage is named by list, line and number."""
    start = stream.tell()
    packed = stream.read(len(_ZIP)) == _ZIP
    stream.seek(start)
    if not packed:
        yield from _listed(stream, build)
        return
    with _readable("the archive"):
        archive = zipfile.ZipFile(stream)
    with archive:
        names = _lists(archive)
        if not names:
            raise Unreadable(
                "byte 0: the archive holds no conversations.json", "export your data from the service again"
            )
        for name in names:
            with _readable(name), archive.open(name) as member:
                yield from _listed(member, build)


def _lists(archive: zipfile.ZipFile) -> list[str]:
    return sorted(name for name in archive.namelist() if _LISTS.fullmatch(name))


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, EOFError) as problem:
        raise Unreadable(
            f"{what}: a byte of the archive is wrong: {problem}", "export or copy the file again"
        ) from problem


def _listed(stream: IO[bytes], build: Callable[[dict[str, Json]], Transcript]) -> Iterator[Transcript]:
    reader = Reader(stream, hook=None)
    numbers: Iterable[int] = reader.elements() if reader.peek() == "[" else (1,)
    for number in numbers:
        reader.peek()
        line = reader.place()
        value = reader.value()
        with blame(f"{line}, conversation {number}"):
            if not isinstance(value, dict):
                raise TypeError(f"expected an object, got {type(value).__name__}")
            transcript = build(value)
        yield transcript
    reader.end()


def rest(tree: Mapping[str, Json], used: Iterable[str]) -> dict[str, Json]:
    """Return the members that have no place of their own, empty ones left out."""
    taken = set(used)
    return {key: value for key, value in tree.items() if key not in taken and value not in (None, "", [], {})}


def text_of(tree: Mapping[str, Json], *keys: str) -> str:
    """Return the first member that is a text and not empty."""
    return next((value for key in keys if isinstance(value := tree.get(key), str) and value), "")


def list_of(tree: Mapping[str, Json], key: str) -> list[Json]:
    """Return a member that is a list, else an empty one."""
    value = tree.get(key)
    return value if isinstance(value, list) else []


def object_of(tree: Mapping[str, Json], key: str) -> dict[str, Json]:
    """Return a member that is an object, else an empty one."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def moment(value: Json) -> int | None:
    """Return Unix ms of a number of seconds or an RFC 3339 text; None for what is no time."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        value = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        return None
    return round(value * 1000)


def number(value: Json) -> int:
    """Return a size as a whole number, 0 where there is none."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1 << 53 else 0
