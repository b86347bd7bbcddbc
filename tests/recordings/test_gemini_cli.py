"""Every recording of Gemini CLI is read without loss, and billed as its reference figures say."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.sources.base import Ref
from holdfast.sources.gemini_cli import GeminiCli
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

FILES = _oracle.files("gemini-cli")
REWOUND = "1-6_checkpoint-rewind__2026-06-12"
COMPACTED = "2-12_context-compaction__2026-06-12"
BILLED = {  # the reference table has the conversation fold of these two; its golden columns have the billed input and output
    REWOUND: {"requests": 7, "input": 85_372, "output": 80, "cache_read": 0, "cache_write": 0, "reasoning": 2261},
    COMPACTED: {"requests": 2, "input": 23_426, "output": 4, "cache_read": 0, "cache_write": 0, "reasoning": 282},
}

pytestmark = pytest.mark.skipif(not FILES, reason="the recordings are not here")


def read(path: Path) -> Gathered:
    """Read one file; the legacy ones lie outside of their layout."""
    found = path.stat()
    kind = "legacy" if path.suffix == ".json" else ""
    ref = Ref(
        agent="gemini-cli",
        path=str(path),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        kind=kind,
        root=str(path.parent),
    )
    return Gathered().take(GeminiCli().read(ref, None))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_recording_is_read_whole_and_billed_exactly(path):
    found = read(path)
    sound(found)
    assert found.unknown == {}
    assert found.damaged == 0
    assert len(found.sessions) == 1
    row = _oracle.oracle("gemini-cli")[path.relative_to(_oracle.RECORDINGS).as_posix()]
    folder = path.relative_to(_oracle.RECORDINGS).parts[1]
    assert _oracle.figures(totals(found.requests.values())) == BILLED.get(folder, {n: row[n] for n in _oracle.FIGURES})


@pytest.mark.parametrize("folder", sorted(BILLED))
def test_the_conversation_without_rewound_and_compacted_turns_is_the_reference_fold(folder):
    (path,) = (p for p in FILES if folder in p.parts)
    found = read(path)
    standing = [r for r in found.requests.values() if r.key.removeprefix("gemini:") not in found.dropped]
    row = _oracle.oracle("gemini-cli")[path.relative_to(_oracle.RECORDINGS).as_posix()]
    assert _oracle.figures(totals(standing)) == {n: row[n] for n in _oracle.FIGURES}


def test_every_recording_in_its_layout_is_discovered():
    found = {r.path for home in _oracle.homes("gemini-cli") for r in GeminiCli().discover([home])}
    assert found == {str(p) for p in FILES if p.suffix == ".jsonl"}


def test_the_working_directory_is_found_in_every_log():
    logs = [p for p in FILES if p.suffix == ".jsonl"]
    assert all(s.cwd.startswith("/") and "\n" not in s.cwd for p in logs for s in read(p).sessions.values())
