"""Finds the sessions that a person means, and says truly what to do where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import Ambiguous, BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

LEAST = 4
"""Characters of an id that name a session."""
UNDELETE = "holdfast undelete"
"""How a hint begins that brings a session back."""
LAST = ("-", "@last")
"""What names the session last active."""
_NEAR = 3


def named(state: State, reference: str, *, trashed: bool = False) -> Session:
    """Return the one session of a name, id, beginning of an id, native id, or `-`."""
    if not reference.strip():
        raise BadInput("no id given", "holdfast list")
    sessions = state.workspace.sessions
    try:
        return sessions.resolve(reference, trashed=trashed)
    except NotFound as missing:
        gone = None if trashed else _in_trash(state, reference)
        if gone is not None:
            raise NotFound(f"session {reference!r} is in the trash", f"{UNDELETE} {gone.id[:8]}") from None
        if reference in LAST:
            empty = "there are no sessions" + (" in the trash" if trashed else "")
            raise NotFound(empty, "holdfast list --trash" if trashed else "holdfast list") from None
        if len(reference) < LEAST:
            raise _too_short(reference, sessions.find(trashed=trashed, empty=True)) from None
        hint = missing.hint
        if trashed and hint == "holdfast list":
            hint = "holdfast list --trash"
        raise NotFound(missing.message, hint) from None


def anywhere(state: State, reference: str) -> Session:
    """Return a session that is named, living or in the trash."""
    try:
        return named(state, reference)
    except NotFound as missing:
        try:
            return named(state, reference, trashed=True)
        except NotFound:
            raise missing from None


def with_sub_agents(state: State, wanted: Sequence[Session], *, trashed: bool = False) -> list[Session]:
    """Add the sub-agents of sessions, and theirs."""
    everything = state.workspace.sessions.find(trashed=trashed, empty=True)
    found = {s.id: s for s in wanted}
    count = 0
    while count < len(found):
        count = len(found)
        found |= {s.id: s for s in everything if s.parent and s.parent.kind == "subagent" and s.parent.id in found}
    return list(found.values())


def _in_trash(state: State, reference: str) -> Session | None:
    """Return the session of the trash that is named so; the last one is never meant there."""
    if reference in LAST:
        return None
    try:
        return state.workspace.sessions.resolve(reference, trashed=True)
    except (NotFound, Ambiguous):
        return None


def _too_short(reference: str, sessions: Iterable[Session]) -> NotFound:
    near = [s.id[:6] for s in sessions if s.id.startswith(reference.lower())][:_NEAR]
    hint = f"did you mean: {', '.join(near)}" if near else "holdfast list"
    return NotFound(f"no session {reference!r}: the beginning of an id needs {LEAST} characters or more", hint)
