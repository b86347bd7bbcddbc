"""The protocol of a store: where sessions are kept for good.

`put` is the transaction: messages, rollups, cursors and other documents in one step, idempotent by message id and by key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct

from holdfast.model import Edits, Message, Query, Receipt, Request, Session, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

Docs = "Mapping[str, Mapping[str, bytes | None]]"
"""Kind -> key -> document; None removes."""


class Raw(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Source bytes to keep with a put; the same rules as a source's raw span.

    A span without bytes cuts what is kept at its offset: from there on the file is another session's. With `version` 1 the
    bytes are all of the version before a shrink, as another store kept it.
    """

    path: str
    offset: int
    data: bytes
    whole: bool = False
    rows: bool = False
    version: int = 0


class RawFile(Struct, frozen=True, kw_only=True):
    """One file of a session as it was captured. `version` 0 is the newest, 1 the one before a shrink.

    Of a file that sessions share, each has its own part: it begins at `start`.
    """

    path: str
    session: str
    version: int = 0
    rows: bool = False
    size: int = 0
    start: int = 0


class Changed(Struct, frozen=True, kw_only=True):
    """A session that changed, and the first message that is new or other than before."""

    session: Session
    first: int
    gone: bool = False
    steps: tuple[tuple[int, int], ...] = ()
    """Each change since: the revision, and the first message that it touched."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request in the ledger. `counted` is False for a copy; `owner` is then the session it is counted in."""

    session: str
    request: Request
    counted: bool = True
    owner: str = ""


class Fault(Struct, frozen=True, kw_only=True):
    """Something `verify` found wrong, and whose it is where that is known."""

    place: str
    problem: str
    session: str = ""


@runtime_checkable
class Store(Protocol):
    """Ten methods; every store passes `holdfast.testing.StoreContract`."""

    url: str

    def put(
        self,
        transcript: Transcript,
        docs: Mapping[str, Mapping[str, bytes | None]] | None = None,
        *,
        raw: Raw | None = None,
        expect: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Keep messages, requests, rollups and documents in one transaction.

        A known message id replaces that message; a put that adds nothing does not tick the revision. With `expect`, the
        session's revision must still be that number (errors.Conflict); with a `key` seen before, nothing happens and the
        first receipt comes back with `repeated`.
        """

    def get(self, session_id: str) -> Session | None:
        """Return a session with its rollups and people's edits, None where there is none."""

    def find(self, query: Query | None = None, *, trashed: bool = False) -> Iterator[Session]:
        """Yield sessions that pass the query's filters, last active first; never reads messages."""

    def messages(
        self, session_id: str, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> Iterator[Message]:
        """Yield messages in order with `after` < seq < `before`, or only the `last` so many of them."""

    def change(self, session_id: str, edits: Edits) -> Session:
        """Replace what a person said about a session (errors.NotFound); survives every later put."""

    def edits(self, session_id: str) -> Edits:
        """Return what a person said about a session."""

    def delete(self, session_id: str, *, at: int | None, forever: bool = False) -> bool:
        """Move a session to the trash (`at` in Unix ms; None takes it out again), or erase it; False where there is none."""

    def since(self, revision: int) -> Iterator[Changed]:
        """Yield sessions changed after a revision, in the order of change."""

    def revision(self) -> int:
        """Return the store's clock: it ticks with every change."""

    def docs(self, kind: str) -> dict[str, bytes]:
        """Return all documents of a kind."""

    def put_docs(self, kind: str, docs: Mapping[str, bytes | None]) -> None:
        """Keep documents; None removes one."""

    def close(self) -> None:
        """Let go of files and connections; safe to call twice."""


@runtime_checkable
class SupportsBatch(Protocol):
    """A store that can join many puts into one commit."""

    def batch(self) -> AbstractContextManager[None]:
        """Commit all puts inside at once, or none of them."""


@runtime_checkable
class SupportsFork(Protocol):
    """A store in which a session can begin where another one stands."""

    def fork(self, session_id: str, session: Session, *, at: int | None = None) -> Receipt:
        """Begin `session` with the first `at` messages of another one (all of them without `at`), copying none.

        Both then change without each other: what one loses, changes or is purged of, the other keeps. errors.NotFound,
        errors.BadInput for a place that is none, errors.Conflict where the new session exists.
        """


@runtime_checkable
class SupportsDoc(Protocol):
    """A store that can look one document up without reading all of its kind, and knows which kinds it holds."""

    def doc(self, kind: str, key: str) -> bytes | None:
        """Return one document."""

    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of documents that are kept."""


@runtime_checkable
class SupportsRaw(Protocol):
    """A store that keeps source bytes."""

    def raw_files(self, session_id: str) -> tuple[RawFile, ...]:
        """List what was captured of a session, newest version first."""

    def raw(self, file: RawFile) -> Iterator[bytes]:
        """Yield a captured file's bytes in order."""


@runtime_checkable
class SupportsLedger(Protocol):
    """A store that can list requests one by one, copies included."""

    def ledger(
        self, session_id: str | None = None, *, since: int | None = None, until: int | None = None, copies: bool = False
    ) -> Iterator[Entry]:
        """Yield counted requests (and with `copies` those counted elsewhere), in order of time."""


@runtime_checkable
class SupportsVerify(Protocol):
    """A store that can check itself."""

    def verify(self) -> Iterator[Fault]:
        """Read every row and blob and yield what is wrong."""


@runtime_checkable
class SupportsSalvage(Protocol):
    """A store that reads around damage."""

    def ids(self) -> tuple[str, ...]:
        """Name every session, in the trash or not, also those whose facts cannot be read."""

    def readable(self, session_id: str) -> Iterator[Message | Fault]:
        """Yield the messages that come back in order, and a fault for those that do not."""

    def readable_raw(self, file: RawFile) -> Iterator[tuple[int, bytes] | Fault]:
        """Yield the spans of a captured file with their places, and a fault for those that do not come back."""


@runtime_checkable
class SupportsTraces(Protocol):
    """A store that can prove that something was erased."""

    def samples(self, session_id: str) -> tuple[bytes, ...]:
        """Return byte strings that stand in the store's files because of this session alone."""

    def traces(self, samples: Sequence[bytes]) -> tuple[str, ...]:
        """Return the files in which one of the samples still stands."""
