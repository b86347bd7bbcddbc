"""Zed's table of threads: a row each, the thread itself packed in one column as (compressed) JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zstandard import ZstdDecompressor, ZstdError

from holdfast._sqlite import tables
from holdfast.model import Context, Json, Losses, Message, Parent, Request, Session, Transcript, Usage, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, number, text, title_of
from holdfast.sources._database import Connection, Found, Row, line_of, mark_of, rows, sums
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads
from holdfast.sources._zed.messages import messages_of

if TYPE_CHECKING:
    from collections.abc import Iterable

AGENT = "zed"
MOST = 64 << 20
"""A thread that is longer when unpacked is kept raw and not understood."""
WINDOW = 1 << 27
_DEFAULT_TITLES = ("", "New Thread", "New Agent Thread")


class Shelf:
    """Reads the table of threads."""

    agent = AGENT

    def __init__(self, parser: int) -> None:
        self.parser = parser
        self.known: dict[str, tuple[str, ...]] = {}

    def sessions(self, connection: Connection) -> list[Found]:
        """List every thread without unpacking it."""
        self.known = tables(connection)
        columns = self.known.get("threads", ())
        if not {"id", "data"} <= set(columns):
            return []
        sizes = sums(connection, "threads", ("data",), by="id")
        listed = rows(connection, "threads", [c for c in columns if c != "data"])
        named = ((text(row.get("id")), row) for row in listed)
        return [Found(native=n, row=row, mark=mark_of(row, sizes.get(n))) for n, row in named if n]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one thread."""
        columns = self.known["threads"]
        (row, *_) = [*rows(connection, "threads", columns, where=("id", found.native), blobs=("data",)), found.row]
        return _transcript(found, unpacked(row.get("data")), path), line_of("threads", row)


def unpacked(data: Json) -> dict[str, Json] | None:
    """Unpack a thread, None where that cannot be; what it is packed with is seen from its first bytes."""
    if not isinstance(data, bytes):
        return None
    if data[:4] == b"\x28\xb5\x2f\xfd":
        try:
            with ZstdDecompressor(max_window_size=WINDOW).stream_reader(data) as stream:
                data = stream.read(MOST + 1)
        except (ZstdError, MemoryError):
            return None
    found = loads(data) if len(data) <= MOST else None
    return found if isinstance(found, dict) else None


def _transcript(found: Found, thread: dict[str, Json] | None, path: str) -> Transcript:
    known = thread or {}
    listed = known.get("messages")
    messages, unknown = _messages(listed if isinstance(listed, list) else [])
    session = _session(found, known, messages, path)
    damaged = () if thread is not None else (1,)
    return Transcript(
        session=session,
        messages=messages,
        requests=_requests(found.native, known, session),
        losses=Losses(unknown=unknown, damaged=len(damaged), damaged_lines=damaged),
        replaces=thread is not None,
    )


def _messages(listed: Iterable[Json]) -> tuple[tuple[Message, ...], dict[str, int]]:
    messages: dict[str, Message] = {}
    unknown: dict[str, int] = {}
    for place, record in enumerate(listed, 1):
        found, odd = messages_of(record, place)
        messages.update({m.id: m for m in found})
        count(unknown, odd)
    return tuple(messages.values()), unknown


def _session(found: Found, thread: dict[str, Json], messages: Iterable[Message], path: str) -> Session:
    row, listed = found.row, tuple(messages)
    snapshot = _dict(thread.get("initial_project_snapshot"))
    folders = _folders(row) or [text(tree.get("worktree_path")) for tree in _trees(snapshot)]
    cwd = next((f for f in folders if f), "")
    above = text(row.get("parent_id")) or text(_dict(thread.get("subagent_context")).get("parent_thread_id"))
    return Session(
        id=observed_id(AGENT, found.native),
        agent=AGENT,
        native_id=found.native,
        title=_title(row, thread, listed),
        cwd=cwd,
        project=project_of(cwd),
        branch=_branch(snapshot, cwd),
        models=ordered((text(_dict(thread.get("model")).get("model")),)),
        parent=Parent(id=observed_id(AGENT, above), kind="subagent") if above else None,
        status="ended",
        started=millis(row.get("created_at")) or millis(snapshot.get("timestamp")),
        active=millis(row.get("updated_at")) or millis(thread.get("updated_at")),
        source_path=path,
        context=_context(thread, listed),
        version=text(thread.get("version")),
        extra=_extra(thread, folders),
    )


def _title(row: Row, thread: dict[str, Json], messages: Iterable[Message]) -> str:
    own = (text(row.get("summary")), text(thread.get("title")), text(thread.get("summary")))
    named = next((t for t in own if t.strip() not in _DEFAULT_TITLES), "")
    prompts = (title_of(m.text) for m in messages if m.is_prompt)
    return title_of(named) if named else next((p for p in prompts if p), "")


def _folders(row: Row) -> list[str]:
    """Return the folders of a thread's window, in the order in which they were opened."""
    paths = [p for p in text(row.get("folder_paths")).split("\n") if p]
    order = text(row.get("folder_paths_order")).split(",")
    if len(order) != len(paths) or not all(place.isdecimal() and len(place) < 9 for place in order):
        return paths
    return [path for _, path in sorted(zip(map(int, order), paths, strict=True))]


def _branch(snapshot: dict[str, Json], cwd: str) -> str:
    states = {text(tree.get("worktree_path")): _dict(tree.get("git_state")) for tree in _trees(snapshot)}
    return text(states.get(cwd, {}).get("current_branch"))


def _requests(native: str, thread: dict[str, Json], session: Session) -> tuple[Request, ...]:
    """Return one request for a whole thread: its running sum, or what is known of single requests where that is more."""
    known = sum(_by_prompt(thread).values(), Usage())
    summed = _usage(thread.get("cumulative_token_usage"))
    usage = max(summed, known, key=lambda u: u.total)
    if not usage.total:
        return ()
    model = next(iter(session.models), "")
    key, at = f"{AGENT}:{native}", session.active
    return (Request(key=key, at=at, model=model, usage=usage, path=session.source_path, line=1),)


def _context(thread: dict[str, Json], messages: tuple[Message, ...]) -> Context:
    """Return the tokens of the last request: those noted for the last prompt that has any since the last compaction."""
    noted = _by_prompt(thread)
    for message in reversed(messages):
        if message.role == "system" and message.id.startswith("compaction:"):
            break
        if message.id in noted:
            return Context(used=noted[message.id].context)
    return Context()


def _by_prompt(thread: dict[str, Json]) -> dict[str, Usage]:
    """Return what was noted for each prompt: the last request that followed it (a list in older versions)."""
    noted = thread.get("request_token_usage")
    if isinstance(noted, list):
        noted = {f"place:{place}": one for place, one in enumerate(noted)}
    read = {name: _usage(one) for name, one in noted.items()} if isinstance(noted, dict) else {}
    return {name: usage for name, usage in read.items() if usage.total}


def _usage(found: Json) -> Usage:
    given = _dict(found)
    return Usage(
        input=number(given.get("input_tokens")),
        output=number(given.get("output_tokens")),
        cache_read=number(given.get("cache_read_input_tokens")),
        cache_write=number(given.get("cache_creation_input_tokens")),
    )


def _extra(thread: dict[str, Json], folders: list[str]) -> dict[str, Json]:
    facts = {"provider": _dict(thread.get("model")).get("provider"), "profile": thread.get("profile")}
    extra: dict[str, Json] = {name: value for name, value in facts.items() if text(value)}
    if len(folders) > 1:
        extra["folders"] = folders
    if thread.get("imported") is True:
        extra["imported"] = True
    return extra


def _trees(snapshot: dict[str, Json]) -> list[dict[str, Json]]:
    found = snapshot.get("worktree_snapshots")
    return [t for t in found if isinstance(t, dict)] if isinstance(found, list) else []


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
