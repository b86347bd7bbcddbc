"""What the dashboard does to sessions, each deed a call that tells in words what happened. Runs in a thread of its own."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError
from holdfast.faces._text import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Session
    from holdfast.model.live import BoardRow
    from holdfast.workspace import Workspace


def running_of(workspace: Workspace, sessions: Sequence[Session]) -> tuple[list[BoardRow], tuple[BoardRow, ...]]:
    """Look anew, and return those of the sessions that run, and everything that does."""
    everything = workspace.closing.running()
    wanted = {s.id for s in sessions}
    return [r for r in everything if r.session.id in wanted], everything


def close(workspace: Workspace, rows: Sequence[BoardRow], everything: Sequence[BoardRow]) -> str:
    """Save and close sessions; say what became of them."""
    closing = workspace.closing
    manner = closing.manner(folder=None, kind="native", grace=10.0, kill=False)
    done = closing.close(rows, manner, everything=everything)
    counts = Counter(d.outcome for d in done)
    reasons = [f"{d.session.shown_name}: {d.reason}" for d in done if d.reason]
    return safe_line("; ".join([*(f"{n} {outcome}" for outcome, n in counts.items()), *reasons]))


def tag(workspace: Workspace, sessions: Sequence[Session], words: str) -> str:
    """Tag sessions; a word that begins with - is taken away."""
    add = [w for w in words.split() if not w.startswith("-")]
    remove = [w[1:] for w in words.split() if w.startswith("-")]
    for session in sessions:
        if add:
            workspace.sessions.tag(session, add)
        if remove:
            workspace.sessions.tag(session, remove, remove=True)
    return f"{len(sessions)} tagged"


def export(workspace: Workspace, sessions: Sequence[Session], folder: str) -> str:
    """Write sessions into a folder as Markdown, secrets masked."""
    failed = []
    path = Path(folder).expanduser()
    for session in sessions:
        try:
            workspace.closing.export(session, path, kind="markdown")
        except (HoldfastError, OSError) as error:
            failed.append(f"{session.shown_name}: {error}")
    done = len(sessions) - len(failed)
    return safe_line("; ".join([f"{done} written to {path}", *failed]))


def resume_line(workspace: Workspace, session: Session) -> str:
    """Return the command that goes on with a session, as it is typed."""
    found = workspace.exchange.resume(session).command
    stands = bool(found.cwd) and Path(found.cwd).is_dir()
    return safe_line((f"cd {shlex.quote(found.cwd)} && " if stands else "") + shlex.join(found.argv))
