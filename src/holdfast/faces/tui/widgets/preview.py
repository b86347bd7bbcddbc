"""What is known of the session that is looked at: four pages of lines under their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from holdfast.faces.tui.pages import PAGES, Page
from holdfast.faces.tui.widgets.lineview import LineView
from holdfast.faces.tui.widgets.words import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from holdfast.faces.tui.lines import Line


class Preview(Vertical):
    """One page at a time."""

    def __init__(self) -> None:
        """Begin with the transcript."""
        super().__init__(id="preview")
        self.page: Page = "transcript"

    def compose(self) -> ComposeResult:
        """Make the names and the page."""
        yield Words(id="tabs")
        yield LineView(id="detail")

    def on_mount(self) -> None:
        """Show the names."""
        self.turn(self.page)

    @property
    def lines_width(self) -> int:
        """The width that lines may take."""
        return max(16, self.query_one(LineView).lines_width)

    def turn(self, page: Page) -> None:
        """Turn to a page."""
        self.page = page
        self.query_one(Words).show([("", p, f"page_of('{p}')") for p in PAGES], active=page)

    def show(self, lines: list[Line], *, end: bool) -> None:
        """Show the page's lines."""
        self.query_one(LineView).show(lines, end=end)
