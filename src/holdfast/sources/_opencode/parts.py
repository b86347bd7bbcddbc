"""What OpenCode's generations share: tokens, costs, tools, files, and the transcript that a session's records make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Losses,
    Message,
    Parent,
    Request,
    Session,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    dedupe,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._content import flat_text, millis, number, text, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from holdfast.model import Part, Role

AGENT = "opencode"
MICRO = 1_000_000
_DEFAULT_TITLES = ("New session - ", "Child session - ")


class Draft(Struct, kw_only=True):
    """A session in the making: `info` is its row or file, whatever generation that has."""

    native: str
    info: dict[str, Json]
    path: str
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)
    reverted: set[str] = field(default_factory=set)
    providers: dict[str, None] = field(default_factory=dict)
    used: int | None = None

    def add(self, name: str, role: Role, parts: list[Part], *, at: int | None, **more: Json) -> None:
        """Add a message; one without parts says nothing and is left out unless it tells of an error."""
        if parts or more.get("extra"):
            self.messages.append(Message(id=name, role=role, parts=tuple(parts), at=at, **more))

    def bill(self, key: str, usage: Usage, *, at: int | None, model: str, line: int, main: bool = True) -> None:
        """Add a request, unless nothing was used yet."""
        if usage.total or usage.cost:
            self.requests.append(Request(key=key, at=at, model=model, usage=usage, path=self.path, line=line))
            if main:
                self.used = usage.context

    def miss(self, name: str) -> None:
        """Count something unknown."""
        self.unknown[name] = self.unknown.get(name, 0) + 1


def transcript_of(draft: Draft) -> Transcript:
    """Return the whole session: what the database no longer has is no longer in the conversation."""
    messages = [replace(m, live=False) if m.id in draft.reverted else m for m in draft.messages]
    return Transcript(
        session=_session(draft),
        messages=tuple({m.id: m for m in messages}.values()),
        requests=tuple(dedupe(draft.requests).values()),
        dropped=tuple(m.id for m in messages if not m.live),
        losses=Losses(unknown=draft.unknown, damaged=len(draft.damaged), damaged_lines=tuple(draft.damaged)),
        replaces=True,
    )


def usage_of(tokens: Json, cost: Json) -> Usage:
    """Read tokens (disjoint already; reasoning is not part of output) and the cost in USD."""
    tokens = tokens if isinstance(tokens, dict) else {}
    cache = tokens.get("cache")
    cache = cache if isinstance(cache, dict) else {}
    reasoning = number(tokens.get("reasoning"))
    return Usage(
        input=number(tokens.get("input")),
        cache_read=number(cache.get("read")),
        cache_write=number(cache.get("write")),
        output=number(tokens.get("output")),
        reasoning=reasoning,
        reasoning_apart=reasoning,
        cost=_micro(cost),
    )


def request_key(name: str, created: Json, model: str, usage: Usage) -> str:
    """A fork copies messages under new ids, but with the time at which the model was asked and what it used."""
    at = millis(created)
    if at is None:
        return f"opencode:{name}"
    return f"opencode:{at}:{model}:{usage.prompt}:{usage.output}:{usage.reasoning}"


def tool_parts(key: str, name: str, state: Json) -> tuple[ToolCall, ToolResult | None]:
    """Read a tool call with its result, which stands in the same record once there is one."""
    state = state if isinstance(state, dict) else {}
    call = ToolCall(id=key, name=name, input=state.get("input"))
    status = state.get("status")
    if status not in ("completed", "error"):
        return call, None
    metadata = state.get("metadata")
    code = metadata.get("exit") if isinstance(metadata, dict) else None
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    said = "\n".join(t for t in (_said(state), error_text(state.get("error"))) if t)
    failed = status == "error" or name == "invalid" or bool(code)
    return call, ToolResult(call=key, text=said, error=failed, exit_code=code)


def file_part(found: dict[str, Json]) -> Attachment:
    """Describe a file without its bytes; a data URL is only measured."""
    url = text(found.get("url")) or text(found.get("uri"))
    inline = url.startswith("data:")
    name = text(found.get("filename")) or text(found.get("name")) or ("" if inline else url)
    size = len(url.partition(",")[2]) * 3 // 4 if inline else 0
    return Attachment(media=text(found.get("mime")), name=name, size=size)


def error_text(error: Json) -> str:
    """Return what an error says: a text, a message, or a named error with a message inside."""
    if isinstance(error, dict):
        data = error.get("data")
        inner = data.get("message") if isinstance(data, dict) else None
        return text(error.get("message")) or text(inner) or text(error.get("name"))
    return text(error)


def error_marks(error: Json) -> dict[str, Json]:
    """Return a message's marks for an error; a turn that a person stopped is none."""
    if not error:
        return {}
    kind = (text(error.get("name")) or text(error.get("type"))) if isinstance(error, dict) else ""
    if "abort" in kind.lower():
        return {"aborted": True}
    return {"error": True, "message": error_text(error)}


def open_mark(data: dict[str, Json]) -> dict[str, Json]:
    """Return an answer's mark while it is being written: it has neither an end nor an error."""
    time = data.get("time")
    ended = isinstance(time, dict) and time.get("completed") is not None
    return {} if ended or data.get("error") or data.get("finish") else {"open": True}


def _said(state: dict[str, Json]) -> str:
    output = state.get("output")
    return output if isinstance(output, str) else flat_text(state.get("content"))


def _micro(cost: Json) -> int | None:
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < MICRO:
        return None
    return round(cost * MICRO)


def _session(draft: Draft) -> Session:
    info, native = draft.info, draft.native
    cwd = text(info.get("directory"))
    times = [t for t in (millis(info.get("time_updated")), *(m.at for m in draft.messages)) if t is not None]
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=_title(draft),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered(m.model for m in draft.messages),
        parent=_parent(info),
        status="ended",
        started=millis(info.get("time_created")) or min(times, default=None),
        active=max(times, default=None),
        source_path=draft.path,
        context=Context(used=draft.used),
        version=text(info.get("version")),
        extra=_extra(draft),
    )


def _title(draft: Draft) -> str:
    own = text(draft.info.get("title"))
    if own and not own.startswith(_DEFAULT_TITLES):
        return title_of(own)
    prompts = (title_of(m.text) for m in draft.messages if m.is_prompt)
    return next((p for p in prompts if p), title_of(own))


def _parent(info: dict[str, Json]) -> Parent | None:
    above, origin = text(info.get("parent_id")), text(info.get("fork_session_id"))
    if above:
        return Parent(id=observed_id(AGENT, above), kind="subagent")
    return Parent(id=observed_id(AGENT, origin), kind="fork") if origin else None


def _extra(draft: Draft) -> dict[str, Json]:
    extra: dict[str, Json] = {}
    if draft.providers:
        extra["providers"] = list(draft.providers)
    for name in ("agent", "share_url"):
        if text(draft.info.get(name)):
            extra[name] = draft.info[name]
    if draft.info.get("time_archived"):
        extra["archived"] = True
    return extra
