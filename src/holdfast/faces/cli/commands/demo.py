"""`demo`: a home with made-up sessions, the real commands run on it, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from holdfast.errors import HoldfastError
from holdfast.faces.cli._command import command
from holdfast.faces.cli.documents import Document
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State

_LEAST, _MOST = 60, 120


class StepItem(Struct, frozen=True, kw_only=True):
    """One command that was run: why, the line, what it printed and its exit code."""

    note: str
    command: str
    output: str
    exit_code: int


class DemoDocument(Document, frozen=True, kw_only=True):
    """What `demo` did; `kept` is the home, null where it was removed."""

    kept: str | None
    steps: tuple[StepItem, ...]


@command("demo", DemoDocument, examples=("holdfast demo", "holdfast demo --keep ./ada"), exits=(9,))
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="Write the home here, and keep it.")
def demo(state: State, *, keep: Path | None) -> None:
    """Try Holdfast on made-up sessions of three agents.

    Writes a home in a temporary folder, runs the real commands on it and removes it again. Your own sessions and your
    archive are neither read nor touched.
    """
    steps: list[StepItem] = []
    width = max(_LEAST, min(state.width, _MOST))
    for step in state.workspace.demo.run(keep, width=width, colour=state.paint.on):
        item = StepItem(note=step.note, command=step.line, output=step.output, exit_code=step.exit_code)
        steps.append(item)
        if not state.json:
            _tell(state, item)
    if state.json:
        state.document(DemoDocument(kept=str(keep.resolve()) if keep else None, steps=tuple(steps)))
    else:
        state.text(_end(keep))
    failed = [s for s in steps if s.exit_code]
    if failed:
        raise HoldfastError(
            f"{several(len(failed), 'command')} of the demo failed, first: {failed[0].command}", "holdfast doctor"
        )


def _tell(state: State, item: StepItem) -> None:
    head = f"{state.paint(f'# {item.note}', 'dim')}\n{state.paint('$', 'dim')} {state.paint(item.command, 'bold')}"
    state.text(f"{head}\n{item.output.rstrip()}\n" if item.output.strip() else f"{head}\n")
    state.text("\n")


def _end(keep: Path | None) -> str:
    if keep is None:
        return "The sessions were made up, and their home is removed. For your own: holdfast"
    return f"The home is kept. To look around in it: HOME='{keep.resolve()}' holdfast"
