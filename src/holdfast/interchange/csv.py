"""CSV: one row a message, for spreadsheets and data frames.

Knows rows, and how a spreadsheet could be made to run a cell; refuses to be read back (take jsonl for that).
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._tree import plain
from holdfast.interchange.base import NO_HEADER, Header
from holdfast.model import Attachment, Message, Thinking, ToolCall, ToolResult, Transcript, conversation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COLUMNS = (
    "session", "agent", "project", "title", "message", "place", "role", "at", "model", "text", "thinking", "tools", "tool_input",
    "tool_result", "tool_error", "files",
)  # fmt: skip
_HEAD = (",".join(COLUMNS) + "\r\n").encode()
_FORMULA = re.compile(r"\A[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
CELL = 32_767
"""Characters that a spreadsheet's cell can hold; what is longer is cut there and ends with an ellipsis."""


class CsvFormat:
    """A row of heads, then a row for each message of the conversation as it is now."""

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write rows as the transcripts come."""
        del header
        stream.write(_HEAD)
        for transcript in transcripts:
            for row in _rows(transcript):
                text = io.StringIO()
                csv.writer(text).writerow([cell(value) for value in row])
                stream.write(text.getvalue().encode())

    def sniff(self, head: bytes) -> float:
        """Claim files with our heads."""
        return 1.0 if head.startswith(_HEAD) else 0.0


def cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula and no terminal for a command."""
    shown = _CONTROL.sub("\ufffd", text)
    shown = f"'{shown}" if _FORMULA.match(text) else shown
    return shown if len(shown) <= CELL else f"{shown[: CELL - 1]}\u2026"


def _rows(transcript: Transcript) -> Iterator[tuple[str, ...]]:
    session = transcript.session
    front = (session.id, session.agent, session.project or session.cwd, session.shown_name)
    for place, message in enumerate(conversation(transcript.messages), 1):
        yield (*front, message.id, str(place), message.role, _time(message.at), message.model, *_parts(message))


def _parts(message: Message) -> Iterator[str]:
    calls = [p for p in message.parts if isinstance(p, ToolCall)]
    results = [p for p in message.parts if isinstance(p, ToolResult)]
    yield message.text
    yield "\n".join(p.text for p in message.parts if isinstance(p, Thinking))
    yield "\n".join(p.name for p in calls)
    yield "\n".join(
        p.input if isinstance(p.input, str) else json.dumps(plain(p.input), ensure_ascii=False) for p in calls
    )
    yield "\n".join(p.text for p in results)
    yield ("yes" if any(p.error for p in results) else "no") if results else ""
    yield "\n".join(p.name or p.media for p in message.parts if isinstance(p, Attachment))


def _time(at: int | None) -> str:
    try:
        return "" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, OSError, ValueError):
        return ""
