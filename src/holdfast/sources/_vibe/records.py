"""What Mistral Vibe's messages and `meta.json` mean: messages, requests, the session's facts."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Message,
    Parent,
    Request,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    observed_id,
)
from holdfast.sources._content import millis, number, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

MICRO = 1_000_000
Meta = dict[str, Json]
_STAMP = re.compile(r"_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)_")
_RETURNED = re.compile(r"^returncode: (-?\d{1,9})\s*\Z", re.MULTILINE)
_FAILED = ("<tool_error>", "<user_cancellation>", "<vibe_error>")


class State(Struct):
    """What must be remembered between two readings of one session's messages."""

    native: str = ""
    prompt: str = ""
    counts: bool | None = None
    """Whether the session's answers count their tokens; the first answer decides, so that nothing is counted twice."""
    started: int | None = None
    active: int | None = None
    used: int | None = None
    models: dict[str, None] = field(default_factory=dict)


class Beginning(Struct, frozen=True, kw_only=True):
    """How a session begins."""

    compacted: bool = False
    counts: bool = False


def state_of(kept: Meta) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State)


def kept(state: State) -> Meta:
    """Return the state as a cursor keeps it."""
    found: Meta = msgspec.to_builtins(state)
    return found


def native_id(meta: Meta, folder: str) -> str:
    """Return the session's own id, or its folder's name where no `meta.json` says one."""
    return text(meta.get("session_id")) or folder


def session_of(ref: Ref, state: State, meta: Meta, *, above: str) -> Session:
    """Describe the session; `above` is the session a sub-agent works for."""
    place = meta.get("environment")
    cwd = text(place.get("working_directory")) if isinstance(place, dict) else ""
    parent = above or text(meta.get("parent_session_id"))
    used = number(stats_of(meta).get("context_tokens")) or state.used
    facts = {
        "commit": text(meta.get("git_commit")),
        "title_source": text(meta.get("title_source")),
        "profile": _profile(meta),
    }
    return Session(
        id=observed_id("mistral-vibe", state.native),
        agent="mistral-vibe",
        native_id=state.native,
        title=_title(meta) or state.prompt,
        cwd=cwd,
        project=project_of(cwd),
        branch=text(meta.get("git_branch")),
        models=tuple(state.models) or tuple(m for m in (_model(meta),) if m),
        parent=Parent(id=observed_id("mistral-vibe", parent), kind="subagent" if above else "continuation")
        if parent
        else None,
        status="ended",
        started=millis(meta.get("start_time")) or state.started or _stamped(ref),
        active=millis(meta.get("end_time")) or state.active or ref.mtime_ns // MICRO,
        source_path=ref.path,
        context=Context(used=used),
        extra={k: v for k, v in facts.items() if v},
    )


def understand(record: Meta, state: State, *, path: str, line: int) -> tuple[Message | None, Request | None, list[str]]:
    """Return the message and the request in a line, and what in it is not known."""
    role = text(record.get("role"))
    at = millis(record.get("timestamp"))
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    if role not in ("user", "assistant", "tool", "system"):
        return None, None, [f"record:{(role or text(record.get('type')) or '?')[:60]}"]
    said, odd = _said(record.get("content"))
    message = Message(
        id=text(record.get("message_id")) or _own_id(record, line),
        role=_role(role, record),
        parts=_parts(role, record, said),
        at=at,
        model=text(record.get("model")) if role == "assistant" else "",
        line=line,
        extra={"injected": True} if record.get("injected") is True else {},
    )
    if message.is_prompt:
        state.prompt = state.prompt or title_of(message.text)
    return message, _request(record, message, state, path=path) if role == "assistant" else None, odd


def _role(role: str, record: Meta) -> Role:
    if role == "user":
        return "system" if record.get("injected") is True else "user"
    return "assistant" if role == "assistant" else "tool" if role == "tool" else "system"


def _own_id(record: Meta, line: int) -> str:
    call = text(record.get("tool_call_id"))
    return f"result:{call}" if call else f"line:{line}"


def _parts(role: str, record: Meta, said: tuple[Part, ...]) -> tuple[Part, ...]:
    if role == "tool":
        return (_result(record, said),)
    if is_compaction(record):
        return tuple(Summary(_summary(p.text)) if isinstance(p, Text) else p for p in said)
    thought = text(record.get("reasoning_content"))
    calls = record.get("tool_calls")
    return (
        *((Thinking(thought),) if thought else ()),
        *said,
        *(_call(c) for c in (calls if isinstance(calls, list) else ()) if isinstance(c, dict)),
        *_images(record.get("images")),
    )


def is_compaction(record: Meta) -> bool:
    """Tell the message that stands for everything before a compaction."""
    return record.get("injected") is True and "<compaction_summary>" in text(record.get("content"))


def _summary(said: str) -> str:
    return said.partition("<compaction_summary>")[2].partition("</compaction_summary>")[0].strip()


def _said(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    if isinstance(content, str):
        return ((Text(content),) if content else ()), []
    if not isinstance(content, list):
        return (), [] if content is None else [f"content:{type(content).__name__}"]
    parts: list[Part] = []
    odd: list[str] = []
    for block in content:
        if isinstance(block, dict) and block.get("type") == "text":
            parts.append(Text(text(block.get("text"))))
        elif isinstance(block, dict) and block.get("type") in ("image_url", "image"):
            parts.append(Attachment(media="image"))
        else:
            odd.append(f"block:{block.get('type', '?') if isinstance(block, dict) else type(block).__name__}"[:80])
    return tuple(parts), odd


def _images(found: Json) -> tuple[Part, ...]:
    listed = found if isinstance(found, list) else []
    return tuple(
        Attachment(media=text(i.get("mime_type")), name=text(i.get("alias"))) for i in listed if isinstance(i, dict)
    )


def _call(call: Meta) -> ToolCall:
    inner = call.get("function")
    inner = inner if isinstance(inner, dict) else {}
    given = inner.get("arguments")
    decoded = loads(given.encode("utf-8", "replace")) if isinstance(given, str) else given
    return ToolCall(id=text(call.get("id")), name=text(inner.get("name")), input=given if decoded is None else decoded)


def _result(record: Meta, said: tuple[Part, ...]) -> ToolResult:
    words = "\n".join(p.text for p in said if isinstance(p, Text))
    returned = _RETURNED.search(words[-64:])
    code = int(returned[1]) if returned else None
    failed = words.lstrip()[:32].startswith(_FAILED) or bool(code)
    return ToolResult(call=text(record.get("tool_call_id")), text=words, error=failed, exit_code=code)


def _request(record: Meta, message: Message, state: State, *, path: str) -> Request | None:
    found = record.get("usage")
    if state.counts is None:
        state.counts = isinstance(found, dict)
    if not state.counts or not isinstance(found, dict):
        return None
    if message.model:
        state.models[message.model] = None
    usage = _usage(found, ("prompt_tokens", "cached_tokens", "completion_tokens"), record.get("cost"))
    state.used = usage.context or state.used
    if not usage.total:
        return None
    key = f"vibe:{message.id}" if record.get("message_id") else f"vibe:{state.native}:{message.line}"
    return Request(key=key, at=message.at, model=message.model, usage=usage, path=path, line=message.line)


def request_of_stats(meta: Meta, state: State, *, path: str, earlier: Meta) -> Request | None:
    """Return all that a session used as one request; `earlier` is what the session it goes on from had used."""
    names = ("session_prompt_tokens", "session_cached_tokens", "session_completion_tokens")
    stats = stats_of(meta)
    if all(number(stats.get(n)) >= number(earlier.get(n)) for n in names):
        stats = {**stats, **{n: number(stats.get(n)) - number(earlier.get(n)) for n in names}}
        whole, part = _micro(stats.get("session_cost")), _micro(earlier.get("session_cost"))
        stats["session_cost"] = max(0, (whole or 0) - (part or 0)) / MICRO
    usage = _usage(stats, names, stats.get("session_cost"))
    if not usage.total:
        return None
    return Request(
        key=f"vibe:session:{state.native}",
        at=millis(meta.get("end_time")) or millis(meta.get("start_time")),
        model=_model(meta),
        usage=usage,
        path=path,
        line=1,
    )


def _usage(found: Meta, names: tuple[str, str, str], cost: Json) -> Usage:
    """Read counts whose prompt includes what came from the cache."""
    prompt, cached, output = (number(found.get(n)) for n in names)
    cached = min(cached, prompt)
    return Usage(input=prompt - cached, cache_read=cached, output=output, cost=_micro(cost))


def stats_of(meta: Meta) -> Meta:
    """Return the `stats` of a `meta.json`."""
    stats = meta.get("stats")
    return stats if isinstance(stats, dict) else {}


def _micro(cost: Json) -> int | None:
    """Return a cost in micro-USD; nothing and 0 (no price known) are unknown."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost):
        return None
    return round(cost * MICRO) or None if 0 < cost < MICRO else None


def _model(meta: Meta) -> str:
    config = meta.get("config")
    active = config.get("active_model") if isinstance(config, dict) else None
    active = active.get("alias") if isinstance(active, dict) else active
    return text(meta.get("model")) or text(active)


def _profile(meta: Meta) -> str:
    profile = meta.get("agent_profile")
    return text(profile.get("name")) if isinstance(profile, dict) else ""


def _title(meta: Meta) -> str:
    title = title_of(text(meta.get("title")))
    return "" if title == "Untitled session" else title


def _stamped(ref: Ref) -> int:
    """Return the time in the folder's name, else the file's."""
    found = _STAMP.search(ref.path.replace("\\", "/").rpartition("/")[0].rpartition("/")[2])
    at = millis("{}-{}-{}T{}:{}:{}Z".format(*found.groups())) if found else None
    return at or ref.mtime_ns // MICRO
