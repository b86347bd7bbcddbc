"""Every recording of Aider is read without loss; the oracle has no figures for it, the files' own lines do."""

from __future__ import annotations

import re

import pytest

from holdfast.model import Text, Thinking, ToolCall
from holdfast.sources.aider import Aider
from holdfast.testing._readings import Gathered
from tests.recordings._oracle import RECORDINGS, files

FILES = files("aider")
TOTALS = {  # prompts, requests, cost in millionths of a dollar, edits
    "2-16": (1, 1, 180, 1),
    "2-20": (1, 0, 0, 0),
    "2-21": (1, 3, 470, 3),
    "2-8": (1, 3, 470, 3),
    "5-1": (2, 2, 260, 0),
    "reg-full": (1, 1, 0, 1),
    "reg-llm": (1, 0, 0, 0),
    "reg-model": (3, 2, 0, 0),
}


def name_of(path) -> str:
    return path.relative_to(RECORDINGS).as_posix()


def read(path) -> Gathered:
    found = Gathered()
    for one in Aider().discover([path.parent]):
        found.take(Aider().read(one, None))
    return found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_recording_is_read_without_loss(path):
    found = read(path)
    assert found.unknown == {}
    assert found.damaged == 0
    told = "\n".join(p.text for m in found.all_messages for p in m.parts if hasattr(p, "text"))
    missing = [w for w in words_of(path.read_text(encoding="utf-8")) if w not in told]
    assert missing == []


def words_of(text: str) -> set[str]:
    """Return what every line says, without the marks of the format."""
    plain = (re.sub(r"^(?:#### |####$|> |>$)", "", line).strip() for line in text.splitlines())
    marks = ("# aider chat started", "<thinking-content", "</thinking-content")
    return {line for line in plain if line and not line.startswith(marks)}


@pytest.mark.parametrize("number", TOTALS)
def test_a_real_recording_has_the_prompts_requests_costs_and_edits_that_can_be_counted_in_it(number):
    (path,) = [f for f in FILES if f.parent.name.startswith(f"{number}")]
    found = read(path)
    edits = sum(isinstance(p, ToolCall) for m in found.all_messages for p in m.parts)
    cost = sum(r.usage.cost or 0 for r in found.requests.values())
    prompts = sum(m.is_prompt for m in found.all_messages)
    assert (prompts, len(found.requests), cost, edits) == TOTALS[number]
    assert all(s.models and s.version == "0.86.2" for s in found.sessions.values())


def test_thinking_of_a_recording_is_told_from_its_answer():
    (path,) = [f for f in FILES if f.parent.name.startswith("reg-full")]
    (answer,) = [m for m in read(path).all_messages if m.role == "assistant"]
    assert [type(p) for p in answer.parts] == [Thinking, Text]


def test_the_empty_session_at_the_end_of_another_program_s_file_is_none():
    (path,) = [f for f in FILES if f.parent.name == "myrepo"]
    assert len(read(path).sessions) == 2
