"""OpenCode's messages with separate parts: the JSON tree (up to 1.1) and the first tables (1.2 to 1.18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Json, Message, Summary, Text, Thinking, ToolResult
from holdfast.sources._content import millis, text
from holdfast.sources._opencode.parts import Draft, error_marks, file_part, open_mark, request_key, tool_parts, usage_of

if TYPE_CHECKING:
    from holdfast.model import Part

_QUIET = frozenset({"step-start", "step-finish", "snapshot", "patch", "agent", "retry", "compaction"})


def add_message(draft: Draft, name: str, data: Json, *, parts: list[tuple[str, Json]], line: int) -> None:
    """Add one message with its parts (id and record each, in order)."""
    if not isinstance(data, dict) or data.get("role") not in ("user", "assistant"):
        draft.miss("record:message")
        return
    blocks = [(i, p) for i, p in _standing(draft, name, parts) if isinstance(p, dict)]
    for _ in range(len(parts) - len([p for _, p in parts if isinstance(p, dict)])):
        draft.miss("block:?")
    if data["role"] == "user":
        _user(draft, name, data, blocks=[p for _, p in blocks], line=line)
    else:
        _assistant(draft, name, data, blocks=[p for _, p in blocks], line=line)


def mark_reverted(draft: Draft) -> None:
    """Take out of the conversation what a pending revert hides: its message (or parts of it) and all after it."""
    revert = draft.info.get("revert")
    if not isinstance(revert, dict):
        return
    target, whole = text(revert.get("messageID")), not text(revert.get("partID"))
    names = [m.id for m in draft.messages]
    first = next((n for n, m in enumerate(names) if m.partition(":")[0] == target), None)
    if target and first is not None:
        draft.reverted.update(n for n in names[first:] if whole or n.partition(":")[0] != target)


def _standing(draft: Draft, name: str, parts: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """Leave out the parts of a message that a revert inside of it hides."""
    revert = draft.info.get("revert")
    if not isinstance(revert, dict) or text(revert.get("messageID")) != name or not text(revert.get("partID")):
        return parts
    names = [i for i, _ in parts]
    cut = text(revert["partID"])
    return parts[: names.index(cut)] if cut in names else parts


def _user(draft: Draft, name: str, data: dict[str, Json], *, blocks: list[dict[str, Json]], line: int) -> None:
    said: list[Part] = []
    injected: list[Part] = []
    for block in blocks:
        kind = text(block.get("type"))
        if kind == "text":
            (injected if block.get("synthetic") is True else said).append(Text(text(block.get("text"))))
        elif kind == "file":
            said.append(file_part(block))
        elif kind == "subtask":
            said.append(Text(text(block.get("prompt")) or text(block.get("description"))))
        elif kind not in _QUIET:
            draft.miss(f"block:{kind or '?'}")
    at = _created(data)
    draft.add(name, "user", said, at=at, line=line)
    draft.add(f"{name}:injected" if said else name, "system", injected, at=at, line=line)


def _assistant(draft: Draft, name: str, data: dict[str, Json], *, blocks: list[dict[str, Json]], line: int) -> None:
    parts, results = _answer(draft, blocks)
    model, at, summary = text(data.get("modelID")), _created(data), data.get("summary") is True
    if text(data.get("providerID")):
        draft.providers[data["providerID"]] = None
    marks = {**error_marks(data.get("error")), **open_mark(data)}
    if summary:
        texts: list[Part] = [Summary(p.text) for p in parts if isinstance(p, Text)]
        draft.add(name, "system", texts, at=at, model=model, line=line, extra=marks)
    else:
        draft.messages.append(
            Message(id=name, role="assistant", parts=tuple(parts), at=at, model=model, line=line, extra=marks)
        )
    draft.add(f"{name}:results", "tool", list(results), at=at, line=line)
    _bill(draft, name, data, blocks=blocks, line=line)


def _answer(draft: Draft, blocks: list[dict[str, Json]]) -> tuple[list[Part], list[ToolResult]]:
    parts: list[Part] = []
    results: list[ToolResult] = []
    for place, block in enumerate(blocks):
        kind = text(block.get("type"))
        if kind == "text":
            parts.append(Text(text(block.get("text"))))
        elif kind == "reasoning":
            parts.append(Thinking(text(block.get("text"))))
        elif kind == "file":
            parts.append(file_part(block))
        elif kind == "tool":
            key = text(block.get("callID")) or f"call:{place}"
            call, result = tool_parts(key, text(block.get("tool")), block.get("state"))
            parts.append(call)
            results.extend([result] if result else [])
        elif kind not in _QUIET:
            draft.miss(f"block:{kind or '?'}")
    return [p for p in parts if p not in (Text(""), Thinking(""))], results


def _bill(draft: Draft, name: str, data: dict[str, Json], *, blocks: list[dict[str, Json]], line: int) -> None:
    """Bill each step of a message: its own tokens are those of the last step, its cost that of all."""
    model, at = text(data.get("modelID")), _created(data)
    time = data.get("time")
    created = time.get("created") if isinstance(time, dict) else None
    steps = [b for b in blocks if b.get("type") == "step-finish" and isinstance(b.get("tokens"), dict)]
    main = data.get("summary") is not True
    for number, step in enumerate(steps if len(steps) > 1 else [data]):
        usage = usage_of(step.get("tokens"), step.get("cost"))
        key = request_key(name, created, model, usage)
        draft.bill(f"{key}:{number}" if number else key, usage, at=at, model=model, line=line, main=main)


def _created(data: dict[str, Json]) -> int | None:
    time = data.get("time")
    return millis(time.get("created")) if isinstance(time, dict) else None
