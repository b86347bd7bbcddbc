"""Every recording of Mistral Vibe is read without loss; the oracle has no figures for it, its `meta.json` does."""

from __future__ import annotations

import json

import pytest

from holdfast.sources.mistral_vibe import MistralVibe
from holdfast.testing._readings import Gathered
from tests.recordings._oracle import RECORDINGS, files

FOLDERS = sorted({p.parent for p in files("mistral-vibe")})
PARTS = {"2-12": "Summary", "2-16": "ToolResult", "2-3": "ToolCall", "3-1": "ToolCall", "5-1": "Thinking"}


def read(folder) -> Gathered:
    found = Gathered()
    for one in MistralVibe().discover([folder]):
        found.take(MistralVibe().read(one, None))
    return found


def name_of(folder) -> str:
    return folder.relative_to(RECORDINGS).as_posix()


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_recording_is_read_without_loss(folder):
    found = read(folder)
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    assert found.unknown == {}
    assert found.damaged == 0
    assert len(found.all_messages) == len(lines)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_the_totals_of_a_recording_are_those_of_its_meta(folder):
    path = folder / "meta.json"
    stats = json.loads(path.read_bytes())["stats"] if path.is_file() else {}
    usages = [r.usage for r in read(folder).requests.values()]
    assert sum(u.prompt for u in usages) == stats.get("session_prompt_tokens", 0)
    assert sum(u.output for u in usages) == stats.get("session_completion_tokens", 0)


@pytest.mark.parametrize("number", PARTS)
def test_a_real_recording_shows_what_it_was_made_for(number):
    (folder,) = [f for f in FOLDERS if name_of(f).startswith(f"mistral-vibe/{number}_")]
    found = {type(p).__name__ for m in read(folder).all_messages for p in m.parts}
    assert PARTS[number] in found
