"""What a Goose session's row (or the first line of an older file) says of it, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Context, Json, Parent, Request, Session, Usage, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import millis, number, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Message

AGENT = "goose"
MICRO = 1_000_000
_DEFAULT_NAMES = ("", "CLI Session", "New session", "New Chat", "New session 1")


def session_of(native: str, info: dict[str, Json], *, path: str, prompt: str = "") -> Session:
    """Describe a session; `prompt` titles it where it has no name of its own."""
    cwd, config = text(info.get("working_dir")), config_of(info)
    used, limit = number(info.get("total_tokens")), number(config.get("context_limit"))
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=_title(info, prompt),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered((text(config.get("model_name")),)),
        parent=_parent(info),
        status="ended",
        started=millis(info.get("created_at")),
        active=millis(info.get("updated_at")),
        source_path=path,
        context=Context(used=used or None, limit=limit or None, source="recorded" if limit else "unknown"),
        extra=_extra(info),
    )


def widened(session: Session, messages: Iterable[Message]) -> Session:
    """Widen a session's time to its messages."""
    times = [m.at for m in messages if m.at is not None]
    return replace(
        session,
        started=min([t for t in (session.started, *times) if t is not None], default=None),
        active=max([t for t in (session.active, *times) if t is not None], default=None),
    )


def known_time(value: Json) -> int | None:
    """Return a remembered time, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def config_of(info: dict[str, Json]) -> dict[str, Json]:
    """Return the model's settings of a session."""
    found = loads(text(info.get("model_config_json")).encode())
    return found if isinstance(found, dict) else {}


def usage_of(row: dict[str, Json], prefix: str = "") -> Usage:
    """Make counts disjoint: Goose's input holds cached tokens, unless the cached ones are more than all of it."""
    given = number(row.get(f"{prefix}input_tokens"))
    read, write = number(row.get(f"{prefix}cache_read_tokens")), number(row.get(f"{prefix}cache_write_tokens"))
    output, total = number(row.get(f"{prefix}output_tokens")), number(row.get(f"{prefix}total_tokens"))
    apart = read + write > given or (read + write > 0 and total == given + read + write + output)
    return Usage(
        input=given if apart else given - read - write,
        cache_read=read,
        cache_write=write,
        output=output,
        cost=_micro(row.get("accumulated_cost" if prefix else "cost")),
    )


def accumulated(native: str, info: dict[str, Json], *, path: str) -> tuple[Request, ...]:
    """Return one request for a whole session, of which only the sums were written down."""
    usage = usage_of(info, "accumulated_")
    if not usage.total and not usage.cost:
        usage = usage_of({**info, "cost": None})
    if not usage.total and not usage.cost:
        return ()
    model = text(config_of(info).get("model_name"))
    at = millis(info.get("updated_at")) or millis(info.get("created_at"))
    return (Request(key=f"{AGENT}:{native}", at=at, model=model, usage=usage, path=path, line=1),)


def _micro(cost: Json) -> int | None:
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < MICRO:
        return None
    return round(cost * MICRO)


def _title(info: dict[str, Json], prompt: str) -> str:
    for name in (text(info.get("name")), text(info.get("description"))):
        if name.strip() not in _DEFAULT_NAMES:
            return title_of(name)
    return title_of(prompt) or title_of(text(info.get("name")))


def _parent(info: dict[str, Json]) -> Parent | None:
    above = text(info.get("parent_session_id"))
    if not above:
        return None
    return Parent(id=observed_id(AGENT, above), kind="subagent" if info.get("session_type") == "sub_agent" else "fork")


def _extra(info: dict[str, Json]) -> dict[str, Json]:
    names = {"provider_name": "provider", "session_type": "type", "schedule_id": "schedule", "goose_mode": "mode"}
    extra: dict[str, Json] = {new: info[old] for old, new in names.items() if text(info.get(old))}
    if info.get("archived_at"):
        extra["archived"] = True
    return extra
