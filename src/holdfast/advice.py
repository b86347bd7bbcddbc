"""What is worth doing about the sessions on a board: each thing with the sessions, the reason and the command that does it.

Knows the older tool's rules (start anew, close, merge, warn) and three more: someone waits for you, a plan's limit is near, a
transcript is about to be deleted. Refuses to do any of it, and to score health: rows bring theirs along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct

from holdfast.model.live import GROUPS, Advice, BoardRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from holdfast.config import Config
    from holdfast.model.live import Board, Priority

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OLD = 2 * HOUR
MANY_ERRORS = 10
CROWD, SHARING, SAME_PROJECT = 5, 3, 2
SOON = 7 * DAY
BEST = 0.5
"""A session that fits a task less is none for it."""
_ORDER = {"high": 0, "medium": 1, "low": 2}


class Limits(Struct, frozen=True, kw_only=True):
    """Where advice begins. By default the older tool's numbers: each stands at a fixed distance from a threshold."""

    tokens_warning: float = 0.85
    tokens_restart: float = 0.95
    health_warning: float = 0.50
    health_restart: float = 0.30
    window_warning: float = 0.80
    window_critical: float = 0.90
    idle_minutes: int = 30

    @classmethod
    def of(cls, config: Config) -> Self:
        """Take them from the settings' thresholds."""
        at = config.section("thresholds")
        return cls(
            tokens_warning=round(at["token_warning"] + 0.05, 6),
            tokens_restart=round(at["token_critical"] + 0.05, 6),
            health_warning=round(at["health_warning"] - 0.20, 6),
            health_restart=round(at["health_critical"] - 0.10, 6),
            window_warning=at["token_warning"],
            window_critical=at["token_critical"],
            idle_minutes=at["idle_timeout_minutes"],
        )


def advise(board: Board, limits: Limits) -> tuple[Advice, ...]:
    """Return what is worth doing, the most urgent first; ended sessions are only looked at for transcripts that expire."""
    rows = [r for r in board.rows if r.live.state != "ended" and not _is_part(r)]
    found = [a for row in rows for a in _once(_one(row, board.at, limits))]
    running = [r for r in rows if r.live.state != "unknown" or r.live.process is not None]
    found += [*_windows(board, running, limits), *_crowds(running), *_expiring(board)]
    return tuple(sorted(found, key=lambda a: _ORDER[a.priority]))


def best_for(
    rows: Iterable[BoardRow], *, project: str = "", tags: Collection[str] = ()
) -> tuple[BoardRow | None, float]:
    """Return the session that fits a task best and how well (0 to 1); None where none fits well enough."""
    ranked = sorted(((fit(r, project=project, tags=tags), r) for r in rows), key=lambda p: -p[0])
    if not ranked:
        return None, 0.0
    how_well, row = ranked[0]
    return (row if how_well >= BEST else None), how_well


def fit(row: BoardRow, *, project: str = "", tags: Collection[str] = ()) -> float:
    """Say how well a session fits a task: 0.4 health, 0.3 free context, 0.2 its project, 0.1 its tags."""
    health = row.health.score if row.health else 0.0
    share = _share(row)
    free = 0.0 if share is None else max(0.0, 1 - share)
    same = (
        bool(project) and row.session.project.rstrip("/").rpartition("/")[2] == project.rstrip("/").rpartition("/")[2]
    )
    overlap = len(set(tags) & set(row.session.tags)) / len(set(tags)) if tags else 0.0
    return 0.4 * health + 0.3 * free + 0.2 * same + 0.1 * overlap


def _one(row: BoardRow, now: int, limits: Limits) -> Iterator[Advice]:
    yield from _waiting(row)
    yield from _context(row, limits)
    yield from _health(row, limits)
    session = row.session
    idle = now - (session.active or now)
    age = now - (session.started or now)
    unused = row.live.state == "idle" or (row.live.state == "unknown" and row.live.process is not None)
    if unused and idle > limits.idle_minutes * MINUTE and age >= OLD:
        yield _advice(
            row,
            "close",
            "low",
            message="Close it: nobody uses it",
            reason=f"idle for {_span(idle)}, started {_span(age)} ago",
        )
    if session.rollup.errors >= MANY_ERRORS:
        yield _advice(
            row,
            "restart",
            "medium",
            message="Start it anew: it keeps failing",
            reason=f"{session.rollup.errors} errors",
        )


def _once(found: Iterable[Advice]) -> list[Advice]:
    """Keep the most urgent advice of a kind for a session, and no warning beside the advice to start anew."""
    ranked = sorted(found, key=lambda a: _ORDER[a.priority])
    kinds = {a.kind: a for a in reversed(ranked)}
    return [a for a in kinds.values() if a.kind != "warning" or "restart" not in kinds]


def _waiting(row: BoardRow) -> Iterator[Advice]:
    said: dict[str, tuple[Priority, str]] = {
        "waiting-permission": ("high", "It waits for your permission"),
        "waiting-question": ("high", "It waits for your answer"),
        "waiting-limit": ("medium", "It waits for its plan's limit"),
        "error": ("high", "It stopped with an error"),
        "done-unread": ("low", "It is done, and nobody has read it"),
    }
    found = said.get(row.live.state)
    if found:
        why = row.live.needs or next((e.detail for e in row.live.evidence if e.detail), "")
        place = f" (pid {row.live.process.pid} {row.live.process.tty})".replace(" )", ")") if row.live.process else ""
        action = f"holdfast show {_short(row)} --last 3"
        yield _advice(row, "waiting", found[0], message=found[1], reason=f"{why}{place}".strip(), action=action)


def _context(row: BoardRow, limits: Limits) -> Iterator[Advice]:
    share = _share(row)
    if share is None or row.context is None or share < limits.tokens_warning:
        return
    why = f"{row.context.used:,} of {row.context.limit:,} tokens ({share:.0%})"
    if share >= limits.tokens_restart:
        yield _advice(row, "restart", "high", message="Start it anew: its context is full", reason=why)
    else:
        yield _advice(
            row, "warning", "medium", message="Its context fills", reason=why, action=f"holdfast health {_short(row)}"
        )


def _health(row: BoardRow, limits: Limits) -> Iterator[Advice]:
    if row.health is None or row.health.score > limits.health_warning:
        return
    weak = [f for f in row.health.factors if f.weight and f.score < BEST]
    why = f"health {row.health.score:.0%}: " + "; ".join(f.evidence for f in weak)
    if row.health.score <= limits.health_restart:
        yield _advice(row, "restart", "high", message="Start it anew: it is in bad health", reason=why)
    else:
        yield _advice(
            row,
            "warning",
            "medium",
            message="Its health goes down",
            reason=why,
            action=f"holdfast health {_short(row)}",
        )


def _windows(board: Board, rows: Sequence[BoardRow], limits: Limits) -> Iterator[Advice]:
    for window in board.windows:
        if window.used >= limits.window_warning:
            resets = window.resets or 0
            again = f", begins anew in {_span(resets - board.at)}" if resets > board.at else ""
            yield Advice(
                kind="limit",
                priority="high" if window.used >= limits.window_critical else "medium",
                sessions=tuple(r.session.id for r in rows if r.session.agent == window.agent),
                message=f"A limit of {window.agent or 'the plan'} is near",
                reason=f"{window.name}: {window.used:.0%} used{again}",
                action=f"holdfast usage --by block agent:{window.agent}"
                if window.agent
                else "holdfast usage --by block",
            )


def _crowds(rows: Sequence[BoardRow]) -> Iterator[Advice]:
    seen: set[frozenset[str]] = set()
    for project in dict.fromkeys(r.session.project for r in rows if r.session.project):
        same = [r for r in rows if r.session.project == project]
        if len(same) >= SAME_PROJECT:
            seen.add(frozenset(r.session.id for r in same))
            yield _merge("medium", same, f"{len(same)} sessions work in {project}")
    active = [r for r in rows if r.live.state in GROUPS["active"]]
    if len(active) >= CROWD:
        yield Advice(
            kind="warning",
            priority="medium",
            sessions=tuple(r.session.id for r in active),
            message="Close some",
            reason=f"{len(active)} sessions are active at once",
            action="holdfast list status:active",
        )
    for tag in dict.fromkeys(t for r in rows for t in r.session.tags):
        sharing = [r for r in rows if tag in r.session.tags]
        if len(sharing) >= SHARING and frozenset(r.session.id for r in sharing) not in seen:
            yield _merge("low", sharing, f"{len(sharing)} sessions are tagged {tag}")


def _merge(priority: Priority, rows: Sequence[BoardRow], reason: str) -> Advice:
    kept, *others = sorted(rows, key=lambda r: -(r.health.score if r.health else 0.0))
    return Advice(
        kind="merge",
        priority=priority,
        sessions=tuple(r.session.id for r in (kept, *others)),
        message=f"Go on in {_short(kept)} alone, the healthiest of them",
        reason=reason,
        action=" && ".join(f"holdfast close {_short(r)}" for r in others),
    )


def _expiring(board: Board) -> Iterator[Advice]:
    going = [
        r.session
        for r in board.rows
        if r.session.source_expires is not None
        and not r.session.captured
        and board.at < r.session.source_expires <= board.at + SOON
    ]
    if going:
        first = min(s.source_expires or 0 for s in going) - board.at
        yield Advice(
            kind="expiring",
            priority="high" if first < DAY else "medium",
            sessions=tuple(s.id for s in going),
            message=f"Copy {len(going)} transcript{'' if len(going) == 1 else 's'} that will be deleted",
            reason=f"their agent deletes the first in {_span(first)}; the archive holds what was said, not the files",
            action="holdfast list --expiring",
        )


def _advice(row: BoardRow, kind: str, priority: Priority, *, message: str, reason: str, action: str = "") -> Advice:
    action = action or f"holdfast close {_short(row)}"
    return Advice(
        kind=kind, priority=priority, sessions=(row.session.id,), message=message, reason=reason, action=action
    )


def _share(row: BoardRow) -> float | None:
    held = row.context
    return held.used / held.limit if held is not None and held.used is not None and held.limit else None


def _is_part(row: BoardRow) -> bool:
    return row.session.parent is not None and row.session.parent.kind == "subagent"


def _short(row: BoardRow) -> str:
    return row.session.id[:12]


def _span(span: int) -> str:
    if span >= 2 * DAY:
        return f"{span // DAY} days"
    return f"{span // HOUR} h {span % HOUR // MINUTE} min" if span >= HOUR else f"{span // MINUTE} min"
