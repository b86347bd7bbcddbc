"""Draws usage: a table with bars for people, and the requests behind a session's numbers."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli._values import moment
from holdfast.faces.cli.render import Column, count, dollars, full, several, table, total

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.faces.cli.documents import RequestItem, Tokens, UsageDocument, UsageExplained, UsageItem
    from holdfast.model import Session

NARROW, WIDE = 12, 24
"""Cells of a bar."""
_ROOM = 110
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_COUNTS = (
    Column("REQUESTS", right=True, keep=3),
    Column("INPUT", right=True, keep=4),
    Column("CACHE READ", right=True, keep=4),
    Column("CACHE WRITE", right=True, keep=4),
    Column("OUTPUT", right=True, keep=5),
    Column("REASONING", right=True, keep=2),
)

_PLACE = 2 + len(_COUNTS)
"""Which column of a request says where it stands."""


def usage_table(state: State, document: UsageDocument) -> str:
    """Draw rows and their total, with a bar per row on a terminal."""
    live = state.on_terminal
    write = count if live else full
    shape = [
        Column(document.by.upper(), most=40, gives_way=document.by not in ("day", "week", "month"), style=("bold",)),
        Column("SESSIONS", right=True, keep=1),
        *_COUNTS,
        Column("COST", right=True, style=("green",)),
    ]
    if live:
        shape.append(Column("", keep=5, style=("blue",)))
    most = max((_weight(row) for row in document.rows), default=0.0)
    size = WIDE if state.width >= _ROOM else NARROW
    rows = [_row(row, write, bar=_bar(_weight(row), most, size) if live else None) for row in document.rows]
    rows.append(_row(document.total, write, bar="" if live else None))
    drawn = table(shape, rows, width=state.width if live else None, paint=state.paint)
    return drawn + "".join(f"{state.paint(line, 'dim')}\n" for line in _notes(document))


def explained(state: State, document: UsageExplained, session: Session) -> str:
    """Draw what was counted and what was not, each with its file and line."""
    lines = [
        state.paint(safe_line(session.shown_name), "bold"),
        "",
        f"Counted: {several(len(document.counted), 'request')}",
    ]
    began = moment(session.started if session.started is not None else session.active)
    lines += _requests(state, document.counted, "", began=began)
    if document.dropped:
        lines += ["", f"Not counted again: {several(len(document.dropped), 'copy').replace('copys', 'copies')}"]
        lines += _requests(state, document.dropped, session.id, began=began)
    sums = document.total
    cost = dollars(sums.cost_usd, sums.unpriced_models, kind=sums.tokens_kind, requests=sums.requests)
    lines += ["", f"Together: {full(total(sums.tokens))} tokens ({sums.tokens_kind}), {cost}"]
    if document.unpriced_models:
        lines.append(f"Without a price, so not in the cost: {safe_line(', '.join(document.unpriced_models))}")
    return "\n".join(lines)


def _requests(state: State, requests: Sequence[RequestItem], own: str, *, began: str | None) -> list[str]:
    """Draw requests by file; one without a time counts when its session began, which `~` marks."""
    shape = [Column("AT"), Column("MODEL", most=30), *_COUNTS[1:], Column("COST", right=True), Column("", right=True)]
    shape += [Column("COUNTED IN")] if own else []
    lines: list[str] = []
    for path in dict.fromkeys(r.source_path for r in requests):
        here = [r for r in requests if r.source_path == path]
        shape[_PLACE] = Column(here[0].place.upper(), right=True)
        rows = [
            [
                r.at or (f"~{began}" if began else "-"),
                safe_line(r.model) or "-",
                *(_figures(r) if not _repeats(r, own) else [""] * len(_COUNTS)),
                str(r.line),
                *(["same request" if _repeats(r, own) else r.owner] if own else []),
            ]
            for r in here
        ]
        lines += [
            f"  {safe_line(path)}",
            *(f"  {line}" for line in table(shape, rows, width=None, paint=state.paint).splitlines()),
        ]
    return lines


def _figures(request: RequestItem) -> list[str]:
    unpriced = () if request.cost_usd is not None else (request.model or "unknown",)
    cost = dollars(request.cost_usd, unpriced, kind=request.tokens_kind, requests=1)
    return [*_counts(request.tokens, full), cost]


def _repeats(request: RequestItem, own: str) -> bool:
    """Tell a further record of a request in the session's own files: its tokens stand at the first."""
    return bool(own) and request.owner in ("", own)


def _row(row: UsageItem, write: Callable[[int], str], *, bar: str | None) -> list[str]:
    mark = "~" if row.tokens_kind == "estimated" else ""
    name = row.key if row.key == row.label or not row.label else f"{row.key[:6]} {row.label}"
    name = PurePath(name).name if name.startswith("/") else name
    cost = dollars(row.cost_usd, row.unpriced_models, kind=row.tokens_kind, requests=row.requests)
    cells = [
        safe_line(name),
        write(row.sessions),
        write(row.requests),
        *(mark + c for c in _counts(row.tokens, write)),
        cost,
    ]
    return cells if bar is None else [*cells, bar]


def _counts(tokens: Tokens, write: Callable[[int], str]) -> list[str]:
    return [write(n) for n in (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning)]


def _weight(row: UsageItem) -> float:
    return float(row.cost_usd or 0) or total(row.tokens) / 1e9


def _bar(value: float, most: float, size: int) -> str:
    eighths = round(value / most * size * 8) if most else 0
    return _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _notes(document: UsageDocument) -> list[str]:
    notes = []
    if any(r.tokens_kind == "estimated" for r in document.rows):
        notes.append("~ estimated: no tokens were recorded")
    if document.total.unpriced_models:
        names = safe_line(", ".join(document.total.unpriced_models))
        notes.append(f"+ or ? without a price, so not in the cost: {names}")
    if document.live:
        notes.append(f"{several(document.live, 'file')} counted, not in the archive yet: holdfast sync")
    return notes
