"""What an Open WebUI message means: text with folded-in thinking and tools, or a list of output items; its tokens and cost."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import blocks, flat_text, millis, number, text
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Part, Role

MICRO = 1_000_000
Record = dict[str, Json]
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "tool": "tool"}
_FOLDED = re.compile(r"<details type=\"(reasoning|tool_calls|code_interpreter)\"")
_END = "</details>"
_QUOTED = re.compile(r"^(?:>|&gt;) ?", re.MULTILINE)
_SUMMARY = re.compile(r"\A\s*<summary>[^<]*</summary>\s*")
_INPUTS = ("input_tokens", "prompt_tokens", "promptTokenCount", "prompt_eval_count", "prompt_n")
_OUTPUTS = ("output_tokens", "completion_tokens", "candidatesTokenCount", "eval_count", "predicted_n")


def messages_of(name: str, record: Record, *, line: int, live: bool) -> tuple[list[Message], list[str]]:
    """Return what stands in one message: itself, results of the tools it used, and the summary it carries."""
    said_by = text(record.get("role"))
    role = _ROLES.get(said_by)
    if role is None:
        return [], [f"record:{(said_by or '?')[:60]}"]
    odd: list[str] = []
    at, model = millis(record.get("timestamp")), text(record.get("model")) if role == "assistant" else ""
    parts = [*_said(record, odd), *_files(record.get("files"))]
    failed = record.get("error")
    if failed and not any(isinstance(p, Text) for p in parts):
        parts.extend(Text(w) for w in (flat_text(failed),) if w)
    found: list[Message] = []
    for number_, (speaker, group) in enumerate(_groups(role, parts)):
        found.append(
            Message(
                id=f"{name}:{number_}" if number_ else name,
                role=speaker,
                parts=tuple(group),
                at=at,
                model=model if speaker == "assistant" else "",
                parent=text(record.get("parentId")) if not number_ else name,
                continues=bool(number_) and speaker == "assistant",
                live=live,
                line=line,
                extra={"error": True} if failed and not number_ else {},
            )
        )
    summary = text(record.get("contextSummary"))
    if summary:
        found.append(
            Message(
                id=f"{name}:summary", role="system", parts=(Summary(summary),), at=at, parent=name, live=live, line=line
            )
        )
    return found, odd


def _groups(role: Role, parts: list[Part]) -> Iterator[tuple[Role, list[Part]]]:
    """Part what a model said from what its tools gave back, in order."""
    group: list[Part] = []
    speaker = role
    for part in parts:
        new: Role = "tool" if isinstance(part, ToolResult) else role
        if new != speaker and group:
            yield speaker, group
            group = []
        speaker = new
        group.append(part)
    if group or not parts:
        yield speaker if parts else role, group


def _said(record: Record, odd: list[str]) -> list[Part]:
    output = record.get("output")
    if isinstance(output, list) and output:
        return [p for item in output for p in _item(item, odd)]
    content = record.get("content")
    if isinstance(content, str):
        return list(_unfolded(content)) if record.get("role") == "assistant" else [Text(content)] if content else []
    if isinstance(content, list):
        parts, unknown = blocks([_picture(b) for b in content])
        odd.extend(unknown)
        return list(parts)
    return [Text(flat_text(content))] if flat_text(content) else []


def _item(item: Json, odd: list[str]) -> Iterator[Part]:
    kind = text(item.get("type")) if isinstance(item, dict) else ""
    if not isinstance(item, dict):
        odd.append("item:?")
        return
    match kind:
        case "message":
            yield from (Text(w) for w in (flat_text(item.get("content")),) if w)
        case "reasoning":
            words = flat_text(item.get("content")) or flat_text(item.get("summary"))
            yield from (Thinking(w) for w in (words,) if w)
        case "function_call":
            yield ToolCall(id=_name(item), name=text(item.get("name")), input=_decoded(item.get("arguments")))
        case "function_call_output":
            failed = text(item.get("status")) == "failed"
            yield ToolResult(call=_name(item), text=flat_text(item.get("output")), error=failed)
        case "open_webui:code_interpreter" | "code_interpreter":
            name = _name(item)
            yield ToolCall(id=name, name="code_interpreter", input={"code": text(item.get("code"))})
            if item.get("output") is not None:
                yield ToolResult(call=name, text=_ran(item.get("output")))
        case _:
            odd.append(f"item:{(kind or '?')[:60]}")


def _name(item: Record) -> str:
    return text(item.get("call_id")) or text(item.get("id"))


def _ran(output: Json) -> str:
    if isinstance(output, dict):
        told = (text(output.get(k)) for k in ("stdout", "result", "stderr"))
        return "\n".join(t for t in told if t) or flat_text(output)
    return flat_text(output)


def _unfolded(content: str) -> Iterator[Part]:
    """Take apart what a page shows folded: older versions wrote thinking and tools into the text."""
    place = 0
    while found := _FOLDED.search(content, place):
        begin = content.find(">", found.end())
        end = content.find(_END, begin) if begin >= 0 else -1
        if end < 0:
            break
        yield from _plain(content[place : found.start()])
        yield from _folded(found[1], _named(content[found.end() : begin]), _SUMMARY.sub("", content[begin + 1 : end]))
        place = end + len(_END)
    yield from _plain(content[place:])


def _named(attributes: str) -> dict[str, str]:
    """Read `name="value"` pairs, in one pass over any text."""
    pieces = attributes.split('"')
    names = (p.rstrip("= ").rpartition(" ")[2] for p in pieces[::2])
    return {n: unescape(v) for n, v in zip(names, pieces[1::2], strict=False) if n}


def _plain(words: str) -> Iterator[Text]:
    if words.strip():
        yield Text(words.strip("\n"))


def _folded(kind: str, named: dict[str, str], body: str) -> Iterator[Part]:
    name = named.get("id", "")
    if kind == "reasoning":
        yield Thinking(unescape(_QUOTED.sub("", body)).strip())
    elif kind == "tool_calls":
        yield ToolCall(id=name, name=named.get("name", ""), input=_decoded(named.get("arguments", "")))
        if named.get("done") == "true" or "result" in named:
            result = _decoded(named.get("result", ""))
            yield ToolResult(
                call=name, text=result if isinstance(result, str) else flat_text(result) or named["result"]
            )
    else:
        yield ToolCall(id=name, name="code_interpreter", input={"code": body.strip()})
        if "output" in named:
            yield ToolResult(call=name, text=_ran(_decoded(named["output"])))


def _decoded(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    decoded = loads(value.encode("utf-8", "replace"))
    return value if decoded is None else decoded


def _picture(block: Json) -> Json:
    """Give an OpenAI-style picture the shape that other pictures have."""
    if not isinstance(block, dict) or block.get("type") != "image_url":
        return block
    inner = block.get("image_url")
    return {"type": "image", "source": _source(text(inner.get("url")) if isinstance(inner, dict) else text(inner))}


def _source(url: str) -> Record:
    inline = url.startswith("data:")
    media = url[5:].partition(";")[0] if inline else ""
    return {"media_type": media, "data": url.partition(",")[2] if inline else None, "url": "" if inline else url}


def _files(value: Json) -> list[Attachment]:
    """Describe files that went along; pictures in the text itself are given by their size."""
    found: list[Attachment] = []
    for file in value if isinstance(value, list) else ():
        if isinstance(file, dict):
            source = _source(text(file.get("url")))
            data = source["data"]
            found.append(
                Attachment(
                    media=source["media_type"] or text(file.get("content_type")) or text(file.get("type")),
                    name=text(file.get("name")) or text(file.get("id")),
                    size=number(file.get("size")) or (len(data) * 3 // 4 if isinstance(data, str) else 0),
                )
            )
    return found


def usage_of(record: Record) -> Usage:
    """Read an answer's tokens, whatever server counted them; a cost is USD as the provider told it."""
    told = record.get("usage")
    info = record.get("info")
    if not isinstance(told, dict) or not told:
        told = info.get("usage", info) if isinstance(info, dict) else {}
    told = told if isinstance(told, dict) else {}
    whole, output = _first(told, _INPUTS), _first(told, _OUTPUTS)
    cached = _detail(told, ("prompt_tokens_details", "input_tokens_details"), "cached_tokens")
    apart = _detail(told, ("completion_tokens_details", "output_tokens_details"), "reasoning_tokens")
    read, write = number(told.get("cache_read_input_tokens")), number(told.get("cache_creation_input_tokens"))
    cached = 0 if read else min(cached, whole)
    return Usage(
        input=whole - cached,
        cache_read=read or cached,
        cache_write=write,
        output=output,
        reasoning=min(apart, output),
        cost=_cost(told.get("cost")),
    )


def _cost(value: Json) -> int | None:
    if isinstance(value, float | int) and not isinstance(value, bool) and 0 < value < 1e6:
        return round(value * MICRO)
    return None


def _first(told: Record, names: tuple[str, ...]) -> int:
    return next((n for n in (number(told.get(name)) for name in names) if n), 0)


def _detail(told: Record, groups: tuple[str, ...], name: str) -> int:
    held = (told.get(g) for g in groups)
    return next((number(h.get(name)) for h in held if isinstance(h, dict) and h.get(name)), 0)
