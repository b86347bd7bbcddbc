"""`close` and `batch tag|export|close`: one verb for many sessions, shown first, told truthfully afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from holdfast.errors import BadInput, HoldfastError, NotFound, Partial
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._doubts import only_excluded, say_doubts
from holdfast.faces.cli._naming import named
from holdfast.faces.cli._options import selected
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import BatchDocument, BatchItem
from holdfast.faces.cli.render import age, several
from holdfast.model import parse
from holdfast.model.live import GROUPS, STATES
from holdfast.model.query import in_state, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Filter, Query, Session
    from holdfast.model.live import BoardRow

_EXITS = (3, 5, 6, 7, 9)
_WORDS = {"still-running": "still runs", "not-running": "did not run"}
batch = Family(
    "batch",
    help="Do one thing to many sessions.\n\nQUERY is a pattern (all, 'test-*') for names, titles, projects and ids, or a query "
    "like that of a list. What is meant is shown before anything is done.",
)


def _closing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--dry-run", is_flag=True, help="Only show what would be closed."),
        click.option("--grace", type=click.FloatRange(0, 600), default=10.0, metavar="SECONDS", show_default=True,
                     help="How long an agent has to end by itself."),
        click.option("--kill", is_flag=True, help="Kill what has not ended by then."),
        click.option("--format", "kind", default="native", metavar="FORMAT", help="How to save: native by default."),
        click.option("--output-dir", "-o", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                     help="Save there, secrets masked, instead of in the private data folder."),
    ):  # fmt: skip
        function = option(function)
    return function


@command(
    "close",
    "BatchDocument",
    examples=("holdfast close k3v9qa", "holdfast close k3v9qa --dry-run", "holdfast close k3v9qa 7r2ba7 --yes --kill"),
    exits=_EXITS,
)
@click.argument("references", metavar="ID...", nargs=-1, required=True)
@_closing_options
def close(state: State, *, references: Sequence[str], **given: Any) -> None:
    """Save sessions, then ask the process of each to end (SIGTERM); which process that is, is checked right before.

    Everything of a session is saved in the data folder's closed/ first; a session that cannot be saved is left running. An
    editor, a server of several sessions and whatever carries this command are never signalled.
    """
    running = state.workspace.closing.running()
    by_id = {row.session.id: row for row in running}
    rows = [by_id.get(r) or _row_of(state, r, running) for r in references]
    _close(state, list({r.session.id: r for r in rows}.values()), running, given)


@command(
    "tag",
    "BatchDocument",
    examples=("holdfast batch tag 'test-*' experiment", "holdfast batch tag 'project:shop since:7d' sprint-3 --yes"),
    exits=_EXITS,
)
@click.argument("query")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--status", "-s", metavar="STATUS", help="Only sessions in this state, for example idle or active.")
@click.option("--dry-run", is_flag=True, help="Only show which sessions are meant.")
def tag(state: State, query: str, *, tags: Sequence[str], status: str | None, dry_run: bool) -> None:
    """Add tags to all sessions of a query; quote one of several words."""
    found = _chosen(state, (query,), status)
    question = f"Tag {several(len(found), 'session')} {' '.join(tags)}?"
    if not _agreed(state, found, question, dry_run=dry_run):
        return
    items = [_done(state, s, lambda s: (state.workspace.sessions.tag(s, tags), "")[1], "tagged") for s in found]
    _tell(state, "tagged", items)


@command(
    "export",
    "BatchDocument",
    examples=(
        "holdfast batch export all --output-dir exports --format json",
        "holdfast batch export agent:codex --format markdown",
    ),
    exits=_EXITS,
)
@click.argument("query", metavar="QUERY...", nargs=-1, required=True)
@click.option(
    "--output-dir", "-o", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("exports"), metavar="DIR",
    show_default=True, help="Where the files go, one for each session.",
)  # fmt: skip
@click.option("--format", "-f", "kind", default="json", metavar="FORMAT", show_default=True,
              help="json, jsonl, yaml, markdown, html, csv or native.")  # fmt: skip
@click.option("--status", "-s", metavar="STATUS", help="Only sessions in this state, for example idle or active.")
@click.option("--raw", is_flag=True, help="Mask nothing.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--dry-run", is_flag=True, help="Only show which sessions are meant.")
def export(state: State, *, query: Sequence[str], status: str | None, dry_run: bool, **given: Any) -> None:
    """Write each session of a query, with its sub-agents, to a file of its own, secrets masked."""
    known = state.workspace.formats
    if given["kind"] not in known:
        raise BadInput(f"no format {given['kind']!r}", f"known: {', '.join(known)}")
    found = _chosen(state, query, status)
    question = f"Write {several(len(found), 'session')} to {safe_line(str(given['folder']))}?"
    if not _agreed(state, found, question, dry_run=dry_run, asks=False):
        return
    closing = state.workspace.closing

    def write(session: Session) -> str:
        path, _ = closing.export(session, given["folder"], kind=given["kind"], raw=given["raw"], force=given["force"])
        return str(path)

    _tell(state, "exported", [_done(state, s, write, "exported") for s in found])


@command(
    "close",
    "BatchDocument",
    examples=(
        "holdfast batch close 'test-*'",
        "holdfast batch close all --status idle",
        "holdfast batch close project:shop --yes --output-dir saved",
    ),
    exits=_EXITS,
)
@click.argument("query", metavar="QUERY...", nargs=-1, required=True)
@click.option("--status", "-s", metavar="STATUS", help="Only sessions in this state, for example idle or active.")
@click.option("--force", "-f", is_flag=True, help="Do not ask, as --yes.")
@_closing_options
def close_many(state: State, *, query: Sequence[str], status: str | None, force: bool, **given: Any) -> None:
    """Save all running sessions of a query, then ask their processes to end, each checked right before.

    Sessions that do not run are passed over.
    """
    state.yes = state.yes or force
    running = state.workspace.closing.running()
    found = {s.id for s in _chosen(state, query, status, among=[r.session for r in running])}
    _close(state, [r for r in running if r.session.id in found], running, given)


for made in (tag, export, close_many):
    batch.add_command(made)


def _row_of(state: State, reference: str, running: Sequence[BoardRow]) -> BoardRow:
    """Find the row of a named session; one that is not on the board does not run."""
    from holdfast.model.live import BoardRow, Live

    try:
        session = named(state, reference)
    except NotFound:  # it may run, and not be in the archive yet
        found = [r for r in running if len(reference) >= 4 and r.session.id.startswith(reference)]  # noqa: PLR2004 - as everywhere
        if len(found) == 1:
            return found[0]
        raise
    return next((r for r in running if r.session.id == session.id), BoardRow(session=session, live=Live(state="ended")))


def _chosen(
    state: State, words: Sequence[str], status: str | None, *, among: Sequence[Session] | None = None
) -> list[Session]:
    """Return the sessions that a pattern or a query means, in a state, with their states as they are now."""
    known = _states(status) if status else None
    text = " ".join(words).strip()
    if not text:
        raise BadInput("no session is meant", "all means every session")
    everything = list(among) if among is not None else state.workspace.sessions.find()
    filters: tuple[Filter, ...] = ()
    found = state.workspace.closing.matching(text, everything)
    if found is None:
        found, filters = _queried(state, parse(text), everything)
    if among is None and (known or filters):
        told = {s.id: s for s in state.workspace.monitor.listed(found)}
        found = [told.get(s.id, s) for s in found]
    for one in filters:
        found = [s for s in found if in_state(s.status, one.value.lower()) != one.negated]
    return [s for s in found if known is None or s.status in known]


def _queried(state: State, query: Query, everything: Sequence[Session]) -> tuple[list[Session], tuple[Filter, ...]]:
    """Return the sessions that a query finds without its states, and the filters for those."""
    wrong = only_excluded(query)
    if wrong is not None:
        raise wrong
    filters = tuple(f for f in query.filters if f.key == "status")
    rest = replace(query, filters=tuple(f for f in query.filters if f.key != "status"))
    found = [s for s in everything if matches(s, rest)]
    if rest.has_words:
        ids = {s.id for s in selected(state.workspace, rest, empty=True)}
        found = [s for s in found if s.id in ids]
    say_doubts(state, query, found)
    return found, filters


def _states(name: str) -> frozenset[str]:
    group = GROUPS.get(name.lower())
    if group is None and name.lower() not in STATES:
        raise BadInput(f"no state {name!r}", f"known: {', '.join((*GROUPS, *(s for s in STATES if s not in GROUPS)))}")
    return group or frozenset({name.lower()})


def _close(state: State, rows: Sequence[BoardRow], running: Sequence[BoardRow], given: dict[str, Any]) -> None:
    if given["kind"] not in state.workspace.formats:
        raise BadInput(f"no format {given['kind']!r}", f"known: {', '.join(state.workspace.formats)}")
    alive = [r for r in rows if r.live.state != "ended"]
    preview = [
        f"{_line(r.session)}  {r.live.state}{f'  pid {r.live.process.pid}' if r.live.process else ''}" for r in alive
    ]
    question = f"Save and close {several(len(alive), 'session')}?"
    if not _agreed(
        state, [r.session for r in rows], question, dry_run=given["dry_run"], preview=preview, asks=bool(alive),
        kind="running session",
    ):  # fmt: skip
        return
    folder = None if given["folder"] is None else given["folder"].absolute()
    closing = state.workspace.closing
    manner = closing.manner(folder=folder, kind=given["kind"], grace=given["grace"], kill=given["kill"])
    done = closing.close(rows, manner, everything=running)
    items = [
        BatchItem(id=c.session.id, agent=c.session.agent, name=c.session.shown_name, outcome=c.outcome, failed=c.is_failed,
                  pid=c.pid, path=c.path, reason=c.reason)
        for c in done
    ]  # fmt: skip
    _tell(state, "closed", items)


def _done(state: State, session: Session, do: Callable[[Session], str], outcome: str) -> BatchItem:
    """Do it to one session; what goes wrong is told, and does not keep the others from theirs."""
    del state
    path, reason = "", ""
    try:
        path = do(session)
    except BadInput:
        raise
    except (HoldfastError, OSError) as error:
        reason = str(error)
    return BatchItem(
        id=session.id, agent=session.agent, name=session.shown_name, outcome="failed" if reason else outcome,  # type: ignore[arg-type]
        failed=bool(reason), pid=None, path=path, reason=reason,
    )  # fmt: skip


def _agreed(
    state: State,
    found: Sequence[Session],
    question: str,
    *,
    dry_run: bool,
    preview: Sequence[str] = (),
    asks: bool = True,
    kind: str = "session",
) -> bool:
    lines = list(preview) or [_line(s) for s in found]
    if found and not dry_run and (not asks or state.confirm(question, lines)):
        return True
    if state.json:
        items = tuple(BatchItem(id=s.id, agent=s.agent, name=s.shown_name, outcome="none") for s in found)
        state.document(BatchDocument(action="none", count=len(found), failed=0, sessions=items))
    elif dry_run and found:
        state.text("\n".join([f"{several(len(found), 'session')}:", *(f"  {line}" for line in lines)]))
    else:
        state.text("nothing changed" if found else f"no {kind} matches; nothing changed")
    return False


def _line(session: Session) -> str:
    return f"{session.id[:6]}  {session.agent}  {safe_line(session.shown_name)}  {age(session.active)}"


def _tell(state: State, action: str, items: Sequence[BatchItem]) -> None:
    """Say what became of each, and end with the exit code of that."""
    failed = [i for i in items if i.failed]
    if state.json:
        state.document(BatchDocument(action=action, count=len(items), failed=len(failed), sessions=tuple(items)))  # type: ignore[arg-type]
    else:
        state.text("\n".join(_said(items)))
    if not failed:
        return
    message = f"{len(failed)} of {several(len(items), 'session')} failed"
    raise (HoldfastError if len(failed) == len(items) else Partial)(message, failed[0].reason)


def _said(items: Iterable[BatchItem]) -> list[str]:
    lines = []
    for i in items:
        said = f"{_WORDS.get(i.outcome, i.outcome):12} {i.id[:6]}  {i.agent}  {safe_line(i.name)}"
        said += f"  pid {i.pid}" if i.pid else ""
        said += f"  {safe_line(i.path)}" if i.path else ""
        lines.append(f"{said}: {safe_line(i.reason)}" if i.reason else said)
    return lines
