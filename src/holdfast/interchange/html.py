"""HTML: sessions as one page for people to read, search and print, which loads nothing and runs nothing.

Knows how a session is laid out; refuses to be read back (take json, jsonl, yaml or native for that).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._html_page import BEGINNING, bare, closing, code, folded, opening, said
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
    from collections.abc import Iterable, Iterator, Mapping

_ROLES = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool"}
_LINE = 120
"""Characters of a prompt in the table of contents, or of a call's argument beside its name."""
_FEW = 12
"""Prompts that are listed without a click."""
_TELLING = ("command", "cmd", "file_path", "path", "pattern", "query", "url", "description", "prompt")


class HtmlFormat:
    """One page for all sessions."""

    name: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write the sessions one after the other, then the list of them, which the page shows first."""
        names: list[str] = []
        for transcript in transcripts:
            name = bare(transcript.session.shown_name, _LINE) or "Untitled"
            if not names:
                stream.write(opening(transcript.session.shown_name or "Untitled"))
            names.append(name)
            for piece in _section(transcript, len(names), name):
                stream.write(piece.encode())
        stream.write(opening("No sessions") if not names else b"")
        if len(names) > 1:
            items = "".join(f'<li><a href="#s{place}">{name}</a></li>\n' for place, name in enumerate(names, 1))
            stream.write(f'<nav id="sessions"><b>Sessions</b>\n<ol>\n{items}</ol></nav>\n'.encode())
        stream.write(closing(_masked(header)))

    def sniff(self, head: bytes) -> float:
        """Claim our pages."""
        return 1.0 if head.startswith(BEGINNING) else 0.0


def _masked(header: Header) -> str:
    if header.masked is None:
        return "Exported by Holdfast. Nothing was masked."
    rules = ", ".join(f"{bare(rule)} {times}" for rule, times in sorted(header.masked.items()))
    return f"Exported by Holdfast. Secrets masked: {rules or 'none found'}."


def _section(transcript: Transcript, number: int, name: str) -> Iterator[str]:
    shown = conversation(transcript.messages)
    left = len(transcript.messages) - len(shown)
    yield f'<section id="s{number}">\n<h1>{name}</h1>\n{_facts(transcript.session, left)}'
    yield _contents(shown, number)
    results = {p.call: p for m in shown for p in m.parts if isinstance(p, ToolResult) and p.call}
    called = {p.id for m in shown for p in m.parts if isinstance(p, ToolCall)}
    role = ""
    for place, message in enumerate(shown, 1):
        body = "".join(_part(part, results, called) for part in message.parts)
        if not body:
            continue
        if not _goes_on(message, role):
            yield "</article>\n" if role else ""
            yield _heading(message, f"s{number}m{place}")
            role = message.role
        yield folded(bare(message.text, _LINE) or "Instructions", body) if message.role == "system" else body
    yield "</article>\n</section>\n" if role else "</section>\n"


def _goes_on(message: Message, role: str) -> bool:
    """Tell whether a message belongs under the heading before it: more of one answer, or results of its tools."""
    results = all(isinstance(p, ToolResult) for p in message.parts)
    return (message.role == role and role in {"assistant", "system"}) or (results and role in {"assistant", "tool"})


def _heading(message: Message, anchor: str) -> str:
    facts = [f"<b>{_ROLES[message.role]}</b>", bare(message.model), _time(message.at)]
    return (
        f'<article class="{message.role}" id="{anchor}">\n'
        f'<h2>{" &middot; ".join(f for f in facts if f)} <a href="#{anchor}" aria-label="Link to this message">#</a></h2>\n'
    )


def _facts(session: Session, left: int) -> str:
    usage = sum((b.usage for b in session.rollup.usage), Usage())
    counts = (("input", usage.input), ("cache read", usage.cache_read), ("cache write", usage.cache_write))
    tokens = ", ".join(f"{number:,} {what}" for what, number in (*counts, ("output", usage.output)) if number)
    rows = {
        "Id": bare(session.id),
        "Agent": bare(session.agent),
        "Project": bare(session.project or session.cwd),
        "Branch": bare(session.branch),
        "Started": _time(session.started),
        "Last activity": _time(session.active),
        "Models": bare(", ".join(session.models)),
        "Messages": f"{session.rollup.messages:,}" if session.rollup.messages else "",
        "Tokens": tokens,
        "Tags": bare(", ".join(session.tags)),
        "Description": bare(session.description),
        "Taken back": f"{left:,} messages, left out here" if left else "",
    }
    return "<dl>\n" + "".join(f"<dt>{k}</dt><dd>{v}</dd>\n" for k, v in rows.items() if v) + "</dl>\n"


def _contents(shown: Iterable[Message], number: int) -> str:
    """List the prompts, where there are several."""
    prompts = [(place, m) for place, m in enumerate(shown, 1) if m.is_prompt and m.text.strip()]
    if len(prompts) < 2:  # noqa: PLR2004 - one needs no list
        return ""
    items = "".join(f'<li><a href="#s{number}m{place}">{bare(m.text, _LINE)}</a></li>\n' for place, m in prompts)
    shape = " open" if len(prompts) <= _FEW else ""
    return f"<nav><details{shape}><summary>Contents: {len(prompts)} prompts</summary>\n<ol>\n{items}</ol></details></nav>\n"


def _part(part: Part, results: Mapping[str, ToolResult], called: set[str]) -> str:
    match part:
        case Text(text=text):
            return said(text)
        case Thinking(text=text):
            return folded("Thinking", said(text)) if text.strip() else ""
        case Summary(text=text):
            return folded("Summary", said(text))
        case ToolCall():
            return _call(part, results.get(part.id) if part.id else None)
        case ToolResult():
            return (
                "" if part.call in called else folded(f"<b>Result</b>{_outcome(part)}", code(part.text), bad=part.error)
            )
        case Attachment():
            return _file(part)


def _call(call: ToolCall, result: ToolResult | None) -> str:
    line = f"<b>{bare(call.name, _LINE) or 'Tool'}</b> <code>{bare(_telling(call.input), _LINE)}</code>"
    body = code(call.input) if isinstance(call.input, str) else code(_json(call.input), "json")
    if result is None:
        return folded(line, body)
    told = code(result.text) if result.text else ""
    return folded(f"{line}{_outcome(result)}", body + told, bad=result.error)


def _outcome(result: ToolResult) -> str:
    exit_code = f"exit code {result.exit_code}" if result.exit_code is not None else ""
    told = ", ".join(filter(None, ("failed" if result.error else "", exit_code)))
    return f" <em>({told})</em>" if told else ""


def _telling(given: Json) -> str:
    """Choose the argument that says most."""
    if not isinstance(given, dict):
        return "" if given is None else _word(given)
    value = next((given[key] for key in _TELLING if given.get(key)), "")
    return " ".join(map(_word, value)) if isinstance(value, list) else _word(value)


def _word(value: Json) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Json) -> str:
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def _file(file: Attachment) -> str:
    about = ", ".join(filter(None, (bare(file.media), f"{file.size:,} bytes" if file.size else "")))
    name = bare(file.name, _LINE) or "Attachment"
    line = f"{name} ({about})" if about else name
    return folded(line, code(file.text)) if file.text else f'<div class="file">{line}</div>\n'


def _time(at: int | None) -> str:
    if at is None:
        return ""
    try:
        moment = datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%Y-%m-%d %H:%M} UTC</time>'
