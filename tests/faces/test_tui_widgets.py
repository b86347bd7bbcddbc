"""The dashboard's widgets draw what is seen and no more; its feed goes on when a look fails."""

from __future__ import annotations

import pytest

pytest.importorskip("textual")

from holdfast.errors import Unavailable
from holdfast.faces.tui.feed import Feed, News
from holdfast.faces.tui.lines import Line
from holdfast.faces.tui.widgets.lineview import LineView
from holdfast.faces.tui.widgets.preview import Preview
from holdfast.faces.tui.widgets.rows import Rows
from tests.faces.tui_stage import a_board, an_archive, ident, play


class Counted(list):
    """Lines that count which of them were looked at."""

    def __init__(self, lines) -> None:
        super().__init__(lines)
        self.seen: set[int] = set()

    def __getitem__(self, place):
        self.seen.add(place)
        return super().__getitem__(place)


def test_of_a_hundred_thousand_lines_only_those_that_are_seen_are_drawn():
    async def scenario(stage):
        view = stage.app.board.query_one("#detail", LineView)
        lines = Counted([Line(f"line {n}", "said") for n in range(100_000)])
        view.show(lines)
        await stage.pilot.pause()
        view.move(50_000)
        await stage.pilot.pause()
        assert "line 50000" in stage.text
        assert len(lines.seen) < 200

    play(scenario)


def test_a_thousand_sessions_cost_no_more_rows_than_are_seen():
    states = [(f"s{n:03}", "idle", f"Title {n}", "shop", "codex", 1000) for n in range(1000)]
    board = a_board(states)

    async def scenario(stage):
        rows = stage.app.board.query_one(Rows)
        drawn: list[int] = []
        cells = rows._cells

        def counted(place):
            drawn.append(place)
            return cells(place)

        vars(rows)["_cells"] = counted
        await stage.press("j")
        assert 0 < len(drawn) <= 4
        await stage.take(board)
        assert len(drawn) < 100

    play(scenario, board=board, workspace=an_archive(a_board(states[:1])))


def test_the_details_are_read_once_until_something_changes():
    place = an_archive()
    read: list[str] = []
    messages = place.store.messages

    def counted(session, **given):
        read.append(session)
        return messages(session, **given)

    vars(place.store)["messages"] = counted

    async def scenario(stage):
        read.clear()
        await stage.take(a_board())
        await stage.take(a_board())
        assert read == []
        await stage.press("j")
        assert read == [ident("eeee")]
        assert stage.app.board.query_one(Preview).page == "transcript"

    play(scenario, workspace=place)


class Failing:
    """A monitor whose first look fails."""

    def __init__(self, feed_of) -> None:
        self.looks = 0
        self.feed_of = feed_of

    def watch(self, stop, *, interval):
        self.looks += 1
        if self.looks == 1:
            raise Unavailable("the archive is locked")
        yield a_board()
        self.feed_of[0].stop()


def test_a_look_that_fails_is_told_and_tried_again():
    place = an_archive()
    news: list[News] = []
    feeds: list[Feed] = []
    place.__dict__["monitor"] = Failing(feeds)
    feeds.append(Feed(place, 0.01, news.append))
    feeds[0].run()
    assert [n.alerts for n in news if n.alerts] == [("the archive is locked",)]
    assert [n.board.at for n in news][-1] == a_board().at


def test_sessions_that_a_board_leaves_out_are_added_from_the_archive():
    place = an_archive()
    whole = Feed(place, 5, lambda _news: None)._whole(
        a_board([("aaaa", "working", "Fix the login", "shop", "codex", 1)])
    )
    assert {r.session.id: r.live.state for r in whole.rows} == {
        ident("aaaa"): "working", **dict.fromkeys(map(ident, ("bbbb", "cccc", "dddd", "eeee")), "ended"),
    }  # fmt: skip
