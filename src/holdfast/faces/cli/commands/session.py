"""`session`: a person's own sessions, and files of interactions as preLLM keeps them."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import click

from holdfast.errors import BadInput, NotFound, Unsafe
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._items import session_item
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.document_items import InteractionItem
from holdfast.faces.cli.documents import (
    InteractionList,
    SessionChange,
    SessionFile,
    SessionList,
    TrashDocument,
)
from holdfast.faces.cli.render import age, several
from holdfast.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.faces.cli._state import State

session = Family("session", help="Begin, list, export, import, clear and delete sessions of your own.")
MEMORY = Path(".prellm/user_memory.db")
SHOWN = 20
_memory = click.option(
    "--memory", "-m", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A file of interactions."
)
_named = click.option("--session-id", "--id", "ident", metavar="ID", help="A session's name or id, or a file's label.")


@command(
    "new",
    "SessionChange",
    examples=("holdfast session new frontend-work", "holdfast session new --ttl 7d", "holdfast session new"),
    exits=(6,),
)
@click.argument("name", required=False, default="")
@click.option("--ttl", metavar="TIME", help="Let it go after so long without use: 30m, 12h, 7d, 2w.")
def new(state: State, *, name: str, ttl: str | None) -> None:
    """Begin a session; without a name it gets one of its own."""
    _sweep(state)
    made = state.workspace.own_sessions.new(name, keep_for=ttl)
    if state.json:
        state.document(SessionChange(action="new", name=made.name, id=made.id))
    else:
        state.text(safe_line(f"Created new session: '{made.name}'"))
        state.talk(f"go on with: {state.hint(f'holdfast chat --session {made.name}')}")


@command(
    "list",
    "SessionList",
    "InteractionList",
    examples=("holdfast session list", "holdfast session list --memory .prellm/custom.db"),
    exits=(3,),
)
@_memory
@click.option("--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="Show so many.")
def listed(state: State, *, memory: Path | None, limit: int) -> None:
    """List your own sessions, or with a file of interactions what was asked last."""
    file = _file(memory)
    if file is not None:
        _list_file(state, file, limit)
        return
    _sweep(state)
    found = state.workspace.own_sessions.listed()[:limit]
    if state.json:
        state.document(SessionList(stale=None, sessions=tuple(session_item(state.workspace, s) for s in found)))
    elif not found:
        state.text("no session of your own; holdfast session new begins one")
    else:
        rows = [f"{s.id[:6]}  {s.shown_name}  {age(s.active)}  {several(s.rollup.messages, 'message')}" for s in found]
        state.text("\n".join(safe_line(row) for row in rows))


def _list_file(state: State, file: Path, limit: int) -> None:
    with Workspace.of_memory(file) as workspace:
        found = workspace.interactions.listed(limit)
    if state.json:
        items = tuple(
            InteractionItem(query=i["query"], response_summary=i["response_summary"], timestamp=i["timestamp"])
            for i in found
        )
        state.document(InteractionList(path=str(file), interactions=items))
    elif not found:
        state.text("No interactions found.")
    else:
        lines = [safe_line(f"{file}: {several(len(found), 'interaction')}")]
        for place, one in enumerate(found, 1):
            lines.append(f"{place:>4}. Q: {safe_line(one['query'][:80])}")
            lines.append(f"      A: {safe_line(one['response_summary'][:60])}")
        state.text("\n".join(lines))


@command(
    "export",
    "SessionFile",
    examples=(
        "holdfast session export backup.json --id frontend-work",
        "holdfast session export backup.json --session-id esp32-project --memory .prellm/sessions.db",
        "holdfast session export talk.toon --id frontend-work --format toon",
    ),
    exits=(3, 5, 9),
)
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@_named
@_memory
@click.option(
    "--format", "-f", "kind", default="snapshot", show_default=True, metavar="FORMAT", help="Any of export's."
)
@click.option("--force", is_flag=True, help="Replace OUTPUT.")
def export(state: State, *, output: Path, ident: str | None, memory: Path | None, kind: str, force: bool) -> None:
    """Write one of your sessions, or a whole file of interactions, as a snapshot that preLLM reads too; secrets masked.

    A file of interactions is named by --memory, or is .prellm/user_memory.db where that exists; then the id is its label.
    """
    file = _file(memory)
    if file is not None:
        _exported_file(state, file, output, ident=ident, force=force)
        return
    if not ident:
        raise BadInput("which session?", "add --id NAME, or --memory FILE for a file of interactions")
    found = state.workspace.sessions.resolve(ident)
    with _writing(output, force=force) as stream:
        done = state.workspace.exchange.export([found], stream, name=kind)
    state.workspace.own_sessions.note_export([found])
    _told(state, output, ident=found.shown_name, interactions=done.messages, preferences=0)


def _exported_file(state: State, file: Path, output: Path, *, ident: str | None, force: bool) -> None:
    if not file.exists():
        raise NotFound(f"there is no file {file}", "name the file of interactions with --memory FILE")
    with Workspace.of_memory(file) as workspace, _writing(output, force=force) as stream:
        tree = workspace.interactions.snapshot(ident or "")
        stream.write(json.dumps(tree, indent=2, ensure_ascii=False).encode("utf-8", "replace"))
    counts = {"interactions": len(tree["interactions"]), "preferences": len(tree["preferences"])}
    _told(state, output, ident=tree["session_id"], **counts)


def _told(state: State, output: Path, *, ident: str, interactions: int, preferences: int) -> None:
    if state.json:
        found = SessionFile(path=str(output), id=ident, interactions=interactions, preferences=preferences)
        state.document(found)
        return
    lines = [f"Session exported to {safe_line(str(output))}", f"   ID: {safe_line(ident)}"]
    lines += [f"   Interactions: {interactions}"]
    lines += [f"   Preferences: {preferences}"] if preferences else []
    state.text("\n".join(lines))


@command(
    "import",
    "SessionFile",
    examples=(
        "holdfast session import session_backup.json",
        "holdfast session import backup.json --memory .prellm/new.db",
    ),
    exits=(3, 8),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_memory
def import_file(state: State, *, file: Path, memory: Path | None) -> None:
    """Take a snapshot in; twice adds nothing. Its preferences become active: `preferences forget` revokes one at once."""
    if not file.exists():
        raise NotFound(f"there is no file {file}")
    pool = _file(memory)
    if pool is None:
        done = state.workspace.exchange.load(file)
        counts = [done.added // 2 if done.format == "prellm-snapshot" else done.added, done.preferences]
        ident = ", ".join(done.ids)
    else:
        with Workspace.of_memory(pool) as workspace:
            ident, *counts = workspace.interactions.take_snapshot(file)
    if state.json:
        state.document(SessionFile(path=str(file), id=ident, interactions=counts[0], preferences=counts[1]))
    else:
        new = f"{several(counts[0], 'interaction')} and {several(counts[1], 'preference')} new"
        state.text(safe_line(f"Session imported from {file}: {new}"))


@command(
    "clear",
    "SessionChange",
    examples=(
        "holdfast session clear frontend-work",
        "holdfast session clear --memory .prellm/custom.db --force",
    ),
    exits=(3, 9),
)
@click.argument("name", required=False, default="")
@_memory
@click.option("--force", is_flag=True, help="Ask nothing.")
def clear(state: State, *, name: str, memory: Path | None, force: bool) -> None:
    """Empty a session's conversation (its messages stay in the store), or erase a file's interactions and preferences."""
    state.yes = state.yes or force
    if name:
        found = state.workspace.own_sessions.named(name)
        if state.confirm(f"Clear the conversation of {name}?", [f"{found.id[:6]}  {found.shown_name}"]):
            count = state.workspace.own_sessions.clear(found)
            _changed(state, "clear", name, ident=found.id, said=f"{several(count, 'message')} taken out of '{name}'")
        return
    file = _file(memory)
    if file is None or not file.exists():
        raise NotFound("there is nothing to clear here", "name a session, or a file of interactions with --memory FILE")
    if state.confirm("Erase all interactions and preferences?", [str(file)]):
        with Workspace.of_memory(file) as workspace:
            count = workspace.clear_memory()
        said = f"{several(count, 'interaction')} and all preferences erased from {file}"
        _changed(state, "clear", str(file), ident="", said=said)


@command(
    "delete",
    "TrashDocument",
    examples=("holdfast session delete frontend-work",),
    exits=(3, 5, 9),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def delete(state: State, *, names: Sequence[str]) -> None:
    """Move your own sessions to the trash, from which `undelete` brings them back."""
    found = [state.workspace.own_sessions.named(name) for name in names]
    question = f"Move {several(len(found), 'session')} to the trash?"
    if state.confirm(question, [f"{s.id[:6]}  {s.shown_name}" for s in found]):
        for one in found:
            state.workspace.sessions.delete(one)
        if state.json:
            items = tuple(session_item(state.workspace, s) for s in found)
            state.document(TrashDocument(action="deleted", sessions=items))
        else:
            state.text(f"{several(len(found), 'session')} moved to the trash; undelete brings back")


@contextlib.contextmanager
def _writing(output: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Write beside the target (0600) and move it there only when it is whole."""
    if os.path.lexists(output) and not force:
        raise Unsafe(f"{output} exists", "choose another name, or add --force to replace it")
    if not output.parent.is_dir():
        raise NotFound(f"there is no folder {output.parent}")
    descriptor, beside = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        Path(beside).replace(output)
    finally:
        Path(beside).unlink(missing_ok=True)


def _changed(state: State, action: Literal["new", "clear"], name: str, *, ident: str, said: str) -> None:
    if state.json:
        state.document(SessionChange(action=action, name=name, id=ident))
    else:
        state.text(safe_line(said))


def _file(memory: Path | None) -> Path | None:
    """Return the file of interactions that is meant: the one named, or the one that preLLM leaves in a project."""
    return memory if memory is not None else MEMORY if MEMORY.exists() else None


def _sweep(state: State) -> None:
    """Let go of what nobody used for its time, and say so."""
    for gone in state.workspace.own_sessions.sweep():
        note = "exported before" if gone.exported else "NEVER EXPORTED"
        line = f"session '{gone.session.shown_name}' was not used for its time and lies in the trash ({note})"
        state.say(safe_line(f"{line}; holdfast undelete {gone.session.id[:8]} brings it back"))


for made in (new, listed, export, import_file, clear, delete):
    session.add_command(made)
