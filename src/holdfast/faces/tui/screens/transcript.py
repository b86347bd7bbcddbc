"""A transcript by pages: reads blocks of messages as they are needed, and holds a few of them, however long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from holdfast.faces._text import safe_line
from holdfast.faces.tui.keymap import bound, line_of
from holdfast.faces.tui.lines import Line, laid_out
from holdfast.faces.tui.reel import Reel
from holdfast.faces.tui.screens.help import HelpScreen
from holdfast.faces.tui.widgets.lineview import LineView
from holdfast.faces.tui.widgets.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from holdfast.model import Session
    from holdfast.workspace import Workspace

LOOK_SECONDS = 1.0


class TranscriptScreen(Screen[None]):
    """One session's conversation."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, action, what, show=False) for key, action, what in bound("transcript")
    ]

    def __init__(self, workspace: Workspace, session: Session) -> None:
        """Take the session."""
        super().__init__()
        self.workspace = workspace
        self.session = session
        self.reel = Reel(workspace.store, session.id)
        self.follows = True
        self.unfolded = False
        self.matches: list[int] = []
        self.match = -1
        self.wanted = ""
        self._width = 0
        self._revision = -1

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield Static(id="heading")
        yield LineView(id="transcript")
        yield Input(id="ask", compact=True, placeholder="find")
        yield Words(id="keys")

    def on_mount(self) -> None:
        """Show the end, and follow it."""
        self.query_one("#keys", Words).show(line_of("transcript"))
        self.view.focus()
        self.watch(self.view, "scroll_y", self._scrolled, init=False)
        self.set_interval(LOOK_SECONDS, self._look)
        self.run_worker(lambda: self.workspace.monitor.mark_read(self.session.id), thread=True, group="read")

    @property
    def view(self) -> LineView:
        """The page."""
        return self.query_one("#transcript", LineView)

    def on_resize(self) -> None:
        """Lay out for the width there is."""
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        width = max(16, self.view.lines_width)
        if width != self._width:
            first = self._width == 0
            self._width = width
            if first:
                self.reel.end()
            self._lay_out(end=self.follows)

    def _lay_out(self, *, end: bool = False, keep: int | None = None) -> None:
        """Lay out what is held; stay with the message that is seen, or go to the end."""
        view = self.view
        seen = keep if keep is not None else view.lines[view.top].seq if view.top < len(view.lines) else -1
        within = view.top - first_of(view.lines, seen) if keep is None and view.lines else 0
        lines = laid_out(self.reel.messages, self._width, unfolded=None if self.unfolded else ())
        view.put(lines, max(0, len(lines) - view.size.height) if end else first_of(lines, seen) + within)
        self._say()

    def _say(self) -> None:
        view = self.view
        place = view.lines[min(view.top, len(view.lines) - 1)].seq + 1 if view.lines else 0
        right = f"message {place:,} of {self.reel.total:,}{'  following' if self.follows else ''}"
        if self.wanted:
            right += f"  {safe_line(self.wanted)}: {self.match + 1} of {len(self.matches)}"
        name = safe_line(self.session.shown_name)[:60]
        self.query_one("#heading", Static).update(Content.assemble((name, "bold"), "   ", right))

    def _scrolled(self) -> None:
        view = self.view
        self.follows = self.follows and view.is_at_end
        height = view.size.height
        is_near_top, is_near_end = view.top < 2 * height, view.top + 3 * height > len(view.lines)
        if (is_near_top and self.reel.back()) or (is_near_end and self.reel.on()):
            self._lay_out()
        else:
            self._say()

    def _look(self) -> None:
        """Read on where the end is followed."""
        if self.follows and self.reel.grew():
            self.reel.end()
            self._lay_out(end=True)

    def action_move(self, lines: int) -> None:
        """Scroll by lines."""
        self.view.move(lines)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.view.move(pages * max(1, self.view.size.height - 1))

    def action_first(self) -> None:
        """Go to the beginning."""
        self.follows = False
        self.reel.begin()
        self._lay_out(keep=self.reel.first)

    def action_last(self) -> None:
        """Go to the end, and follow."""
        self.reel.end()
        self.follows = True
        self._lay_out(end=True)

    def action_follow(self) -> None:
        """Follow, or stop."""
        if self.follows:
            self.follows = False
            self._say()
        else:
            self.action_last()

    def action_unfold(self) -> None:
        """Show calls in full, or on one line each."""
        self.unfolded = not self.unfolded
        self._lay_out(end=self.follows)

    def action_turn(self, step: int) -> None:
        """Go to the next prompt, or the one before."""
        lines, top = self.view.lines, self.view.top
        heads = [i for i, line in enumerate(lines) if line.kind == "head-user"]
        beyond = [i for i in heads if (i > top if step > 0 else i < top)]
        if beyond:
            self.follows = False
            self.view.scroll_to(y=beyond[0] if step > 0 else beyond[-1], animate=False, immediate=True)

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpScreen("transcript"))

    def action_back(self) -> None:
        """Take the search away, or go back to the board."""
        box = self.query_one("#ask", Input)
        if box.has_class("-on"):
            box.remove_class("-on")
            self.view.focus()
        else:
            self.dismiss()

    def action_find(self) -> None:
        """Ask what to find."""
        box = self.query_one("#ask", Input)
        box.add_class("-on")
        box.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for it in the whole transcript, in a thread."""
        self.query_one("#ask", Input).remove_class("-on")
        self.view.focus()
        self.wanted = event.value
        self.run_worker(lambda: self._find(event.value), thread=True, exclusive=True, group="find")

    def _find(self, text: str) -> None:
        found = self.reel.find(text) if text else []
        self.app.call_from_thread(self._have_found, text, found)

    def _have_found(self, text: str, found: list[int]) -> None:
        if text == self.wanted:
            self.matches, self.match = found, -1
            if found:
                self.action_found(1)
            else:
                self._say()

    def action_found(self, step: int) -> None:
        """Go to the next message with a match, or the one before."""
        if not self.matches:
            return
        self.match = (self.match + step) % len(self.matches)
        self.follows = False
        seq = self.matches[self.match]
        self.reel.around(seq)
        self._lay_out(keep=seq)
        wanted = self.wanted.casefold()
        at = first_of(self.view.lines, seq)
        of_it = (i for i in range(at, len(self.view.lines)) if self.view.lines[i].seq == seq)
        self.view.at = next((i for i in of_it if wanted in self.view.lines[i].text.casefold()), at)
        self.view.scroll_to(y=max(0, self.view.at - self.view.size.height // 3), animate=False, immediate=True)
        self.view.refresh()


def first_of(lines: Sequence[Line], seq: int) -> int:
    """Return the place of a message's first line."""
    return next((i for i, line in enumerate(lines) if line.seq >= seq), 0)
