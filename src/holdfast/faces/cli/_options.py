"""The options that make a query, the same for every command that takes one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import replace

from holdfast.faces.cli._doubts import refuse_unknown
from holdfast.model import Filter, Query, matches, moment, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from holdfast.model import Session
    from holdfast.workspace import Workspace

F = TypeVar("F", bound="Callable[..., Any]")

FORMATS = ("json", "jsonl", "yaml", "markdown", "html", "csv", "native", "toon", "anyllm", "snapshot")
"""The formats of our own that an export can be written in; other packages may add more."""


def query_options(function: F) -> F:
    """Add --agent, --project, --tag, --status, --since and --until."""
    for option in (
        click.option("--until", metavar="WHEN", help="Only what began before, for example yesterday."),
        click.option("--since", metavar="WHEN", help="Only what went on after, for example 7d, today or 2026-11-20."),
        click.option("--status", "-s", metavar="STATUS", help="Only this state, for example idle, waiting or active."),
        click.option("--tag", "-t", metavar="TAG", multiple=True, help="Only sessions with this tag."),
        click.option("--project", "-p", metavar="NAME", help="Only this project: its folder or its last part."),
        click.option("--agent", "-a", metavar="NAME", help="Only this agent, for example claude-code."),
    ):
        function = option(function)
    return function


def query_of(given: Mapping[str, Any], *, zone: tzinfo | None = None) -> Query:
    """Join what was typed as words with what was given as options; days begin in the zone, else in the system's."""
    now = datetime.now(zone) if zone else None
    query = parse(" ".join(given.get("query", ())), now=now)
    filters = [Filter(key=key, value=str(given[key])) for key in ("agent", "project", "status") if given.get(key)]
    filters += [Filter(key="tag", value=value) for value in given.get("tag") or ()]
    since, until = given.get("since"), given.get("until")
    query = replace(
        query,
        filters=(*query.filters, *filters),
        since=moment(since, now=now) if since else query.since,
        until=moment(until, now=now) if until else query.until,
    )
    refuse_unknown(query)
    return query


def selected(
    workspace: Workspace, query: Query, *, trashed: bool = False, empty: bool = False, live: bool | None = None
) -> list[Session]:
    """Return the sessions that pass a query's filters and, where it has words, hold them; last active first.

    With `live` each has its true status, and those that run stand first; without a word on it, what runs is looked at
    where the query asks for a state. A process whose session is not in the archive is none of these.
    """
    if live:
        return _selected_live(workspace, query, empty=empty)
    if live is None and not trashed and _asks_for_states(query) and workspace.config["monitoring.auto_discover"]:
        return _selected_live(workspace, query, empty=empty)
    found = workspace.sessions.find(query, trashed=trashed, empty=empty)
    if not query.has_words:
        return found
    workspace.sync.catch_up()
    holders = workspace.search.holders(query, {s.id for s in found})
    return [s for s in found if s.id in holders]


def _asks_for_states(query: Query) -> bool:
    return any(f.key == "status" for f in query.filters)


def _selected_live(workspace: Workspace, query: Query, *, empty: bool) -> list[Session]:
    """Ask for everything but the states, then for the states as they are now."""
    told = replace(query, filters=tuple(f for f in query.filters if f.key != "status"))
    asked = replace(query, filters=tuple(f for f in query.filters if f.key == "status"), since=None, until=None)
    found = workspace.monitor.listed(selected(workspace, told, empty=empty))
    return [s for s in found if matches(s, asked)] if asked.filters else found
