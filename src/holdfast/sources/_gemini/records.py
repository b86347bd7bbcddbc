"""What one message of a Gemini CLI session means: parts, tool results, tokens. Refuses to know files and the fold."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import flat_text, millis, number
from holdfast.sources._content import text as _text

if TYPE_CHECKING:
    from holdfast.model import Part, Role

_CONTEXT = re.compile(r"\s*(?:<session_context>|This is the Gemini CLI\. We are setting up the context)")
_SNAPSHOT = re.compile(
    r"\s*(?:<scratchpad>.*?</scratchpad>\s*)?<(?:state_snapshot|compressed_chat_history)>", re.DOTALL
)
_WORKSPACE = re.compile(
    r"(?:Workspace Directories:\*\*|working in the following director(?:y|ies):)[ \t]*\n\s*-[ \t]+(?P<listed>[^\n]+)"
    r"|working in the directory: (?P<named>[^\n]+)"
)
HEAD = 20_000
"""How much of the injected context is looked at for the working directory, which stands near its beginning."""
_EXIT = re.compile(r"^Exit Code: (-?\d{1,9})$", re.MULTILINE)
_PLAIN = {"info": "info", "warning": "warning", "error": "error"}
_QUIET_PARTS = frozenset({"thoughtSignature", "videoMetadata"})


class Understood(Struct, frozen=True, kw_only=True):
    """One native message: at most one message of ours, at most one of tool results, and what the fold must know."""

    message: Message | None = None
    results: Message | None = None
    usage: Usage | None = None
    model: str = ""
    cwd: str = ""
    answers: tuple[str, ...] = ()
    """Calls whose results stand in a message of functionResponse parts."""
    unknown: list[str] = field(default_factory=list)


def understand(record: dict[str, Json], *, line: int) -> Understood:
    """Return what a message record says; `id` must have been checked to be a text."""
    kind = record.get("type")
    if kind == "gemini":
        return _answer(record, line)
    if kind == "user":
        return _said(record, line)
    if isinstance(kind, str) and kind in _PLAIN:
        return _notice(record, kind, line)
    return Understood(unknown=[f"record:{kind if isinstance(kind, str) else '?'}"])


def usage_of(tokens: Json) -> Usage | None:
    """Make the counts disjoint: `input` includes cached tokens, `output` excludes thoughts, `tool` is more input."""
    if not isinstance(tokens, dict):
        return None
    prompt, cached = number(tokens.get("input")), number(tokens.get("cached"))
    thoughts = number(tokens.get("thoughts"))
    found = Usage(
        input=max(0, prompt - cached) + number(tokens.get("tool")),
        cache_read=min(cached, prompt),
        output=number(tokens.get("output")),
        reasoning=thoughts,
        reasoning_apart=thoughts,
    )
    return found if found.total else None


def _answer(record: dict[str, Json], line: int) -> Understood:
    native = record["id"]
    unknown: list[str] = []
    thoughts = _thoughts(record.get("thoughts"))
    said = _parts(record.get("content"), unknown, thoughts=not thoughts)
    calls, results = _calls(record.get("toolCalls"), native)
    known = {c.id for c in calls}
    said = [p for p in said if not (isinstance(p, ToolCall) and p.id in known)]
    model = _text(record.get("model"))
    at = millis(record.get("timestamp"))
    parts = (*thoughts, *said, *calls)
    message = Message(id=native, role="assistant", parts=parts, at=at, model=model, line=line)
    given = Message(id=f"{native}:results", role="tool", parts=tuple(results), at=at, line=line) if results else None
    usage = usage_of(record.get("tokens"))
    return Understood(message=message, results=given, usage=usage, model=model, unknown=unknown)


def _said(record: dict[str, Json], line: int) -> Understood:
    unknown: list[str] = []
    parts = _parts(record.get("content"), unknown, thoughts=True)
    text = "\n".join(p.text for p in parts if isinstance(p, Text))
    answers = tuple(p.call for p in parts if isinstance(p, ToolResult))
    role: Role = "tool" if answers else "user"
    cwd = ""
    if _CONTEXT.match(text):
        role, cwd = "system", workspace(text)
    elif _SNAPSHOT.match(text):
        role, parts = "system", [Summary(p.text) if isinstance(p, Text) else p for p in parts]
    message = Message(id=record["id"], role=role, parts=tuple(parts), at=millis(record.get("timestamp")), line=line)
    return Understood(message=message if parts else None, cwd=cwd, answers=answers, unknown=unknown)


def _notice(record: dict[str, Json], kind: str, line: int) -> Understood:
    unknown: list[str] = []
    parts = _parts(record.get("content"), unknown, thoughts=True)
    extra: dict[str, Json] = {"error": True} if kind == "error" else {"level": kind}
    at = millis(record.get("timestamp"))
    message = Message(id=record["id"], role="system", parts=tuple(parts), at=at, line=line, extra=extra)
    return Understood(message=message if parts else None, unknown=unknown)


def workspace(text: str) -> str:
    """Return the first workspace directory that the injected context names."""
    found = _WORKSPACE.search(text[:HEAD])
    return (found["listed"] or found["named"] or "").strip() if found else ""


def _thoughts(found: Json) -> list[Thinking]:
    listed = [t for t in found if isinstance(t, dict)] if isinstance(found, list) else []
    texts = ("\n".join(t for t in (_text(f.get("subject")), _text(f.get("description"))) if t) for f in listed)
    return [Thinking(t) for t in texts if t]


def _calls(found: Json, native: str) -> tuple[list[ToolCall], list[ToolResult]]:
    calls: list[ToolCall] = []
    results: list[ToolResult] = []
    for place, call in enumerate(found if isinstance(found, list) else ()):
        if not isinstance(call, dict):
            continue
        name, key = _text(call.get("name")), _text(call.get("id")) or f"{native}:{place}"
        calls.append(ToolCall(id=key, name=name, input=call.get("args")))
        status = call.get("status")
        shown = call.get("resultDisplay")
        text = _result_text(call.get("result")) or (shown if isinstance(shown, str) else "")
        if text or status in ("success", "error", "cancelled"):
            results.append(_result(key, name, text, failed=status in ("error", "cancelled")))
    return calls, results


def _result(key: str, name: str, text: str, *, failed: bool = False) -> ToolResult:
    found = _EXIT.findall(text) if name == "run_shell_command" else []
    return ToolResult(call=key, text=text, error=failed, exit_code=int(found[-1]) if found else None)


def _result_text(result: Json) -> str:
    """Return the words of a PartListUnion that holds functionResponse parts."""
    if isinstance(result, list):
        return "\n".join(t for t in (_result_text(r) for r in result) if t)
    if isinstance(result, dict) and isinstance(result.get("functionResponse"), dict):
        return _response_text(result["functionResponse"].get("response"))
    return flat_text(result)


def _response_text(response: Json) -> str:
    if not isinstance(response, dict):
        return flat_text(response)
    for key in ("output", "error", "content"):
        if isinstance(response.get(key), str):
            return str(response[key])
    return json.dumps(response, ensure_ascii=False) if response else ""


def _parts(content: Json, unknown: list[str], *, thoughts: bool) -> list[Part]:
    """Read a PartListUnion; thought parts are left out where the record lists its thoughts besides."""
    if isinstance(content, str):
        return [Text(content)] if content else []
    listed = content if isinstance(content, list) else [content] if isinstance(content, dict) else []
    if content is not None and not listed and not isinstance(content, list):
        unknown.append(f"content:{type(content).__name__}")
    parts: list[Part] = []
    for block in listed:
        part = Text(block) if isinstance(block, str) else _part(block) if isinstance(block, dict) else None
        if part is None:
            unknown.append(f"block:{_kind(block)}")
        elif (thoughts or not isinstance(part, Thinking)) and part not in (Text(""), Thinking("")):
            parts.append(part)
    return parts


def _part(block: dict[str, Json]) -> Part | None:
    if isinstance(block.get("text"), str):
        return Thinking(block["text"]) if block.get("thought") else Text(block["text"])
    if isinstance(block.get("functionCall"), dict):
        call = block["functionCall"]
        return ToolCall(id=_text(call.get("id")), name=_text(call.get("name")), input=call.get("args"))
    if isinstance(block.get("functionResponse"), dict):
        given = block["functionResponse"]
        response = given.get("response")
        failed = isinstance(response, dict) and "error" in response and "output" not in response
        return _result(_text(given.get("id")), _text(given.get("name")), _response_text(response), failed=failed)
    return _file(block) if block.keys() - _QUIET_PARTS else Text("")


def _file(block: dict[str, Json]) -> Part | None:
    """Read an inline or referred file, or code that the model's own sandbox ran."""
    for key in ("inlineData", "fileData"):
        found = block.get(key)
        if isinstance(found, dict):
            data = found.get("data")
            name = _text(found.get("displayName")) or _text(found.get("fileUri"))
            size = len(data) * 3 // 4 if isinstance(data, str) else 0
            return Attachment(media=_text(found.get("mimeType")), name=name, size=size)
    if isinstance(block.get("executableCode"), dict):
        return Text(_text(block["executableCode"].get("code")))
    if isinstance(block.get("codeExecutionResult"), dict):
        return Text(_text(block["codeExecutionResult"].get("output")))
    return None


def _kind(block: Json) -> str:
    return next(iter(block), "?") if isinstance(block, dict) else type(block).__name__
