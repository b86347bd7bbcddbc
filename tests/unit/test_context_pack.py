"""What fits into a window: whole pieces, whole groups of tool calls, and a reason for everything that is left out."""

from __future__ import annotations

import pytest

from holdfast.context.budget import KINDS, of_window
from holdfast.context.pack import Piece, fit, groups
from holdfast.errors import BadInput
from holdfast.model import Message, Text, ToolCall, ToolResult


def piece(kind, text, why="because", source="here"):
    return Piece(kind=kind, text=text, source=source, why=why)


def said(n, role="user", text="hello"):
    return Message(id=f"m{n}", seq=n, role=role, parts=(Text(text),))


def call(n, *ids):
    return Message(
        id=f"m{n}", seq=n, role="assistant", parts=tuple(ToolCall(id=i, name="shell", input={}) for i in ids)
    )


def result(n, ident, text="done"):
    return Message(id=f"m{n}", seq=n, role="tool", parts=(ToolResult(call=ident, text=text),))


def test_shares_add_up_to_the_budget_at_every_size():
    for window in (1000, 8192, 32_768, 200_000, 1_000_000):
        given = of_window(window)
        assert sum(given.shares.values()) == given.total == window - given.answer
        assert set(given.shares) == set(KINDS)
    assert of_window(200_000).shares["map"] == 1000
    assert of_window(200_000, 5000).total == 5000
    assert of_window(4000, 5000).total == 3000


@pytest.mark.parametrize("given", [(0, None), (-1, None), (8000, 0)])
def test_a_budget_of_nothing_is_refused(given):
    with pytest.raises(BadInput):
        of_window(*given)


def test_what_fits_is_told_with_its_source_and_reason_in_a_fixed_order():
    found = fit(
        [piece("decisions", "use msgspec"), piece("preferences", "editor: vim", source="person", why="said so")]
    )
    assert [(i.kind, i.text, i.source, i.why) for i in found.injected] == [
        ("preferences", "editor: vim", "person", "said so"),
        ("decisions", "use msgspec", "here", "because"),
    ]
    assert found.text == "## What the person prefers\neditor: vim\n\n## Decided\nuse msgspec"
    assert found.dropped == ()


def test_what_does_not_fit_is_left_out_whole_and_the_next_one_is_tried():
    found = fit([piece("todo", "long " * 3000), piece("todo", "short")])
    assert [i.text for i in found.injected] == ["short"]
    (left,) = found.dropped
    assert left.kind == "todo"
    assert left.why.endswith("400 of 400 are left for todo")
    assert len(left.what) == 80


def test_everything_told_stays_within_the_budget():
    pieces = [piece(kind, f"{kind} word " * 20) for kind in KINDS if kind != "conversation" for _ in range(50)]
    talk = [said(n, text="many words " * 30) for n in range(200)]
    for budget in (600, 2000, 20_000):
        found = fit(pieces, talk, window=40_000, budget=budget)
        assert found.tokens <= budget
        assert found.dropped


def test_the_newest_messages_stay_and_the_older_are_counted():
    found = fit([], [said(n, text="word " * 100) for n in range(50)], window=1000)
    assert found.messages[-1].seq == 49
    assert [m.seq for m in found.messages] == list(range(50 - len(found.messages), 50))
    (left,) = found.dropped
    assert left.what == f"{50 - len(found.messages)} older messages"


def test_a_call_and_its_results_are_never_torn():
    talk = [said(0), call(1, "a", "b"), result(2, "a"), result(3, "b", "word " * 300), said(4, "assistant"), said(5)]
    assert [[m.seq for m in g] for g in groups(talk)] == [[0], [1, 2, 3], [4], [5]]
    for budget in range(5, 700, 23):
        told = fit([], talk, budget=budget).messages
        calls = {p.id for m in told for p in m.parts if isinstance(p, ToolCall)}
        assert {p.call for m in told for p in m.parts if isinstance(p, ToolResult)} == calls


def test_a_call_without_an_answer_does_not_swallow_what_follows():
    assert [[m.seq for m in g] for g in groups([call(0, "a"), said(1), said(2, "assistant")])] == [[0], [1], [2]]


def test_the_newest_group_is_told_even_where_it_alone_is_too_large():
    found = fit([], [said(0), said(1, text="word " * 5000)], window=1000)
    assert [m.seq for m in found.messages] == [1]


def test_nothing_to_tell_is_no_failure():
    found = fit([])
    assert (found.text, found.tokens, found.injected) == ("", 0, ())
