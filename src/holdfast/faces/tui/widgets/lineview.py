"""A page of lines that scrolls: draws the lines that are seen and no other, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from holdfast.faces._text import fit, padded
from holdfast.faces.tui.lines import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = (
    "prompt", "said", "thinking", "output", "failed", "call", "head-user", "head-assistant", "head-system", "head-tool",
    "good", "warn", "bad", "title", "match",
)  # fmt: skip


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines, one below the other; `found` are those with a match, `at` the one that is looked at."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{k}" for k in KINDS}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        """Begin empty."""
        super().__init__(id=id)
        self.lines: Sequence[Line] = ()
        self.at = -1

    def show(self, lines: Sequence[Line], *, end: bool = False) -> None:
        """Show other lines, from the beginning or at the end."""
        self.at = -1
        self.lines = lines
        self.virtual_size = Size(self.lines_width, len(lines))
        self.refresh()
        if end:
            self.scroll_end(animate=False, immediate=True, force=True)
        else:
            self.scroll_to(y=0, animate=False, immediate=True, force=True)

    def put(self, lines: Sequence[Line], y: int) -> None:
        """Show other lines, standing at one of them."""
        self.lines = lines
        self.virtual_size = Size(self.lines_width, len(lines))
        self.scroll_to(y=y, animate=False, immediate=True, force=True)
        self.refresh()

    @property
    def lines_width(self) -> int:
        """The width that a line has, beside the scroll bar."""
        return self.scrollable_content_region.width

    @property
    def top(self) -> int:
        """The first line that is seen."""
        return int(self.scroll_offset.y)

    @property
    def is_at_end(self) -> bool:
        """Tell whether the last line is seen."""
        return self.top + self.size.height >= len(self.lines)

    def move(self, lines: int) -> None:
        """Scroll by so many lines."""
        self.scroll_to(y=self.top + lines, animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        """Draw one line of those that are seen."""
        width = self.lines_width
        place = self.top + y
        if place >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        line = self.lines[place]
        kind = "match" if place == self.at else line.kind
        style = self.get_component_rich_style(f"line--{kind}") if kind else self.rich_style
        return Strip([Segment(padded(fit(line.text, width), width), style)], width)
