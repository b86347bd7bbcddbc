"""The dashboard's app: one feed, one board, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand

from holdfast.faces.tui.cells import Look
from holdfast.faces.tui.feed import Feed, News
from holdfast.faces.tui.keymap import BOARD, TRANSCRIPT
from holdfast.faces.tui.screens.board import BoardScreen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from textual.binding import BindingType
    from textual.screen import Screen

    from holdfast.workspace import Workspace


class Dashboard(App[str]):
    """Shows what a feed sees; ends with what is to be printed."""

    CSS_PATH = "app.tcss"
    TITLE = "Holdfast"
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+c", "leave", "leave")]
    COMMAND_PALETTE_BINDING = "f1"

    def __init__(self, workspace: Workspace, *, interval: float, watching: bool = True) -> None:
        """Take where to look and how often (seconds); without `watching` boards are given to `take` by hand."""
        super().__init__()
        self.workspace = workspace
        self.feed = Feed(workspace, interval, self._tell)
        self.watching = watching
        config = workspace.config
        self.theme = theme_of(config["dashboard.color_scheme"], workspace.env)
        look = Look(80, project=config["dashboard.show_project"], tags=config["dashboard.show_tags"])
        self.board = BoardScreen(workspace, self.feed.look, look)

    def on_mount(self) -> None:
        """Show the board, and begin to look."""
        self.push_screen(self.board)
        if self.watching:
            self.run_worker(self.feed.run, thread=True, group="feed", exit_on_error=True)

    def on_unmount(self) -> None:
        """Stop looking."""
        self.feed.stop()

    def look(self) -> None:
        """Look now."""
        self.feed.look()

    def take(self, news: News) -> None:
        """Show what was seen."""
        self.board.take(news)

    def action_leave(self) -> None:
        """Leave."""
        self.exit("")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the screen by name."""
        keys = BOARD if screen is self.board else TRANSCRIPT
        for key in keys:
            if not key.action.startswith(("move", "page", "jump", "palette")):
                yield SystemCommand(
                    key.word or key.action.partition("(")[0].replace("_", " "), key.help, self._runs(key.action)
                )
        yield SystemCommand("theme", "choose other colours", self.action_change_theme)

    def _runs(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.screen.run_action(f"screen.{action}")

        return run

    def _tell(self, news: News) -> None:
        """Hand news over from the feed's thread."""
        if self.is_running:
            self.call_from_thread(self.take, news)


def theme_of(scheme: str, env: Mapping[str, str]) -> str:
    """Return the colours that fit: as set, or as the terminal says its background is."""
    background = env.get("COLORFGBG", "").rpartition(";")[2]
    is_light = scheme == "light" or (scheme == "auto" and background in ("7", "15"))
    return "textual-light" if is_light else "textual-dark"
