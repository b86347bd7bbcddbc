"""The protocol of a format: what a file of sessions can be asked for, and what it says of itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import msgspec
from msgspec import Struct, field

from holdfast.errors import Unreadable
from holdfast.model import Edits, Session, Transcript
from holdfast.model.knowledge import Note, Preference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SCHEMA_VERSION = 1
CLAIM = 0.5
"""From this confidence on, `sniff` claims a file."""


class Header(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a file says of itself besides its sessions.

    `masked` is None where nothing was masked, else how often each rule masked something (known before the dump begins;
    an empty dict says: masked, and nothing was found). `edits` holds what a person said, by session id; `preferences` what
    a person prefers, for the formats that carry it.
    """

    masked: dict[str, int] | None = None
    edits: dict[str, Edits] = field(default_factory=dict)
    preferences: dict[str, str] = field(default_factory=dict)


class Knowledge(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a file remembers besides its sessions; whoever reads it says that a person approved of it."""

    notes: tuple[Note, ...] = ()
    preferences: tuple[Preference, ...] = ()


class RawPiece(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some bytes of a captured source file; `path` is only what the file says: never write there unchecked."""

    session: str
    path: str
    offset: int
    data: bytes
    version: int = 0
    whole: bool = False
    rows: bool = False


NO_HEADER = Header()


@runtime_checkable
class Format(Protocol):
    """One file format; `name` is what `export -f` takes."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write whole transcripts (masked before, where they should be) as they come; never closes the stream."""

    def sniff(self, head: bytes) -> float:
        """Return how sure it is, 0 to 1, that a file that begins so is of this format; CLAIM and more claims it."""


@runtime_checkable
class SupportsLoad(Protocol):
    """A format that can be read back."""

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield transcripts; errors.Unreadable names the place of what is damaged, after all that stands before it."""


@runtime_checkable
class Import(Protocol):
    """A file format of another program, which is only read; `name` is what `import -f` takes and its sessions' agent."""

    name: ClassVar[str]

    def sniff(self, head: bytes) -> float:
        """Return how sure it is, 0 to 1, that a file that begins so is of this format; CLAIM and more claims it."""

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield transcripts; errors.Unreadable names the place of what is damaged, after all that stands before it."""


@runtime_checkable
class SupportsClaim(Protocol):
    """A format that has to look further than the beginning of a file, for example into an archive."""

    def claims(self, stream: IO[bytes]) -> float:
        """Say as `sniff` does how sure it is, and put the stream back to where it stood (it must be seekable)."""


@runtime_checkable
class SupportsHeader(Protocol):
    """A format whose files say whether they were masked."""

    def header(self, stream: IO[bytes]) -> Header:
        """Read what the file says of itself and put the stream back to where it stood (it must be seekable)."""


@runtime_checkable
class SupportsKnowledge(Protocol):
    """A format whose files hold notes and preferences too."""

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Read them."""


@runtime_checkable
class SupportsRaw(Protocol):
    """A format that carries captured source files besides the sessions."""

    def dump_raw(
        self,
        transcripts: Iterable[Transcript],
        stream: IO[bytes],
        *,
        raw: Callable[[Session], Iterable[RawPiece]],
        header: Header = NO_HEADER,
    ) -> None:
        """Write each transcript, and after it the pieces that `raw` gives for its session."""

    def load_raw(self, stream: IO[bytes]) -> Iterator[Transcript | RawPiece]:
        """Yield each transcript, and after it its raw pieces in the order in which they were given."""


@contextmanager
def blame(place: str) -> Iterator[None]:
    """Turn what goes wrong inside into errors.Unreadable that names the place."""
    try:
        yield
    except (msgspec.ValidationError, ValueError, TypeError, KeyError, IndexError, RecursionError) as problem:
        raise Unreadable(f"{place}: {problem}", "nothing from this place on was read") from problem
