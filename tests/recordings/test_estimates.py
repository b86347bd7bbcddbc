"""Every recorded session with an answer says what it used, or is billed in another one; the same before a sync as after it."""

from __future__ import annotations

import pytest

from tests.recordings import _oracle
from tests.unit.homes import workspace

FOLDERS = {"antigravity": 9, "mistral-vibe": 6, "codex": 1, "aider": 2, "claude-code": 0, "pi": 0, "copilot": 0}
"""Agent's folder -> how many of its recorded sessions hold answers and no usage."""
SLUGS = {"copilot": "copilot-cli"}
pytestmark = pytest.mark.skipif(not _oracle.homes("antigravity"), reason="the recordings are not here")


def shown(ws) -> dict:
    return {r.key: (r.requests, r.usage, r.kind, r.cost) for r in ws.usage.table("session").rows}


@pytest.mark.parametrize("folder", FOLDERS)
def test_sessions_without_recorded_usage_are_estimated_and_no_others(tmp_path, folder):
    stood_in = 0
    for number, home in enumerate(_oracle.homes(folder)):
        with workspace(tmp_path / str(number), {SLUGS.get(folder, folder): [home]}) as ws:
            before = shown(ws)
            ws.sync.run()
            assert shown(ws) == before, home.name
            entries = list(ws.store.ledger())
            stood_in += len({e.session for e in entries if e.request.key.startswith("counted:")})
            held = {s.id for s in ws.store.find() if any(ws.store.ledger(s.id, copies=True))}
            silent = [s for s in ws.store.find() if s.id not in held and _answered(ws.store.messages(s.id))]
            assert all(s.parent is not None and s.parent.kind == "subagent" and folder == "copilot" for s in silent)
    assert stood_in == FOLDERS[folder]


def _answered(messages) -> bool:
    return any(m.role == "assistant" and not m.extra.get("error") for m in messages)
