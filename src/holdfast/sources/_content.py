"""Times, texts and Anthropic-style content blocks as agents write them, made into the model's nouns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from holdfast.errors import Unsafe
from holdfast.model import Attachment, Json, Part, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterable

OLDEST_MS = 1_577_836_800_000
"""2020-01-01: no agent recorded anything before; an earlier time is a broken clock or another unit."""
NEWEST_MS = 4_102_444_800_000
TITLE_LENGTH = 120
_WRAPPERS = re.compile(
    r"<(system-reminder|environment_context|user_instructions|ide_opened_file|ide_selection|local-command-caveat|"
    r"local-command-stdout|local-command-stderr|task-notification|bash-stdout|bash-stderr|user-prompt-submit-hook|teammate-message|"
    r"session_context|user_info|command-message|command-args|"
    r"environment_details|permissions instructions|skills_instructions|hook_context)[^>]*>.*?(?:</\1>|\Z)",
    re.DOTALL,
)
_TAGS = re.compile(r"</?(?:command-name|task|user_query|USER_REQUEST|feedback|user_message)>")


def millis(value: Json) -> int | None:
    """Return Unix ms for an RFC 3339 text, seconds or milliseconds (whichever is plausible), None for anything else."""
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = value if value > 1e11 else value * 1000
    return int(number) if OLDEST_MS <= number <= NEWEST_MS else None


def _from_text(value: str) -> int | None:
    if len(value) == 24 and value[23] == "Z" and value[10] == "T":  # the usual form, worth a short way
        hour = _hour(value[:13])
        if hour is not None:
            try:
                return hour + int(value[14:16]) * 60_000 + int(value[17:19]) * 1000 + int(value[20:23])
            except ValueError:
                return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    number = (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return number if OLDEST_MS <= number <= NEWEST_MS else None


@lru_cache(maxsize=4096)
def _hour(value: str) -> int | None:
    try:
        number = int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
    return number if OLDEST_MS <= number <= NEWEST_MS else None


def local_millis(value: str) -> int | None:
    """Return Unix ms for a time without a zone, read as local time."""
    try:
        return int(datetime.fromisoformat(value).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def title_of(prompt: str) -> str:
    """Make a title of a first prompt: without what programs wrap around it, its first line, cut at a word."""
    plain = _TAGS.sub(" ", _WRAPPERS.sub(" ", prompt)).strip()
    line = " ".join(next((found for found in plain.splitlines() if found.strip()), "").split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    return (cut.rsplit(" ", 1)[0] if " " in cut[40:] else cut) + "…"


def blocks(content: Json) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Turn Anthropic-style content (a text or a list of blocks) into parts, and name the block types not known."""
    if isinstance(content, str):
        return ((Text(content),) if content else ()), ()
    if not isinstance(content, list):
        return (), () if content is None else (f"content:{type(content).__name__}",)
    parts: list[Part] = []
    unknown: list[str] = []
    for block in content:
        part = _block(block)
        if part is None:
            unknown.append(f"block:{block.get('type', '?') if isinstance(block, dict) else type(block).__name__}")
        else:
            parts.append(part)
    return tuple(parts), tuple(unknown)


def _block(block: Json) -> Part | None:
    if isinstance(block, str):
        return Text(block)
    if not isinstance(block, dict):
        return None
    match block.get("type"):
        case "text" | "input_text" | "output_text":
            return Text(text(block.get("text")))
        case "thinking":
            return Thinking(text(block.get("thinking")))
        case "redacted_thinking":
            return Thinking("")
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            return ToolCall(id=text(block.get("id")), name=text(block.get("name")), input=block.get("input"))
        case "tool_result" | "web_search_tool_result" | "mcp_tool_result":
            return ToolResult(
                call=text(block.get("tool_use_id")),
                text=flat_text(block.get("content")),
                error=block.get("is_error") is True,
            )
        case "image" | "document" | "input_image":
            return attachment(block)
        case _:
            return None


def attachment(block: dict[str, Json]) -> Attachment:
    """Describe an image or document block without its bytes."""
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    data = source.get("data")
    return Attachment(
        media=text(source.get("media_type") or block.get("type")),
        name=text(block.get("title") or source.get("url") or source.get("file_id")),
        size=len(data) * 3 // 4 if isinstance(data, str) else 0,
    )


def flat_text(content: Json, depth: int = 32) -> str:
    """Return the words of nested content: texts joined by line breaks; images, and what lies too deep, left out."""
    if isinstance(content, str):
        return content
    if not depth:
        return ""
    if isinstance(content, list):
        return "\n".join(t for t in (flat_text(c, depth - 1) for c in content) if t)
    if isinstance(content, dict):
        return flat_text(next((content[k] for k in ("text", "content", "output") if content.get(k)), None), depth - 1)
    return ""


def count(into: dict[str, int], names: Iterable[str]) -> None:
    """Count unknown record or block types."""
    for name in names:
        into[name] = into.get(name, 0) + 1


def number(value: Json) -> int:
    """Return a count of tokens as an int, 0 for anything that is none."""
    if value.__class__ is int:
        return value if 0 <= value < 1e15 else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return int(value) if isinstance(value, str) and value.isdigit() else 0
    return max(0, int(value)) if value == value and abs(value) < 1e15 else 0  # noqa: PLR0124 - NaN is not itself


def no_option(native_id: str, agent: str) -> None:
    """Refuse a session's id that a program would read as an option; errors.Unsafe."""
    if native_id.startswith("-"):
        raise Unsafe(f"{native_id!r} would be read as an option", f"no session of {agent} has such an id")


def text(value: Json) -> str:
    """Return a text, empty for anything that is none."""
    return value if isinstance(value, str) else ""


def table(value: Json) -> dict[str, Json]:
    """Return an object, empty for anything that is none."""
    return value if isinstance(value, dict) else {}


def inside(value: Json, name: str) -> dict[str, Json]:
    """Return an object's inner object, empty for anything else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def entries(value: Json) -> list[dict[str, Json]]:
    """Return the records in a list, without what is none."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
