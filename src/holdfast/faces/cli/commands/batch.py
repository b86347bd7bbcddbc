"""`batch tag|export|close`: one verb for many sessions, shown first, told truthfully afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import BadInput, HoldfastError
from holdfast.faces.cli._batch import EXITS, agreed, preview, tell
from holdfast.faces.cli._choice import chosen
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.commands.close import close_rows, closing_options
from holdfast.faces.cli.documents import BatchItem
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

batch = Family(
    "batch",
    help="Do one thing to many sessions.\n\nQUERY is a pattern (all, 'test-*') for names, titles, projects and ids, or a query "
    "like that of a list. What is meant is shown before anything is done.",
)


@command(
    "tag",
    "BatchDocument",
    examples=("holdfast batch tag 'test-*' experiment", "holdfast batch tag 'project:shop since:7d' sprint-3 --yes"),
    exits=EXITS,
)
@click.argument("query")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--status", "-s", metavar="STATUS", help="Only sessions in this state, for example idle or active.")
@click.option("--dry-run", is_flag=True, help="Only show which sessions are meant.")
def tag(state: State, query: str, *, tags: Sequence[str], status: str | None, dry_run: bool) -> None:
    """Add tags to all sessions of a query; quote one of several words.

    Where nobody can answer, it says what it tags and goes on: `holdfast untag` takes a tag back.
    """
    found = chosen(state, (query,), status)
    question = f"Tag {several(len(found), 'session')} {' '.join(map(safe_line, tags))}?"
    asks = sys.stdin.isatty()
    if not asks and not dry_run:
        preview(state, found)
    if not agreed(state, found, question, dry_run=dry_run, asks=asks):
        return
    items = [_done(state, s, lambda s: (state.workspace.sessions.tag(s, tags), "")[1], "tagged") for s in found]
    tell(state, "tagged", items)


@command(
    "export",
    "BatchDocument",
    examples=(
        "holdfast batch export all --output-dir exports --format json",
        "holdfast batch export agent:codex --format markdown",
    ),
    exits=EXITS,
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
    found = chosen(state, query, status)
    question = f"Write {several(len(found), 'session')} to {safe_line(str(given['folder']))}?"
    if not agreed(state, found, question, dry_run=dry_run, asks=False):
        return
    closing = state.workspace.closing

    def write(session: Session) -> str:
        path, _ = closing.export(session, given["folder"], kind=given["kind"], raw=given["raw"], force=given["force"])
        return str(path)

    tell(state, "exported", [_done(state, s, write, "exported") for s in found])


@command(
    "close",
    "BatchDocument",
    examples=(
        "holdfast batch close 'test-*'",
        "holdfast batch close all --status idle",
        "holdfast batch close project:shop --yes --output-dir saved",
    ),
    exits=EXITS,
)
@click.argument("query", metavar="QUERY...", nargs=-1, required=True)
@click.option("--status", "-s", metavar="STATUS", help="Only sessions in this state, for example idle or active.")
@click.option("--force", "-f", is_flag=True, help="Do not ask, as --yes.")
@closing_options
def close_many(state: State, *, query: Sequence[str], status: str | None, force: bool, **given: Any) -> None:
    """Save all running sessions of a query, then ask their processes to end, each checked right before.

    Sessions that do not run are passed over.
    """
    state.yes = state.yes or force
    running = state.workspace.closing.running()
    found = {s.id for s in chosen(state, query, status, among=[r.session for r in running])}
    close_rows(state, [r for r in running if r.session.id in found], running, given)


for made in (tag, export, close_many):
    batch.add_command(made)


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
