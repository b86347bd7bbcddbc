"""What a script is: steps that write files and move processes, and after each step what must be seen.

A script is a generator. Whatever it yields is checked on one board, together with that step of every other script; then the clock
moves on by a minute and the script goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.live.labels import DECOY, Label
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Pen
from tests.live.pens_by_place import Aider, CursorCli, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.world import World

P = TypeVar("P", bound=Pen)
PENS: tuple[type[Pen], ...] = (
    ClaudeCode, Codex, CopilotCli, GeminiCli, OpenCode, OpenCodeTwo, Goose, QwenCode, Pi, FactoryDroid, KiroCli, CursorCli, Aider,
)  # fmt: skip
BY_PLACE = tuple(p for p in PENS if not p.named)
HOOKED: tuple[type[Pen], ...] = (ClaudeCode, Codex, CopilotCli, GeminiCli, OpenCode, CursorCli)
"""Agents that report by hooks or a notify command."""


@dataclass(frozen=True)
class Check:
    """One label of one session, or of one process."""

    subject: Pen | int
    label: Label
    note: str = ""


Step = list[Check]
Steps = Iterator[Step]


class Stage:
    """Where one script plays: a directory of its own in the common home."""

    def __init__(self, world: World, pen: type[Pen], place: str) -> None:
        self.world, self.kind, self.cwd = world, pen, world.directory(place)

    def pen(self, cwd: Path | None = None) -> Pen:
        """Return a pen of the script's agent."""
        return self.kind(self.world, cwd or self.cwd)

    def start(
        self, *argv: str, cwd: Path | None = None, name: str = "", real: str = "", fds: tuple[int, ...] = ()
    ) -> int:
        """Start any other process in the directory."""
        return self.world.standins.start(*argv, cwd=cwd or self.cwd, name=name, real=real, fds=fds)

    def directory(self, name: str) -> Path:
        path = self.cwd / name
        path.mkdir(exist_ok=True)
        return path


def see(subject: Pen | int, label: Label, note: str = "") -> Step:
    return [Check(subject, label, note)]


def decoy(pid: int, note: str) -> Step:
    return [Check(pid, DECOY, note)]


@dataclass(frozen=True)
class Script:
    """One script, the agent it is played for, and the kind of thing it shows."""

    name: str
    kind: str
    pen: type[Pen]
    steps: Callable[[Stage], Steps]


SCRIPTS: list[Script] = []


def script(kind: str, *pens: type[Pen]) -> Callable[[Callable[[Stage], Steps]], Callable[[Stage], Steps]]:
    """Register a script for these agents, under its own name as a sentence."""

    def register(steps: Callable[[Stage], Steps]) -> Callable[[Stage], Steps]:
        sentence = steps.__name__.replace("_", " ")
        SCRIPTS.extend(Script(f"{pen.__name__}: {sentence}", kind, pen, steps) for pen in pens)
        return steps

    return register
