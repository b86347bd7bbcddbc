"""`restore` and `resume`: the agent's own files back, and the session gone on with."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.errors import BadInput, Conflict, Partial, Unavailable
from holdfast.faces.cli._command import command
from holdfast.faces.cli._naming import named
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import RestoredItem, RestoreDocument, ResumeDocument
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_WORDS = {
    "written": "written",
    "unchanged": "already there",
    "in-the-way": "in the way, not touched",
    "failed": "could not be written",
}


@command(
    "restore",
    "RestoreDocument",
    examples=("holdfast restore k3v9qa", "holdfast restore k3v9qa --to /tmp/back"),
    exits=(3, 5, 6, 7),
)
@click.argument("reference", metavar="ID")
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write below this folder instead."
)
def restore(state: State, reference: str, *, to: Path | None) -> None:
    """Give back the agent's own files of a session and its sub-agents, byte for byte.

    A file that exists is never touched.
    """
    session = named(state, reference)
    done = state.workspace.exchange.restore(session, to=to, roots=_roots(state, session))
    if state.json:
        items = tuple(RestoredItem(path=f.path, fate=f.fate, bytes=f.bytes, note=f.note) for f in done)
        state.document(RestoreDocument(session=session.id, files=items))
    else:
        lines = [f"{_WORDS[f.fate]}: {safe_line(f.path)}{f' ({safe_line(f.note)})' if f.note else ''}" for f in done]
        state.text("\n".join(lines))
    fates = [f.fate for f in done]
    if "failed" in fates:
        raise Partial(
            f"{fates.count('failed')} of {several(len(fates), 'file')} could not be written",
            "holdfast restore ID --to DIR",
        )
    if "in-the-way" in fates:
        raise Conflict(
            f"{several(fates.count('in-the-way'), 'file')} with other content in the way",
            "holdfast restore ID --to DIR",
        )


def _roots(state: State, session: Session) -> Sequence[Path]:
    """Return the agent's usual folders, so that a restored file stands below DIR as it stood below them."""
    workspace = state.workspace
    source = workspace.sources.get(session.agent)
    if source is None:
        return ()
    return [*source.roots(workspace.env, workspace.home, sys.platform), *workspace.roots(source)]


@command(
    "resume",
    "ResumeDocument",
    examples=("holdfast resume k3v9qa", "holdfast resume k3v9qa --exec", 'eval "$(holdfast resume k3v9qa)"'),
    exits=(3, 5),
)
@click.argument("reference", metavar="ID")
@click.option("--print", "shown", is_flag=True, help="Print the command (what happens by default).")
@click.option("--exec", "started", is_flag=True, help="Start the agent here and now, in the session's folder.")
def resume(state: State, reference: str, *, shown: bool, started: bool) -> None:
    """Go on with a session in its own agent and folder."""
    if shown and started:
        raise BadInput("--print and --exec exclude each other")
    session = named(state, reference)
    found = state.workspace.exchange.resume(session)
    argv, cwd = found.command.argv, found.command.cwd
    stands = bool(cwd) and Path(cwd).is_dir()
    line = (f"cd {shlex.quote(cwd)} && " if stands else "") + shlex.join(argv)
    if state.json:
        state.document(ResumeDocument(session=session.id, argv=argv, cwd=cwd, shell=line, problem=found.problem))
        return
    if found.problem:
        state.talk(safe_line(found.problem))
    if started:
        _start(state, argv, cwd)
    else:
        state.text(safe_line(line))


def _start(state: State, argv: Sequence[str], cwd: str) -> None:
    """Become the agent."""
    if shutil.which(argv[0]) is None:
        raise Unavailable(f"{argv[0]} is not installed", "holdfast resume ID prints the command to run elsewhere")
    try:
        if cwd:
            os.chdir(cwd)
    except OSError as error:
        raise Unavailable(
            f"its directory is gone: {cwd}", "make it again, or run the printed command elsewhere"
        ) from error
    state.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp(argv[0], list(argv))  # noqa: S606 - what was asked for, as an argument list
