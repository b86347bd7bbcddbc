"""`usage`: tokens, requests and cost, added up or explained one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from holdfast.errors import BadInput
from holdfast.faces.cli._command import command
from holdfast.faces.cli._csv import table_options
from holdfast.faces.cli._csv import usage as csv_of_usage
from holdfast.faces.cli._doubts import say_doubts, unknown_filters
from holdfast.faces.cli._items import tokens_of, usage_item
from holdfast.faces.cli._naming import named
from holdfast.faces.cli._options import query_of, query_options
from holdfast.faces.cli._values import moment, money
from holdfast.faces.cli.documents import By, RequestItem, UsageDocument, UsageExplained

if TYPE_CHECKING:
    from datetime import tzinfo

    from holdfast.faces.cli._state import State

_LINES = (".jsonl", ".ndjson", ".jsonl.zst", ".md", ".log", ".txt")
"""How the names of files end that are read line by line; of others, messages and rows are counted."""


@command(
    "usage",
    "UsageDocument",
    "UsageExplained",
    examples=(
        "holdfast usage",
        "holdfast usage --by model --since 30d",
        "holdfast usage --by day --timezone Europe/Berlin --json",
        "holdfast usage --by session agent:codex",
        "holdfast usage --by block --since 3d agent:claude-code",
        "holdfast usage --by model --format csv",
        "holdfast usage --explain k3v9qa",
    ),
    exits=(3, 5),
)
@click.argument("query", nargs=-1)
@query_options
@click.option("--by", type=click.Choice(get_args(By)), default="day", show_default=True, help="What makes a row.")
@click.option(
    "--timezone", metavar="ZONE", help="Where days begin, for example Europe/Berlin; the system's by default."
)
@click.option("--explain", metavar="SESSION", help="List every request that a session's numbers come from.")
@click.option("--no-sync", is_flag=True, help="Count the archive alone, not what changed since.")
@table_options
def usage(
    state: State, *, by: By, timezone: str | None, explain: str | None, no_sync: bool, shape: str, **given: object
) -> None:
    """Count tokens, requests and cost: each request once, whatever was resumed, forked or copied.

    QUERY is filters, for example: agent:codex project:shop. A block is five hours from the full hour (UTC) of its first
    request; name an agent to see the blocks of its subscription.
    """
    if explain is not None:
        if shape == "csv":
            raise BadInput("--explain has no rows of a table", "holdfast usage --explain ID --json")
        _explain(state, explain)
        return
    name = timezone or state.config["usage.timezone"]
    zone = _zone(name)
    query = query_of(given, zone=zone)
    if query.has_words or query.excluded:
        doubt = next(unknown_filters(query), "for example: holdfast usage agent:codex project:shop")
        raise BadInput("usage takes filters, not words", doubt)
    say_doubts(state, query, option=given.get("agent"))
    found = state.workspace.usage.table(by, query, zone=zone, fresh=not no_sync)
    document = UsageDocument(
        by=by,
        timezone=name or "local",
        live=found.live,
        rows=tuple(usage_item(row) for row in found.rows),
        total=usage_item(found.total),
    )
    if state.json:
        state.document(document)
        return
    if shape == "csv":
        state.text(csv_of_usage(document.rows, by=by))
        return
    if not document.rows:
        state.talk("no requests found")
        return
    from holdfast.faces.cli import _bars, _blocks

    draw = _blocks.usage_table if by == "block" else _bars.usage_table
    state.text(draw(state, document), paged=True)


def _explain(state: State, reference: str) -> None:
    session = named(state, reference)
    found = state.workspace.usage.explain(session)
    document = UsageExplained(
        session=session.id,
        counted=tuple(_request(state, e) for e in found.counted),
        dropped=tuple(_request(state, e) for e in found.dropped),
        unpriced_models=found.unpriced,
        total=usage_item(found.row),
    )
    if state.json:
        state.document(document)
        return
    from holdfast.faces.cli._bars import explained

    state.text(explained(state, document, session), paged=True)


def _request(state: State, entry: Any) -> RequestItem:
    request = entry.request
    return RequestItem(
        key=request.key,
        at=moment(request.at),
        model=request.model,
        tokens=tokens_of(request.usage),
        tokens_kind=request.kind,
        source_path=request.path,
        line=request.line,
        place="line" if request.path.endswith(_LINES) else "item",
        cost_usd=money(state.workspace.usage.cost_of(request)),
        owner=entry.owner,
    )


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"no time zone {name!r}", "for example: --timezone Europe/Berlin") from error
