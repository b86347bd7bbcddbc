"""The dashboard's board: what it shows at every width, and what its keys do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("textual")

from msgspec.structs import replace

from holdfast.faces.tui import keymap
from holdfast.faces.tui.app import theme_of
from holdfast.faces.tui.screens.help import help_lines
from holdfast.model import Context
from holdfast.model.live import Board
from tests.faces.tui_stage import NOW, PLAY, a_board, an_archive, ident, play, row

SCREENS = Path(__file__).parent / "screens"
SIZES = ((60, 16), (100, 30), (160, 45))
HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m \u202eevil\u202c \u200b end"
DANGER = ("\x1b", "\x07", "\x9b", "\u202e", "\u202c", "\u200b")


def compare(name: str, text: str) -> None:
    file = SCREENS / f"{name}.txt"
    if os.environ.get("HOLDFAST_DRAW_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == file.read_text(encoding="utf-8"), (
        "HOLDFAST_DRAW_SCREENS=1 draws them anew; look at the difference"
    )


@pytest.mark.parametrize("colours", ["dark", "light", "none"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s[0]))
def test_the_board_looks_as_it_was_drawn(size, colours, monkeypatch):
    if colours == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setenv("HOLDFAST_DASHBOARD_COLOR_SCHEME", colours)

    async def scenario(stage):
        assert stage.app.current_theme.dark is (colours != "light")
        compare(f"board-{size[0]}", stage.text)

    play(scenario, size=size)


@pytest.mark.parametrize("page", ["files", "commands", "health"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s[0]))
def test_each_page_of_the_details_looks_as_it_was_drawn(size, page):
    async def scenario(stage):
        await stage.press(*["d"] * (("files", "commands", "health").index(page) + 1))
        if page == "health":
            assert "health" in stage.text
            assert "hook: waiting-permission. said so" in " ".join(stage.text.split()) or size[1] < 20
        else:
            compare(f"{page}-{size[0]}", stage.text)

    play(scenario, size=size)


def test_without_colours_no_cell_has_one(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(stage):
        grey = stage.app._filters[-1]
        strips = [
            s.apply_filter(grey, stage.app.screen.background_colors[1])
            for s in stage.app.screen._compositor.render_strips()
        ]
        colours = [
            c.triplet for s in strips for seg in s if seg.style for c in (seg.style.color, seg.style.bgcolor) if c
        ]
        assert colours
        assert [c for c in colours if not c.red == c.green == c.blue] == []

    play(scenario)


@pytest.mark.parametrize("width", [20, 30, 49, 50, 60, 79, 80, 99, 137, 300])
def test_at_any_width_each_state_has_its_sign_and_word(width):
    async def scenario(stage):
        assert "! permission" in stage.text
        assert "> working" in stage.text
        assert stage.app.board.query_one("#preview").display is (width >= 50)
        assert all(len(line) <= width for line in stage.text.split("\n"))

    play(scenario, size=(width, 20))


def test_what_needs_a_person_stands_first():
    async def scenario(stage):
        at = [
            stage.text.index(word) for word in ("permission (1)", "error (1)", "working (1)", "idle (1)", "ended (1)")
        ]
        assert at == sorted(at)
        assert stage.title == "Move the database"

    play(scenario)


def test_the_gauge_says_how_full_and_never_guesses():
    board = a_board()
    unknown = replace(board.rows[0], context=Context(used=40_000))

    async def scenario(stage):
        assert "\u2588" * 7 + "\u2591  85%" in stage.text
        assert "40k of ?" in stage.text

    play(scenario, size=(160, 30), board=replace(board, rows=(unknown, *board.rows[1:])))


def test_an_empty_machine_is_told_what_to_do():
    async def scenario(stage):
        assert "no sessions found" in stage.text
        await stage.press("j", "x", "enter", "t", "e", "R", "y", "space", "d", "n", "1", "G")
        assert "no sessions found" in stage.text

    play(scenario, board=Board(at=NOW))


def test_before_the_first_look_nothing_is_said_to_have_ended():
    async def scenario(stage):
        assert "looking for agents" in stage.text

    play(scenario, board=Board(at=0))


def test_keys_move_and_the_details_follow():
    async def scenario(stage):
        await stage.press("j")
        assert stage.title == "Nightly backup"
        assert "Please: Nightly backup" in " ".join(stage.text.split())
        await stage.press("G")
        assert stage.title == "Retry webhooks"
        await stage.press("g")
        assert stage.title == "Move the database"
        await stage.press("3")
        assert stage.title == "Fix the login"
        await stage.press("n")
        assert stage.title == "Move the database"

    play(scenario)


def test_the_session_that_is_looked_at_stays_so_when_the_order_changes():
    async def scenario(stage):
        await stage.press("3")
        assert stage.title == "Fix the login"
        now_asks = [(s, "waiting-question" if s == "cccc" else state, *rest) for s, state, *rest in PLAY]
        await stage.take(a_board(now_asks))
        assert stage.title == "Fix the login"

    play(scenario)


def test_only_rows_that_changed_are_drawn_again():
    async def scenario(stage):
        rows = stage.app.board.query_one("#rows")
        drawn: list[int] = []
        rows.refresh_line = drawn.append
        await stage.take(a_board())
        assert drawn == []
        changed = a_board()
        await stage.take(replace(changed, rows=(replace(changed.rows[0], cost_today="9.99"), *changed.rows[1:])))
        assert len(drawn) == 1

    play(scenario, size=(160, 30))


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("agent:codex", {"Move the database", "Retry webhooks"}),
        ("status:waiting", {"Move the database"}),
        ("status:active project:shop", {"Move the database", "Fix the login"}),
        ("login", {"Fix the login"}),
        ("-agent:codex -backup", {"Fix the login", "Write the release notes"}),
    ],
)
def test_a_filter_is_a_query(query, left):
    async def scenario(stage):
        await stage.press("slash")
        await stage.type(query)
        shown = {r.session.title for r in stage.app.board.query_one("#rows").rows}
        assert shown == left
        assert f"{len(left)} of 5" in stage.text
        await stage.press("escape")
        assert len(stage.app.board.query_one("#rows").rows) == 5

    play(scenario)


def test_a_filter_that_cannot_be_read_is_told_and_changes_nothing():
    async def scenario(stage):
        await stage.press("slash")
        await stage.type("since:never")
        assert len(stage.app.board.query_one("#rows").rows) == 5
        assert "is no time" in " ".join(stage.text.split())

    play(scenario)


def test_one_key_shows_one_state():
    async def scenario(stage):
        await stage.press("exclamation_mark")
        assert [r.live.state for r in stage.app.board.query_one("#rows").rows] == ["waiting-permission"]
        await stage.press("exclamation_mark")
        assert len(stage.app.board.query_one("#rows").rows) == 5

    play(scenario)


def test_marks_choose_what_a_tag_is_given_to():
    async def scenario(stage):
        await stage.press("space", "space", "t")
        await stage.type("later")
        tagged = {s.title for s in stage.workspace.store.find() if "later" in s.tags}
        assert tagged == {"Move the database", "Nightly backup"}

    play(scenario)


def test_an_export_is_written_where_it_was_said(tmp_path):
    async def scenario(stage):
        await stage.press("e")
        stage.app.board.query_one("#ask").value = str(tmp_path / "out")
        await stage.press("enter")
        written = list((tmp_path / "out").iterdir())
        assert len(written) == 1
        assert "All is well now." in written[0].read_text(encoding="utf-8")

    play(scenario)


class Closing:
    """Stands in for the service that ends processes."""

    def __init__(self, rows) -> None:
        self.rows = rows
        self.closed: list[str] = []

    def running(self):
        return self.rows

    def manner(self, **given):
        return given

    def close(self, rows, manner, *, everything):
        self.closed += [r.session.title for r in rows]
        return ()


@pytest.mark.parametrize(
    ("answer", "closed"), [("y", ["Move the database", "Nightly backup"]), ("n", []), ("enter", [])]
)
def test_a_close_is_confirmed_and_names_what_it_is_about(answer, closed):
    place = an_archive()
    closing = place.__dict__["closing"] = Closing(a_board().rows[:3] + a_board().rows[4:])

    async def scenario(stage):
        await stage.press("space", "space", "x")
        assert "close 2 running sessions?" in stage.text
        assert "Nightly backup" in stage.text
        await stage.press(answer)
        assert closing.closed == closed

    play(scenario, workspace=place)


def test_what_does_not_run_is_not_closed():
    place = an_archive()
    place.__dict__["closing"] = Closing(())

    async def scenario(stage):
        await stage.press("x")
        assert "none of them runs" in stage.text

    play(scenario, workspace=place)


def test_resume_leaves_with_the_command():
    told: list[str] = []

    async def scenario(stage):
        await stage.press("R")

    play(scenario, tell=told)
    assert told == ["codex resume -- bbbb"]


def test_quit_leaves_with_nothing():
    told: list[str] = []

    async def scenario(stage):
        await stage.press("q")

    play(scenario, tell=told)
    assert told == [""]


def test_the_id_is_copied():
    async def scenario(stage):
        await stage.press("y")
        assert stage.app.clipboard == ident("bbbb")

    play(scenario)


def test_sessions_are_grouped_by_project_and_agent():
    async def scenario(stage):
        await stage.press("v")
        assert "shop (3)" in stage.text
        await stage.press("v")
        assert "claude-code (2)" in stage.text

    play(scenario)


def test_rows_are_sorted_by_context():
    async def scenario(stage):
        await stage.press("v", "v", "v", "s", "s", "s", "v")
        titles = [
            r.session.title for r in stage.app.board.query_one("#rows").rows if r.session.project.endswith("shop")
        ]
        assert titles == ["Move the database", "Fix the login", "Retry webhooks"]

    play(scenario)


def test_alerts_stand_below_the_header_until_they_are_taken_away():
    async def scenario(stage):
        await stage.take(a_board(), "Fix the login: context is 95% full")
        assert "Fix the login: context is 95% full" in stage.text
        await stage.press("escape")
        assert "95% full" not in stage.text

    play(scenario)


def test_a_click_chooses_a_row_and_another_one_opens_it():
    async def scenario(stage):
        y = next(i for i, line in enumerate(stage.text.split("\n")) if "Fix the login" in line)
        await stage.pilot.click(offset=(20, y))
        await stage.settle()
        assert stage.title == "Fix the login"
        await stage.pilot.click(offset=(20, y), times=2)
        await stage.settle()
        assert "message 1 of 4" in stage.text

    play(scenario)


def test_a_click_on_a_word_does_what_its_key_does():
    async def scenario(stage):
        lines = stage.text.split("\n")
        await stage.pilot.click(offset=(lines[1].index("commands") + 1, 1))
        await stage.settle()
        assert "1 pytest -q" in stage.text
        await stage.pilot.click(offset=(lines[-1].index("help"), 29))
        await stage.settle()
        assert "The board" in stage.text

    play(scenario)


def test_hostile_text_never_reaches_the_screen():
    play_of_it = [("aaaa", "waiting-permission", HOSTILE, HOSTILE, HOSTILE, 1000)]
    board = a_board(play_of_it)
    held = row(*play_of_it[0])
    nasty = replace(
        held,
        live=replace(held.live, needs=HOSTILE),
        session=replace(held.session, tags=(HOSTILE,), branch=HOSTILE, cwd=HOSTILE, models=(HOSTILE,)),
    )

    async def scenario(stage):
        await stage.take(replace(board, rows=(nasty,)), HOSTILE)
        for keys in ((), ("d",), ("d",), ("d",), ("v",), ("enter",), ("o",), ("escape",), ("x",), ("R",)):
            await stage.press(*keys)
            assert not [c for c in DANGER if c in stage.text], keys
            assert "\\x1b" in stage.text

    place = an_archive(board)
    place.__dict__["closing"] = Closing((nasty,))
    play(scenario, size=(160, 40), board=board, workspace=place)


@pytest.mark.parametrize("place", keymap.PLACES)
def test_the_help_lists_every_key(place):
    text = "\n".join(line.text for line in help_lines(place, 90))
    for key in keymap.PLACES[place]:
        assert ", ".join(keymap.names_of(key)) in text
        assert key.help in text


@pytest.mark.parametrize("place", keymap.PLACES)
def test_no_key_does_two_things(place):
    keys = [key for key, _, _ in keymap.bound(place)]
    assert len(keys) == len(set(keys))


def test_every_key_has_an_action_on_its_screen():
    from holdfast.faces.tui.screens.board import BoardScreen
    from holdfast.faces.tui.screens.transcript import TranscriptScreen

    for place, screen in (("board", BoardScreen), ("transcript", TranscriptScreen)):
        for key in keymap.PLACES[place]:
            assert hasattr(screen, f"action_{key.action.partition('(')[0]}"), key


def test_the_page_of_keys_is_what_the_key_map_says():
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "keys.md"
    assert page.read_text(encoding="utf-8") == keymap.page(), (
        "python -c 'from holdfast.faces.tui.keymap import page; print(page(), end=\"\")' > docs/reference/keys.md"
    )


def test_the_help_opens_and_closes():
    async def scenario(stage):
        await stage.press("h")
        assert "save and close the session" in stage.text
        await stage.press("escape")
        assert "save and close the session" not in stage.text

    play(scenario)


def test_the_palette_finds_actions_by_name():
    async def scenario(stage):
        await stage.press("colon")
        assert "save and close the session" in stage.text

    play(scenario, size=(120, 45))


def test_the_background_of_the_terminal_chooses_the_colours():
    assert theme_of("auto", {"COLORFGBG": "0;15"}) == "textual-light"
    assert theme_of("auto", {"COLORFGBG": "15;0"}) == "textual-dark"
    assert theme_of("light", {}) == "textual-light"
    assert theme_of("dark", {"COLORFGBG": "0;15"}) == "textual-dark"


def test_a_question_is_put_away_without_an_answer():
    async def scenario(stage):
        await stage.press("t", "escape")
        assert not stage.app.board.query_one("#ask").has_class("-on")
        await stage.press("j")
        assert stage.title == "Nightly backup"
        assert [s for s in stage.workspace.store.find() if s.tags] == []
        await stage.press("slash")
        await stage.type("login")
        await stage.press("slash", "escape")
        assert len(stage.app.board.query_one("#rows").rows) == 1, "the filter stays"

    play(scenario)
