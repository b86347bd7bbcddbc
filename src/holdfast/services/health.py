"""A session's health and what is worth doing: joins the archive, context windows, settings and what is known of live states."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from holdfast import advice
from holdfast.health import Rules, Signs, Vitals, observe, score
from holdfast.model import conversation
from holdfast.model.live import NEEDS_ME, Live
from holdfast.model.session import Context
from holdfast.services._project_tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from holdfast.config import Config
    from holdfast.model import Session
    from holdfast.model.live import Advice, Board, BoardRow, Health, Scoring
    from holdfast.pricing import Prices
    from holdfast.stores.base import Store

    Lives = Callable[[], Mapping[str, Live]]
    """Live states by session; every other session has ended."""


LAST = 1000
"""Messages in which signs are counted: what lies before them is in no context any more."""


class HealthReport:
    """Scores sessions and advises on them; what was counted in messages is kept until the session changes."""

    def __init__(
        self,
        store: Store,
        prices: Callable[[], Prices],
        config: Config,
        *,
        lives: Lives = dict,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the archive, context windows, settings, who knows live states, and a clock in seconds."""
        self.store = store
        self.prices = prices
        self.config = config
        self.lives = lives
        self.now = now
        self.rules = Rules.of(config)
        self.limits = advice.Limits.of(config)
        self._signs: dict[str, tuple[int, Signs]] = {}

    def check(self, session: Session, scoring: Scoring = "default", *, live: Live | None = None) -> Health:
        """Score one session; without a live state, what is known of it is asked for."""
        if live is None:
            live = self.lives().get(session.id, Live(state="ended"))
        return score(self.vitals(session, live, guess=scoring == "classic"), self.rules, scoring)

    def advise(self, board: Board) -> tuple[Advice, ...]:
        """Say what is worth doing about a board."""
        return advice.advise(board, self.limits)

    def best_for(self, board: Board, *, project: str = "", tags: Collection[str] = ()) -> tuple[BoardRow | None, float]:
        """Return the running session that fits a task best, and how well; None where none fits well enough."""
        rows = [r for r in board.rows if r.live.state != "ended"]
        return advice.best_for(rows, project=project, tags=tags)

    def context(self, session: Session, *, fill: bool = False) -> Context:
        """Return the context in use with its limit: as a person set it, as the agent recorded it, else from the table.

        With `fill`, the default of the settings stands in where none of them says anything.
        """
        held = session.context
        limit, source = held.limit, held.source
        if limit is None and session.models:
            limit = self.prices().window(session.models[-1], held.used or 0)
        limit = self.config.token_limit(session.agent, limit, fill=fill)
        if limit is None or limit != held.limit:
            source = "unknown" if limit is None else "table"
        return Context(used=held.used, limit=limit, source=source)

    def signs(self, session: Session) -> Signs:
        """Count the signs in a session's conversation."""
        revision, found = self._signs.get(session.id, (-1, Signs()))
        if revision != session.revision:
            found = observe(conversation(tuple(self.store.messages(session.id, last=LAST))))
            self._signs[session.id] = (session.revision, found)
        return found

    def vitals(self, session: Session, live: Live | None = None, *, guess: bool = False) -> Vitals:
        """Collect the numbers of a session; with `guess` its tokens are estimated where none were recorded."""
        now = int(self.now() * 1000)
        state = "unknown" if live is None else live.state
        runs = state not in ("ended", "unknown")
        signs, held = self.signs(session), self.context(session, fill=guess)
        started, active = session.started or session.active or now, session.active or session.started or now
        counts = session.rollup
        estimated = guess and held.used is None
        useful = signs.progress or started
        return Vitals(
            session=session.id,
            used=estimate(session.cwd, counts.messages) if estimated else held.used,
            limit=held.limit,
            estimated=estimated,
            duration=max((now if runs else active) - started, 0),
            idle=max(now - active, 0),
            errors=counts.errors,
            state=state,
            quiet=max(now - active, 0) if state == "working" else None,
            barren=max(now - useful, 0) if runs and state not in NEEDS_ME else None,
            signs=signs,
        )
