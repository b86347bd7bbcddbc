"""OpenCode's messages from 2.0 on: one row with everything in it, ordered by `seq`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import entries, flat_text, millis, text
from holdfast.sources._opencode.parts import Draft, error_marks, file_part, open_mark, request_key, tool_parts, usage_of

if TYPE_CHECKING:
    from holdfast.model import Part

_QUIET = frozenset({"agent-switched", "model-switched", "location-switched"})
_INJECTED = frozenset({"system", "synthetic", "skill"})


def add_message(draft: Draft, row: dict[str, Json], data: Json) -> None:
    """Add what one row says."""
    kind = text(row.get("type"))
    name = text(row.get("id"))
    if not isinstance(data, dict) or not name:
        draft.miss("record:message")
        return
    at = _created(data) or millis(row.get("time_created"))
    line = row["seq"] + 1 if isinstance(row.get("seq"), int) and 0 <= row["seq"] < 1 << 31 else 0
    if kind == "user":
        said: list[Part] = [Text(text(data.get("text")))] if text(data.get("text")) else []
        draft.add(name, "user", [*said, *(file_part(f) for f in entries(data.get("files")))], at=at, line=line)
    elif kind == "assistant":
        _assistant(draft, name, data, at=at, line=line)
    elif kind == "compaction":
        _compaction(draft, name, data, at=at, line=line)
    elif kind == "shell":
        _shell(draft, name, data, at=at, line=line)
    elif kind in _INJECTED:
        draft.add(name, "system", [Text(text(data.get("text")))] if data.get("text") else [], at=at, line=line)
    elif kind == "idle":
        _stop(draft, text(data.get("outcome")))
    elif kind not in _QUIET:
        draft.miss(f"record:{kind or '?'}")


def _stop(draft: Draft, outcome: str) -> None:
    """Mark the last message of a turn that a person stopped: nothing else says so."""
    if outcome == "interrupted" and draft.messages:
        last = draft.messages[-1]
        draft.messages[-1] = replace(last, extra={**last.extra, "aborted": True})


def _assistant(draft: Draft, name: str, data: dict[str, Json], *, at: int | None, line: int) -> None:
    parts: list[Part] = []
    results: list[Part] = []
    for place, block in enumerate(entries(data.get("content"))):
        kind = text(block.get("type"))
        if kind == "text" and text(block.get("text")):
            parts.append(Text(block["text"]))
        elif kind == "reasoning" and text(block.get("text")):
            parts.append(Thinking(block["text"]))
        elif kind == "tool":
            key = text(block.get("id")) or f"{name}:{place}"
            call, result = tool_parts(key, text(block.get("name")), block.get("state"))
            parts.append(call)
            results.extend([result] if result else [])
        elif kind not in ("text", "reasoning"):
            draft.miss(f"block:{kind or '?'}")
    model = _model(draft, data)
    marks = {**error_marks(data.get("error")), **open_mark(data)}
    draft.messages.append(
        Message(id=name, role="assistant", parts=tuple(parts), at=at, model=model, line=line, extra=marks)
    )
    draft.add(f"{name}:results", "tool", results, at=at, line=line)
    _bill(draft, name, data, model=model, line=line)


def _compaction(draft: Draft, name: str, data: dict[str, Json], *, at: int | None, line: int) -> None:
    summary: list[Part] = [Summary(text(data.get("summary")))] if text(data.get("summary")) else []
    extra = error_marks(data.get("error")) if data.get("status") == "failed" else {}
    draft.add(name, "system", summary, at=at, line=line, extra=extra)
    _bill(draft, name, data, model=_model(draft, data), line=line, main=False)


def _shell(draft: Draft, name: str, data: dict[str, Json], *, at: int | None, line: int) -> None:
    """Read a command that the person ran: a call with its result, and no prompt."""
    code = data.get("exit")
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    call = ToolCall(id=name, name="shell", input={"command": text(data.get("command"))})
    result = ToolResult(call=name, text=flat_text(data.get("output")), error=bool(code), exit_code=code)
    draft.add(name, "user", [call, result], at=at, line=line)


def _bill(draft: Draft, name: str, data: dict[str, Json], *, model: str, line: int, main: bool = True) -> None:
    time = data.get("time")
    created = time.get("created") if isinstance(time, dict) else None
    usage = usage_of(data.get("tokens"), data.get("cost"))
    key = request_key(name, created, model, usage)
    draft.bill(key, usage, at=millis(created), model=model, line=line, main=main)


def _model(draft: Draft, data: dict[str, Json]) -> str:
    model = data.get("model")
    if not isinstance(model, dict):
        return ""
    if text(model.get("providerID")):
        draft.providers[model["providerID"]] = None
    return text(model.get("id")) or text(model.get("modelID"))


def _created(data: dict[str, Json]) -> int | None:
    time = data.get("time")
    return millis(time.get("created")) if isinstance(time, dict) else None
