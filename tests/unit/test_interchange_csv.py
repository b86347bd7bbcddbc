"""CSV: rows for spreadsheets."""

from __future__ import annotations

import csv
import io

import pytest

from holdfast import registry
from holdfast.model import Message, Text, Thinking, ToolCall, ToolResult, Transcript
from holdfast.testing.builders import HOSTILE_TEXTS, transcript

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\x00=1", "\uff1d1", "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.invalid","x")',
)  # fmt: skip


def rows(*transcripts):
    stream = io.BytesIO()
    registry.load("formats", "csv")().dump(transcripts, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode(), newline="")))


def test_a_row_is_a_message_with_its_session():
    said = (
        Message(id="1", role="user", at=1_790_000_000_000, parts=(Text("go, now"),)),
        Message(
            id="2", role="assistant", model="m", parts=(Thinking("hm"), ToolCall(id="c", name="Bash", input={"command": "ls"}))
        ),
        Message(id="3", role="user", parts=(ToolResult(call="c", text="a\nb", error=True),)),
    )  # fmt: skip
    found = rows(Transcript(session=transcript("one").session, messages=said))
    assert [(r["place"], r["role"], r["text"]) for r in found] == [
        ("1", "user", "go, now"),
        ("2", "assistant", ""),
        ("3", "user", ""),
    ]
    assert found[0]["at"] == "2026-09-21T14:13:20Z"
    assert (found[1]["thinking"], found[1]["tools"], found[1]["tool_input"]) == ("hm", "Bash", '{"command": "ls"}')
    assert (found[2]["tool_result"], found[2]["tool_error"]) == ("a\nb", "yes")
    assert {r["session"] for r in found} == {transcript("one").session.id}


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text):
    parts = (Text(text), Thinking(text), ToolCall(id=text, name=text, input=text), ToolResult(call="c", text=text))
    said = Message(id="1", role="user", model=text, parts=parts)
    found = rows(Transcript(session=transcript(text).session, messages=(said,)))
    cells = [value for row in found for value in row.values()]
    assert [c for c in cells if c.strip("\t\r\n \x00\ufffd")[:1] in tuple("=+-@\uff1d")] == []
    assert found[0]["text"].startswith("'")


def test_hostile_text_stays_in_its_cell_and_moves_no_terminal():
    messages = tuple(Message(id=str(n), role="user", parts=(Text(text),)) for n, text in enumerate(HOSTILE_TEXTS))
    found = rows(Transcript(session=transcript("one").session, messages=messages))
    assert [r["message"] for r in found] == [str(n) for n in range(len(HOSTILE_TEXTS))]
    assert not any(c in value for r in found for value in r.values() for c in "\x1b\x07\x9b\u202e\x00")


def test_a_text_longer_than_a_cell_is_cut_and_says_so():
    (row,) = rows(
        Transcript(
            session=transcript("one").session, messages=(Message(id="1", role="user", parts=(Text("x" * 40_000),)),)
        )
    )
    assert (len(row["text"]), row["text"][-1]) == (32_767, "\u2026")
