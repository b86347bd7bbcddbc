"""Answers as they stand on the wire: chat completions of OpenAI-compatible servers, messages of Anthropic, Gemini's content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from holdfast.model import ToolCall, Usage
from holdfast.testing.scripted_model import Answer, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF = 2
"""Arguments of a call come in that many pieces."""


def openai_chunks(answer: Answer, model: str) -> Iterator[bytes]:
    """Yield an answer as the events of a streamed chat completion, `[DONE]` at the end."""
    yield _openai(model, {"role": "assistant", "content": ""})
    for piece in pieces(answer.thinking):
        yield _openai(model, {"reasoning_content": piece})
    for piece in pieces(answer.text):
        yield _openai(model, {"content": piece})
    for number, call in enumerate(answer.calls):
        yield _openai(model, {"tool_calls": [{"index": number, **_function(call, "")}]})
        for half in _halves(call):
            yield _openai(model, {"tool_calls": [{"index": number, "function": {"arguments": half}}]})
    yield _openai(model, {}, finish="tool_calls" if answer.calls else "stop")
    if answer.usage:
        yield _event({**_completion(model), "choices": [], "usage": _openai_usage(answer.usage)})
    yield b"data: [DONE]\n\n"


def _completion(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": model}


def _openai(model: str, delta: dict[str, Any], *, finish: str | None = None) -> bytes:
    return _event({**_completion(model), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(data: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def _arguments(call: ToolCall) -> str:
    return call.input if isinstance(call.input, str) else json.dumps(call.input or {})


def _function(call: ToolCall, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _halves(call: ToolCall) -> tuple[str, str]:
    text = _arguments(call)
    return text[: len(text) // HALF], text[len(text) // HALF :]


def _openai_usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _anthropic_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": usage.output,
    }


def anthropic_events(answer: Answer, model: str) -> Iterator[bytes]:
    """Yield an answer as the events of a streamed message."""
    usage = _anthropic_usage(answer.usage or Usage())
    message = {**_message(answer, model), "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield _named("message_start", message=message)
    blocks = [*_thought(answer), *_words(answer), *map(_use, answer.calls)]
    for number, (start, deltas) in enumerate(blocks):
        yield _named("content_block_start", index=number, content_block=start)
        for delta in deltas:
            yield _named("content_block_delta", index=number, delta=delta)
        yield _named("content_block_stop", index=number)
    stop = "tool_use" if answer.calls else "end_turn"
    yield _named(
        "message_delta",
        delta={"stop_reason": stop, "stop_sequence": None},
        usage={"output_tokens": usage["output_tokens"]},
    )
    yield _named("message_stop")


def _named(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 - JSON
    return _event({"type": kind, **fields}, kind)


def _thought(answer: Answer) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if not answer.thinking:
        return []
    deltas = [{"type": "thinking_delta", "thinking": p} for p in pieces(answer.thinking)]
    signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
    return [({"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed])]


def _words(answer: Answer) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    deltas = [{"type": "text_delta", "text": p} for p in pieces(answer.text)]
    return [({"type": "text", "text": ""}, deltas)] if deltas else []


def _use(call: ToolCall) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    start = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    return start, [{"type": "input_json_delta", "partial_json": half} for half in _halves(call)]


def _message(answer: Answer, model: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_sequence": None,
        "stop_reason": "tool_use" if answer.calls else "end_turn",
        "usage": _anthropic_usage(answer.usage or Usage()),
    }


def gemini_events(answer: Answer, model: str) -> Iterator[bytes]:
    """Yield an answer as the events of Gemini's streamed content."""
    parts: list[dict[str, Any]] = [{"text": p, "thought": True} for p in pieces(answer.thinking)]
    parts += [{"text": p} for p in pieces(answer.text)]
    parts += [{"functionCall": {"id": c.id, "name": c.name, "args": c.input}} for c in answer.calls]
    usage = answer.usage or Usage()
    for number, part in enumerate(parts):
        last = {"finishReason": "STOP"} if number == len(parts) - 1 else {}
        candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, **last}
        yield _event({"candidates": [candidate], "modelVersion": model, "usageMetadata": _gemini_usage(usage)})


def _gemini_usage(usage: Usage) -> dict[str, Any]:
    return {
        "promptTokenCount": usage.prompt,
        "cachedContentTokenCount": usage.cache_read,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.total,
    }


def whole(answer: Answer, model: str, *, anthropic: bool) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    if anthropic:
        used = [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in answer.calls]
        return {**_message(answer, model), "content": [{"type": "text", "text": answer.text}, *used]}
    message = {
        "role": "assistant",
        "content": answer.text,
        "tool_calls": [_function(c, _arguments(c)) for c in answer.calls] or None,
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.calls else "stop"}
    return {
        **_completion(model),
        "object": "chat.completion",
        "choices": [choice],
        "usage": _openai_usage(answer.usage or Usage()),
    }


def failure(status: int, message: str, *, anthropic: bool) -> dict[str, Any]:
    """Return the body of an error."""
    kind = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
    name = kind.get(status, "invalid_request_error" if status < 500 else "api_error")
    error = {"type": name, "message": message}
    return {"type": "error", "error": error} if anthropic else {"error": {**error, "param": None, "code": None}}
