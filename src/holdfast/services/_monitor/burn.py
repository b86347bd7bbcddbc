"""What sessions burn now: tokens of the last minutes, and cost since midnight, sub-agents counted with their parents."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import buckets
from holdfast.stores.base import SupportsLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo

    from holdfast.model import Request, Session, Usage
    from holdfast.model.live import Tail, Window
    from holdfast.pricing import Prices
    from holdfast.stores.base import Store

CODEX = "codex"
MINUTES = 5
SPAN_MS = 10_000
SPANS = 12


class Burn(Struct, kw_only=True):
    """One session's tokens of the last minutes."""

    tokens: int = 0
    spans: list[int] = field(default_factory=lambda: [0] * SPANS)

    @property
    def per_minute(self) -> float:
        """Tokens per minute over the last five."""
        return round(self.tokens / MINUTES, 1)


def burns(store: Store, top: Callable[[str], str], *, now: int) -> dict[str, Burn]:
    """Add up requests of the last five minutes by session; `top` names the session that a sub-agent counts with."""
    found: dict[str, Burn] = {}
    if not isinstance(store, SupportsLedger):
        return found
    for entry in store.ledger(since=now - MINUTES * 60_000):
        at = entry.request.at
        if at is None or at > now + 60_000:
            continue
        burn = found.setdefault(top(entry.session), Burn())
        tokens = _burnt(entry.request.usage)
        burn.tokens += tokens
        ago = max(0, now - at) // SPAN_MS
        if ago < SPANS:
            burn.spans[SPANS - 1 - ago] += tokens
    return found


def _burnt(usage: Usage) -> int:
    return usage.input + usage.cache_write + usage.output + usage.reasoning_apart


def top_of(sessions: Mapping[str, Session]) -> Callable[[str], str]:
    """Return what finds the session above all sub-agents."""

    def top(ident: str) -> str:
        seen = {ident}
        session = sessions.get(ident)
        while session is not None and session.parent is not None and session.parent.kind == "subagent":
            above = session.parent.id
            if above in seen or above not in sessions:
                break
            seen.add(above)
            session = sessions[above]
        return ident if session is None else session.id

    return top


def midnight(now: int, zone: tzinfo | None) -> int:
    """Return when the day began (Unix ms)."""
    moment = datetime.fromtimestamp(now / 1000).astimezone(zone)
    return int(moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def costs_since(store: Store, since: int, sessions: Mapping[str, Session], prices: Prices) -> dict[str, Decimal | None]:
    """Return what each session cost since then; None where no price is known."""
    if not isinstance(store, SupportsLedger):
        return {}
    top = top_of(sessions)
    grouped: dict[str, list[Request]] = {}
    for entry in store.ledger(since=since):
        grouped.setdefault(top(entry.session), []).append(entry.request)
    return {ident: prices.total(buckets(requests)).amount for ident, requests in grouped.items()}


def in_all(costs: Iterable[Decimal | None]) -> str | None:
    """Add up what is known; None where nothing is."""
    known = [c for c in costs if c is not None]
    return str(sum(known, Decimal(0))) if known else None


def newest_windows(tails: Iterable[Tail | None], now: int) -> tuple[Window, ...]:
    """Return the newest word on each plan's limits that still holds; only Codex writes them down."""
    best: dict[tuple[str, str], Window] = {}
    for window in (w for tail in tails if tail is not None for w in tail.windows):
        told = replace(window, agent=window.agent or CODEX)
        key = (told.agent, told.name)
        if (told.resets is None or told.resets > now) and (key not in best or (told.at or 0) > (best[key].at or 0)):
            best[key] = told
    return tuple(best.values())
