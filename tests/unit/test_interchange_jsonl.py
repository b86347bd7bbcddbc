"""JSON lines: records that mean something by themselves."""

from __future__ import annotations

import io
import json

import pytest

from holdfast import registry
from holdfast.errors import Unreadable
from holdfast.testing.builders import transcript


def written(*transcripts) -> bytes:
    stream = io.BytesIO()
    registry.load("formats", "jsonl")().dump(transcripts, stream)
    return stream.getvalue()


def read(data):
    return list(registry.load("formats", "jsonl")().load(io.BytesIO(data)))


def test_every_line_is_an_object_that_names_its_kind_and_its_session():
    lines = [json.loads(line) for line in written(transcript("one"), transcript("two")).splitlines()]
    assert [line["type"] for line in lines if line["type"] in ("header", "session", "end", "done")] == [
        "header", "session", "end", "session", "end", "done",
    ]  # fmt: skip
    ids = {line["id"] for line in lines if line["type"] == "session"}
    assert {line["session"] for line in lines if line["type"] in ("message", "request", "end")} == ids


def test_blank_lines_and_windows_line_ends_are_read():
    data = written(transcript("one")).replace(b"\n", b"\r\n\r\n")
    assert read(data) == [transcript("one")]


@pytest.mark.parametrize("kind", ["message", "end"])
def test_a_missing_line_costs_its_session_and_is_named(kind):
    lines = written(transcript("one"), transcript("two")).splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if json.loads(line)["type"] == kind)
    got = []
    with pytest.raises(Unreadable, match="line"):
        got.extend(registry.load("formats", "jsonl")().load(io.BytesIO(b"".join(lines[:last] + lines[last + 1 :]))))
    assert got in ([], [transcript("one")])


def test_a_message_of_another_session_is_no_part_of_this_one():
    lines = written(transcript("one")).splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if json.loads(line)["type"] == "message")
    stray = {**json.loads(lines[place]), "session": "another"}
    with pytest.raises(Unreadable, match=f"line {place + 1}: a line of session 'another'"):
        read(b"".join([*lines[:place], json.dumps(stray).encode() + b"\n", *lines[place + 1 :]]))
