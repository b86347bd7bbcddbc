"""Markdown: sessions for people to read, with titles, facts and turns.

Knows how stored text could break out of its place; refuses to be read back (take json, yaml or native for that). What
was said stands in block quotes, and what tools took and gave in fences, so that only our own headings are headings.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._tree import plain
from holdfast.interchange.base import NO_HEADER, Header
from holdfast.model import (
    Attachment,
    Json,
    Message,
    Part,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    conversation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FRONT = b'---\nformat: "holdfast-markdown"\n'
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_BREAK = re.compile(r"\r\n?")
_LIVE = re.compile(r"<(?=[A-Za-z/!?])|(?<=!)\[|!(?=$)")
_OPEN = re.compile(r"(`{3,})[^`]*|(~{3,}).*")
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&!]")
_TITLE_LIMIT = 200
_ROLES = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool"}
_PICTURE = 0x2400


class MarkdownFormat:
    """One text for all sessions; the front matter names the first."""

    name: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write the sessions one after the other; rewound messages are counted and left out."""
        stream.write(_FRONT)
        front = f"masked: {json.dumps(header.masked)}\n" if header.masked is not None else ""
        empty = True
        for transcript in transcripts:
            named = transcript.session
            if empty:
                front += f"id: {_quoted(named.id)}\nagent: {_quoted(named.agent)}\n"
                stream.write(f"{front}---\n".encode())
            for piece in _pieces(transcript):
                stream.write(f"\n{piece}\n".encode())
            empty = False
        if empty:
            stream.write(f"{front}---\n".encode())

    def sniff(self, head: bytes) -> float:
        """Claim our front matter."""
        return 1.0 if head.startswith(_FRONT) else 0.0


def _pieces(transcript: Transcript) -> Iterator[str]:
    yield f"# {_inline(transcript.session.shown_name) or 'Untitled'}"
    yield _facts(transcript.session)
    shown = conversation(transcript.messages)
    left = len(transcript.messages) - len(shown)
    if left:
        yield f"Messages that were taken back, left out here: {left}"
    role = ""
    for message in shown:
        speaker = role if _goes_on(message, role) else message.role
        if not _goes_on(message, role):
            yield f"## {_ROLES[message.role]}{_when(message.at)}"
        role = speaker
        for part in message.parts:
            yield from _part(part)


def _goes_on(message: Message, role: str) -> bool:
    """Tell whether a message belongs under the heading before it: more of one answer, or results of its tools."""
    results = bool(message.parts) and all(isinstance(p, ToolResult) for p in message.parts)
    return (message.continues and message.role == role) or (results and role in {"assistant", "tool"})


def _facts(session: Session) -> str:
    usage = sum((b.usage for b in session.rollup.usage), Usage())
    tokens = (
        f"{usage.input} input, {usage.cache_read} cache read, {usage.cache_write} cache write, {usage.output} output"
    )
    rows = {
        "Id": session.id,
        "Agent": session.agent,
        "Project": session.project or session.cwd,
        "Branch": session.branch,
        "Started": _when(session.started, ""),
        "Last activity": _when(session.active, ""),
        "Models": ", ".join(session.models),
        "Messages": str(session.rollup.messages),
        "Tokens": tokens if session.rollup.usage else "",
        "Tags": ", ".join(session.tags),
        "Description": session.description,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {_inline(value)} |" for key, value in rows.items() if value)])


def _part(part: Part) -> Iterator[str]:
    match part:
        case Text(text=text):
            yield _quote(text)
        case Thinking(text=text):
            yield from ("*Thinking*", _quote(text))
        case Summary(text=text):
            yield from ("*Summary*", _quote(text))
        case ToolCall(name=name, input=given):
            yield f"**Call** {_inline(name)}"
            yield _fence(given, "") if isinstance(given, str) else _fence(_json(given), "json")
        case ToolResult(text=text):
            yield f"**Result**{_outcome(part)}"
            if text:
                yield _fence(text, "text")
        case Attachment():
            about = ", ".join(filter(None, (_inline(part.media), f"{part.size} bytes" if part.size else "")))
            yield f"**File** {_inline(part.name)} ({about})"
            if part.text:
                yield _fence(part.text, "text")


def _outcome(result: ToolResult) -> str:
    code = f"exit code {result.exit_code}" if result.exit_code is not None else ""
    said = ", ".join(filter(None, ("failed" if result.error else "", code)))
    return f" ({said})" if said else ""


def _json(value: Json) -> str:
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def _fence(text: str, language: str) -> str:
    """Fence text with more backticks than any run of them inside."""
    shown = _visible(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def _quote(text: str) -> str:
    """Quote text line by line; outside its own fences, raw HTML and pictures are made inert."""
    lines: list[str] = []
    fence = ""
    for line in _visible(text).split("\n"):
        if fence:
            closed = re.fullmatch(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*", line)
            fence = "" if closed else fence
        else:
            begun = _OPEN.fullmatch(line)
            fence = (begun[1] or begun[2]) if begun else ""
            line = line if fence else _inert(line)  # noqa: PLW2901 - the same line, made safe
        lines.append(f"> {line}" if line else ">")
    return "\n".join(lines)


def _inert(line: str) -> str:
    return _LIVE.sub(lambda m: f"&#{ord(m[0])};", line)


def _inline(text: str) -> str:
    """Return text as part of one line, with no markup left in it."""
    line = " ".join(_visible(text).split())[:_TITLE_LIMIT]
    return _SPECIAL.sub(lambda m: "\\" + m[0], line)


def _visible(text: str) -> str:
    """Show control characters as pictures, so that a terminal does nothing with them."""
    return _CONTROL.sub(_picture, _BREAK.sub("\n", text))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(_PICTURE + code) if code < ord(" ") else "\ufffd"


def _quoted(text: str) -> str:
    return json.dumps(_visible(text), ensure_ascii=False)


def _when(at: int | None, before: str = " - ") -> str:
    if at is None:
        return ""
    try:
        return f"{before}{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return ""
