"""What one session of Continue says: a list of items, each a message with what went along with it.

Knows one document; refuses to know files and the index of sessions.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct, field

from holdfast.model import (
    Attachment,
    Json,
    Message,
    Request,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)
from holdfast.sources._content import entries, flat_text, millis, number, text
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role

AGENT = "continue"
MICRO = 1_000_000
_DRIVE = re.compile(r"/[A-Za-z]:")
_UNDONE = frozenset({"errored", "canceled"})


class Book(Struct, kw_only=True):
    """What a session amounts to."""

    native: str
    path: str
    model: str = ""
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    """Calls whose result is a message of its own."""
    began: int | None = None

    def miss(self, name: str) -> None:
        """Count something unknown."""
        self.unknown[name] = self.unknown.get(name, 0) + 1

    def add(
        self, name: str, role: Role, parts: list[Part], *, at: int | None = None, line: int, model: str = ""
    ) -> None:
        """Add a message, unless it says nothing."""
        kept = tuple(p for p in parts if p not in (Text(""), Thinking(""), Summary("")))
        if kept:
            self.seen[name] = self.seen.get(name, 0) + 1
            unique = name if self.seen[name] == 1 else f"{name}:{self.seen[name]}"
            self.messages.append(Message(id=unique, role=role, parts=kept, at=at, model=model, line=line))


def book_of(document: dict[str, Json], *, native: str, path: str) -> Book:
    """Read a session; the caller has checked that there is a history."""
    book = Book(native=native, path=path, model=text(document.get("chatModelTitle")))
    items = document["history"]
    messages = [i.get("message") for i in items if isinstance(i, dict)]
    book.answered = {text(m.get("toolCallId")) for m in messages if isinstance(m, dict) and m.get("role") == "tool"}
    for line, item in enumerate(items, 1):
        if isinstance(item, dict) and isinstance(item.get("message"), dict):
            _read(book, item, item["message"], line)
        else:
            book.miss("record:?")
    if not _counts_answers(items):
        book.requests.clear()
        _bill(book, document.get("usage"), f"{AGENT}:{native}", line=0, model=book.model)
    return book


def folder_of(value: Json) -> str:
    """Return the path of a folder that is written as a path or as a URI."""
    written = text(value)
    if "://" not in written:
        return written
    path = "/" + unquote(written.partition("://")[2].partition("/")[2])
    return path[1:] if _DRIVE.match(path) else path


def _read(book: Book, item: dict[str, Json], message: dict[str, Json], line: int) -> None:
    role = text(message.get("role"))
    name = text(message.get("id")) or f"{line}:{_digest(role, message)}"
    summary = text(item.get("conversationSummary"))
    if role == "user":
        book.add(name, "user", [*_parts(book, message.get("content")), *_files(item.get("contextItems"))], line=line)
    elif role == "assistant":
        _answer(book, item, message, name=name, line=line)
    elif role == "thinking":
        book.add(name, "assistant", [Thinking(flat_text(message.get("content")))], line=line, model=book.model)
    elif role == "tool":
        given = ToolResult(call=text(message.get("toolCallId")), text=flat_text(message.get("content")))
        book.add(name, "tool", [given], line=line)
    elif role == "system":
        book.add(name, "system", list(_parts(book, message.get("content"))), line=line)
    else:
        book.miss(f"record:{role or '?'}")
    if summary:
        book.add(f"{name}:summary", "system", [Summary(summary)], line=line)


def _answer(book: Book, item: dict[str, Json], message: dict[str, Json], *, name: str, line: int) -> None:
    thought = item.get("reasoning")
    thought = thought if isinstance(thought, dict) else {}
    begun, at = millis(thought.get("startAt")), millis(thought.get("endAt"))
    book.began = book.began or begun
    logs = item.get("promptLogs")
    last = logs[-1] if isinstance(logs, list) and logs else None
    book.model = (text(last.get("modelTitle")) if isinstance(last, dict) else "") or book.model
    calls = [_call(c) for c in entries(message.get("toolCalls"))]
    parts: list[Part] = [Thinking(text(thought.get("text"))), *_parts(book, message.get("content")), *calls]
    book.add(name, "assistant", parts, at=at or begun, line=line, model=book.model)
    states = [*entries(item.get("toolCallStates")), *entries([item.get("toolCallState")])]
    results: list[Part] = [r for r in (_result(book, s) for s in states) if r is not None]
    book.add(f"{name}:results", "tool", results, at=at, line=line)
    _bill(book, message.get("usage"), f"{AGENT}:{book.native}:{name}", line=line, model=book.model, at=at)


def _call(call: dict[str, Json]) -> ToolCall:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    written = function.get("arguments")
    known = loads(written.encode()) if isinstance(written, str) else written
    return ToolCall(id=text(call.get("id")), name=text(function.get("name")), input=written if known is None else known)


def _result(book: Book, state: dict[str, Json]) -> ToolResult | None:
    """Read what came of a call where no message says it: older versions, and calls that were not carried out."""
    key = text(state.get("toolCallId"))
    output = flat_text(state.get("output"))
    if key in book.answered or not (output or state.get("status") in _UNDONE):
        return None
    return ToolResult(call=key, text=output, error=state.get("status") == "errored")


def _parts(book: Book, content: Json) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Part] = []
    for block in entries(content):
        kind = block.get("type")
        if kind == "text":
            parts.append(Text(text(block.get("text"))))
        elif kind == "imageUrl":
            parts.append(_image(block.get("imageUrl")))
        else:
            book.miss(f"block:{kind if isinstance(kind, str) else '?'}")
    return parts


def _image(value: Json) -> Attachment:
    url = text(value.get("url")) if isinstance(value, dict) else ""
    head, _, data = url.partition(",")
    if not head.startswith("data:"):
        return Attachment(media="image", name=url)
    return Attachment(media=head[5:].partition(";")[0], size=len(data) * 3 // 4)


def _files(items: Json) -> list[Part]:
    """Read what a person put beside a prompt: files, selections, pages."""
    found: list[Part] = []
    for item in entries(items):
        said = text(item.get("content"))
        found.append(Attachment(name=text(item.get("name")), size=len(said.encode()), text=said))
    return found


def _counts_answers(items: list[Json]) -> bool:
    """Tell whether the first answer counts its tokens: it decides for the session, so that nothing is counted twice."""
    for item in entries(items):
        message = item.get("message")
        if isinstance(message, dict) and message.get("role") == "assistant":
            return isinstance(message.get("usage"), dict)
    return False


def _bill(book: Book, usage: Json, key: str, *, line: int, model: str, at: int | None = None) -> None:
    if not isinstance(usage, dict):
        return
    found = _usage(usage, model)
    if found.total or found.cost:
        book.requests.append(Request(key=key, at=at, model=model, usage=found, path=book.path, line=line))


def _usage(usage: dict[str, Json], model: str) -> Usage:
    """Make the counts disjoint: Anthropic's prompts are counted without what is cached, all others with it."""
    details, more = usage.get("promptTokensDetails"), usage.get("completionTokensDetails")
    details = details if isinstance(details, dict) else {}
    prompt, read = number(usage.get("promptTokens")), number(details.get("cachedTokens"))
    write = number(details.get("cacheWriteTokens"))
    apart = bool(write) or read > prompt or "claude" in model.lower()
    return Usage(
        input=prompt if apart else prompt - read,
        cache_read=read,
        cache_write=write,
        output=number(usage.get("completionTokens")),
        reasoning=number(more.get("reasoningTokens")) if isinstance(more, dict) else 0,
        cost=_micro(usage.get("totalCost")),
    )


def _micro(cost: Json) -> int | None:
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 < cost < MICRO:
        return None
    return round(cost * MICRO)


def _digest(role: str, message: dict[str, Json]) -> str:
    said = f"{role}\0{flat_text(message.get('content'))}"
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=4).hexdigest()
