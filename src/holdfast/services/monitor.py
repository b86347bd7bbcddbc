"""What runs now, which session it holds, what it does, and what it burns: one board for every face.

Joins processes, sources, hooks, the archive and prices. Reads rows, and of running sessions the end of the transcript alone.
A state is judged anew each time; kept are only the times up to which a person saw a session.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Context, Query, Session
from holdfast.model.live import STATES, Board, BoardRow, Live, State, Tail
from holdfast.services._monitor import joining, spool
from holdfast.services._monitor.burn import CODEX, Burn, burns, costs_since, in_all, midnight, newest_windows, top_of
from holdfast.services._monitor.joining import Holding, Running, Shelf
from holdfast.services._monitor.state import MINUTE_MS, Facts, Rules, judge
from holdfast.services._monitor.tails import LAST, tail_of
from holdfast.sources.base import Scene, Source, SupportsLive

if TYPE_CHECKING:
    import threading
    from datetime import tzinfo
    from pathlib import Path

    from holdfast.config import Config
    from holdfast.model.live import Advice, Health
    from holdfast.model.process import Process
    from holdfast.pricing import Prices
    from holdfast.services.sync import Sync
    from holdfast.stores.base import Store

READ = "read"
"""The kind of document that keeps up to when (Unix ms) a person saw a session."""
ENDED = 50
"""Sessions that ended last, on a board beside the running ones."""
WITHIN = 1.0
"""Seconds that a board may spend on reading what changed."""
LOOK_SECONDS = 0.5
LIST_SECONDS = 30.0
SLACK_MS = 5000
DEPTH = 4


class Reach(Struct, frozen=True, kw_only=True):
    """What else a monitor may ask: how to bring the archive up to date, prices, context windows, health and advice.

    `present` names the agents that have ever run here.
    """

    present: Callable[[], Iterable[str]] | None = None
    sync: Callable[[], Sync] | None = None
    prices: Callable[[], Prices] | None = None
    context: Callable[[Session], Context] | None = None
    health: Callable[[Session, Live], Health] | None = None
    advise: Callable[[Board], tuple[Advice, ...]] | None = None


class Monitor:
    """Watches this user's agents."""

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        roots: Callable[[Source], Sequence[Path]],
        spool: Path,
        *,
        reach: Reach | None = None,
        rules: Rules | None = None,
        zone: tzinfo | None = None,
        processes: Callable[[], tuple[Process, ...]] | None = None,
    ) -> None:
        """Take what is to be joined; nothing is looked at yet. `processes` stands in for the system's process table."""
        self.store = store
        self.sources = sources
        self.roots = roots
        self.spool = spool
        self.reach = reach or Reach()
        self.rules = rules or Rules()
        self.zone = zone
        self._processes = processes
        self._held: tuple[int, list[Session]] = (-1, [])
        self._listed = 0.0
        self._running: frozenset[str] = frozenset()
        self._watched: dict[str, bool] = {}

    def board(self, *, sync: bool = True, scored: bool = False, ended: int = ENDED) -> Board:
        """Return what runs now, what needs a person first, then sessions that ended last; `scored` adds health and advice."""
        spool.trim(self.spool)
        table = self._snapshot()
        running = joining.running(table, self._possible(table), self._scene)
        stale = self._freshen(frozenset(r.agent for r in running)) if sync else 0
        now = _now()
        sessions = self._sessions()
        found = self._in_panes(self._judged(now, table, running))
        by_id = {s.id: s for s in sessions}
        burning = burns(self.store, top_of(by_id), now=now)
        prices = self.reach.prices
        costs = costs_since(self.store, midnight(now, self.zone), by_id, prices()) if prices is not None else {}
        rows = [self._row(held, live, burning, costs, scored=scored) for held, live, _ in found]
        shown = {row.session.id for row in rows}
        rest = (s for s in sessions if s.id not in shown and _is_own_row(s))
        rows += [
            self._row(Holding(agent=s.agent, session=s), Live(state="ended", since=s.active), burning, costs)
            for s, _ in zip(rest, range(ended), strict=False)
        ]
        rows.sort(key=lambda r: (STATES.index(r.live.state), -(r.session.active or 0)))
        board = Board(
            at=now, rows=tuple(rows), counts=dict(Counter(r.live.state for r in rows)),
            tokens_per_minute=round(sum(b.per_minute for b in burning.values()), 1), cost_today=in_all(costs.values()),
            windows=newest_windows([*(tail for _, _, tail in found), self._last_codex(sessions, found)], now), stale=stale,
        )  # fmt: skip
        return replace(board, advice=self.reach.advise(board)) if scored and self.reach.advise else board

    def lives(self) -> dict[str, Live]:
        """Return the live state of each session that runs, or may run; every other session has ended."""
        table = self._snapshot()
        judged = self._judged(_now(), table, joining.running(table, self._possible(table), self._scene))
        return {held.session.id: live for held, live, _ in judged if held.session is not None}

    def live(self, session: Session) -> Live:
        """Return the live state of one session."""
        return self.lives().get(session.id) or Live(state=self._settled(session))

    def listed(self, sessions: Iterable[Session]) -> list[Session]:
        """Return these sessions with their true status, the running ones first, what needs a person before all."""
        lives = self.lives()
        listed = [replace(s, status=lives[s.id].state if s.id in lives else self._settled(s)) for s in sessions]
        return sorted(listed, key=lambda s: STATES.index(s.status) if s.id in lives else len(STATES))

    def mark_read(self, *sessions: str, at: int | None = None) -> None:
        """Keep that a person saw these sessions as they are now."""
        moment = str(_now() if at is None else at).encode()
        self.store.put_docs(READ, dict.fromkeys(sessions, moment))

    def watch(self, stop: threading.Event, *, interval: float = 5.0, scored: bool = False) -> Iterator[Board]:
        """Yield a board every so many seconds, sooner when a hook wrote something, until `stop` is set."""
        while not stop.is_set():
            mark = self._mark()
            yield self.board(scored=scored)
            until = time.monotonic() + interval
            while time.monotonic() < until and self._mark() == mark:
                if stop.wait(min(LOOK_SECONDS, max(0.0, until - time.monotonic()))):
                    return

    def _judged(
        self, now: int, processes: tuple[Process, ...], running: list[Running]
    ) -> list[tuple[Holding, Live, Tail | None]]:
        if not running:
            return []
        sessions = self._sessions()
        by_pid = {p.pid: p for p in processes}
        said = spool.newest(self.spool)
        joining.by_hooks(running, said.values(), by_pid)
        children = _newest_below(processes)
        read = {ident: int(value) for ident, value in self.store.docs(READ).items() if value.isdigit()}
        found = []
        for held in joining.join(running, Shelf(sessions, _written), now=now):
            if held.session is None and held.process is not None:
                held.session = joining.alone(held.process, held.agent, _birth(held.process.pid))
            if held.session is None:
                continue
            tail = self._tail(held, held.session)
            word = said.get((held.agent, held.session.native_id)) if held.session.native_id else None
            hook = word.evidence if word is not None and _is_of(held.process, word.at) else None
            facts = Facts(
                process=held.process, tail=_since(tail, held.process),
                evidence=tuple(e for e in (hook, held.evidence) if e is not None), read=read.get(held.session.id, 0),
                child=children.get(held.process.pid) if held.process is not None else None, ambiguous=held.ambiguous,
                is_sure_to_run=held.is_sure_to_run,
            )  # fmt: skip
            found.append((held, judge(facts, now=now, rules=self.rules), tail))
        return found

    def _in_panes(self, found: list[tuple[Holding, Live, Tail | None]]) -> list[tuple[Holding, Live, Tail | None]]:
        """Add the tmux panes of those that have a terminal."""
        if self._processes is not None or not any(
            live.process is not None and live.process.tty for _, live, _ in found
        ):
            return found
        from holdfast import processes  # noqa: PLC0415 - as below

        panes = processes.panes()
        return [
            (held, replace(live, process=replace(live.process, pane=panes[live.process.tty])), tail)
            if live.process is not None and live.process.tty in panes
            else (held, live, tail)
            for held, live, tail in found
        ]

    def _tail(self, held: Holding, session: Session) -> Tail | None:
        source = self.sources[held.agent]
        path = held.path or session.source_path
        tail = source.tail(path) if path and isinstance(source, SupportsLive) else None
        if (tail is None or tail.turn == "none") and session.rollup.messages:
            return tail_of(session, self.store.messages(session.id, last=LAST))
        return tail

    def _row(
        self,
        held: Holding,
        live: Live,
        burning: Mapping[str, Burn],
        costs: Mapping[str, Decimal | None],
        *,
        scored: bool = False,
    ) -> BoardRow:
        session = held.session
        assert session is not None, "a row has a session"  # noqa: S101 - a holding without one was given a stand-in
        burn = burning.get(session.id)
        cost = costs.get(session.id)
        session = replace(session, status=live.state)
        scores = scored and live.state != "ended" and self.reach.health is not None and session.rollup.messages > 0
        return BoardRow(
            session=session, live=live, context=self.reach.context(session) if self.reach.context else session.context,
            tokens_per_minute=burn.per_minute if burn else 0.0, burn=tuple(burn.spans) if burn else (),
            cost_today=None if cost is None else str(cost),
            health=self.reach.health(session, live) if scores and self.reach.health else None,
        )  # fmt: skip

    def _last_codex(self, sessions: list[Session], found: list[tuple[Holding, Live, Tail | None]]) -> Tail | None:
        """Return the end of Codex's newest session, where no running one tells of its limits."""
        source = self.sources.get(CODEX)
        newest = next((s for s in sessions if s.agent == CODEX and s.source_path), None)
        told = any(tail is not None and tail.windows for _, _, tail in found)
        if told or newest is None or not isinstance(source, SupportsLive):
            return None
        return source.tail(newest.source_path)

    def _freshen(self, running: frozenset[str]) -> int:
        """Read what changed: of running agents, and those that ran just before, each time, of all now and then."""
        if self.reach.sync is None:
            return 0
        sync = self.reach.sync()
        everything = not self._listed or time.monotonic() - self._listed > LIST_SECONDS
        agents = None if everything else sorted(running | self._running)
        self._running = running
        remaining = sync.run(sync.plan(agents), within=WITHIN).remaining
        if everything and not remaining:
            self._listed = time.monotonic()
        return remaining

    def _sessions(self) -> list[Session]:
        """Return all sessions, last active first; read again only when the archive changed."""
        revision = self.store.revision()
        if self._held[0] != revision:
            self._held = (revision, list(self.store.find(Query())))
        return self._held[1]

    def _settled(self, session: Session) -> State:
        """Return the status of a session that no process holds."""
        return "ended" if session.origin == "observed" and self._is_watched(session.agent) else session.status

    def _is_watched(self, agent: str) -> bool:
        """Tell whether an agent's processes would be seen; asked for thousands of sessions, found out once."""
        known = self._watched.get(agent)
        if known is None:
            source = self.sources.get(agent)
            known = self._watched[agent] = source is None or isinstance(source, SupportsLive)
        return known

    def _snapshot(self) -> tuple[Process, ...]:
        if self._processes is not None:
            return self._processes()
        from holdfast import processes  # noqa: PLC0415 - loads psutil, wanted only where live states are

        return processes.snapshot()

    def _possible(self, table: tuple[Process, ...]) -> dict[str, Source]:
        """Return the sources whose agents may run: those that ever did here, and those a process has the name of."""
        if self.reach.present is None:
            return dict(self.sources)
        present = frozenset(self.reach.present())
        words = joining.words_of(table)
        return {n: self.sources[n] for n in self.sources if n in present or not words.isdisjoint(n.split("-"))}

    def _scene(self, source: Source) -> Scene:
        from holdfast import processes  # noqa: PLC0415 - as above

        return Scene(roots=tuple(self.roots(source)), written=processes.written, birth=processes.birth)

    def _mark(self) -> tuple[tuple[str, int], ...]:
        """Return what changes when a hook writes."""
        try:
            with os.scandir(self.spool) as found:
                return tuple(sorted((e.name, e.stat().st_size) for e in found))
        except OSError:
            return ()


def rules_of(config: Config) -> Rules:
    """Return how long evidence counts, as a person set it."""
    return Rules(
        idle_ms=config["thresholds.idle_timeout_minutes"] * MINUTE_MS, streak=config["thresholds.error_streak"]
    )


def _now() -> int:
    return int(time.time() * 1000)


def _birth(pid: int) -> str:
    from holdfast import processes  # noqa: PLC0415 - as above

    return processes.birth(pid)


def _written(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns // 1_000_000 if path else None  # noqa: PTH116 - many at once
    except OSError:
        return None


def _is_of(process: Process | None, at: int) -> bool:
    """Tell whether a hook spoke of this process, and not of an earlier one that held the same session."""
    return process is not None and at >= process.started - SLACK_MS


def _since(tail: Tail | None, process: Process | None) -> Tail | None:
    """Take a turn from before the process began for what it is: over, and not this process's doing."""
    if tail is None or process is None or tail.at is None or tail.at >= process.started - SLACK_MS:
        return tail
    return Tail(turn="interrupted", at=tail.at, windows=tail.windows)


def _newest_below(processes: Iterable[Process]) -> dict[int, int]:
    """Return for each process when the newest one below it began."""
    table = {p.pid: p for p in processes}
    found: dict[int, int] = {}
    for process in table.values():
        above = table.get(process.parent)
        for _ in range(DEPTH):
            if above is None or above.pid == process.pid:
                break
            found[above.pid] = max(found.get(above.pid, 0), process.started)
            above = table.get(above.parent)
    return found


def _is_own_row(session: Session) -> bool:
    is_below = session.parent is not None and session.parent.kind == "subagent"
    return not is_below and bool(session.rollup.messages or session.rollup.requests)
