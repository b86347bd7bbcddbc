"""The protocol of a source: where one agent keeps its sessions, and how to read them exactly.

A source reads other programs' files and never writes, locks, moves or opens them for writing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct, field

from holdfast.model import Json, Session, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process

CHUNK = 256 << 10
"""About how many bytes of a source one reading covers: what a reader holds in memory, and the size of a stored block."""


class SourceInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a source without reading anything.

    `parser` rises whenever reading the same bytes gives another result: files are then read again from the start.
    """

    slug: str
    name: str
    parser: int = 1
    env: tuple[str, ...] = ()
    """Environment variables that move its files."""
    verified: bool = False
    """True where recordings or other programs' test data were read."""
    evidence: str = ""
    records_usage: bool = True
    """False where the agent never writes down tokens: what no answer follows is then estimated too, not answers alone."""
    bills_parent: bool = False
    """True where the tokens of a sub-agent are counted in the session that started it."""
    scattered: bool = False
    """True where files lie among a person's own: these folders are listed now and then, never watched."""
    retention_days: int | None = None
    """After how many days the agent deletes a session by default; None where it does not or nothing is known."""


class Ref(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file (or database) that holds sessions, as `stat` sees it; `kind` is the source's own business."""

    agent: str
    path: str
    size: int
    mtime_ns: int
    inode: int = 0
    kind: str = ""
    root: str = ""

    @property
    def key(self) -> str:
        """The key under which its cursor is kept."""
        return f"{self.agent}:{self.path}"


class Cursor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a file was read. `head` identifies the file's beginning; `state` is what the reader must remember."""

    size: int
    mtime_ns: int
    inode: int = 0
    offset: int = 0
    line: int = 0
    head: str = ""
    parser: int = 1
    sessions: tuple[str, ...] = ()
    done: bool = True
    """False for a cursor in the middle of a file: more readings of the same file follow."""
    state: dict[str, Json] = field(default_factory=dict)

    def covers(self, ref: Ref, parser: int) -> bool:
        """Tell whether nothing has to be read: same bytes by stat, same reader."""
        return (
            self.done
            and self.size == ref.size
            and self.mtime_ns == ref.mtime_ns
            and self.inode == ref.inode
            and self.parser == parser
        )


class RawSpan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bytes of a source as they stood. A span at `offset` replaces everything kept of that file from there on.

    `whole` marks a file that is rewritten whole: the version before a shrink is kept besides. `rows` marks one session's
    rows of a shared database, as JSON lines; `path` then names the database.
    """

    path: str
    offset: int
    data: bytes
    whole: bool = False
    rows: bool = False


class Reading(Struct, frozen=True, kw_only=True):
    """One step of reading: what was understood, the bytes it came from, and where to go on."""

    transcript: Transcript
    raw: RawSpan | None
    cursor: Cursor


class Command(Struct, frozen=True, kw_only=True):
    """A command to run, as an argument list (never a shell string), and where."""

    argv: tuple[str, ...]
    cwd: str = ""


@runtime_checkable
class Source(Protocol):
    """Two methods and a description; abilities beyond that are second protocols."""

    info: SourceInfo

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:
        """Return where the agent keeps its files (`platform` as in sys.platform), whether they exist or not."""

    def discover(self, roots: Sequence[Path]) -> Iterable[Ref]:
        """Find the files below the roots by listing and stat only; a root is what `~/.claude` is for Claude Code."""

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:
        """Read what is new since the cursor (from the start without one), about CHUNK bytes a reading.

        Yields at least one reading with `cursor.done` at the end, also when nothing could be used.
        """


@runtime_checkable
class SupportsUsage(Protocol):
    """A source that can read requests alone, much faster than everything."""

    def usage(self, ref: Ref, cursor: Cursor | None) -> Iterator[Transcript]:
        """Yield transcripts without messages: the same sessions and requests that `read` gives."""


@runtime_checkable
class SupportsResume(Protocol):
    """A source whose agent can go on with a session."""

    def resume_command(self, session: Session) -> Command:
        """Return the agent's own command."""


class Scene(Struct, frozen=True, kw_only=True):
    """What a source may ask about running processes: its folders, and what the system knows of one process."""

    roots: tuple[Path, ...]
    written: Callable[[int], tuple[str, ...]]
    """Files that a process holds open for writing."""
    birth: Callable[[int], str]
    """The system's own mark of a process's start, as agents write it down."""


@runtime_checkable
class SupportsLive(Protocol):
    """A source that knows its agent when it runs."""

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which sessions a process holds: none where it is no such agent, an empty claim where nothing says which."""

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn of a transcript stands; None where only the archive can tell."""
