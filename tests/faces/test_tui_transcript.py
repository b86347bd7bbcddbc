"""The dashboard's transcript: folds calls, finds text, follows what is written, and reads only what is seen."""

from __future__ import annotations

import pytest

pytest.importorskip("textual")

from holdfast.faces.tui.lines import laid_out, wrapped
from holdfast.faces.tui.reel import BLOCK, HELD, Reel
from holdfast.model import Message, Text, ToolCall, ToolResult, Transcript
from tests.faces.test_tui_board import DANGER, HOSTILE, SIZES, compare
from tests.faces.tui_stage import a_board, an_archive, ident, play, session

MANY = 5000


def numbered(many: int, start: int = 0) -> tuple[Message, ...]:
    return tuple(
        Message(id=f"n{i}", role="user" if i % 10 == 0 else "assistant", parts=(Text(f"number {i}" + (" needle" if i in (7, 2500, 4990) else "")),))
        for i in range(start, start + many)
    )  # fmt: skip


def long_archive(many: int = MANY):
    place = an_archive()
    place.store.put(Transcript(session=session("zzzz", "Long"), messages=numbered(many)))
    return place


def long_board():
    return a_board([("zzzz", "working", "Long", "shop", "codex", None)])


@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s[0]))
def test_a_transcript_looks_as_it_was_drawn(size):
    async def scenario(stage):
        await stage.press("enter")
        compare(f"transcript-{size[0]}", stage.text)

    play(scenario, size=size)


def test_a_call_is_one_line_and_unfolds():
    async def scenario(stage):
        await stage.press("enter")
        assert "> Bash  pytest -q  exit 1 2.0s" in stage.text
        assert "all of them" not in stage.text
        await stage.press("o")
        assert "all of them" in stage.text
        await stage.press("o")
        assert "all of them" not in stage.text
        await stage.press("escape")
        assert stage.app.screen is stage.app.board

    play(scenario)


def test_a_long_transcript_opens_at_its_end_and_holds_little_of_it():
    async def scenario(stage):
        await stage.press("enter")
        screen = stage.app.screen
        assert "number 4999" in stage.text
        assert len(screen.reel.messages) <= HELD * BLOCK
        await stage.press("g")
        assert "message 1 of 5,000" in stage.text
        assert "number 3" in stage.text
        assert "following" not in stage.text
        await stage.press("G")
        assert "number 4999" in stage.text
        assert "following" in stage.text

    play(scenario, board=long_board(), workspace=long_archive())


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
def test_paging_shows_every_message_once(key):
    seen: list[int] = []

    async def scenario(stage):
        await stage.press("enter")
        if key == "pagedown":
            await stage.press("g")
        for _ in range(120):
            found = [int(line.split()[1]) for line in stage.text.split("\n") if line.startswith("   number")]
            seen.extend(n for n in found if n not in seen)
            await stage.pilot.press(key)
            await stage.pilot.pause()

    play(scenario, board=long_board(), workspace=long_archive(1000), size=(100, 40))
    assert sorted(seen) == list(range(1000))


def test_text_is_found_in_all_of_it_with_a_count():
    async def scenario(stage):
        await stage.press("enter", "slash")
        await stage.type("NEEDLE")
        assert "NEEDLE: 1 of 3" in stage.text
        assert "number 7 needle" in stage.text
        await stage.press("n")
        assert "number 2500 needle" in stage.text
        await stage.press("n")
        assert "number 4990 needle" in stage.text
        await stage.press("N", "N")
        assert "number 7 needle" in stage.text

    play(scenario, board=long_board(), workspace=long_archive())


def test_what_is_not_there_is_not_found():
    async def scenario(stage):
        await stage.press("enter", "slash")
        await stage.type("nowhere")
        assert "nowhere: 0 of 0" in stage.text

    play(scenario)


def test_it_follows_what_is_written_until_it_is_scrolled():
    place = long_archive(300)

    async def scenario(stage):
        await stage.press("enter")
        place.store.put(Transcript(session=session("zzzz", "Long"), messages=numbered(5, 300)))
        stage.app.screen._look()
        await stage.settle()
        assert "number 304" in stage.text
        await stage.press("pageup")
        assert "following" not in stage.text
        place.store.put(Transcript(session=session("zzzz", "Long"), messages=numbered(5, 305)))
        stage.app.screen._look()
        await stage.settle()
        assert "number 309" not in stage.text
        await stage.press("f")
        assert "number 309" in stage.text

    play(scenario, board=long_board(), workspace=place)


def test_it_goes_from_prompt_to_prompt():
    async def scenario(stage):
        await stage.press("enter", "g", "right_square_bracket")
        assert stage.text.split("\n")[2].split()[:2] == ["number", "10"]
        await stage.press("right_square_bracket", "left_square_bracket")
        assert stage.text.split("\n")[2].split()[:2] == ["number", "10"]

    play(scenario, board=long_board(), workspace=long_archive())


def test_opening_a_transcript_counts_as_having_seen_it():
    place = an_archive()

    async def scenario(stage):
        await stage.press("enter")

    play(scenario, workspace=place)
    assert ident("bbbb") in place.store.docs("read")


def test_a_transcript_that_is_gone_is_empty():
    async def scenario(stage):
        await stage.press("enter", "g", "G", "o", "right_square_bracket", "pageup", "n")
        assert "of 0" in stage.text

    play(scenario, board=long_board(), workspace=an_archive())


def test_hostile_messages_are_harmless_in_every_part():
    parts = (
        Text(HOSTILE),
        ToolCall(HOSTILE, HOSTILE, {HOSTILE: HOSTILE, "command": HOSTILE}),
        ToolCall("x", HOSTILE, HOSTILE),
    )
    answers = (ToolResult(HOSTILE, HOSTILE, error=True), ToolResult("nobody", HOSTILE))
    told = (Message(id="1", role="user", parts=parts), Message(id="2", role="tool", parts=answers))
    for unfolded in ((), None):
        text = "\n".join(line.text for line in laid_out(told, 60, unfolded=unfolded))
        assert not [c for c in DANGER if c in text]


@pytest.mark.parametrize("width", [8, 20, 61])
def test_no_line_is_wider_than_its_room(width):
    from holdfast.faces._text import columns

    text = "short \u6f22\u5b57" * 30 + "x" * 100 + "\n\nend"
    found = list(wrapped(text, width))
    assert max(columns(line) for line in found) <= width
    assert "".join(found).replace(" ", "") == text.replace(" ", "").replace("\n", "")


def test_a_reel_winds_on_and_back_without_a_gap():
    reel = Reel(long_archive(2000).store, ident("zzzz"))
    reel.end()
    reel.around(1000)
    for wind in (reel.back, reel.back, reel.back, reel.on, reel.on, reel.on, reel.on, reel.back):
        assert wind()
        places = [m.seq for m in reel.messages]
        assert places == list(range(places[0], places[-1] + 1))
        assert len(places) <= HELD * BLOCK
    reel.begin()
    assert not reel.back()
    reel.end()
    assert not reel.on()
