"""`list-projects`: every project with what was done in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.faces.cli._command import command
from holdfast.faces.cli._csv import projects as csv_of_projects
from holdfast.faces.cli._csv import table_options
from holdfast.faces.cli._doubts import only_excluded, say_doubts
from holdfast.faces.cli._options import query_of, query_options, selected
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli._values import moment
from holdfast.faces.cli.documents import ProjectItem, ProjectList
from holdfast.faces.cli.render import Column, age, count, project_name, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

import click

_SHAPE = (
    Column("PROJECT", most=30, style=("bold",)),
    Column("SESSIONS", right=True),
    Column("MSGS", right=True, keep=2),
    Column("AGENTS", most=40, keep=3, style=("cyan",)),
    Column("WHEN", right=True),
    Column("FOLDER", most=100, gives_way=True, style=("dim",)),
)


@command(
    "list-projects",
    "ProjectList",
    examples=(
        "holdfast list-projects",
        "holdfast list-projects agent:codex since:30d",
        "holdfast list-projects --format csv",
    ),
)
@click.argument("query", nargs=-1)
@query_options
@table_options
def list_projects(state: State, *, shape: str, **given: object) -> None:
    """List projects, last active first, with their sessions.

    QUERY is words and filters that choose the sessions, for example: agent:codex since:30d
    """
    query = query_of(given)
    impossible = only_excluded(query)
    if impossible is not None:
        raise impossible
    found = selected(state.workspace, query)
    say_doubts(state, query, found, option=given.get("agent"))
    groups: dict[str, list[Session]] = {}
    for session in found:
        groups.setdefault(session.project, []).append(session)
    items = tuple(_item(project, sessions) for project, sessions in groups.items() if project)
    without = len(groups.get("", ()))
    if state.json:
        state.document(ProjectList(projects=items, sessions_without=without))
    elif shape == "csv":
        state.text(csv_of_projects(items))
    elif items:
        state.text(_drawn(state, items, groups), paged=True)
    else:
        state.talk("no project found")


def _item(project: str, sessions: Sequence[Session]) -> ProjectItem:
    times = [s.active for s in sessions if s.active is not None]
    starts = [s.started for s in sessions if s.started is not None]
    return ProjectItem(
        project=project,
        name=project_name(project),
        sessions=len(sessions),
        messages=sum(s.rollup.messages for s in sessions),
        agents=tuple(sorted({s.agent for s in sessions})),
        tags=tuple(sorted({t for s in sessions for t in s.tags})),
        started=moment(min(starts, default=None)),
        last_activity=moment(max(times, default=None)),
    )


def _drawn(state: State, items: Sequence[ProjectItem], groups: dict[str, list[Session]]) -> str:
    rows = [
        [
            safe_line(item.name),
            count(item.sessions),
            count(item.messages),
            safe_line(", ".join(item.agents)),
            age(max((s.active for s in groups[item.project] if s.active is not None), default=None)),
            safe_line(item.project) if item.project != item.name else "",
        ]
        for item in items
    ]
    return table(_SHAPE, rows, width=state.width if state.on_terminal else None, paint=state.paint)
