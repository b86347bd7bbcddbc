"""Draws one session whole: its facts, what it did, and what was said. Given results, knows nothing of where they come from."""

from __future__ import annotations

import json
import re
import textwrap
from datetime import datetime
from typing import TYPE_CHECKING

from holdfast.faces.cli._folding import folded, plain_error
from holdfast.faces.cli._terminal import columns, fit, safe, safe_line
from holdfast.faces.cli.render import exact_cost, full, several, span, total
from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.faces.cli._terminal import Paint
    from holdfast.faces.cli.documents import SessionItem
    from holdfast.model import CommandRun, FileTouch, Json, Message, Part

LABEL = 12
_FOLDERS = re.compile(r"[^/\\]*[/\\]|[^/\\]+")
_MOST = 12
"""Files and commands named in the header; --all names every one."""
_WHO = {
    "user": ("you", "green"),
    "assistant": ("agent", "cyan"),
    "system": ("system", "magenta"),
    "tool": ("tool", "yellow"),
}


def whole(
    state: State,
    item: SessionItem,
    did: tuple[Sequence[FileTouch], Sequence[CommandRun]],
    messages: Sequence[Message],
    *,
    everything: bool,
) -> str:
    """Return the session as text."""
    width = state.width if state.on_terminal else 0
    lines = list(_header(item, state.paint, width))
    lines += _activity(*did, paint=state.paint, width=width, everything=everything)
    speaking = ""
    for message in messages:
        speaking = speaking if message.continues else ""
        body = list(_body(message, state.paint, width, everything=everything))
        if body and speaking != message.role and not all(isinstance(p, ToolResult) for p in message.parts):
            lines += ["", _speaker(message, state.paint)]
            speaking = message.role
        lines += body
    return "\n".join(lines)


def _body(message: Message, paint: Paint, width: int, *, everything: bool) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, Text) and not everything:
            yield from [f"  {folded(part.text, width)}"] if message.role == "system" else _said(part.text, width)
        else:
            yield from _part(part, paint, width, everything=everything)


def _said(text: str, width: int) -> Iterator[str]:
    return _wrapped(plain_error(text), width)


def _header(item: SessionItem, paint: Paint, width: int) -> Iterator[str]:
    title = safe_line(item.name or item.title) or "(no title)"
    yield paint(fit(title, width) if width else title, "bold")
    for label, value in _facts(item):
        if value:
            first, *rest = _broken(value, max(width - LABEL, LABEL)) if width else [value]
            yield f"{paint(f'{label:<{LABEL}}', 'dim')}{first}"
            yield from (" " * LABEL + line for line in rest)


def _broken(fact: str, width: int) -> list[str]:
    """Break a fact between words; a path that is longer than a line breaks behind a folder."""
    lines = [""]
    for word in fact.split(" "):
        gap = " " if lines[-1] else ""
        folders = [word] if len(word) <= width else _FOLDERS.findall(word)
        for piece in (f[i : i + width] for f in folders for i in range(0, len(f), width)):
            if len(lines[-1]) + len(gap) + len(piece) <= width:
                lines[-1] += gap + piece
            else:
                lines.append(piece)
            gap = ""
    return lines


def _facts(item: SessionItem) -> Iterator[tuple[str, str]]:
    yield "id", item.id
    yield "agent", safe_line(f"{item.agent}  {item.native_id}")
    yield "title", safe_line(item.title) if item.name and item.title else ""
    yield "project", safe_line(item.project)
    yield "folder", safe_line(item.cwd) if item.cwd != item.project else ""
    yield "branch", safe_line(item.branch)
    yield "models", safe_line(", ".join(item.models))
    yield "parent", f"{item.parent.id} ({item.parent.kind})" if item.parent else ""
    yield "time", _time(item)
    yield "status", safe_line(item.status) + (", only its prompts are known" if item.partial else "")
    calls, errors = several(item.tool_calls, "tool call"), several(item.errors, "error")
    yield "messages", f"{full(item.messages)} ({full(item.user_messages)} yours), {calls}, {errors}"
    yield "tokens", _tokens(item)
    yield (
        "cost",
        exact_cost(item)
        + (f", without a price: {safe_line(', '.join(item.unpriced_models))}" if item.unpriced_models else ""),
    )
    yield "context", _context(item)
    yield "tags", safe_line(" ".join(f"#{t}" for t in item.tags))
    yield "about", safe_line(item.description)
    yield "source", _source(item)
    yield "in trash", f"since {item.trashed}" if item.trashed else ""


def _time(item: SessionItem) -> str:
    if item.started is None or item.last_activity is None:
        return item.started or item.last_activity or ""
    began, ended = (datetime.fromisoformat(t).astimezone() for t in (item.started, item.last_activity))
    return f"{began:%Y-%m-%d %H:%M} to {ended:%Y-%m-%d %H:%M} ({span((ended - began).total_seconds())})"


def _tokens(item: SessionItem) -> str:
    if item.tokens_kind == "none":
        return ""
    counts = [
        ("input", item.tokens.input),
        ("cache read", item.tokens.cache_read),
        ("cache write", item.tokens.cache_write),
    ]
    counts += [("output", item.tokens.output), ("reasoning", item.tokens.reasoning)]
    parts = ", ".join(f"{full(n)} {name}" for name, n in counts if n)
    return f"{full(total(item.tokens))} {item.tokens_kind} in {several(item.requests, 'request')}" + (
        f": {parts}" if parts else ""
    )


def _context(item: SessionItem) -> str:
    if item.context.used is None:
        return ""
    if not item.context.limit:
        return f"{full(item.context.used)} of ?"
    share = item.context.used / item.context.limit
    return f"{full(item.context.used)} of {full(item.context.limit)} ({share:.0%}, limit {item.context.source})"


def _source(item: SessionItem) -> str:
    if not item.source_path:
        return ""
    kept = "captured" if item.captured else "not captured"
    goes = f", its agent deletes it on {item.source_expires[:10]}" if item.source_expires and item.source_exists else ""
    return f"{safe_line(item.source_path)} ({'exists' if item.source_exists else 'gone'}, {kept}{goes})"


def _activity(
    files: Sequence[FileTouch], runs: Sequence[CommandRun], *, paint: Paint, width: int, everything: bool
) -> Iterator[str]:
    most = len(files) + len(runs) if everything else _MOST
    actions: dict[str, list[str]] = {}
    for touch in files:
        actions.setdefault(touch.path, []).append(touch.action)
    if actions:
        yield from ("", paint(f"Files ({len(actions)})", "bold"))
        shown = (f"{safe_line(path)}  {_times(done)}" for path, done in list(actions.items())[:most])
        yield from (f"  {fit(line, width - 2) if width else line}" for line in shown)
        yield from _more(len(actions) - most)
    if runs:
        yield from ("", paint(f"Commands ({len(runs)})", "bold"))
        for run in runs[:most]:
            failed = run.error or run.exit not in (None, 0)
            line = f"{safe_line(run.command)}{f'  (exit {run.exit})' if run.exit else '  (failed)' if failed else ''}"
            line = fit(line, width - 4) if width else line
            yield f"  {paint('!', 'red') if failed else '$'} {line}"
        yield from _more(len(runs) - most)


def _more(left: int) -> Iterator[str]:
    if left > 0:
        yield f"  and {left} more: --all"


def _times(actions: Sequence[str]) -> str:
    return ", ".join(
        f"{name} {actions.count(name)}" if actions.count(name) > 1 else name for name in dict.fromkeys(actions)
    )


def _speaker(message: Message, paint: Paint) -> str:
    """Say who speaks, when, and with which model."""
    who, colour = _WHO[message.role]
    facts = [_clock(message), safe_line(message.model), "" if message.live else "rewound"]
    return paint(who, "bold", colour) + paint("  " + "  ".join(f for f in facts if f), "dim")


def _clock(message: Message) -> str:
    if message.at is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(message.at / 1000).astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError, OSError):
        return ""


def _part(part: Part, paint: Paint, width: int, *, everything: bool) -> Iterator[str]:
    match part:
        case Text(text=text):
            yield from _wrapped(text, width)
        case Summary(text=text):
            yield paint("  (summary)", "dim")
            yield from _wrapped(text, width)
        case Thinking(text=text):
            if everything:
                yield from (paint(line, "dim") for line in _wrapped(text, width))
        case ToolCall(name=name, input=given):
            yield from _call(name, given, paint, width, everything=everything)
        case ToolResult(text=text, error=error):
            yield from _result(text, paint, width, error=error, everything=everything)
        case Attachment(media=media, name=name, size=size):
            yield paint(f"  [{safe_line(name or 'attachment')}  {safe_line(media)}  {full(size)} bytes]", "dim")


def _call(name: str, given: Json, paint: Paint, width: int, *, everything: bool) -> Iterator[str]:
    if everything and isinstance(given, dict):
        yield f"  {paint('>', 'yellow')} {paint(safe_line(name), 'bold')}"
        for key, value in given.items():
            yield from _wrapped(
                f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}", width, 6
            )
        return
    line = f"{safe_line(name)}  {safe_line(_telling(given))}"
    yield f"  {paint('>', 'yellow')} {fit(line, max(width or 120, 20) - 4)}"


def _result(text: str, paint: Paint, width: int, *, error: bool, everything: bool) -> Iterator[str]:
    mark = paint("!", "red") if error else paint("<", "dim")
    if everything:
        lines = list(_wrapped(text, width, 4))
        yield from (f"  {mark} {lines[0].lstrip()}", *lines[1:]) if lines else (f"  {mark}",)
        return
    text = plain_error(text) if error else text
    first = next((line for line in text.splitlines() if line.strip()), "")
    rest = text.count("\n")
    note = f"  (+{rest} lines)" if rest > 0 else ""
    yield f"  {mark} {paint(fit(safe_line(first), max(width or 120, 30) - 4 - len(note)), 'dim')}{paint(note, 'dim')}"


def _telling(given: Json) -> str:
    """Choose the argument that says most: a command, a path, a pattern, or else all of them."""
    if not isinstance(given, dict):
        return "" if given is None else str(given)
    for key in ("command", "cmd", "file_path", "path", "pattern", "query", "url", "description", "prompt"):
        value = given.get(key)
        if value:
            return " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return ", ".join(f"{k}={v}" for k, v in given.items())


def _wrapped(text: str, width: int, indent: int = 2) -> Iterator[str]:
    margin = " " * indent
    for line in safe(text).strip("\n").split("\n"):
        if not width or columns(line) <= width - indent:
            yield (margin + line).rstrip()
        else:
            yield from (
                margin + piece
                for piece in textwrap.wrap(line, max(20, width - indent), drop_whitespace=False, break_on_hyphens=False)
            )
