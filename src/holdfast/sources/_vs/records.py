"""What Visual Studio's spans say of conversations: prompts, answers, calls, results and what each request used.

A conversation is spread over files, and a file holds several: a message's id never depends on the file it stands in.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import (
    Context,
    Json,
    Message,
    Request,
    Session,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._content import count, entries, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part
    from holdfast.sources._vs.spans import Span

SLUG = "visualstudio-copilot"
RECENT = 256
"""How many prompts and calls of a conversation are remembered, and how many conversations of a file."""
DEEPEST = 8
_INSIDE = ("Content", "content", "Text", "text", "Output", "output", "Result", "result", "Value", "value")


class Talk(Struct):
    """What must be remembered of a conversation between two readings of one file."""

    title: str = ""
    started: int | None = None
    active: int | None = None
    version: str = ""
    mode: str = ""
    client: str = ""
    used: int | None = None
    models: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


class Found(Struct):
    """What a chunk gave, by conversation."""

    path: str
    messages: dict[str, list[Message]] = field(default_factory=dict)
    requests: dict[str, list[Request]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)


def talks_of(state: dict[str, Json]) -> dict[str, Talk]:
    """Take the conversations up again from a cursor."""
    return msgspec.convert(state.get("talks", {}), dict[str, Talk])


def kept(talks: dict[str, Talk]) -> dict[str, Json]:
    """Return the conversations as a cursor keeps them."""
    for talk in talks.values():
        talk.prompts, talk.calls = talk.prompts[-RECENT:], talk.calls[-RECENT:]
    return {"talks": msgspec.to_builtins(dict(list(talks.items())[-RECENT:]))} if talks else {}


def session_of(native: str, talk: Talk, *, path: str, cwd: str) -> Session:
    """Describe a conversation as far as this file knows it."""
    facts = {"mode": talk.mode, "client": talk.client}
    return Session(
        id=observed_id(SLUG, native),
        agent=SLUG,
        native_id=native,
        title=talk.title,
        cwd=cwd,
        project=project_of(cwd),
        models=tuple(talk.models),
        status="ended",
        started=talk.started,
        active=talk.active,
        source_path=path,
        captured=True,
        context=Context(used=talk.used),
        version=talk.version,
        extra={k: v for k, v in facts.items() if v},
    )


def understand(span: Span | None, talks: dict[str, Talk], found: Found, line: int) -> None:
    """Add what a span says to its conversation."""
    if span is None:
        count(found.unknown, ["span:?"])
        return
    native = span.text("gen_ai.conversation.id").lower()
    if span.operation not in ("chat", "execute_tool", "invoke_agent"):
        count(found.unknown, [f"span:{span.operation[:40] or '?'}"])
    elif not native:
        count(found.unknown, [f"span:{span.operation} without a conversation"])
    else:
        talk = talks.setdefault(native, Talk())
        _learn(span, talk)
        messages = found.messages.setdefault(native, [])
        messages += _said(span, talk, line)
        if span.operation == "chat":
            found.requests.setdefault(native, []).extend(_billed(span, talk, path=found.path, line=line))


def _learn(span: Span, talk: Talk) -> None:
    for at in (span.start, span.end):
        if at is not None:
            talk.started = at if talk.started is None else min(talk.started, at)
            talk.active = at if talk.active is None else max(talk.active, at)
    talk.version = span.version or talk.version
    talk.mode = span.text("copilot_chat.mode") or talk.mode
    talk.client = span.text("copilot_chat.client_id") or talk.client
    talk.models = list(ordered((*talk.models, _model(span))))


def _model(span: Span) -> str:
    return span.text("gen_ai.response.model") or span.text("gen_ai.request.model")


def _said(span: Span, talk: Talk, line: int) -> list[Message]:
    if span.operation == "execute_tool":
        return _executed(span, talk, line)
    return [*_prompt(span, talk, line), *_answer(span, talk, line)]


def _prompt(span: Span, talk: Talk, line: int) -> list[Message]:
    """Return the prompt of a turn: every request repeats it, with all that was said before."""
    turn = span.text("copilot_chat.root_request_id")
    if turn and f"prompt:{turn}" in talk.prompts:
        return []
    asked = [w for m in _listed(span, "gen_ai.input.messages") if m.get("role") == "user" and (w := _words(m))]
    if not asked:
        return []
    talk.title = talk.title or title_of(asked[0])
    digest = hashlib.blake2b(asked[-1].encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    name = f"prompt:{turn}" if turn else f"prompt:{len(asked)}:{digest}"
    if name in talk.prompts:
        return []
    talk.prompts.append(name)
    return [Message(id=name, role="user", parts=(Text(asked[-1]),), at=span.start, line=line)]


def _answer(span: Span, talk: Talk, line: int) -> list[Message]:
    if span.operation != "chat":
        return []
    model, at = _model(span), span.end
    parts: list[Part] = []
    calls: list[ToolCall] = []
    for message in _listed(span, "gen_ai.output.messages"):
        for part in entries(message.get("parts")):
            kind, words = part.get("type"), text(part.get("content"))
            if kind == "tool_call":
                calls.append(_call(text(part.get("id")), text(part.get("name")), part.get("arguments")))
            elif words:
                parts.append(Thinking(words) if kind in ("reasoning", "thinking") else Text(words))
    extra: dict[str, Json] = {"error": True, "message": span.why} if span.failed else {}
    name = span.id or f"span:{span.began}"
    said = Message(id=name, role="assistant", parts=tuple(parts), at=at, model=model, line=line, extra=extra)
    new = [c for c in calls if c.id not in talk.calls]
    talk.calls += [c.id for c in new if c.id]
    return [
        *((said,) if parts or extra else ()),
        *(_asked(c, span, continues=bool(parts) or n > 0, line=line) for n, c in enumerate(new)),
    ]


def _executed(span: Span, talk: Talk, line: int) -> list[Message]:
    """Return a call's result, and the call itself where no answer had it: not every request is written down."""
    key = span.text("gen_ai.tool.call.id") or span.id
    call = _call(
        key, span.text("gen_ai.tool.name") or span.name.partition(" ")[2], span.said.get("gen_ai.tool.call.arguments")
    )
    given = ToolResult(
        call=key, text=_unwrapped(span.said.get("gen_ai.tool.call.result")) or span.why, error=span.failed
    )
    result = Message(id=f"result:{key}", role="tool", parts=(given,), at=span.end, line=line)
    if key in talk.calls:
        return [result]
    talk.calls.append(key)
    return [_asked(call, span, continues=False, line=line), result]


def _asked(call: ToolCall, span: Span, *, continues: bool, line: int) -> Message:
    executed = span.operation == "execute_tool"
    name = f"call:{call.id or span.id}"
    at = span.start if executed else span.end
    return Message(id=name, role="assistant", parts=(call,), at=at, model=_model(span), line=line, continues=continues)


def _call(key: str, name: str, arguments: Json) -> ToolCall:
    decoded = loads(arguments.encode("utf-8", "replace")) if isinstance(arguments, str) else arguments
    return ToolCall(id=key, name=name, input=arguments if decoded is None else decoded)


def _billed(span: Span, talk: Talk, *, path: str, line: int) -> list[Request]:
    """Return what a request used; by the convention that the program follows, input includes what came from a cache."""
    read = span.count("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
    write = span.count("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens")
    usage = Usage(
        input=max(0, span.count("gen_ai.usage.input_tokens") - read - write),
        cache_read=read,
        cache_write=write,
        output=span.count("gen_ai.usage.output_tokens"),
        reasoning=span.count("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    )
    if not usage.total:
        return []
    talk.used = usage.context
    key = f"{SLUG}:{span.id}:{span.began}"
    return [Request(key=key, at=span.start, model=_model(span), usage=usage, path=path, line=line)]


def _words(message: dict[str, Json]) -> str:
    content = (text(p.get("content")).strip() for p in entries(message.get("parts")) if p.get("type") in (None, "text"))
    return "\n".join(c for c in content if c) or text(message.get("content")).strip()


def _unwrapped(value: Json, depth: int = DEEPEST) -> str:
    """Return the words of a result, which is a text, or JSON with the words somewhere inside."""
    if isinstance(value, str):
        inner = loads(value.encode("utf-8", "replace")) if value[:1] in ("{", "[") and depth == DEEPEST else None
        return (_unwrapped(inner, depth - 1) if inner is not None else "") or value
    if not depth:
        return ""
    if isinstance(value, list):
        return "\n".join(t for t in (_unwrapped(v, depth - 1) for v in value) if t)
    if isinstance(value, dict):
        return next((t for n in _INSIDE if (t := _unwrapped(value.get(n), depth - 1))), "")
    return ""


def _listed(span: Span, name: str) -> list[dict[str, Json]]:
    return entries(loads(span.text(name).encode("utf-8", "replace")))
