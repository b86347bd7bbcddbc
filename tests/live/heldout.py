"""Situations that were labelled after the classifier was done, by another hand, and before they were first played.

They are kept apart from the other scripts, so that their figures stay figures of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.live.pens import Pen
from tests.live.scripts import Script, Stage, Steps

HELD_OUT: list[Script] = []


def held(kind: str, *pens: type[Pen]) -> Callable[[Callable[[Stage], Steps]], Callable[[Stage], Steps]]:
    """Register a script of the held-out set for these agents."""

    def register(steps: Callable[[Stage], Steps]) -> Callable[[Stage], Steps]:
        sentence = steps.__name__.replace("_", " ")
        HELD_OUT.extend(Script(f"{pen.__name__}: {sentence}", kind, pen, steps) for pen in pens)
        return steps

    return register
