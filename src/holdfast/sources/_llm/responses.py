"""llm's tables up to 0.31: a row a response, with the prompt, its tools and what went along in tables beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Json, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import millis, number, text
from holdfast.sources._jsonl import loads
from holdfast.sources._llm.tables import attached, fragment

if TYPE_CHECKING:
    from collections.abc import Container

    from holdfast.model import Part
    from holdfast.sources._database import Row
    from holdfast.sources._llm.tables import Draft


def read(draft: Draft, *, later: Container[str]) -> bool:
    """Read a conversation's responses, but for those that the newer tables hold too; tell whether there were any."""
    found = draft.of("responses", "conversation_id", draft.native, order=("datetime_utc", "id"))
    found = found or draft.of("responses", "id", draft.native)
    system, mine = "", [row for row in found if text(row.get("id")) not in later]
    for row in mine:
        said = _system(draft, row)
        _asked(draft, row, said if said != system else "")
        system = said
        _answered(draft, row)
        draft.bill(row)
    return bool(mine)


def _asked(draft: Draft, row: Row, system: str) -> None:
    name, at = text(row.get("id")), millis(row.get("datetime_utc"))
    draft.say(f"{name}:system", "system", [Text(system)] if system else [], at=at)
    results: list[Part] = [_result(r) for r in draft.of("tool_results", "response_id", name)]
    draft.say(f"{name}:results", "tool", results, at=at)
    parts: list[Part] = [fragment(draft, i) for i in _along(draft, "prompt_fragments", "fragment_id", name)]
    parts += [Text(text(row.get("prompt")))] if text(row.get("prompt")) else []
    parts += [attached(draft, i) for i in _along(draft, "prompt_attachments", "attachment_id", name)]
    draft.say(f"{name}:prompt", "user", parts, at=at)


def _answered(draft: Draft, row: Row) -> None:
    name, began = text(row.get("id")), millis(row.get("datetime_utc"))
    parts: list[Part] = [Thinking(text(row.get("reasoning")))] if text(row.get("reasoning")) else []
    parts += [Text(text(row.get("response")))] if text(row.get("response")) else []
    for call in draft.of("tool_calls", "response_id", name):
        key = text(call.get("tool_call_id")) or f"call:{call.get('id')}"
        parts.append(ToolCall(id=key, name=text(call.get("name")), input=_arguments(call.get("arguments"))))
    at = None if began is None else began + number(row.get("duration_ms"))
    draft.say(name, "assistant", parts, at=at, model=text(row.get("resolved_model")) or text(row.get("model")))


def _system(draft: Draft, row: Row) -> str:
    along = _along(draft, "system_fragments", "fragment_id", text(row.get("id")))
    return "\n".join(t for t in (*(fragment(draft, i).text for i in along), text(row.get("system"))) if t)


def _result(row: Row) -> ToolResult:
    return ToolResult(
        call=text(row.get("tool_call_id")), text=text(row.get("output")), error=bool(text(row.get("exception")))
    )


def _along(draft: Draft, table: str, column: str, name: str) -> list[Json]:
    return [row.get(column) for row in draft.of(table, "response_id", name, order=("order",))]


def _arguments(value: Json) -> Json:
    found = loads(value.encode()) if isinstance(value, str) else value
    return value if found is None else found
