"""The list of sessions in groups: draws the rows that are seen, and of those again only the ones that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from holdfast.faces._text import fit, padded
from holdfast.faces.tui.cells import Cell, Look, row_cells
from holdfast.model.live import STATES

if TYPE_CHECKING:
    from textual import events

    from holdfast.model.live import BoardRow

KINDS = (*STATES, "mark", "dim", "cost", "burn", "agent", "over", "fine", "warm", "hot", "burnt", "group")


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Sessions; one of them is looked at, any of them can be marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"cell--cursor", *(f"cell--{k}" for k in KINDS)}

    class Looked(Message):
        """Another session is looked at, or the same has changed."""

    class Opened(Message):
        """A session was clicked twice."""

    def __init__(self, look: Look) -> None:
        """Take how rows are drawn; the width is the widget's own."""
        super().__init__(id="rows")
        self.look = look
        self.rows: list[BoardRow] = []
        self.marked: set[str] = set()
        self._items: list[str | BoardRow] = []
        self._places: list[int] = []
        self._drawn: dict[int, list[Cell]] = {}
        self._cursor = 0
        self._was_moved = False
        self._now = 0

    @property
    def row(self) -> BoardRow | None:
        """The row that is looked at."""
        return self.rows[self._cursor] if self.rows else None

    def chosen(self) -> list[BoardRow]:
        """Return the rows that are marked, or the one that is looked at."""
        marked = [r for r in self.rows if r.session.id in self.marked]
        return marked or ([self.row] if self.row is not None else [])

    def put(self, groups: list[tuple[str, list[BoardRow]]], now: int) -> None:
        """Show other rows; the session that is looked at stays so, wherever it stands now."""
        held = self.row.session.id if self.row is not None and self._was_moved else None
        self._now = now
        self._items, self.rows, self._places = [], [], []
        for name, rows in groups:
            self._items.append(f"{name} ({len(rows)})")
            self._places += range(len(self._items), len(self._items) + len(rows))
            self._items += rows
            self.rows += rows
        places = {r.session.id: i for i, r in enumerate(self.rows)}
        self._cursor = places.get(held, min(self._cursor, max(0, len(self.rows) - 1))) if held else 0
        self.marked &= places.keys()
        size = Size(self.lines_width, len(self._items))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
        else:
            self._refresh_changed()
        self.post_message(self.Looked())

    def to(self, place: int) -> None:
        """Look at another row."""
        if not self.rows:
            return
        self._was_moved = True
        before, self._cursor = self._cursor, max(0, min(place, len(self.rows) - 1))
        for each in (before, self._cursor):
            self.refresh_line(self._places[each] - self.top)
        y = self._places[self._cursor]
        self.scroll_to_region(
            Region(0, y - (self._cursor == 0), 1, 1 + (self._cursor == 0)), animate=False, immediate=True
        )
        if before != self._cursor:
            self.post_message(self.Looked())

    def move(self, rows: int) -> None:
        """Look so many rows further."""
        self.to(self._cursor + rows)

    def next_where(self, found: list[int]) -> bool:
        """Look at the next of these places, after the last at the first again."""
        if found:
            self.to(next((p for p in found if p > self._cursor), found[0]))
        return bool(found)

    def mark(self) -> None:
        """Mark the row that is looked at, or take its mark away, and go on."""
        if self.row is not None:
            self.marked ^= {self.row.session.id}
            self.move(1)
            self.refresh()

    @property
    def lines_width(self) -> int:
        """The width that a row has, beside the scroll bar."""
        return self.scrollable_content_region.width

    @property
    def top(self) -> int:
        """The first item that is seen."""
        return int(self.scroll_offset.y)

    def render_line(self, y: int) -> Strip:
        """Draw one line of those that are seen."""
        place, width = self.top + y, self.lines_width
        if place >= len(self._items):
            self._drawn.pop(place, None)
            return Strip.blank(width, self.rich_style)
        cells = self._drawn[place] = self._cells(place)
        style = self.rich_style
        if self.rows and place == self._places[self._cursor]:
            over = self.get_component_rich_style("cell--cursor")
            segments = [Segment(c.text, self._style(c.kind) + over) for c in cells]
        else:
            segments = [Segment(c.text, self._style(c.kind) if c.kind else style) for c in cells]
        return Strip(segments).adjust_cell_length(width, style)

    def on_resize(self) -> None:
        """Draw everything anew."""
        self.virtual_size = Size(self.lines_width, len(self._items))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Look at what was clicked; open it when it was clicked twice."""
        place = self.top + event.y
        if place in self._places:
            self.to(self._places.index(place))
            if event.chain > 1:
                self.post_message(self.Opened())

    def _cells(self, place: int) -> list[Cell]:
        item = self._items[place]
        width = self.lines_width
        if isinstance(item, str):
            return [Cell(padded(fit(f" {item} ", width), width), "group")]
        return row_cells(item, self._now, self.look._replace(width=width), marked=item.session.id in self.marked)

    def _style(self, kind: str) -> Style:
        return self.get_component_rich_style(f"cell--{kind}" if kind else "cell--idle")

    def _refresh_changed(self) -> None:
        for place in range(self.top, min(self.top + self.size.height, len(self._items))):
            if self._drawn.get(place) != self._cells(place):
                self.refresh_line(place - self.top)
