"""The parts of a Qwen Code message (Gemini's shape) and its token counts, made into the model's nouns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import blocks, flat_text, number, table, text

if TYPE_CHECKING:
    from holdfast.model import Part

_EXIT = re.compile(r"^Exit Code: (-?\d{1,9})$", re.MULTILINE)
_QUIET = frozenset({"thoughtSignature", "videoMetadata"})


def parts_of(message: Json) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the parts of a message, and the names of those not known; `content` blocks stand in some files."""
    found = table(message)
    listed = found.get("parts")
    if not isinstance(listed, list):
        return blocks(found.get("content"))
    parts: list[Part] = []
    unknown: list[str] = []
    for block in listed:
        part = _part(block) if isinstance(block, dict) else Text(block) if isinstance(block, str) else None
        if part is None:
            unknown.append(f"block:{next(iter(block), '?') if isinstance(block, dict) else type(block).__name__}")
        elif part not in (Text(""), Thinking("")):
            parts.append(part)
    return tuple(parts), tuple(unknown)


def _part(block: dict[str, Json]) -> Part | None:
    if isinstance(block.get("text"), str):
        return Thinking(text(block["text"])) if block.get("thought") is True else Text(text(block["text"]))
    if isinstance(block.get("functionCall"), dict):
        call = table(block["functionCall"])
        return ToolCall(id=text(call.get("id")), name=text(call.get("name")), input=call.get("args"))
    if isinstance(block.get("functionResponse"), dict):
        return _result(table(block["functionResponse"]))
    for key in ("inlineData", "fileData"):
        if isinstance(block.get(key), dict):
            return _file(table(block[key]))
    return None if block.keys() - _QUIET else Text("")


def _result(given: dict[str, Json]) -> ToolResult:
    response = given.get("response")
    answer = table(response)
    failed = "error" in answer and "output" not in answer
    said = flat_text(response) or flat_text(answer.get("error"))
    if answer and not said and not answer.keys() & {"output", "error"}:
        said = _written(answer)
    exited = _EXIT.findall(said) if given.get("name") == "run_shell_command" else []
    return ToolResult(
        call=text(given.get("id")), text=said, error=failed, exit_code=int(exited[-1]) if exited else None
    )


def _written(found: dict[str, Json]) -> str:
    """Return an answer of another shape as it stands, nothing where it is nested deeper than any tool's."""
    try:
        return json.dumps(found, ensure_ascii=False)
    except RecursionError:
        return ""


def _file(found: dict[str, Json]) -> Attachment:
    name = text(found.get("displayName")) or text(found.get("fileUri"))
    return Attachment(media=text(found.get("mimeType")), name=name, size=len(text(found.get("data"))) * 3 // 4)


def usage_of(counts: Json) -> Usage | None:
    """Make the counts disjoint: the prompt holds what was cached; thoughts stand inside the output, or beside it.

    Most services count thoughts inside; Google's counts them beside, which the total (or more thoughts than output) tells.
    """
    found = table(counts)
    prompt = number(found.get("promptTokenCount") or found.get("inputTokens"))
    cached = min(number(found.get("cachedContentTokenCount")), prompt)
    output = number(found.get("candidatesTokenCount") or found.get("outputTokens"))
    thoughts = number(found.get("thoughtsTokenCount"))
    apart = thoughts > output or (thoughts > 0 and number(found.get("totalTokenCount")) >= prompt + output + thoughts)
    usage = Usage(
        input=prompt - cached + number(found.get("toolUsePromptTokenCount")),
        cache_read=cached,
        output=output,
        reasoning=thoughts,
        reasoning_apart=thoughts if apart else 0,
    )
    return usage if usage.total else None
