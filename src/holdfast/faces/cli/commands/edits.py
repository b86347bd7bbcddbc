"""`tag`, `untag` and `set-project`: what a person says about a session; no sync ever changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command
from holdfast.faces.cli._items import session_item
from holdfast.faces.cli._naming import named
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import SessionAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_EXITS = (3, 5, 6)


@command("tag", "SessionAnswer", examples=("holdfast tag k3v9qa api urgent",), exits=_EXITS)
@click.argument("reference", metavar="ID")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
def tag(state: State, reference: str, *, tags: Sequence[str]) -> None:
    """Add tags to a session; a tag is one word."""
    sessions = state.workspace.sessions
    _tell(state, sessions.tag(named(state, reference), tags))


@command("untag", "SessionAnswer", examples=("holdfast untag k3v9qa urgent",), exits=_EXITS)
@click.argument("reference", metavar="ID")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
def untag(state: State, reference: str, *, tags: Sequence[str]) -> None:
    """Remove tags from a session."""
    sessions = state.workspace.sessions
    held = named(state, reference)
    left = sessions.tag(held, tags, remove=True)
    _tell(state, left)
    if held.tags == left.tags:
        state.talk(f"nothing was removed: its tags are {safe_line(', '.join(held.tags)) or 'none'}")


@command("set-project", "SessionAnswer", examples=("holdfast set-project k3v9qa shop",), exits=_EXITS)
@click.argument("reference", metavar="ID")
@click.argument("project")
def set_project(state: State, reference: str, *, project: str) -> None:
    """Say which project a session belongs to."""
    sessions = state.workspace.sessions
    _tell(state, sessions.set_project(named(state, reference), project))


def _tell(state: State, session: Session) -> None:
    item = session_item(state.workspace, session)
    if state.json:
        state.document(SessionAnswer(session=item))
        return
    facts = [
        item.id[:6],
        safe_line(item.name or item.title),
        safe_line(item.project),
        " ".join(f"#{safe_line(t)}" for t in item.tags),
    ]
    state.text("  ".join(f for f in [*facts, safe_line(item.description)] if f))
