"""The protocol of a format: how transcripts are written to a file and, for some, read back."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.model import Transcript


@runtime_checkable
class Format(Protocol):
    """One file format; `name` is what `export -f` takes."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes]) -> None:
        """Write whole transcripts (already masked where they should be)."""

    def sniff(self, head: bytes) -> float:
        """Return how sure it is, 0 to 1, that a file with this beginning is of this format."""


@runtime_checkable
class SupportsLoad(Protocol):
    """A format that can be read back."""

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield transcripts; errors.Unreadable names the place of what is damaged."""
