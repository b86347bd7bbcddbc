"""`hooks`: let agents tell what their sessions do, take that back, and see how each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._terminal import safe, safe_line
from holdfast.faces.cli._values import moment
from holdfast.faces.cli.documents import HookItem, HooksDocument
from holdfast.faces.cli.render import Column, age, table

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State

_EXITS = (3, 9)
_WORDS = {"not-installed": "not installed", "no-agent": "no such agent here", "unreadable": "file cannot be read"}

hooks = Family(
    "hooks",
    help="Let agents tell what their sessions do.\n\nWith hooks a session's state is exact within two seconds. An agent's own "
    "file is changed only by these commands, and only after the change was shown.",
)


@command(
    "install",
    "HooksDocument",
    examples=(
        "holdfast hooks install claude-code --dry-run",
        "holdfast hooks install claude-code",
        "holdfast hooks install codex --yes",
    ),
    exits=_EXITS,
)
@click.argument("agent")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
def install(state: State, agent: str, *, dry_run: bool) -> None:
    """Add our hooks to an agent's own settings: claude-code, codex, gemini-cli, copilot, opencode or cursor.

    The change is shown first. What stands in the file stays: other hooks, unknown keys, comments, links. A file that cannot be
    read is refused. Doing it twice changes nothing.
    """
    _change(state, agent, remove=False, dry_run=dry_run)


@command(
    "remove",
    "HooksDocument",
    examples=("holdfast hooks remove claude-code", "holdfast hooks remove codex --yes --json"),
    exits=_EXITS,
)
@click.argument("agent")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
def remove(state: State, agent: str, *, dry_run: bool) -> None:
    """Take our hooks out of an agent's settings; a file that was not changed since is as it was before, to the byte."""
    _change(state, agent, remove=True, dry_run=dry_run)


@command("show", "HooksDocument", examples=("holdfast hooks show", "holdfast hooks show --json"))
def show(state: State) -> None:
    """Show which agents' hooks are installed, and when each last spoke."""
    items = tuple(_item(found) for found in state.workspace.hooks.show())
    if state.json:
        state.document(HooksDocument(action="shown", agents=items))
        return
    found = state.workspace.hooks.show()
    rows = [
        [
            i.agent,
            _WORDS.get(i.status, i.status),
            age(f.said) if f.said else "never",
            i.last_state,
            safe_line(i.path),
        ]
        for i, f in zip(items, found, strict=True)
    ]
    shape = [
        Column("AGENT", style=("bold",)),
        Column("HOOKS"),
        Column("LAST HEARD"),
        Column("STATE", style=("cyan",)),
        Column("FILE", keep=1, gives_way=True, style=("dim",)),
    ]
    state.text(table(shape, rows, width=state.width if state.on_terminal else None, paint=state.paint))
    for note in (f"{i.agent}: {i.note}" for i in items if i.note):
        state.talk(note)


for made in (install, remove, show):
    hooks.add_command(made)


def _change(state: State, agent: str, *, remove: bool, dry_run: bool) -> None:
    service = state.workspace.hooks
    change = service.plan(agent, remove=remove)
    diff = change.diff()
    done = False
    if diff and not dry_run:
        state.talk(safe(diff))
        where = (
            f"Take our hooks out of {safe_line(change.path)}?" if remove else f"Write this to {safe_line(change.path)}?"
        )
        done = state.confirm(where, ())
    if done:
        service.apply(change)
    if state.json:
        standing = next(i for i in service.show() if i.agent == change.agent)
        action = ("removed" if remove else "installed") if done else "none"
        state.document(HooksDocument(action=action, agents=(_item(standing, diff=diff),)))  # type: ignore[arg-type]
        return
    if dry_run and diff:
        state.text(safe(diff))
    state.text(_said(change.agent, change.path, remove=remove, done=done, changes=bool(diff)))
    if change.note and not remove:
        state.talk(change.note)


def _said(agent: str, path: str, *, remove: bool, done: bool, changes: bool) -> str:
    if not changes:
        return f"{agent}: {'none of our hooks are there' if remove else 'our hooks are there already'}; nothing changed"
    if not done:
        return "nothing changed"
    if remove:
        return f"{agent}: our hooks were taken out of {safe_line(path)}"
    return f"{agent}: our hooks are in {safe_line(path)}; new sessions speak. Back: holdfast hooks remove {agent}"


def _item(found: Any, *, diff: str = "") -> HookItem:
    return HookItem(
        agent=found.agent,
        path=found.path,
        status=found.status,
        events=found.events,
        last_heard=moment(found.said),
        last_event=found.said_event,
        last_state=found.said_state,
        note=found.note,
        diff=diff,
    )
