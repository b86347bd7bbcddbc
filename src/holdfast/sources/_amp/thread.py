"""What an Amp thread means: its messages, its two ways of counting tokens, and what is said of it as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Losses,
    Message,
    Request,
    Session,
    Summary,
    Text,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._content import blocks, count, flat_text, inside, millis, number, text, title_of
from holdfast.sources._files import project_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

AGENT = "amp"
MICRO = 1_000_000
Record = dict[str, Json]
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "info": "system", "system": "system"}
_QUIET = ("provider",)
_SHOWN = ("output", "content", "diff", "text")
_MAIN_WORK = ("", "inference", "conversation")


def transcript_of(thread: Record, ref: Ref, *, stem: str) -> Transcript:
    """Understand a whole thread."""
    native = text(thread.get("id")) or stem
    listed = _records(thread.get("messages"))
    unknown: dict[str, int] = {}
    messages: dict[str, Message] = {}
    for line, record in enumerate(listed, 1):
        message, odd = _message(record, line)
        count(unknown, odd)
        if message is not None:
            messages[message.id] = message
    requests = list(_requests(thread, listed, native, ref.path))
    return Transcript(
        session=_session(thread, ref, native, messages=list(messages.values()), requests=requests),
        messages=tuple(messages.values()),
        requests=tuple(requests),
        losses=Losses(unknown=unknown),
        replaces=True,
    )


def _message(record: Record, line: int) -> tuple[Message | None, list[str]]:
    said_by = text(record.get("role"))
    role = _ROLES.get(said_by)
    if role is None:
        return None, [f"record:{(said_by or '?')[:60]}"]
    parts, odd = _parts(record.get("content"))
    if role == "user" and parts and not any(isinstance(p, Text | Attachment | Summary) for p in parts):
        role = "tool"
    usage, state = inside(record, "usage"), inside(record, "state")
    ended = text(state.get("type"))
    message = Message(
        id=_name(record, line),
        role=role,
        parts=parts,
        at=millis(usage.get("timestamp")) or millis(inside(record, "meta").get("sentAt")),
        model=text(usage.get("model")),
        line=line,
        extra={
            **({"error": True} if ended == "error" else {}),
            **({"cancelled": True} if ended == "cancelled" else {}),
        },
    )
    return message, odd


def _name(record: Record, line: int) -> str:
    name = record.get("messageId")
    return str(name) if isinstance(name, str | int) and name != "" else f"place:{line}"


def _parts(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    if not isinstance(content, list):
        parts, unknown = blocks(content)
        return parts, list(unknown)
    found: list[Part] = []
    odd: list[str] = []
    for block in content:
        kind = text(block.get("type")) if isinstance(block, dict) else ""
        if not isinstance(block, dict) or kind not in ("tool_result", "tool_use", "summary", *_QUIET):
            parts, unknown = blocks([block])
            found.extend(p for p in parts if not (isinstance(p, Text) and not p.text))
            odd.extend(unknown)
        elif kind not in _QUIET:
            found.append(_part(kind, block))
    return tuple(found), odd


def _part(kind: str, block: Record) -> Part:
    if kind == "summary":
        inner = block.get("summary")
        return Summary(flat_text(inner.get("summary")) if isinstance(inner, dict) else flat_text(inner))
    if kind == "tool_use":
        given = block.get("input", block.get("text"))
        return ToolCall(id=text(block.get("id")), name=text(block.get("name")) or "tool", input=given)
    call = text(block.get("toolUseID")) or text(block.get("tool_use_id"))
    run = inside(block, "run")
    if not run:
        return ToolResult(call=call, text=flat_text(block.get("content")), error=block.get("is_error") is True)
    result, status = run.get("result"), text(run.get("status"))
    facts = result if isinstance(result, dict) else {}
    code = facts.get("exitCode")
    code = code if code.__class__ is int and -(1 << 31) <= code < 1 << 32 else None
    return ToolResult(
        call=call,
        text=_shown(result)
        or text(inside(run, "error").get("message"))
        or ("cancelled" if status == "cancelled" else ""),
        error=status == "error" or facts.get("success") is False or code not in (None, 0),
        exit_code=code,
    )


def _shown(result: Json) -> str:
    """Return a result's words: those of its usual field, else all of it as it stands."""
    if isinstance(result, str) or result is None:
        return result or ""
    if isinstance(result, dict):
        for name in _SHOWN:
            if name in result:
                return flat_text(result[name])
    if isinstance(result, list) and all(isinstance(r, str) for r in result):
        return "\n".join(result)
    try:
        return json.dumps(result, ensure_ascii=False) if result else ""
    except (ValueError, RecursionError):
        return ""


def _requests(thread: Record, listed: list[Record], native: str, path: str) -> Iterator[Request]:
    """Bill what the ledger counts, and each answer that counts itself and stands in no ledger."""
    answers = {_name(r, n): (n, r) for n, r in enumerate(listed, 1) if r.get("role") == "assistant"}
    covered: dict[str, int] = {}
    for event in _records(inside(thread, "usageLedger").get("events")):
        to, work = str(event.get("toMessageId", "")), text(event.get("operationType"))
        key = f"amp:{native}:{to}" + (f":{work[:60]}" if work not in _MAIN_WORK else "")
        covered[key] = covered.get(key, 0) + 1
        line, answer = answers.get(to, (0, {}))
        yield Request(
            key=key if covered[key] == 1 else f"{key}#{covered[key]}",
            at=millis(event.get("timestamp")) or millis(inside(answer, "usage").get("timestamp")),
            model=text(event.get("model")),
            usage=_ledger_usage(event, inside(answer, "usage") if work in _MAIN_WORK else {}),
            path=path,
            line=line,
            main=work in _MAIN_WORK,
        )
    for name, (line, answer) in answers.items():
        usage = _usage(inside(answer, "usage"))
        if usage.total and f"amp:{native}:{name}" not in covered:
            found = inside(answer, "usage")
            at, model = millis(found.get("timestamp")), text(found.get("model"))
            yield Request(key=f"amp:{native}:{name}", at=at, model=model, usage=usage, path=path, line=line)


def _ledger_usage(event: Record, answer: Record) -> Usage:
    """Read an event's tokens; what it does not say of the cache, the answer it was for says."""
    tokens = inside(event, "tokens")
    named = {
        "inputTokens": tokens.get("input"),
        "outputTokens": tokens.get("output"),
        "cacheReadInputTokens": tokens.get("cacheReadInputTokens", answer.get("cacheReadInputTokens")),
        "cacheCreationInputTokens": tokens.get("cacheCreationInputTokens", answer.get("cacheCreationInputTokens")),
        "model": event.get("model"),
    }
    return _usage(named)


def _usage(found: Record) -> Usage:
    """Read counts that do not overlap; models that bill no writing to a cache have their whole fresh prompt counted there."""
    names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
    fresh, read, write, output = (number(found.get(n)) for n in names)
    if not fresh and text(found.get("model")).startswith("gpt-"):
        fresh, write = write, 0
    return Usage(input=fresh, cache_read=read, cache_write=write, output=output)


def _session(thread: Record, ref: Ref, native: str, *, messages: list[Message], requests: list[Request]) -> Session:
    start = inside(inside(thread, "env"), "initial")
    tree = next(iter(_records(start.get("trees"))), {})
    cwd = _path(text(tree.get("uri")))
    branch = text(inside(tree, "repository").get("ref"))
    traces = (millis(t.get("endTime")) for t in _records(inside(thread, "meta").get("traces")))
    times = [t for t in (*traces, *(m.at for m in messages), *(r.at for r in requests)) if t is not None]
    credit = sum(_credit(e.get("credits")) for e in _records(inside(thread, "usageLedger").get("events")))
    platform = inside(start, "platform")
    facts = {"mode": text(thread.get("agentMode")), "client": text(platform.get("client")), "credits": round(credit, 6)}
    created = millis(thread.get("created"))
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=text(thread.get("title")) or next((title_of(m.text) for m in messages if m.is_prompt), ""),
        cwd=cwd,
        project=project_of(cwd),
        branch=branch.removeprefix("refs/heads/") if branch.startswith("refs/heads/") else "",
        models=ordered(r.model for r in requests),
        status="ended",
        started=created or min(times, default=None),
        active=max(times, default=None) or created or ref.mtime_ns // MICRO,
        source_path=ref.path,
        version=text(platform.get("clientVersion")),
        context=_context(thread),
        extra={k: v for k, v in facts.items() if v},
    )


def _context(thread: Record) -> Context:
    """Return what the last answer that counts itself took of its window."""
    counted = (inside(m, "usage") for m in reversed(_records(thread.get("messages"))))
    last = next((u for u in counted if _usage(u).total), {})
    limit = number(last.get("maxInputTokens"))
    return Context(used=_usage(last).context or None, limit=limit or None, source="recorded" if limit else "unknown")


def _credit(value: Json) -> float:
    known = isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if known else 0.0


def _path(uri: str) -> str:
    """Return the path of a `file:` address; on Windows it begins with the drive."""
    if not uri.startswith("file://"):
        return ""
    try:
        found = unquote(urlsplit(uri).path)
    except ValueError:
        return ""
    return found[1:] if found[2:3] == ":" else found


def _records(value: Json) -> list[Record]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
