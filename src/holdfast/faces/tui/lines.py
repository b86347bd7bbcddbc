"""Lays messages out as lines: what was said in full, a tool call on one line with how it ended, unfolded where wanted.

Pure; every stored string is made harmless here. Knows widths, refuses to know colours, screens and stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from holdfast.faces._text import columns, fit, safe, safe_line
from holdfast.model import Attachment, Message, Summary, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from holdfast.model import Part

WHO = {"user": "you", "assistant": "agent", "system": "system", "tool": "tool"}
LONGEST = 20_000
"""Characters of one part that are laid out; a longer one ends with how much is left out."""
ARGUMENTS = ("command", "cmd", "file_path", "path", "pattern", "query", "url", "description", "prompt")
"""What tells most of a call, in this order."""


class Line(NamedTuple):
    """One line: its text, what it is, the message it belongs to, and the call that it can unfold."""

    text: str
    kind: str = ""
    seq: int = -1
    call: str = ""


def laid_out(messages: Iterable[Message], width: int, *, unfolded: Collection[str] | None = ()) -> list[Line]:
    """Return the lines of messages; `unfolded` names the calls shown in full, None means all of them."""
    listed = [m for m in messages if m.live]
    results = {p.call: (p, m.at) for m in listed for p in m.parts if isinstance(p, ToolResult)}
    calls = {p.id for m in listed for p in m.parts if isinstance(p, ToolCall)}
    lines: list[Line] = []
    speaker = ""
    for message in listed:
        body: list[Line] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                is_open = unfolded is None or part.id in unfolded
                body += _call(part, message, results.get(part.id), width, is_open=is_open)
            elif not (isinstance(part, ToolResult) and part.call in calls):
                body += _said(part, message.seq, width, message.is_prompt)
        if body and body[0].kind not in ("call", "failed"):
            if lines:
                lines.append(Line("", "", message.seq))
            if message.role != speaker or message.role == "user":
                lines.append(Line(f"{WHO[message.role]}", f"head-{message.role}", message.seq))
            speaker = message.role
        lines += body
    return lines


def wrapped(text: str, width: int) -> Iterator[str]:
    """Break a safe text into lines of a width, at spaces where there are any."""
    for line in text.split("\n"):
        rest = line
        while columns(rest) > width:
            cut = _cut(rest, width)
            space = rest.rfind(" ", width // 2, cut)
            at = space if space > 0 else cut
            yield rest[:at]
            rest = rest[at:].lstrip(" ") if space > 0 else rest[at:]
        yield rest


def summary(call: ToolCall) -> str:
    """Say in one line what a call does."""
    return f"{safe_line(call.name)}  {safe_line(_argument(call)[:500])}"


def _cut(text: str, width: int) -> int:
    if text.isascii():
        return width
    used = 0
    for at, letter in enumerate(text):
        used += columns(letter)
        if used > width:
            return max(1, at)
    return len(text)


def _said(part: Part, seq: int, width: int, is_prompt: bool) -> Iterator[Line]:  # noqa: FBT001 - of one caller
    match part:
        case Text(text=text):
            kind = "prompt" if is_prompt else "said"
        case Thinking(text=text):
            kind = "thinking"
        case Summary(text=text):
            kind, text = "thinking", f"(summary) {text}"
        case ToolResult(text=text, error=error):
            kind = "failed" if error else "output"
        case Attachment(name=name, media=media):
            kind, text = "thinking", f"(attached: {name or media})"
        case _:
            return
    yield from _body(text, seq, width, kind)


def _body(text: str, seq: int, width: int, kind: str, call: str = "") -> Iterator[Line]:  # noqa: PLR0917 - a line's fields
    more = len(text) - LONGEST
    for line in wrapped(safe(text[:LONGEST]).strip("\n"), max(8, width - 2)):
        yield Line(f"  {line}", kind, seq, call)
    if more > 0:
        yield Line(f"  ({more:,} more characters: holdfast show --all)", "thinking", seq, call)


def _call(
    call: ToolCall, message: Message, answer: tuple[ToolResult, int | None] | None, width: int, *, is_open: bool
) -> Iterator[Line]:
    result = answer[0] if answer else None
    ended = "" if result is None else _ending(result)
    if answer and answer[1] is not None and message.at is not None and answer[1] - message.at >= 100:  # noqa: PLR2004 - ms
        ended += f" {(answer[1] - message.at) / 1000:.1f}s"
    failed = result is not None and bool(result.error or result.exit_code)
    room = max(8, width - columns(ended) - 6)
    text = f"  {'v' if is_open else '>'} {fit(summary(call), room)}  {ended or 'no answer yet'}"
    yield Line(fit(text, width), "failed" if failed else "call", message.seq, call.id)
    if is_open:
        given = (
            call.input if isinstance(call.input, str) else msgspec.json.format(msgspec.json.encode(call.input)).decode()
        )
        yield from _body(given, message.seq, width, "thinking", call.id)
        if result is not None and result.text:
            yield from _body(result.text, message.seq, width, "failed" if failed else "output", call.id)


def _ending(result: ToolResult) -> str:
    if result.exit_code:
        return f"exit {result.exit_code}"
    return "failed" if result.error else "ok"


def _argument(call: ToolCall) -> str:
    if isinstance(call.input, str):
        return call.input
    if not isinstance(call.input, dict):
        return ""
    for name in ARGUMENTS:
        value = call.input.get(name)
        if value:
            return (
                value
                if isinstance(value, str)
                else " ".join(str(v) for v in value)
                if isinstance(value, list)
                else str(value)
            )
    return next((v for v in call.input.values() if isinstance(v, str)), "")
