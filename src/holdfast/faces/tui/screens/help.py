"""All keys, made from the key map."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.screen import ModalScreen

from holdfast.faces._text import padded
from holdfast.faces.tui.keymap import TITLES, Place, rows_of
from holdfast.faces.tui.lines import Line, wrapped
from holdfast.faces.tui.widgets.lineview import LineView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

FIRST = 19


class HelpScreen(ModalScreen[None]):
    """The keys of the place it was opened in first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,h,enter", "dismiss", "close"),
        ("j,down", "move(1)", "down"),
        ("k,up", "move(-1)", "up"),
        ("pagedown,space", "move(10)", "page down"),
        ("pageup", "move(-10)", "page up"),
    ]

    def __init__(self, place: Place) -> None:
        """Take where the person is."""
        super().__init__()
        self.place: Place = place

    def compose(self) -> ComposeResult:
        """Make the page."""
        yield LineView(id="help")

    def on_resize(self) -> None:
        """Lay the page out in the width there is."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        view = self.query_one(LineView)
        view.show(help_lines(self.place, max(FIRST + 10, view.lines_width)))

    def action_move(self, lines: int) -> None:
        """Scroll."""
        self.query_one(LineView).move(lines)


def help_lines(place: Place, width: int) -> list[Line]:
    """Return the help as lines of a width."""
    lines: list[Line] = []
    for each in sorted(TITLES, key=lambda p: p != place):
        lines += [Line(TITLES[each], "title")]
        for keys, what in rows_of(each):
            first, *more = wrapped(what, width - FIRST)
            lines += [Line(f"{padded(keys, FIRST)}{first}", "said"), *(Line(" " * FIRST + m, "said") for m in more)]
        lines.append(Line(""))
    return [*lines, Line("esc closes this page", "thinking")]
