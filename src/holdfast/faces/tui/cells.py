"""Puts a row of the board into words, signs and gauges that fit; every stored string is made harmless here.

Knows widths; refuses to know colours and screens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from holdfast.faces._text import columns, fit, padded, safe_line
from holdfast.model.live import NEEDS_ME, STATES, Live

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.model.live import Board, BoardRow
    from holdfast.model.session import Context

Grouping = Literal["state", "project", "agent"]
Sorting = Literal["state", "age", "cost", "context"]
GROUPINGS: tuple[Grouping, ...] = ("state", "project", "agent")
SORTINGS: tuple[Sorting, ...] = ("state", "age", "cost", "context")
MARKS = {
    "waiting-permission": "!", "waiting-question": "?", "waiting-limit": "%", "error": "x", "done-unread": "*",
    "working": ">", "idle": "-", "unknown": "~", "ended": ".",
}  # fmt: skip
"""A sign before each word, so that a state is told without colour."""
WORDS = {
    "waiting-permission": "permission", "waiting-question": "question", "waiting-limit": "limit", "done-unread": "done",
}  # fmt: skip
CELLS = 8
SPARKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
FULL, EMPTY = "\u2588", "\u2591"
WARM, HOT, BURNT = 0.60, 0.80, 0.95
_AGES = (
    (60, "s", 1),
    (3600, "m", 60),
    (86_400, "h", 3600),
    (86_400 * 60, "d", 86_400),
    (86_400 * 730, "mo", 2_592_000),
)
_COUNTS = ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k"))
WITH_AGE, WITH_GAUGE, WITH_COST, WITH_AGENT, WITH_BURN = 40, 54, 68, 76, 92
"""From these widths on a row shows them too."""
TITLE = 16
"""A title is not cut shorter than this for its project."""


class Cell(NamedTuple):
    """A piece of a row: its text, and what it means."""

    text: str
    kind: str = ""


class Look(NamedTuple):
    """How rows are drawn: how wide, with project and tags or not."""

    width: int
    project: bool = True
    tags: bool = True


def age(at: int | None, now: int) -> str:
    """Say how long ago something was, in one number."""
    if at is None:
        return "-"
    gone = max(0, now - at) // 1000
    for limit, unit, size in _AGES:
        if gone < limit:
            return f"{gone // size}{unit}"
    return f"{gone // 31_536_000}y"


def count(number: float) -> str:
    """Write a count in at most five characters."""
    for size, unit in _COUNTS:
        if number >= size:
            unit_size = 1000 if unit == "k" else size
            return f"{number / unit_size:.0f}{unit}" if number >= 10 * unit_size else f"{number / unit_size:.1f}{unit}"
    return f"{number:.0f}"


def dollars(cost: str | None) -> str:
    """Write a cost, nothing where it is unknown."""
    return "" if cost is None else f"${float(cost):,.2f}"


def project_name(path: str) -> str:
    """Shorten a project to its last folder."""
    return safe_line(path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or path)


def name_of(row: BoardRow) -> str:
    """Return what a session is called."""
    session = row.session
    return safe_line(session.name or session.title) or ("(no title)" if session.native_id else "(nothing said yet)")


def state_of(live: Live) -> str:
    """Return a state's sign and word."""
    return f"{MARKS[live.state]} {WORDS.get(live.state, live.state)}{' (which?)' if live.ambiguous else ''}"


def share_of(context: Context | None) -> float | None:
    """Return how full the context is, None where that is not known."""
    if context is None or context.used is None or not context.limit:
        return None
    return min(1.0, context.used / context.limit)


def gauge(context: Context | None) -> Cell:
    """Draw how full the context is in eight cells and per cent; an unknown size is `?`."""
    share = share_of(context)
    if share is None:
        known = context is not None and context.used is not None
        return Cell(padded(f"{count(context.used or 0)} of ?" if known and context else "", CELLS + 5), "dim")
    full = round(share * CELLS)
    kind = "burnt" if share >= BURNT else "hot" if share >= HOT else "warm" if share >= WARM else "fine"
    return Cell(f"{FULL * full}{EMPTY * (CELLS - full)} {share:4.0%}", kind)


def sparkline(spans: Sequence[int]) -> str:
    """Draw tokens over time, a cell for each span; blank where nothing was burnt."""
    most = max(spans, default=0)
    return "".join(SPARKS[min(7, n * 7 // most)] if n else " " for n in spans) if most else ""


def row_cells(row: BoardRow, now: int, look: Look, *, marked: bool) -> list[Cell]:
    """Lay a row out in a width; what matters least goes first when there is no room."""
    session, state = row.session, row.live.state
    is_over = state == "ended"
    head = [Cell("+" if marked else " ", "mark"), Cell(padded(fit(state_of(row.live), 12), 13), state)]
    tail: list[Cell] = []
    if look.width >= WITH_AGENT:
        tail.append(Cell(" " + padded(fit(safe_line(session.agent), 11), 11), "agent"))
    if look.width >= WITH_GAUGE:
        tail += [Cell(" "), gauge(row.context)]
    if look.width >= WITH_BURN:
        tail.append(Cell(" " + padded(sparkline(row.burn), 12), "burn"))
    if look.width >= WITH_COST:
        tail.append(Cell(padded(dollars(row.cost_today), 8, right=True), "cost"))
    if look.width >= WITH_AGE:
        tail.append(Cell(padded(age(session.active or session.started, now), 5, right=True), "dim"))
    room = look.width - sum(columns(c.text) for c in (*head, *tail))
    words = [name_of(row)]
    if look.project and session.project:
        project = f"[{project_name(session.project)}]"
        words = [fit(words[0], max(TITLE, room - columns(project) - 1)), project]
    if look.tags and session.tags:
        words.append(" ".join(f"#{safe_line(t)}" for t in session.tags))
    if row.live.needs and not is_over:
        words = [fit(name_of(row), max(TITLE, room // 2)), "\u00b7", safe_line(row.live.needs)]
    return [*head, Cell(padded(fit(" ".join(words), max(1, room)), max(1, room)), "over" if is_over else ""), *tail]


def heading(board: Board | None, rows: int, hidden: int, width: int) -> tuple[str, str]:
    """Return the header's two texts: counts by state, without their words where there is no room, and what is burnt."""
    if board is None or not board.at:
        return "looking for agents", ""
    if not board.rows:
        return "no sessions found: start an agent, or look at `holdfast demo`", ""
    burnt = f"{count(board.tokens_per_minute)} tok/min"
    if board.cost_today is not None:
        burnt += f"  {dollars(board.cost_today)} today"
    if hidden:
        burnt += f"  {rows} of {rows + hidden}"
    if board.stale:
        burnt += f"  {board.stale} files to read"
    counts = [(s, board.counts[s]) for s in STATES if board.counts.get(s) and s != "ended"]
    left = "  ".join(f"{MARKS[s]} {n} {s}" for s, n in counts) or "no agent runs"
    if len(left) + len(burnt) + 2 > width:
        left = "  ".join(f"{MARKS[s]}{n}" for s, n in counts) or "no agent runs"
    return left, burnt


def grouped(rows: Iterable[BoardRow], by: Grouping, sort: Sorting) -> list[tuple[str, list[BoardRow]]]:
    """Put rows in groups; by state what needs a person stands first, else the group that was active last."""
    groups: dict[str, list[BoardRow]] = {}
    for row in sorted(rows, key=lambda r: _rank(r, sort)):
        groups.setdefault(_group_of(row, by), []).append(row)
    if by == "state":
        return sorted(groups.items(), key=lambda g: STATES.index(g[1][0].live.state))
    return sorted(groups.items(), key=lambda g: min(_rank(r, "state") for r in g[1]))


def needs_me(row: BoardRow) -> bool:
    """Tell whether a session waits for a person."""
    return row.live.state in NEEDS_ME


def _group_of(row: BoardRow, by: Grouping) -> str:
    if by == "state":
        return row.live.state
    return safe_line(row.session.agent) if by == "agent" else project_name(row.session.project) or "(no project)"


def _rank(row: BoardRow, sort: Sorting) -> tuple[float, float]:
    active = -float(row.session.active or row.session.started or 0)
    if sort == "cost":
        return -float(row.cost_today or 0), active
    if sort == "context":
        return -(share_of(row.context) or 0.0), active
    return (float(STATES.index(row.live.state)) if sort == "state" else 0.0), active
