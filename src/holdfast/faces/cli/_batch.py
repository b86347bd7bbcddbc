"""What every batch does: show what is meant, ask, and tell what became of each, with the exit code of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError, Partial
from holdfast.faces.cli._state import SAMPLES
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import BatchDocument, BatchItem
from holdfast.faces.cli.render import age, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

EXITS = (3, 5, 6, 7, 9)
_WORDS = {"still-running": "still runs", "not-running": "did not run"}


def preview(state: State, found: Sequence[Session]) -> None:
    """Say how many sessions are meant, and show some of them."""
    state.talk(f"{several(len(found), 'session')}:")
    for session in found[:SAMPLES]:
        state.talk(f"  {line_of(session)}")
    if len(found) > SAMPLES:
        state.talk(f"  and {len(found) - SAMPLES} more")


def agreed(
    state: State,
    found: Sequence[Session],
    question: str,
    *,
    dry_run: bool,
    shown: Sequence[str] = (),
    asks: bool = True,
    kind: str = "session",
) -> bool:
    """Show what is meant and ask, unless there is nothing to ask; False where nothing is to be done."""
    lines = list(shown) or [line_of(s) for s in found]
    if found and not dry_run and (not asks or state.confirm(question, lines)):
        return True
    if state.json:
        items = tuple(BatchItem(id=s.id, agent=s.agent, name=s.shown_name, outcome="none") for s in found)
        state.document(BatchDocument(action="none", count=len(found), failed=0, sessions=items))
    elif dry_run and found:
        state.text("\n".join([f"{several(len(found), 'session')}:", *(f"  {line}" for line in lines)]))
    else:
        state.text("nothing changed" if found else f"no {kind} matches; nothing changed")
    return False


def line_of(session: Session) -> str:
    """Return one line that tells a session from others."""
    return f"{session.id[:6]}  {session.agent}  {safe_line(session.shown_name)}  {age(session.active)}"


def tell(state: State, action: str, items: Sequence[BatchItem]) -> None:
    """Say what became of each, and end with the exit code of that."""
    failed = [i for i in items if i.failed]
    if state.json:
        state.document(BatchDocument(action=action, count=len(items), failed=len(failed), sessions=tuple(items)))  # type: ignore[arg-type]
    else:
        state.text("\n".join(_said(items)))
    if not failed:
        return
    message = f"{len(failed)} of {several(len(items), 'session')} failed"
    raise (HoldfastError if len(failed) == len(items) else Partial)(message, failed[0].reason)


def _said(items: Iterable[BatchItem]) -> list[str]:
    lines = []
    for i in items:
        said = f"{_WORDS.get(i.outcome, i.outcome):12} {i.id[:6]}  {i.agent}  {safe_line(i.name)}"
        said += f"  pid {i.pid}" if i.pid else ""
        said += f"  {safe_line(i.path)}" if i.path else ""
        lines.append(f"{said}: {safe_line(i.reason)}" if i.reason else said)
    return lines
