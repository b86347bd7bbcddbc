"""Messages, tools and usage as pydantic-ai has them, and back: the only place that knows both shapes."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec.structs import replace
from pydantic_ai import messages as wire
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from holdfast.errors import Unavailable
from holdfast.llm.base import TextDelta, ThinkingDelta
from holdfast.llm.images import decoded, images
from holdfast.model import (
    Attachment,
    Json,
    Message,
    Part,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    owned_id,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from pydantic_ai.models import StreamedResponse
    from pydantic_ai.usage import RequestUsage

    from holdfast.llm.base import Stop, ToolSpec

LONGEST_ANSWER = 2_000_000
"""Characters of one answer; no model has so much to say."""
LOST = "[no result: the call was interrupted]"
STOPS: dict[str | None, Stop] = {"stop": "end", "tool_call": "tools", "length": "length", "content_filter": "refused"}


def outgoing(messages: Sequence[Message]) -> list[wire.ModelMessage]:
    """Return a conversation that every provider takes: each call of a tool has its result right behind it."""
    found: list[wire.ModelMessage] = []
    for place, message in enumerate(messages):
        if message.role == "assistant":
            said = tuple(_said(message))
            if said:
                found.append(wire.ModelResponse(parts=said))
            _ask(found, list(_answers(message, messages[place + 1 :])))
        elif message.role != "tool":
            _ask(found, [_prompt(message)])
    return found


def _answers(message: Message, later: Sequence[Message]) -> Iterator[wire.ToolReturnPart]:
    """Yield a result for each call, looked for up to the next answer: some models give each call the same id."""
    calls = [p for p in message.parts if isinstance(p, ToolCall)]
    if calls:
        close = takewhile(lambda m: m.role != "assistant", later)
        results = {p.call: p for m in close for p in m.parts if isinstance(p, ToolResult)}
        yield from (_returned(c, results.get(c.id)) for c in calls)


def _ask(found: list[wire.ModelMessage], parts: Sequence[wire.ModelRequestPart]) -> None:
    """Join what stands between two answers into one request."""
    if not parts:
        return
    last = found[-1] if found else None
    if isinstance(last, wire.ModelRequest):
        found[-1] = wire.ModelRequest(parts=[*last.parts, *parts])
    else:
        found.append(wire.ModelRequest(parts=list(parts)))


def _said(message: Message) -> Iterator[wire.ModelResponsePart]:
    for part in message.parts:
        if isinstance(part, Text | Summary) and part.text:
            yield wire.TextPart(part.text)
        elif isinstance(part, ToolCall):
            yield wire.ToolCallPart(part.name, _arguments(part.input), part.id)


def _arguments(given: Json) -> str | dict[str, Json]:
    return given if isinstance(given, str | dict) else json.dumps(given, ensure_ascii=False)


def _returned(call: ToolCall, result: ToolResult | None) -> wire.ToolReturnPart:
    if result is None:
        return wire.ToolReturnPart(call.name, LOST, call.id, outcome="interrupted")
    return wire.ToolReturnPart(call.name, result.text, call.id, outcome="failed" if result.error else "success")


def _prompt(message: Message) -> wire.ModelRequestPart:
    if message.role == "system":
        return wire.SystemPromptPart(message.text)
    pictures = [_picture(part, url) for part, url in images(message)]
    return wire.UserPromptPart([t for t in [message.text] if t] + pictures if pictures else message.text)


def _picture(part: Attachment, url: str) -> wire.UserContent:
    held = decoded(url)
    if held:
        return wire.BinaryContent(held[1], media_type=held[0])
    if url:
        return wire.ImageUrl(url)
    return part.text or f"[{part.media or 'file'} {part.name} is not at hand any more]"


def parameters(tools: Sequence[ToolSpec]) -> ModelRequestParameters:
    """Return tools as a request has them."""
    listed = [
        ToolDefinition(
            name=t.name, description=t.description or None, parameters_json_schema=t.parameters, strict=False
        )
        for t in tools
    ]
    return ModelRequestParameters(function_tools=listed, allow_text_output=True)


async def deltas(stream: StreamedResponse) -> AsyncGenerator[TextDelta | ThinkingDelta]:
    """Yield the pieces of an answer as they come; errors.Unavailable for one without end."""
    length = 0
    async for event in stream:
        length += _weight(event)
        if length > LONGEST_ANSWER:
            raise Unavailable(
                f"the answer passed {LONGEST_ANSWER:,} characters and was stopped", "ask for less, or another model"
            )
        piece = _piece(event)
        if piece is not None:
            yield piece


def _piece(event: wire.ModelResponseStreamEvent) -> TextDelta | ThinkingDelta | None:
    text: str | None
    if isinstance(event, wire.PartStartEvent):
        text = event.part.content if isinstance(event.part, wire.TextPart | wire.ThinkingPart) else ""
        thinks = isinstance(event.part, wire.ThinkingPart)
    elif isinstance(event, wire.PartDeltaEvent):
        text = event.delta.content_delta if isinstance(event.delta, wire.TextPartDelta | wire.ThinkingPartDelta) else ""
        thinks = isinstance(event.delta, wire.ThinkingPartDelta)
    else:
        return None
    return None if not text else ThinkingDelta(text) if thinks else TextDelta(text)


def _weight(event: wire.ModelResponseStreamEvent) -> int:
    part = event.part if isinstance(event, wire.PartStartEvent) else getattr(event, "delta", None)
    held = (getattr(part, name, None) for name in ("content", "content_delta", "args", "args_delta"))
    return (
        sum(len(h) for h in held if isinstance(h, str))
        if isinstance(event, wire.PartStartEvent | wire.PartDeltaEvent)
        else 0
    )


def incoming(response: wire.ModelResponse) -> tuple[Part, ...]:
    """Return what a model answered; errors.Unavailable for an answer that ends without saying so: the line was cut."""
    if response.finish_reason is None and not (response.provider_details or {}).get("finish_reason"):
        raise Unavailable(f"the answer of {response.model_name} broke off", "try again")
    found = [p for part in response.parts if (p := _part(part)) is not None]
    ids = Counter(p.id for p in found if isinstance(p, ToolCall))
    return tuple(
        replace(p, id=owned_id()) if isinstance(p, ToolCall) and (not p.id or ids[p.id] > 1) else p for p in found
    )


def _part(part: wire.ModelResponsePart) -> Part | None:
    if isinstance(part, wire.TextPart):
        return Text(part.content) if part.content else None
    if isinstance(part, wire.ThinkingPart):
        return Thinking(part.content) if part.content else None
    if isinstance(part, wire.ToolCallPart):
        return ToolCall(id=part.tool_call_id, name=part.tool_name, input=_read(part.args))
    return None


def _read(arguments: Json) -> Json:
    if not isinstance(arguments, str):
        return arguments or {}
    if not arguments.strip():
        return {}
    with suppress(ValueError, RecursionError):  # arguments that are no JSON are kept as their text
        return json.loads(arguments)
    return arguments


def used(response: wire.ModelResponse) -> Usage | None:
    """Return what was billed; None where the server did not say. Cache reads and writes stand inside their input."""
    found: RequestUsage = response.usage
    reported = found.input_tokens or found.output_tokens
    if not reported:
        return None
    cached = found.cache_read_tokens + found.cache_write_tokens
    reasoning = found.output_reasoning_tokens or found.details.get("reasoning_tokens", 0)
    return Usage(
        input=max(0, found.input_tokens - cached),
        cache_read=found.cache_read_tokens,
        cache_write=found.cache_write_tokens,
        cache_write_1h=found.cache_write_1h_tokens,
        output=found.output_tokens,
        reasoning=reasoning,
        cost=_cost(response.provider_details),
    )


def _cost(details: dict[str, Json] | None) -> int | None:
    """Return the price that a provider states itself (OpenRouter, in USD), in micro-USD."""
    stated = (details or {}).get("cost")
    return int(Decimal(str(stated)) * 1_000_000) if isinstance(stated, int | float) else None
