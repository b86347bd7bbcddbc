"""`sync`: read what is new or changed, once or for as long as wanted."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import BadInput, Partial
from holdfast.faces.cli._command import command
from holdfast.faces.cli._fresh import say_size
from holdfast.faces.cli._progress import Progress
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import Files, SyncDocument
from holdfast.faces.cli.render import full, several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import SyncReport

STOPPED = "interrupted, nothing lost; run holdfast sync to go on"
_SHOWN = 5
_KB, _MB = 1_000, 1_000_000


@command(
    "sync",
    "SyncDocument",
    examples=(
        "holdfast sync",
        "holdfast sync --agent codex",
        "holdfast sync --root claude-code=/backup/.claude",
        "holdfast sync --watch",
    ),
    exits=(4, 6, 7, 8),
)
@click.option(
    "--root", "roots", metavar="AGENT=DIR", multiple=True, help="Read this copy of an agent's folder instead."
)
@click.option("--agent", "agents", metavar="NAME", multiple=True, help="Only this agent.")
@click.option("--memory", type=click.IntRange(min=50), metavar="MB", help="Memory that may be used, in MB.")
@click.option("--watch", is_flag=True, help="Go on reading whatever changes, until interrupted.")
def sync(state: State, *, roots: Sequence[str], agents: Sequence[str], memory: int | None, watch: bool) -> None:
    """Read what is new or changed in every agent's files.

    Only files that changed are opened. It may be stopped at any point and goes on where it stood.
    """
    state.roots = _roots(roots)
    state.flags["sync.memory_mb"] = memory
    try:
        if watch:
            _watch(state, agents)
        else:
            _once(state, agents)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(STOPPED) from stop


def _once(state: State, agents: Sequence[str]) -> None:
    workspace = state.workspace
    _known(state, agents)
    plan = workspace.sync.plan(agents or None)
    with Progress(state) as progress:
        report = workspace.sync.run(plan, progress=progress)
    purged = workspace.sessions.empty_trash(workspace.config["trash.days"])
    _tell(state, report, purged=len(purged))
    say_size(state)
    if report.failed:
        raise Partial(
            f"{len(report.failed)} of {report.seen} files could not be read",
            "; ".join(f"{path}: {why}" for path, why in list(report.failed.items())[:_SHOWN]),
        )


def _known(state: State, agents: Sequence[str]) -> None:
    for name in agents:
        if name not in state.workspace.sources:
            raise BadInput(f"no agent {name!r}", f"known: {', '.join(state.workspace.sources)}")


def _watch(state: State, agents: Sequence[str]) -> None:
    _known(state, agents)
    state.talk("Watching. Ctrl-C ends it.")
    stop = threading.Event()
    try:
        for report in state.workspace.sync.watch(stop, agents or None):
            _tell(state, report, purged=0)
    finally:
        stop.set()


def _roots(given: Sequence[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for pair in given:
        agent, equals, folder = pair.partition("=")
        if not equals or not folder:
            raise BadInput(f"--root {pair!r} is not AGENT=DIR", "for example: --root claude-code=/backup/.claude")
        if not Path(folder).expanduser().exists():
            raise BadInput(f"--root {pair}: there is no {folder}")
        found.setdefault(agent, []).append(Path(folder).expanduser())
    return found


def _tell(state: State, report: SyncReport, *, purged: int) -> None:
    if state.json:
        state.document(_document(report, purged))
        return
    lines = [f"{several(report.seen, 'file')} seen, {full(report.read)} read, {full(report.skipped)} unchanged"]
    if report.read:
        new = f"{several(report.messages, 'new message')} in {several(report.sessions, 'session')}"
        lines.append(f"{new}, {_size(report.bytes)} in {_time(report.seconds)}")
    if report.damaged:
        lines.append(f"{several(report.damaged, 'damaged line')} passed over")
    if report.unknown:
        shown = ", ".join(f"{safe_line(name)} ({times})" for name, times in list(report.unknown.items())[:_SHOWN])
        lines.append(f"{several(sum(report.unknown.values()), 'record')} of unknown type kept as they are: {shown}")
    if purged:
        lines.append(f"{several(purged, 'session')} purged from the trash")
    state.text("\n".join(lines))


def _size(held: int) -> str:
    if held < _KB:
        return several(held, "byte")
    return f"{held / _KB:.0f} kB" if held < _MB else f"{held / _MB:.1f} MB"


def _time(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))} ms" if seconds < 1 else f"{seconds:.1f} s"


def _document(report: SyncReport, purged: int) -> Any:
    return SyncDocument(
        files=Files(seen=report.seen, read=report.read, skipped=report.skipped, failed=len(report.failed)),
        sessions=report.sessions,
        messages_added=report.messages,
        unknown_records=sum(report.unknown.values()),
        unknown=report.unknown,
        damaged_lines=report.damaged,
        bytes=report.bytes,
        rows_written=report.rows_written,
        remaining=report.remaining,
        failed=report.failed,
        trash_purged=purged,
        seconds=report.seconds,
    )
