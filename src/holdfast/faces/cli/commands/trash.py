"""`delete`, `undelete` and `purge`: out of sight for 30 days, back again, or gone for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.errors import NotFound, Unreadable
from holdfast.faces.cli._command import command
from holdfast.faces.cli._items import session_item
from holdfast.faces.cli._naming import anywhere, named, with_sub_agents
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import PurgedItem, PurgeDocument, TrashDocument
from holdfast.faces.cli.render import age, several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_EXITS = (3, 5, 6, 9)


@command(
    "delete",
    "TrashDocument",
    examples=("holdfast delete k3v9qa", "holdfast delete k3v9qa 7r2ba7 --yes", "holdfast delete k3v9qa --dry-run"),
    exits=_EXITS,
)
@click.argument("references", metavar="ID...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
def delete(state: State, *, references: Sequence[str], dry_run: bool) -> None:
    """Move sessions and their sub-agents to the trash, from which a sync purges them after 30 days (trash.days).

    The agents' own files stay as they are.
    """
    found = with_sub_agents(state, [named(state, r) for r in references])
    if not _agreed(state, found, f"Move {several(len(found), 'session')} to the trash?", dry_run=dry_run):
        return
    for session in found:
        state.workspace.sessions.delete(session)
    days = state.config["trash.days"]
    back = state.hint(f"holdfast undelete {found[0].id[:8]}")
    gone = [named(state, s.id, trashed=True) for s in found]
    _tell(state, "deleted", gone, f"moved to the trash; undelete brings back for {days} days: {back}")


@command("undelete", "TrashDocument", examples=("holdfast list --trash", "holdfast undelete k3v9qa"), exits=_EXITS)
@click.argument("references", metavar="ID...", nargs=-1, required=True)
def undelete(state: State, *, references: Sequence[str]) -> None:
    """Take sessions and their sub-agents out of the trash."""
    found = with_sub_agents(state, [_in_trash(state, r) for r in references], trashed=True)
    for session in found:
        state.workspace.sessions.undelete(session)
    _tell(state, "undeleted", [named(state, s.id) for s in found], "taken out of the trash")


def _in_trash(state: State, reference: str) -> Session:
    try:
        return named(state, reference, trashed=True)
    except NotFound as missing:
        try:
            living = named(state, reference)
        except NotFound:
            raise missing from None
        raise NotFound(f"session {reference!r} is not in the trash", f"holdfast show {living.id[:8]}") from None


@command(
    "purge",
    "PurgeDocument",
    "TrashDocument",
    examples=("holdfast purge k3v9qa", "holdfast purge k3v9qa --yes --json", "holdfast purge k3v9qa --dry-run"),
    exits=(*_EXITS, 8),
)
@click.argument("references", metavar="ID...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
def purge(state: State, *, references: Sequence[str], dry_run: bool) -> None:
    """Erase sessions and their sub-agents from archive, raw records, index and trash, and look for their bytes afterwards.

    There is no way back. The agents' own files are not ours to delete; those that exist are named.
    """
    found = _unique([anywhere(state, r) for r in references])
    if not _agreed(state, found, f"Erase {several(len(found), 'session')} for good?", dry_run=dry_run):
        return
    done, advice = [], ""
    for session in found:
        gone = state.workspace.sessions.purge(session)
        advice = gone.advice or advice
        left = tuple(p for p in gone.sources if Path(p).exists())
        done.append(PurgedItem(sessions=gone.sessions, samples=gone.samples, traces=gone.traces, sources=left))
    if state.json:
        state.document(PurgeDocument(purged=tuple(done)))
    else:
        state.text("\n".join(line for session, item in zip(found, done, strict=True) for line in _proof(session, item)))
    traces = [t for item in done for t in item.traces]
    if traces:
        raise Unreadable(f"traces were found in {', '.join(traces)}", advice)


def _proof(session: Session, item: PurgedItem) -> list[str]:
    others = len(item.sessions) - 1
    with_them = f" and {several(others, 'sub-agent')}" if others > 0 else ""
    lines = [f"erased  {session.id[:6]}  {safe_line(session.shown_name)}{with_them}"]
    if not item.traces:
        lines.append(
            f"        looked for {several(item.samples, 'sample')} of its bytes and words in every file: none left"
        )
    lines += [f"        still there, the agent's own: {safe_line(path)}" for path in item.sources]
    return lines


def _agreed(state: State, found: Sequence[Session], question: str, *, dry_run: bool) -> bool:
    preview = [
        f"{s.id[:6]}  {s.agent}  {s.shown_name}  {age(s.active)}  {several(s.rollup.messages, 'message')}"
        for s in found
    ]
    if dry_run:
        if state.json:
            _tell(state, "none", found, "")
        else:
            state.text("\n".join(safe_line(line) for line in preview))
        return False
    if state.confirm(question, preview):
        return True
    if state.json:
        _tell(state, "none", (), "")
    state.talk("nothing changed")
    return False


def _tell(state: State, action: str, found: Sequence[Session], said: str) -> None:
    if state.json:
        items = tuple(session_item(state.workspace, s) for s in found)
        state.document(TrashDocument(action=action, sessions=items))  # type: ignore[arg-type]
    else:
        state.text(f"{several(len(found), 'session')} {said}")


def _unique(found: Sequence[Session]) -> list[Session]:
    return list({s.id: s for s in found}.values())
