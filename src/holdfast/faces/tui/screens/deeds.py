"""The board's keys that do something to sessions: ask what must be asked, do it in a thread, tell what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen
from textual.widgets import Input

from holdfast.errors import HoldfastError
from holdfast.faces._text import safe_line
from holdfast.faces.tui import deeds
from holdfast.faces.tui.cells import name_of
from holdfast.faces.tui.screens.confirm import ConfirmScreen
from holdfast.faces.tui.screens.help import HelpScreen
from holdfast.faces.tui.screens.transcript import TranscriptScreen
from holdfast.faces.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holdfast.model import Session
    from holdfast.model.live import BoardRow
    from holdfast.workspace import Workspace

EXPORTS = "exports"


class Deeds(Screen[None]):
    """What the board screen can do; it brings the list and the filter."""

    _answer: Callable[[str], None] | None = None

    def __init__(self, workspace: Workspace, look_again: Callable[[], None]) -> None:
        """Take the workspace, and what makes the feed look at once."""
        super().__init__()
        self.workspace = workspace
        self.look_again = look_again

    def narrow(self, text: str) -> None:
        """Show only what passes a query."""
        raise NotImplementedError

    @property
    def query_typed(self) -> str:
        """The query that holds."""
        return str(getattr(self, "query_text", ""))

    def chosen(self) -> list[Session]:
        """Return the sessions that a deed is about."""
        return [r.session for r in self.query_one(Rows).chosen()]

    def ask(self, what: str, value: str, answer: Callable[[str], None]) -> None:
        """Ask for a line of text."""
        box = self.query_one("#ask", Input)
        box.placeholder, box.value, self._answer = what, value, answer
        box.add_class("-on")
        box.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        answer, self._answer = self._answer, None
        self._put_away()
        if answer is not None:
            answer(event.value)

    def on_input_blurred(self) -> None:
        """Put the question away when the person goes elsewhere."""
        self._put_away()

    def on_key(self, event: object) -> None:
        """Put the question away with esc."""
        if getattr(event, "key", "") == "escape" and self._answer is not None:
            self._answer = None
            self._put_away()
            cast("Input.Submitted", event).stop()

    def _put_away(self) -> None:
        box = self.query_one("#ask", Input)
        if box.has_class("-on"):
            box.remove_class("-on")
            self.query_one(Rows).focus()

    def do(self, deed: Callable[[], str]) -> None:
        """Do something in a thread, and tell what happened."""
        self.run_worker(lambda: self._done(deed), thread=True, group="deeds")

    def _done(self, deed: Callable[[], str]) -> None:
        try:
            said, severity = deed(), "information"
        except (HoldfastError, OSError) as error:
            said, severity = str(error), "error"
        self.app.call_from_thread(self._tell, safe_line(said), severity)

    def _tell(self, said: str, severity: str) -> None:
        is_error = severity == "error"
        self.notify(said, severity="error" if is_error else "information", timeout=8, markup=False)
        self.look_again()

    def action_leave(self) -> None:
        """Leave."""
        self.app.exit("")

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpScreen("board"))

    def action_palette(self) -> None:
        """Choose an action by name."""
        self.app.action_command_palette()

    def action_look(self) -> None:
        """Look now."""
        self.look_again()
        self.notify("looking", timeout=1)

    def action_open(self) -> None:
        """Open the transcript."""
        row = self.query_one(Rows).row
        if row is not None:
            self.app.push_screen(TranscriptScreen(self.workspace, row.session))

    def action_filter(self) -> None:
        """Ask for a query."""
        self.ask("filter: words and agent: project: tag: status: since:", self.query_typed, self.narrow)

    def action_tag(self) -> None:
        """Ask for tags."""
        sessions = self.chosen()
        if sessions:
            what = f"tags for {len(sessions)} session(s); -word takes one away"
            self.ask(what, "", lambda words: self.do(lambda: deeds.tag(self.workspace, sessions, words)))

    def action_export(self) -> None:
        """Ask for a folder."""
        sessions = self.chosen()
        if sessions:
            what = f"folder for {len(sessions)} Markdown file(s)"
            self.ask(what, EXPORTS, lambda to: self.do(lambda: deeds.export(self.workspace, sessions, to or EXPORTS)))

    def action_resume(self) -> None:
        """Leave with the command that goes on."""
        self._with_command(lambda line: self.app.exit(line))  # noqa: PLW0108 - the app is there later

    def action_copy_command(self) -> None:
        """Copy the command that goes on."""
        self._with_command(self._copied)

    def action_copy(self) -> None:
        """Copy the id."""
        row = self.query_one(Rows).row
        if row is not None:
            self._copied(row.session.id)

    def _copied(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"copied: {text}", timeout=3, markup=False)

    def _with_command(self, then: Callable[[str], None]) -> None:
        row = self.query_one(Rows).row
        if row is None:
            return
        try:
            then(deeds.resume_line(self.workspace, row.session))
        except HoldfastError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)

    def action_close(self) -> None:
        """Look which of the chosen sessions run, and ask."""
        sessions = self.chosen()
        if sessions:
            self.run_worker(lambda: self._ask_to_close(sessions), thread=True, group="deeds")

    def _ask_to_close(self, sessions: Sequence[Session]) -> None:
        try:
            rows, everything = deeds.running_of(self.workspace, sessions)
        except HoldfastError as error:
            self.app.call_from_thread(self._tell, safe_line(str(error)), "error")
            return
        self.app.call_from_thread(self._confirm_close, rows, everything)

    def _confirm_close(self, rows: list[BoardRow], everything: Sequence[BoardRow]) -> None:
        if not rows:
            self.notify("none of them runs", timeout=3)
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual hands the answer over
            if yes:
                self.do(lambda: deeds.close(self.workspace, rows, everything))

        question = f"Save and close {len(rows)} running session{'s' if len(rows) > 1 else ''}?"
        about = [f"{r.live.process.pid if r.live.process else '-':>7}  {r.session.agent}  {name_of(r)}" for r in rows]
        self.app.push_screen(ConfirmScreen(question, about), answered)
