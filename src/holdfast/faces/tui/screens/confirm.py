"""Asks before something is done that cannot be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdfast.faces._text import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

SAMPLES = 8


class ConfirmScreen(ModalScreen[bool]):
    """A question, what it is about, and two keys."""

    BINDINGS: ClassVar[list[BindingType]] = [("y", "answer(True)", "yes"), ("n,escape,q,enter", "answer(False)", "no")]

    def __init__(self, question: str, about: Sequence[str]) -> None:
        """Take both."""
        super().__init__()
        self.question = question
        self.about = about

    def compose(self) -> ComposeResult:
        """Make the box."""
        lines = [f"  {safe_line(a)}" for a in self.about[:SAMPLES]]
        if len(self.about) > SAMPLES:
            lines.append(f"  and {len(self.about) - SAMPLES} more")
        text = "\n".join([safe_line(self.question), "", *lines, "", "y yes   n no"])
        yield Static(Content(text), id="confirm")

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - Textual's actions take arguments by place
        """Close with the answer."""
        self.dismiss(answer)
