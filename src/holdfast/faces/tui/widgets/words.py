"""A line of words that can be clicked: the key line, and the names of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual import events


class Words(Static):
    """Keys with their words; each starts its action on the screen when it is clicked."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own word
        """Begin empty."""
        super().__init__(id=id)
        self._spans: list[tuple[int, int, str]] = []

    def show(self, words: list[tuple[str, str, str]], *, active: str = "") -> None:
        """Show words: key, word, action; the active one stands out."""
        self._spans = []
        parts: list[tuple[str, str]] = []
        at = 1
        for key, word, action in words:
            text = f"{key} {word}" if key else word
            self._spans.append((at, at + len(text), action))
            at += len(text) + 2
            if key:
                parts.append((f"{key} ", "bold $accent"))
            parts.append((f"{word}  ", "bold reverse" if word == active else "$text-muted"))
        self.update(Content.assemble(" ", *parts))

    async def on_click(self, event: events.Click) -> None:
        """Start what was clicked."""
        for begin, end, action in self._spans:
            if begin <= event.x < end:
                await self.screen.run_action(f"screen.{action}")
