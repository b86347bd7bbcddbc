"""Every recording of Antigravity is read without unexplained loss; the one with a database is billed to the token."""

from __future__ import annotations

import pytest

from holdfast.sources.antigravity import Antigravity
from holdfast.testing._readings import Gathered, sound, totals
from tests.recordings import _oracle

HOMES = _oracle.homes("antigravity")
DAMAGED = {"ctx-antigravity-v1": 1}  # its line is broken on purpose
pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


def read(home) -> Gathered:
    found = Gathered()
    for ref in Antigravity().discover([home]):
        found.take(Antigravity().read(ref, None))
    return found


def spoken(folder, found: Gathered) -> list:
    """Return prompts and answers of the session that was read from below a folder: the recorder named the two apart."""
    (session,) = (s for s in found.sessions.values() if s.source_path.startswith(str(folder)))
    return [m for m in found.messages[session.id].values() if m.role in ("user", "assistant")]


@pytest.mark.parametrize("home", HOMES, ids=lambda p: p.name)
def test_a_recording_is_read_without_unexplained_loss(home):
    found = read(home)
    sound(found)
    assert found.unknown == {}
    assert found.damaged == DAMAGED.get(home.name, 0)
    assert any(m.is_prompt for m in found.all_messages) or home.name in DAMAGED


def test_every_recorded_file_is_discovered():
    found = {r.path for home in HOMES for r in Antigravity().discover([home])}
    assert found == {str(p) for p in _oracle.files("antigravity")}


def test_the_recorded_database_gives_every_generation_and_the_checkpoints_own_request():
    (home,) = (h for h in HOMES if h.name.startswith("5-1_"))
    found = read(home)
    billed = {k: v for k, v in totals(found.requests.values()).items() if v}
    assert billed == {"requests": 4, "input": 14_438, "cache_read": 40_697, "output": 851, "reasoning": 843}
    main = [r for r in found.requests.values() if r.main]
    assert [r.usage.prompt for r in main] == [17_946, 18_363, 18_780]
    assert {r.model for r in main} == {"gemini-3.1-pro"}
    answers = [m.at for m in spoken(home / "brain", found) if m.role == "assistant"]
    assert [r.at // 1000 for r in main] == [at // 1000 for at in answers]


def test_the_recorded_database_alone_says_what_the_transcript_says():
    (home,) = (h for h in HOMES if h.name.startswith("5-1_"))
    found = read(home)
    one, two = (
        [(m.id, m.role, m.parts, m.at // 1000) for m in spoken(home / name, found)]
        for name in ("brain", "conversations")
    )
    assert one == two
    assert len(one) == 6
