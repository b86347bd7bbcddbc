"""The one small query language of every face: words, phrases, prefixes, OR, exclusions and `key:value` filters.

`jwt "refresh token" OR cookie -legacy sess* tag:api agent:codex project:shop since:7d`
Any text is a safe query: what is no filter is a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.model.session import Session

FILTERS = (
    "agent", "project", "tag", "status", "model", "branch", "id", "name", "title", "cwd", "role", "kind", "is", "parent",
)  # fmt: skip
IS = (
    "subagent", "fork", "continuation", "expiring", "owned", "observed", "trashed", "captured", "partial", "named",
)  # fmt: skip
"""What `is:` may ask for."""
_TOKEN = re.compile(r'-?(?:[A-Za-z]+:)?"[^"]*"\*?|\S+')
_SPAN = re.compile(r"^(\d+)\s*(m|min|h|d|w|mo|y)$")
_UNITS = {"m": 1, "min": 1, "h": 60, "d": 1440, "w": 10080, "mo": 43200, "y": 525600}


class Term(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One word or phrase; `prefix` is set for `sess*`."""

    text: str
    phrase: bool = False
    prefix: bool = False


class Filter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One `key:value`, negated for `-key:value`."""

    key: str
    value: str
    negated: bool = False


class Query(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A parsed query: every clause must match, a clause matches when one of its terms does."""

    text: str = ""
    clauses: tuple[tuple[Term, ...], ...] = ()
    excluded: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    since: int | None = None
    until: int | None = None

    @property
    def has_words(self) -> bool:
        """Tell whether anything is left to look up in the index."""
        return bool(self.clauses)


def parse(text: str, *, now: datetime | None = None) -> Query:
    """Parse what a person typed; only an unreadable `since:` or `until:` is an error (BadInput).

    `now` says from when spans count, and its time zone where days begin.
    """
    clauses: list[tuple[Term, ...]] = []
    excluded: list[Term] = []
    filters: list[Filter] = []
    times: dict[str, int] = {}
    joining = False
    for token in _TOKEN.findall(text):
        if token == "OR" and clauses:
            joining = True
            continue
        negated = len(token) > 1 and token.startswith("-")
        body = token[1:] if negated else token
        key, colon, value = body.partition(":")
        if colon and value and key.lower() in ("since", "until") and not negated:
            times[key.lower()] = moment(value, now=now)
        elif colon and value and key.lower() in FILTERS:
            filters.append(Filter(key=key.lower(), value=value.strip('"'), negated=negated))
        elif negated:
            excluded.append(_term(body))
        elif joining:
            clauses[-1] = (*clauses[-1], _term(body))
        else:
            clauses.append((_term(body),))
        joining = False
    return Query(
        text=text,
        clauses=tuple(clauses),
        excluded=tuple(excluded),
        filters=tuple(filters),
        since=times.get("since"),
        until=times.get("until"),
    )


def moment(value: str, *, now: datetime | None = None) -> int:
    """Return Unix ms for `7d`, `12h`, `today`, `yesterday`, `2026-11-20` or a full ISO time (in the zone of `now`, else local)."""
    current = now or datetime.now()  # noqa: DTZ005 - the system's zone has another offset on another day
    try:
        return _ms(_time(value.strip(), current))
    except (ValueError, OverflowError):
        hint = "use 7d, 12h, 2w, today, yesterday, 2026-11-20 or 2026-11-20T08:00:00Z"
        raise BadInput(f"{value!r} is no time", hint) from None


def _time(value: str, current: datetime) -> datetime:
    short = _SPAN.match(value)
    if short:
        return current.astimezone(UTC) - timedelta(minutes=int(short[1]) * _UNITS[short[2]])
    if value in ("today", "yesterday"):
        midnight = current.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=value == "yesterday")
    exact = datetime.fromisoformat(value)
    return exact if exact.tzinfo else exact.replace(tzinfo=current.tzinfo)


def matches(session: Session, query: Query) -> bool:
    """Tell whether a session passes the filters and times (the words are the index's business)."""
    if query.since is not None and (session.active or session.started or 0) < query.since:
        return False
    if query.until is not None and (session.started or session.active or 0) > query.until:
        return False
    return all(_passes(session, f) for f in query.filters)


def _passes(session: Session, wanted: Filter) -> bool:
    if wanted.key in ("role", "kind"):
        return True
    return _holds(session, wanted.key, wanted.value.lower()) != wanted.negated


def _holds(session: Session, key: str, value: str) -> bool:
    match key:
        case "agent" | "branch":
            return str(getattr(session, key)).lower() == value
        case "status":
            return in_state(session.status, value)
        case "tag":
            return value in (t.lower() for t in session.tags)
        case "model":
            return any(value in m.lower() for m in session.models)
        case "id":
            return session.id.startswith(value) or session.native_id.lower() == value
        case "parent":
            return session.parent is not None and session.parent.id.startswith(value)
        case "is":
            return _is(session, value)
        case "project":
            return value in (
                session.project.lower(),
                session.project.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower(),
            )
        case _:
            return value in str(getattr(session, key, "")).lower()


def in_state(status: str, wanted: str) -> bool:
    """Tell whether a status is the one that is wanted, or one of the group of that name (`active`, `waiting`)."""
    from holdfast.model.live import GROUPS  # noqa: PLC0415 - most queries ask for no state

    return status == wanted or status in GROUPS.get(wanted, ())


def _is(session: Session, value: str) -> bool:
    match value:
        case "subagent" | "fork" | "continuation":
            return session.parent is not None and session.parent.kind == value
        case "expiring":
            return session.source_expires is not None
        case "owned" | "observed":
            return session.origin == value
        case "trashed":
            return session.trashed is not None
        case "captured" | "partial":
            return bool(getattr(session, value))
        case "named":
            return bool(session.name)
        case _:
            return False


def _term(token: str) -> Term:
    prefix = token.endswith("*") and len(token) > 1
    body = token[:-1] if prefix else token
    quoted = len(body) > 1 and body[0] == body[-1] == '"'
    return Term(text=body.strip('"') if quoted else body, phrase=quoted, prefix=prefix)


def _ms(value: datetime) -> int:
    return int(value.astimezone(UTC).timestamp() * 1000)
