"""What Parrot's records mean: `session`, `user`, `assistant` and `tool`, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from holdfast.model import Message, Part, Request, Session, Text, ToolCall, ToolResult, Usage, observed_id

GREATEST = 1 << 53


@dataclass
class Record:
    """What one line gave."""

    message: Message | None = None
    request: Request | None = None
    unknown: str = ""
    damaged: bool = False


@dataclass
class State:
    """What must be remembered from one reading of a file to the next; it travels in the cursor, as JSON."""

    native: str
    title: str = ""
    cwd: str = ""
    started: int | None = None
    active: int | None = None
    models: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kept: dict[str, Any], *, native: str) -> State:
        """Go on from a cursor's state, or begin."""
        return cls(**kept) if kept else cls(native=native)

    def kept(self) -> dict[str, Any]:
        """Return what a cursor keeps."""
        return dict(vars(self))

    def session(self, path: str) -> Session:
        """Return the session as far as it is known. Its id is derived from the agent and the agent's own id."""
        return Session(
            id=observed_id("parrot", self.native),
            agent="parrot",
            native_id=self.native,
            title=self.title,
            cwd=self.cwd,
            project=self.cwd,
            models=tuple(self.models),
            status="ended",
            started=self.started,
            active=self.active,
            source_path=path,
        )


def understand(line: bytes, state: State, *, path: str, place: int) -> Record:
    """Read one line; anything may stand in it."""
    record = _decoded(line)
    if not isinstance(record, dict):
        return Record(damaged=bool(line.strip()))
    kind, at = _text(record, "type"), _time(record.get("at"))
    _seen(state, at)
    if kind == "session":
        state.title, state.cwd = _text(record, "title") or state.title, _text(record, "cwd") or state.cwd
        return Record()
    if kind not in ("user", "assistant", "tool"):
        return Record(unknown=kind or "record without a type")
    message = Message(
        id=f"line-{place}",
        role=kind,  # type: ignore[arg-type]
        parts=tuple(_parts(record, kind)),
        at=at,
        model=_text(record, "model"),
        line=place,
    )
    if message.model and message.model not in state.models:
        state.models.append(message.model)
    return Record(message=message, request=_request(record, message, state, path=path))


def _parts(record: dict[str, Any], kind: str) -> list[Part]:
    text = _text(record, "text")
    if kind == "tool":
        return [ToolResult(call=_text(record, "call"), text=text, error=record.get("ok") is False)]
    parts: list[Part] = [Text(text)] if text else []
    call = record.get("call")
    if kind == "assistant" and isinstance(call, dict):
        parts.append(ToolCall(id=_text(call, "id"), name=_text(call, "name"), input=call.get("input")))
    return parts


def _request(record: dict[str, Any], message: Message, state: State, *, path: str) -> Request | None:
    """Return what was billed. The key names the request wherever its record is copied to, so that it counts once."""
    tokens = record.get("tokens")
    if not isinstance(tokens, dict):
        return None
    usage = Usage(
        input=_count(tokens.get("in")),  # without what came from the cache: counts must never overlap
        cache_read=_count(tokens.get("cached")),
        output=_count(tokens.get("out")),
    )
    key = _text(record, "request") or f"{state.native}:{message.id}"
    return Request(key=key, at=message.at, model=message.model, usage=usage, path=path, line=message.line)


def _seen(state: State, at: int | None) -> None:
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)


def _decoded(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _text(record: dict[str, Any], key: str) -> str:
    """Return a text without halves of surrogate pairs, which no database takes."""
    value = record.get(key)
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < GREATEST else 0


def _time(value: object) -> int | None:
    """Return Unix ms of an RFC 3339 time."""
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1000) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
