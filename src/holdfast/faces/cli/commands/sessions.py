"""`list` and `show`: sessions as rows, and one of them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command
from holdfast.faces.cli._csv import sessions as csv_of_sessions
from holdfast.faces.cli._csv import table_options
from holdfast.faces.cli._doubts import only_excluded, say_doubts
from holdfast.faces.cli._fresh import freshen, places, say_size, say_stale
from holdfast.faces.cli._naming import anywhere
from holdfast.faces.cli._options import query_of, query_options, selected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Query, Session


PLACES = 3
"""Folders named for each agent."""


@command(
    "list",
    "SessionList",
    examples=(
        "holdfast list",
        "holdfast list agent:codex since:7d",
        "holdfast list --project shop --limit 20",
        "holdfast list --expiring",
        "holdfast list --json --no-sync",
        "holdfast list --format csv",
    ),
)
@click.argument("query", nargs=-1)
@query_options
@click.option("--expiring", is_flag=True, help="Only sessions that their agent will delete, the first to go first.")
@click.option("--trash", is_flag=True, help="What is in the trash.")
@click.option("--all", "everything", is_flag=True, help="Sub-agents and empty sessions in rows of their own too.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N sessions.")
@click.option("--no-sync", is_flag=True, help="Do not look for what changed.")
@table_options
def list_sessions(
    state: State,
    *,
    expiring: bool,
    trash: bool,
    everything: bool,
    limit: int | None,
    no_sync: bool,
    shape: str,
    **given: object,
) -> None:
    """List sessions, last active first; those that run stand before all others, with what they do now.

    QUERY is words and filters, for example: jwt agent:codex project:shop tag:api since:7d
    """
    query = query_of(given)
    impossible = only_excluded(query)
    if impossible is not None:
        raise impossible
    stale = _first_sync(state) if state.bare else None
    if stale is None:
        stale = freshen(state, wanted=not no_sync)
    found = selected(
        state.workspace, query, trashed=trash, empty=everything, live=not (no_sync or trash) and _looks(state)
    )
    say_doubts(state, query, found, option=given.get("agent"))
    if expiring:
        found = sorted((s for s in found if s.source_expires is not None), key=lambda s: s.source_expires or 0)
    if state.json or shape == "csv":
        _for_programs(state, found[:limit], stale)
        return
    if not found:
        _say_nothing_found(state, query, trash=trash)
    else:
        from holdfast.faces.cli._listing import listing

        state.text(listing(state, found, limit=limit, everything=everything or trash, expiring=expiring), paged=True)
    say_stale(state, stale)
    say_size(state)


def _for_programs(state: State, found: Sequence[Session], stale: int | None) -> None:
    from holdfast.faces.cli._items import session_item
    from holdfast.faces.cli.documents import SessionList

    items = tuple(session_item(state.workspace, s) for s in found)
    if state.json:
        state.document(SessionList(stale=stale, sessions=items))
    else:
        state.text(csv_of_sessions(items))


def _looks(state: State) -> bool:
    """Tell whether running agents are looked for without being asked."""
    return bool(state.config["monitoring.auto_discover"])


def _first_sync(state: State) -> int | None:
    """Read everything when the archive is still empty: the first thing a new user wants to see is all of it."""
    if state.workspace.store.revision():
        return None
    from holdfast.faces.cli._progress import Progress

    with Progress(state) as progress:
        return state.workspace.sync.run(progress=progress).remaining


def _say_nothing_found(state: State, query: Query, *, trash: bool) -> None:
    if trash or query.text or query.filters or query.since is not None or query.until is not None:
        state.talk("the trash is empty" if trash and not query.text else "no session matches")
        return
    state.talk("No sessions found. Looked in:")
    for agent, found in places(state).items():
        more = f" and {len(found) - PLACES} more folders" if len(found) > PLACES else ""
        state.talk(f"  {agent:<13} {', '.join(found[:PLACES])}{more}")
    state.talk("`holdfast demo` shows what Holdfast does on made-up sessions.")


@command(
    "show",
    "SessionDetail",
    examples=(
        "holdfast show k3v9qa",
        "holdfast show - --last 10",
        "holdfast show k3v9qa --all",
        "holdfast show k3v9qa --json",
    ),
    exits=(3, 5, 8),
)
@click.argument("reference", metavar="ID")
@click.option("--all", "everything", is_flag=True, help="Tool calls in full, thinking, and what was rewound.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N messages.")
def show(state: State, reference: str, *, everything: bool, last: int | None) -> None:
    """Show one session: its numbers, files, commands and conversation.

    ID is a name, an id, the beginning of one (4 characters or more), or - for the session last active.
    """
    session = anywhere(state, reference)
    messages = state.workspace.sessions.messages(session, everything=everything)
    from msgspec.structs import replace

    from holdfast.faces.cli._items import session_item
    from holdfast.model import derive

    files, runs = derive(messages)
    if last is not None:
        messages = messages[-last:]
    item = session_item(state.workspace, session)
    live = state.workspace.monitor.live(session) if _looks(state) else None
    if live is not None:
        item = replace(item, status=live.state)
    if state.json:
        from holdfast.faces.cli._items import command_item, file_item, message_item
        from holdfast.faces.cli._live_items import live_item
        from holdfast.faces.cli.documents import SessionDetail

        document = SessionDetail(
            session=item,
            live=None if live is None else live_item(live),
            files=tuple(file_item(f) for f in files),
            commands=tuple(command_item(r) for r in runs),
            messages=tuple(message_item(m) for m in messages),
        )
        state.document(document)
        return
    from holdfast.faces.cli._conversation import whole

    if live is not None and live.process is not None:
        state.workspace.monitor.mark_read(session.id)
    state.text(whole(state, item, (files, runs), messages, everything=everything), paged=True)
