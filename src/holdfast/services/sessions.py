"""Name, list, tag, trash and erase sessions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.errors import Ambiguous, BadInput, NotFound, Unsafe
from holdfast.model import Edits, Message, Query, Session, conversation
from holdfast.model.session import PREFIX_LENGTH
from holdfast.services.purge import Purged, erase
from holdfast.stores.base import SupportsRaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.index import Index
    from holdfast.stores.base import Store

CANDIDATES = 10
DAY_MS = 86_400_000


class Sessions:
    """Joins store and index for everything that is about whole sessions."""

    def __init__(self, store: Store, index: Callable[[], Index], *, now: Callable[[], float] = time.time) -> None:
        """Take both, and a clock in seconds."""
        self.store = store
        self.index = index
        self.now = now

    def find(self, query: Query | None = None, *, trashed: bool = False, empty: bool = False) -> list[Session]:
        """List sessions, last active first; those without any message only with `empty`."""
        found = self.store.find(query, trashed=trashed)
        return [s for s in found if empty or s.rollup.messages or s.rollup.requests or s.rollup.tool_calls]

    def resolve(self, reference: str, *, trashed: bool = False) -> Session:
        """Return the session a person means: by name, id, unique id prefix (4 or more), native id, or `-` for the last active.

        Raises errors.NotFound with near names, errors.Ambiguous with candidates.
        """
        exact = self.store.get(reference)
        if exact is not None and (exact.trashed is not None) == trashed:
            return exact
        everything = list(self.store.find(trashed=trashed))
        if reference in ("-", "@last") and everything:
            return everything[0]
        for matching in (_by_name, _by_native_id, _by_prefix):
            found = [s for s in everything if matching(s, reference)]
            if len(found) == 1:
                return found[0]
            if found:
                raise Ambiguous(
                    f"{reference!r} names {len(found)} sessions",
                    "use a longer part of the id",
                    candidates=tuple(
                        f"{s.id[:12]}  {s.agent}  {s.project}  {s.shown_name}" for s in found[:CANDIDATES]
                    ),
                )
        raise NotFound(
            f"no session {reference!r}{' in the trash' if trashed else ''}", _suggestion(reference, everything)
        )

    def messages(self, session: Session, *, everything: bool = False) -> tuple[Message, ...]:
        """Return the conversation as it is now, or every message recorded."""
        found = tuple(self.store.messages(session.id))
        return found if everything else conversation(found)

    def tag(self, session: Session, tags: Iterable[str], *, remove: bool = False) -> Session:
        """Add or remove tags; a tag is one word."""
        wanted = {_tag(t) for t in tags}
        edits = self.store.edits(session.id)
        kept = set(edits.tags) - wanted if remove else set(edits.tags) | wanted
        return self._change(session.id, replace(edits, tags=tuple(sorted(kept))))

    def describe(self, session: Session, text: str) -> Session:
        """Set the description."""
        return self._change(session.id, replace(self.store.edits(session.id), description=text))

    def rename(self, session: Session, name: str) -> Session:
        """Set the name."""
        return self._change(session.id, replace(self.store.edits(session.id), name=name))

    def set_project(self, session: Session, project: str) -> Session:
        """Set the project."""
        return self._change(session.id, replace(self.store.edits(session.id), project=project or None))

    def delete(self, session: Session) -> None:
        """Move a session to the trash."""
        self.store.delete(session.id, at=int(self.now() * 1000))

    def undelete(self, session: Session) -> None:
        """Take a session out of the trash."""
        self.store.delete(session.id, at=None)

    def empty_trash(self, days: int) -> list[Session]:
        """Purge what has been in the trash for so many days."""
        limit = int(self.now() * 1000) - days * DAY_MS
        old = [s for s in self.store.find(trashed=True) if s.trashed is not None and s.trashed < limit]
        old = [s for s in old if host(self.store, s) is None]  # such a sub-agent waits for its parent
        for session in old:
            self.purge(session)
        return old

    def purge(self, session: Session) -> Purged:
        """Erase a session and its sub-agents for good, and look for what is left of them.

        Raises errors.Unsafe for a sub-agent whose records stand in its parent's file: they would stay there.
        """
        above = host(self.store, session)
        if above is not None:
            raise Unsafe(
                f"the words of {session.id[:12]} stand in the records of its parent {above.id[:12]}",
                f"holdfast purge {above.id[:12]} erases both",
            )
        return erase(self.store, self.index(), [session, *self._children(session)], at=int(self.now() * 1000))

    def _children(self, session: Session) -> list[Session]:
        return descendants([*self.store.find(), *self.store.find(trashed=True)], session)

    def _change(self, session_id: str, edits: Edits) -> Session:
        return self.store.change(session_id, edits)


def descendants(sessions: Iterable[Session], of: Session) -> list[Session]:
    """Return the sub-agents of a session, theirs, and so on."""
    children: dict[str, list[Session]] = {}
    for session in sessions:
        if session.parent is not None and session.parent.kind == "subagent":
            children.setdefault(session.parent.id, []).append(session)
    found: list[Session] = []
    waiting = [of.id]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found += below
        waiting += [s.id for s in below]
    return [s for s in found if s.id != of.id]


def host(store: Store, session: Session) -> Session | None:
    """Return the parent in whose captured file a sub-agent's records stand; None where it has its own, or none at all."""
    parent = session.parent
    if parent is None or parent.kind != "subagent" or not isinstance(store, SupportsRaw) or store.raw_files(session.id):
        return None
    above = store.get(parent.id)
    if above is None or above.source_path != session.source_path:
        return None
    held = any(f.path == session.source_path for f in store.raw_files(above.id))
    return above if held else host(store, above)


def _by_name(session: Session, reference: str) -> bool:
    return bool(session.name) and session.name == reference


def _by_native_id(session: Session, reference: str) -> bool:
    return session.native_id == reference


def _by_prefix(session: Session, reference: str) -> bool:
    return len(reference) >= PREFIX_LENGTH and session.id.startswith(reference.lower())


def _suggestion(reference: str, sessions: list[Session]) -> str:
    names = [s.name or s.id[:12] for s in sessions]
    import difflib  # noqa: PLC0415 - only for suggestions

    near = difflib.get_close_matches(reference, names, n=3, cutoff=0.6)
    return f"did you mean: {', '.join(near)}" if near else "holdfast list"


def _tag(text: str) -> str:
    tag = text.strip().lstrip("#").lower()
    if not tag or any(c.isspace() or c in ',"' for c in tag):
        raise BadInput(f"{text!r} is no tag", "a tag is one word, for example: api")
    return tag
