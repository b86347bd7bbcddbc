"""Tables as CSV: every published field in a column of its own, harmless in a spreadsheet and on a terminal.

Given items, knows nothing of where they come from.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._state import State
from holdfast.faces.cli._terminal import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeVar

    from holdfast.faces.cli.documents import ProjectItem, SessionItem, Tokens, UsageItem

    F = TypeVar("F", bound=Callable[..., Any])

_FORMULA = re.compile(r"\A[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_TOKENS = ("input", "cache_read", "cache_write", "output", "reasoning")
_SESSION = (
    "id", "agent", "native_id", "name", "title", "project", "cwd", "branch", "models", "started", "last_activity", "status",
    "messages", "user_messages", "tool_calls", "errors", "tokens_kind", "requests", "cost_usd", "unpriced_models", "tags",
    "description", "source_path", "captured", "source_expires", "expires", "partial", "trashed",
)  # fmt: skip
_USAGE = ("key", "label", "sessions", "requests", "tokens_kind", "cost_usd", "models", "unpriced_models")
_PROJECT = ("project", "name", "sessions", "messages", "agents", "tags", "started", "last_activity")
_BLOCK = ("start", "end", "last_request", "active", "gap")


def table_options(function: F) -> F:
    """Add --format: a table, JSON as --json prints it, or CSV."""
    return click.option(
        "--format",
        "-f",
        "shape",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        is_eager=True,
        callback=_told,
        help="What to print: json is the same as --json.",
    )(function)


def _told(ctx: click.Context, param: click.Parameter, value: str) -> str:
    del param
    state = ctx.find_object(State)
    if state is not None and value == "json":
        state.json = True
    return value


def sessions(items: Iterable[SessionItem]) -> str:
    """Write sessions, one a row."""
    head = (*_SESSION, "parent", "parent_kind", *_TOKENS, "context_used", "context_limit")
    rows = (
        [
            *(getattr(item, name) for name in _SESSION),
            *((item.parent.id, item.parent.kind) if item.parent is not None else ("", "")),
            *_counts(item.tokens),
            item.context.used,
            item.context.limit,
        ]
        for item in items
    )
    return _written(head, rows)


def usage(items: Iterable[UsageItem], *, by: str) -> str:
    """Write a table of usage, one row a row, without its total: whoever reads it adds up."""
    blocks = _BLOCK if by == "block" else ()
    rows = (
        [
            *(getattr(item, name) for name in _USAGE),
            *_counts(item.tokens),
            *(getattr(item.block, name, "") for name in blocks),
        ]
        for item in items
    )
    return _written((*_USAGE, *_TOKENS, *blocks), rows)


def projects(items: Iterable[ProjectItem]) -> str:
    """Write projects, one a row."""
    return _written(_PROJECT, ([getattr(item, name) for name in _PROJECT] for item in items))


def _counts(tokens: Tokens) -> list[int]:
    return [getattr(tokens, name) for name in _TOKENS]


def _written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    """Write a value; text that a spreadsheet would take for a formula is given an apostrophe, which it shows as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"'{safe_line(text)}" if _FORMULA.match(text) else safe_line(text)
