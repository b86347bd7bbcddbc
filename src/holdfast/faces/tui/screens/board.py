"""The board: the header, the sessions, what is known of the one that is looked at, and the keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, Static

from holdfast.errors import HoldfastError
from holdfast.faces._text import columns, fit, safe_line
from holdfast.faces.tui import lines as laying
from holdfast.faces.tui import pages
from holdfast.faces.tui.cells import GROUPINGS, SORTINGS, Grouping, Look, Sorting, grouped, heading, needs_me
from holdfast.faces.tui.feed import chosen
from holdfast.faces.tui.keymap import bound, line_of
from holdfast.faces.tui.screens.deeds import Deeds
from holdfast.faces.tui.widgets.lineview import LineView
from holdfast.faces.tui.widgets.preview import Preview
from holdfast.faces.tui.widgets.rows import Rows
from holdfast.faces.tui.widgets.words import Words
from holdfast.model import derive, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from holdfast.faces.tui.feed import News
    from holdfast.faces.tui.lines import Line
    from holdfast.faces.tui.pages import Page
    from holdfast.model import Query
    from holdfast.model.live import Board, BoardRow
    from holdfast.workspace import Workspace

LAST = 120
"""Messages of a preview."""
SETTLED = 0.05
"""Seconds that a row is looked at before its details are read."""
ALERTS = 3


class BoardScreen(Deeds):
    """The first screen."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (50, "-stacked"), (80, "-side")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, action, what, show=False) for key, action, what in bound("board")
    ]

    def __init__(self, workspace: Workspace, look_again: Callable[[], None], look: Look) -> None:
        """Take the workspace, what makes the feed look at once, and how rows are drawn."""
        super().__init__(workspace, look_again)
        self.look = look
        self.board: Board | None = None
        self.query_text = ""
        self.filter: Query | None = None
        self.group: Grouping = "state"
        self.sort: Sorting = "state"
        self.alerts: tuple[str, ...] = ()
        self._detailed: tuple[object, ...] = ()
        self._said: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield Static(id="heading")
        yield Static(id="alerts")
        with Container(id="panes"):
            yield Rows(self.look)
            yield Preview()
        yield Input(id="ask", compact=True)
        yield Words(id="keys")

    def on_mount(self) -> None:
        """Begin with the keys and an empty list."""
        self.query_one("#keys", Words).show(line_of("board"))
        self._say()
        self.query_one(Rows).focus()

    def take(self, news: News) -> None:
        """Show a new board."""
        self.board = news.board
        if news.alerts:
            self.alerts = tuple(dict.fromkeys((*self.alerts, *news.alerts)))[-ALERTS:]
        self.regroup()

    def regroup(self) -> None:
        """Put the rows of the board in their groups, and say how many there are."""
        if self.board is None:
            return
        rows = chosen(self.board.rows, self.filter)
        self.query_one(Rows).put(grouped(rows, self.group, self.sort), int(time.time() * 1000))
        self._say(len(rows), len(self.board.rows) - len(rows))

    def _say(self, rows: int = 0, hidden: int = 0) -> None:
        width = max(20, self.size.width - 2)
        left, right = heading(self.board, rows, hidden, width)
        if self.filter is not None:
            right += f"  {safe_line(self.query_text)}"
        right = fit(right, width - 8)
        left = fit(left, width - columns(right) - 2)
        said = (left, " " * (width - columns(left) - columns(right)) + right, *self.alerts)
        if said != self._said:
            self._said = said
            self.query_one("#heading", Static).update(Content.assemble((left, "bold"), said[1]))
            strip = self.query_one("#alerts", Static)
            strip.update(Content("\n".join(safe_line(a) for a in self.alerts)))
            strip.set_class(bool(self.alerts), "-on")

    def on_rows_looked(self) -> None:
        """Read the details, once the person stays with a row."""
        self.set_timer(SETTLED, self.detail)

    def on_rows_opened(self) -> None:
        """Open what was clicked twice."""
        self.action_open()

    def on_resize(self) -> None:
        """Lay the header and the details out anew."""
        self.regroup()
        self._detailed = ()
        self.set_timer(SETTLED, self.detail)

    def detail(self) -> None:
        """Show the details of the row that is looked at, unless they are shown."""
        row, preview = self.query_one(Rows).row, self.query_one(Preview)
        if row is None or not preview.display:
            if row is None:
                preview.show([], end=False)
            return
        state = row.live.state if preview.page == "health" else ""
        wanted = (row.session.id, row.session.revision, preview.page, preview.lines_width, state)
        if wanted == self._detailed:
            return
        self._detailed = wanted
        page, width = preview.page, preview.lines_width
        self.run_worker(lambda: self._read(row, page, width), thread=True, exclusive=True, group="detail")

    def _read(self, row: BoardRow, page: Page, width: int) -> None:
        """Read and lay out a page, in a thread."""
        try:
            found = self._page(row, page, width)
        except HoldfastError as error:
            found = [laying.Line(safe_line(str(error)), "bad")]
        if self.is_attached:
            self.app.call_from_thread(self._shown, row.session.id, page, found)

    def _page(self, row: BoardRow, page: Page, width: int) -> list[Line]:
        workspace = self.workspace
        if page == "health":
            scored = workspace.health.check(row.session, live=row.live) if row.session.rollup.messages else None
            return pages.health(row, scored, int(time.time() * 1000), width)
        messages = list(workspace.store.messages(row.session.id, last=LAST))
        if page == "transcript":
            return laying.laid_out(messages, width) or [laying.Line("nothing was said yet", "thinking")]
        files, runs = derive(messages)
        return pages.files(files, width) if page == "files" else pages.commands(runs, width)

    def _shown(self, session: str, page: Page, found: list[Line]) -> None:
        row, preview = self.query_one(Rows).row, self.query_one(Preview)
        if row is not None and row.session.id == session and preview.page == page:
            preview.show(found, end=page == "transcript")

    def action_page_of(self, page: Page) -> None:
        """Turn to a page of the details."""
        self.query_one(Preview).turn(page)
        self.detail()

    def action_details(self) -> None:
        """Turn to the next page."""
        page = self.query_one(Preview).page
        self.action_page_of(pages.PAGES[(pages.PAGES.index(page) + 1) % len(pages.PAGES)])

    def action_group(self) -> None:
        """Group otherwise."""
        self.group = GROUPINGS[(GROUPINGS.index(self.group) + 1) % len(GROUPINGS)]
        self.notify(f"by {self.group}", timeout=1)
        self.regroup()

    def action_sort(self) -> None:
        """Sort otherwise."""
        self.sort = SORTINGS[(SORTINGS.index(self.sort) + 1) % len(SORTINGS)]
        self.notify(f"sorted by {self.sort}", timeout=1)
        self.regroup()

    def action_move(self, rows: int) -> None:
        """Go up or down, in the pane that has the focus."""
        detail = self.query_one("#detail", LineView)
        if self.focused is detail:
            detail.move(rows)
        else:
            self.query_one(Rows).move(rows)

    def action_page(self, pages_: int) -> None:
        """Go a page up or down."""
        focused = self.focused or self.query_one(Rows)
        self.action_move(pages_ * max(1, focused.size.height - 1))

    def action_first(self) -> None:
        """Go to the first."""
        self.action_move(-(10**9))

    def action_last(self) -> None:
        """Go to the last."""
        self.action_move(10**9)

    def action_jump(self, number: int) -> None:
        """Go to a row by its number."""
        self.query_one(Rows).to(number - 1)

    def action_next_needing(self) -> None:
        """Go to the next session that needs a person."""
        rows = self.query_one(Rows)
        if not rows.next_where([i for i, r in enumerate(rows.rows) if needs_me(r)]):
            self.notify("nothing needs you", timeout=2)

    def action_pane(self) -> None:
        """Give the other pane the focus."""
        rows, detail = self.query_one(Rows), self.query_one("#detail", LineView)
        is_shown = self.query_one(Preview).display
        (detail if self.focused is rows and is_shown else rows).focus()

    def action_mark(self) -> None:
        """Mark."""
        self.query_one(Rows).mark()

    def narrow(self, text: str) -> None:
        """Show only what passes a query; an empty one shows everything."""
        try:
            self.filter = parse(text) if text.strip() else None
        except HoldfastError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)
            return
        self.query_text = text
        self.regroup()

    def action_only(self, status: str) -> None:
        """Show one state or group of them, or everything again."""
        wanted = f"status:{status}"
        self.narrow("" if self.query_text == wanted else wanted)

    def action_back(self) -> None:
        """Take away what is in the way: filter, marks, alerts."""
        self.query_one(Rows).marked.clear()
        self.query_one(Rows).refresh()
        self.alerts = ()
        self.narrow("")
        self.query_one(Rows).focus()
