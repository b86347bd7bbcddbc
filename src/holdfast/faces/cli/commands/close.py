"""`close`: save sessions that run, and end exactly the processes that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import BadInput, NotFound
from holdfast.faces.cli._batch import EXITS, agreed, line_of, tell
from holdfast.faces.cli._command import command
from holdfast.faces.cli._naming import LEAST, named
from holdfast.faces.cli.documents import BatchItem
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model.live import BoardRow


def closing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says how to close."""
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
    exits=EXITS,
)
@click.argument("references", metavar="ID...", nargs=-1, required=True)
@closing_options
def close(state: State, *, references: Sequence[str], **given: Any) -> None:
    """Save sessions, then ask the process of each to end (SIGTERM); which process that is, is checked right before.

    Everything of a session is saved in the data folder's closed/ first; a session that cannot be saved is left running. An
    editor, a server of several sessions and whatever carries this command are never signalled.
    """
    running = state.workspace.closing.running()
    by_id = {row.session.id: row for row in running}
    rows = [by_id.get(r) or _row_of(state, r, running) for r in references]
    close_rows(state, list({r.session.id: r for r in rows}.values()), running, given)


def _row_of(state: State, reference: str, running: Sequence[BoardRow]) -> BoardRow:
    """Find the row of a named session; one that is not on the board does not run."""
    from holdfast.model.live import BoardRow, Live

    try:
        session = named(state, reference)
    except NotFound:  # it may run, and not be in the archive yet
        found = [r for r in running if len(reference) >= LEAST and r.session.id.startswith(reference)]
        if len(found) == 1:
            return found[0]
        raise
    return next((r for r in running if r.session.id == session.id), BoardRow(session=session, live=Live(state="ended")))


def close_rows(state: State, rows: Sequence[BoardRow], running: Sequence[BoardRow], given: dict[str, Any]) -> None:
    """Show, ask, close and tell."""
    if given["kind"] not in state.workspace.formats:
        raise BadInput(f"no format {given['kind']!r}", f"known: {', '.join(state.workspace.formats)}")
    alive = [r for r in rows if r.live.state != "ended"]
    preview = [
        f"{line_of(r.session)}  {r.live.state}{f'  pid {r.live.process.pid}' if r.live.process else ''}" for r in alive
    ]
    question = f"Save and close {several(len(alive), 'session')}?"
    if not agreed(
        state, [r.session for r in rows], question, dry_run=given["dry_run"], shown=preview, asks=bool(alive),
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
    tell(state, "closed", items)
