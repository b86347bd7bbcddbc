"""What a Copilot session cost: counters at each shutdown, cumulative over resumed legs; database rows after a crash.

A shutdown tells requests and tokens by model, not by request: its share is spread evenly over the calls it covers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model import Json, Request, Usage
from holdfast.sources._content import inside, millis, number
from holdfast.sources._copilot import records
from holdfast.sources._copilot import sidecars as beside
from holdfast.sources._copilot.records import Call, Found, State, text

if TYPE_CHECKING:
    from collections.abc import Iterable

CALLS = 5_000
MOST_REQUESTS = 10_000
"""More requests than this in one shutdown are a damaged counter: they are kept as one."""
SLACK_MS = 5000
"""A row may be written so much later than the event it belongs to."""
_COUNTERS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")
_COLUMNS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


class Place(Struct):
    """Where requests go, and the line and time they stand at."""

    found: Found
    line: int
    at: int | None


def learn_call(data: dict[str, Json], state: State, line: int, at: int | None, *, agent: str) -> None:
    """Remember a call to the model until a shutdown counts it; chunks of one call are one."""
    call = hashlib.blake2b((text(data, "apiCallId") or text(data, "messageId")).encode(), digest_size=8).hexdigest()
    output = number(data.get("outputTokens"))
    if state.calls and call == state.call:
        model, first_at, first_line, before, side = state.calls[-1]
        state.calls[-1] = (model, first_at, first_line, max(before, output), side)
    elif len(state.calls) < CALLS:
        state.calls.append((text(data, "model"), at, line, output, bool(agent)))
    state.call = call


def learn_credits(data: dict[str, Json], state: State) -> None:
    """Take the running sums of AI credits and premium requests."""
    state.credits = max(state.credits, number(data.get("totalNanoAiu")))
    premium = data.get("totalPremiumRequests")
    if isinstance(premium, int | float) and not isinstance(premium, bool) and 0 <= premium < 1e9:
        state.premium = max(state.premium, float(premium))


def summarise(found: dict[str, Json], event: str, state: State, place: Place) -> None:
    """Make a request of what summarising cost: Copilot bills it, and leaves it out of its counters by model."""
    counts = [number(found.get(n)) for n in _COUNTERS]
    if not any(counts):
        return
    spoken = state.voice("").models
    place.found.requests.append(
        Request(
            key=f"copilot:{state.native}:compaction:{event}",
            at=place.at,
            model=text(found, "model") or (spoken[-1] if spoken else ""),
            usage=usage_of(counts),
            path=place.found.path,
            line=place.line,
            main=False,
        )
    )


def close(data: dict[str, Json], event: str, state: State, place: Place) -> None:
    """Make requests of what a shutdown counts beyond the last one; a counter that fell was reset and counts anew."""
    if event in state.closings:
        return
    state.closings = [*state.closings[-63:], event]
    learn_credits(data, state)
    new: dict[str, list[int]] = {}
    for model, found in inside(data, "modelMetrics").items():
        if isinstance(found, dict):
            records.learn_model(model, state.voice(""))
            used = inside(found, "usage")
            counts = [number(inside(found, "requests").get("count")), *(number(used.get(n)) for n in _COUNTERS)]
            new[model] = _beyond(counts, state.billed.get(model))
            state.billed[model] = counts
    _use_rows(new, state, place)
    _forget_rowed(state)
    for model, counts in new.items():
        calls = [c for c in state.calls if c[0] == model]
        place.found.requests.extend(_spread(counts, model, calls, place, key=f"copilot:{state.native}:{event}:{model}"))
    state.calls = []
    state.closed = place.at


def _beyond(counts: list[int], before: list[int] | None) -> list[int]:
    if before is None or any(n < b for n, b in zip(counts[:3], before[:3], strict=True)):
        return counts
    return [max(0, n - b) for n, b in zip(counts, before, strict=True)]


def _use_rows(new: dict[str, list[int]], state: State, place: Place) -> None:
    """Take what the database knows request by request out of the counts, where it agrees with them."""
    path, rows = beside.rows_of(place.found.root, state.native)
    rows = [r for r in rows if _is_open(r, state, place.at)]
    left = {model: list(counts) for model, counts in new.items()}
    for row in rows:
        counts = left.get(text(row, "model"))
        if counts is None:
            return
        counts[:] = [n - spent for n, spent in zip(counts, [1, *_row_counts(row)], strict=True)]
    if all(n >= 0 for counts in left.values() for n in counts):
        new.update(left)
        place.found.requests.extend(_row_request(row, path, state) for row in rows)


def _forget_rowed(state: State) -> None:
    """Take the calls that rows stand for out of those whose share is still to be told."""
    for model, output in state.rowed:
        same = next((c for c in state.calls if c[0] == model and c[3] == output), None)
        if same is not None:
            state.calls.remove(same)
    state.rowed = []


def _spread(counts: list[int], model: str, calls: list[Call], place: Place, *, key: str) -> Iterable[Request]:
    requests, *tokens = counts
    if not any(counts):
        return
    many = requests if 0 < requests <= MOST_REQUESTS else 1
    matched = len(calls) == many
    shares = [_shares(n, many) for n in tokens]
    if matched and sum(c[3] for c in calls) == tokens[1]:
        shares[1] = [c[3] for c in calls]
        shares[4] = _within(shares[4], shares[1])
    for number_, share in enumerate(zip(*shares, strict=True)):
        yield Request(
            key=f"{key}:{number_}",
            at=calls[number_][1] if matched else place.at,
            model=model,
            usage=usage_of(list(share)),
            path=place.found.path,
            line=calls[number_][2] if matched else place.line,
            main=not (matched and calls[number_][4]),
        )


def _shares(total: int, many: int) -> list[int]:
    each, left = divmod(total, many)
    return [each + (n < left) for n in range(many)]


def _within(wanted: list[int], limits: list[int]) -> list[int]:
    """Spread reasoning so that no call thinks more than it writes, without losing any."""
    left = sum(wanted)
    given = []
    for want, limit in zip(wanted, limits, strict=True):
        given.append(min(want, limit, left))
        left -= given[-1]
    for place, limit in enumerate(limits):
        more = min(limit - given[place], left)
        given[place] += more
        left -= more
    return given


def usage_of(counts: list[int]) -> Usage:
    """Copilot counts cached tokens, read and written, inside input, and reasoning inside output."""
    given, output, read, written, reasoning = counts
    read = min(read, given)
    written = min(written, given - read)
    return Usage(input=given - read - written, cache_read=read, cache_write=written, output=output, reasoning=reasoning)


def recover(state: State, found: Found) -> None:
    """Make requests of database rows that no shutdown has counted; a later shutdown counts only what is beyond them."""
    path, rows = beside.rows_of(found.root, state.native)
    latest = state.voice("").active
    for row in rows:
        if _is_open(row, state, None if latest is None else latest + SLACK_MS):
            before = state.billed.get(text(row, "model")) or [0] * 6
            spent = [1, *_row_counts(row)]
            state.billed[text(row, "model")] = [b + n for b, n in zip(before, spent, strict=True)]
            found.requests.append(_row_request(row, path, state))


def _is_open(row: dict[str, Json], state: State, until: int | None) -> bool:
    """Tell whether a row is billed here: not counted yet, and no summarising, whose event tells it."""
    at = millis(row.get("created_at"))
    early = at is not None and until is not None and at > until
    late = at is None or state.closed is None or at > state.closed
    return number(row.get("id")) > state.row and late and not early and row.get("initiator") != "compaction"


def _row_counts(row: dict[str, Json]) -> list[int]:
    return [number(row.get(n)) for n in _COLUMNS]


def _row_request(row: dict[str, Json], path: str, state: State) -> Request:
    place, model, counts = number(row.get("id")), text(row, "model"), _row_counts(row)
    state.row = max(state.row, place)
    state.rowed.append((model, counts[1]))
    return Request(
        key=f"copilot:{state.native}:row:{place}",
        at=millis(row.get("created_at")),
        model=model,
        usage=usage_of(counts),
        path=path,
        line=place,
        main=not row.get("agent_id"),
    )
