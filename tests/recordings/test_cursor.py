"""Every file of Cursor that another program tests itself with is read without loss; the oracle has no figures for it."""

from __future__ import annotations

import pytest

from holdfast.sources.cursor import Cursor
from holdfast.testing._readings import Gathered, sound
from tests.recordings import _oracle

HOMES = [*_oracle.homes("cursor-agent"), *_oracle.homes("cursor-ide")]

pytestmark = pytest.mark.skipif(not HOMES, reason="the recordings are not here")


def read(home) -> Gathered:
    found = Gathered()
    for ref in Cursor().discover([home]):
        found.take(Cursor().read(ref, None))
    return found


@pytest.mark.parametrize("home", HOMES, ids=_oracle.name)
def test_a_file_is_read_without_an_unknown_record(home):
    found = read(home)
    sound(found)
    assert found.sessions
    assert found.unknown == {}


def test_the_one_damaged_line_is_counted():
    assert {_oracle.name(h): read(h).damaged for h in HOMES} == {
        "cursor-agent/ctx-cursor-2026.06.24": 1,
        "cursor-ide/cursor-history": 0,
    }


def test_the_conversation_of_the_editor_has_its_seven_bubbles_in_order():
    (home,) = _oracle.homes("cursor-ide")
    said = [m for m in read(home).all_messages if m.role != "tool"]
    assert [m.role for m in said] == ["user", "assistant", "assistant", "assistant", "assistant", "user"]
    assert all(m.live for m in said)
    assert said[3].parts[0].input == {"path": "/fixture/v016/project/synthetic.ts"}
