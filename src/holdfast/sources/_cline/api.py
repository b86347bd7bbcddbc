"""What the messages sent to the model say: Anthropic-style records, with tool calls as blocks or as markup in texts.

Knows one list of messages; refuses to know files, tokens and the list that the person sees.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._cline import markup
from holdfast.sources._content import attachment, flat_text, millis, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.model import Part, Role

_MODEL = re.compile(r"<model>([^<\n]{1,200})</model>")
_CWD = re.compile(r"# Current (?:Working|Workspace) Directory \(([^\n]{1,4096}?)\) Files")
_QUIET = frozenset({"redacted_thinking", "thoughtSignature", "step-start"})


class Talk(Struct, kw_only=True):
    """What a list of messages amounts to."""

    messages: list[Message] = field(default_factory=list)
    models: list[tuple[int, str]] = field(default_factory=list)
    """Since when which model was asked, as the program told the model itself."""
    cwd: str = ""
    summarised: int = 0
    """Until when the messages before a summary are gone from the list."""
    unknown: dict[str, int] = field(default_factory=dict)
    open: list[tuple[str, str]] = field(default_factory=list)
    """Calls without a result yet: tool and id."""

    def miss(self, name: str) -> None:
        """Count something unknown."""
        self.unknown[name] = self.unknown.get(name, 0) + 1


class Record(Struct, frozen=True, kw_only=True):
    """One record of the list on its way to become messages."""

    name: str
    line: int
    at: int | None
    model: str


def talk_of(records: list[Json], at: Callable[[int, str], int | None], model: str = "") -> Talk:
    """Read the list; `at` tells when a record without a time of its own was made, by its index and role."""
    talk = Talk()
    hidden = any(isinstance(r, dict) and r.get("condenseParent") for r in records)
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            talk.miss("record:?")
            continue
        role = text(record.get("role"))
        own = record.get("modelInfo")
        named = text(own.get("modelId")) or text(own.get("id")) if isinstance(own, dict) else text(record.get("model"))
        current = named or (talk.models[-1][1] if talk.models else model)
        when = millis(record.get("ts")) or at(index, role)
        name = f"{index}:{_digest(record)}"
        _read(talk, record, Record(name=name, line=index + 1, at=when, model=current))
        if record.get("isSummary") is True and not hidden and index <= 1:
            talk.summarised = when or 0
    return talk


def _read(talk: Talk, record: dict[str, Json], known: Record) -> None:
    role = record.get("role")
    if record.get("isSummary") is True:
        _add(talk, known, "system", [Summary(flat_text(record.get("content")))])
    elif record.get("type") == "reasoning":
        _add(talk, known, "assistant", [Thinking(flat_text(record.get("summary") or record.get("text")))])
    elif role == "assistant":
        _answer(talk, record, known)
    elif role in ("user", "tool"):
        _asked(talk, record, known)
    elif role == "system":
        _add(talk, known, "system", [Text(flat_text(record.get("content")))])
    else:
        talk.miss("record:message")


def _answer(talk: Talk, record: dict[str, Json], known: Record) -> None:
    parts: list[Part] = []
    thought = record.get("reasoning_content")
    if isinstance(thought, str):
        parts.append(Thinking(thought))
    for block in _blocks(record.get("content")):
        kind = text(block.get("type"))
        if kind == "text":
            parts.extend(_pieces(talk, text(block.get("text")), f"{known.name}:{len(parts)}"))
        elif kind in ("tool_use", "tool-call"):
            key = text(block.get("id")) or text(block.get("toolCallId")) or f"{known.name}:{len(parts)}"
            tool = text(block.get("name")) or text(block.get("toolName"))
            talk.open.append((tool, key))
            parts.append(ToolCall(id=key, name=tool, input=block.get("input")))
        elif kind in ("thinking", "reasoning"):
            parts.append(Thinking(text(block.get("thinking")) or text(block.get("text"))))
        elif kind == "image":
            parts.append(attachment(block))
        elif kind not in _QUIET:
            talk.miss(f"block:{kind or '?'}")
    _add(talk, known, "assistant", parts)


def _pieces(talk: Talk, said: str, name: str) -> list[Part]:
    parts: list[Part] = []
    for place, piece in enumerate(markup.answer(said)):
        if piece.kind == "call":
            key = f"{name}.{place}"
            talk.open.append((piece.text, key))
            parts.append(ToolCall(id=key, name=piece.text, input=piece.input))
        else:
            parts.append(Thinking(piece.text) if piece.kind == "thinking" else Text(piece.text))
    return parts


class _Asked(Struct, kw_only=True):
    """A user record taken apart: what tools gave, what a person said, what the program added."""

    results: list[Part] = field(default_factory=list)
    said: list[Part] = field(default_factory=list)
    added: list[Part] = field(default_factory=list)
    tool: str = ""
    """The tool whose result the next text goes on with."""


def _asked(talk: Talk, record: dict[str, Json], known: Record) -> None:
    found = _Asked()
    for block in _blocks(record.get("content")):
        kind = text(block.get("type"))
        if kind == "text":
            _sort(talk, found, text(block.get("text")), known)
        elif kind in ("tool_result", "tool-result"):
            _result(talk, found, block)
        elif kind == "image":
            (found.results if found.tool else found.said).append(attachment(block))
        elif kind == "file":
            found.said.append(Attachment(name=text(block.get("path")), text=text(block.get("content"))))
        elif kind not in _QUIET:
            talk.miss(f"block:{kind or '?'}")
    _learn(talk, found, known)
    _add(talk, known, "tool", found.results, ending=":results" if found.said else "")
    _add(talk, known, "user", found.said)
    _add(talk, known, "system", found.added, ending=":context" if found.said or found.results else "")


def _sort(talk: Talk, found: _Asked, words: str, known: Record) -> None:
    """Decide what one text of a user record is."""
    if markup.is_context(words):
        found.tool = ""
        found.added.append(Text(words))
        return
    header = markup.result_of(words)
    if header is not None:
        found.tool, words = header
        key = _answered(talk, found.tool) or f"{known.name}:{len(found.results)}"
        found.results.append(ToolResult(call=key))
    said, rest = markup.spoken(words)
    found.said.extend(Text(s) for s in said if s)
    if found.tool and found.results and isinstance(found.results[-1], ToolResult):
        found.results[-1] = _longer(found.results[-1], found.tool, rest)
    elif rest and said:
        found.added.append(Text(rest))
    elif rest:
        found.said.append(Text(markup.plain(rest)))


def _longer(result: ToolResult, tool: str, more: str) -> ToolResult:
    words = "\n".join(t for t in (result.text, more) if t)
    failed, code = markup.outcome(tool, words)
    return ToolResult(call=result.call, text=words, error=failed, exit_code=code)


def _result(talk: Talk, found: _Asked, block: dict[str, Json]) -> None:
    key = text(block.get("tool_use_id")) or text(block.get("toolCallId"))
    tool = next((t for t, k in talk.open if k == key), text(block.get("name")) or text(block.get("toolName")))
    talk.open = [(t, k) for t, k in talk.open if k != key]
    output = block.get("output")
    words = flat_text(block.get("content")) or (flat_text(output.get("value")) if isinstance(output, dict) else "")
    said, words = markup.spoken(words)
    failed, code = markup.outcome(tool, words)
    found.results.append(
        ToolResult(call=key, text=words, error=failed or block.get("is_error") is True, exit_code=code)
    )
    found.said.extend(Text(s) for s in said if s)


def _answered(talk: Talk, tool: str) -> str:
    """Return the oldest open call of a tool, and take it for answered."""
    place = next((n for n, (name, _) in enumerate(talk.open) if name == tool), None)
    return "" if place is None else talk.open.pop(place)[1]


def _learn(talk: Talk, found: _Asked, known: Record) -> None:
    """Take the model and the directory out of what the program told the model."""
    for part in found.added:
        if isinstance(part, Text) and "<environment_details>" in part.text:
            model, cwd = _MODEL.search(part.text), _CWD.search(part.text)
            if model:
                talk.models.append((known.at or 0, model[1].strip()))
            talk.cwd = talk.cwd or (cwd[1] if cwd else "")


def _add(talk: Talk, known: Record, role: Role, parts: list[Part], *, ending: str = "") -> None:
    kept = tuple(p for p in parts if p not in (Text(""), Thinking(""), Summary("")))
    if kept:
        model = known.model if role == "assistant" else ""
        talk.messages.append(
            Message(id=known.name + ending, role=role, parts=kept, at=known.at, model=model, line=known.line)
        )


def _blocks(content: Json) -> list[dict[str, Json]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return []
    return [b if isinstance(b, dict) else {"type": "text", "text": text(b)} for b in content]


def _digest(record: dict[str, Json]) -> str:
    """Tell a record from another one that took its place after a rewind."""
    try:
        data = msgspec.json.encode((record.get("role"), record.get("content")))
    except (RecursionError, ValueError):
        data = b""
    return hashlib.blake2b(data, digest_size=4).hexdigest()
