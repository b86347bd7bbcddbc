"""`SessionManager` as Agentry documents it: whole conversations saved and loaded by id, in one folder.

sm = SessionManager("my_sessions/")
sm.save_session("my_project", [{"role": "user", "content": "Hello"}])

Every message is kept once: a save adds what is new, so that it costs the same at any length, and what another process added
meanwhile stays. The folder holds `sessions.db`, and after `close` an equal `{id}_chat.toon` for each session.
"""

from __future__ import annotations

import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from holdfast.compat._folder import Folder
from holdfast.compat._saved import OWN, Seen, change, digest, joined, merged, plain
from holdfast.model import Message, Transcript, owned_id
from holdfast.model.verbatim import as_given, verbatim
from holdfast.owned import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from holdfast.model import Json, Session

ARCHIVE = "sessions.db"


class SessionManager:
    """Sessions by id; use it as a context, or close it, and it also closes when the program ends."""

    def __init__(self, history_dir: str | Path | None = None, *, secrets: str = "mask") -> None:
        """Open a folder, made where it is missing; None is this machine's archive. `secrets="keep"` masks nothing."""
        folder = None if history_dir is None else Path(history_dir).expanduser().absolute()
        url = None
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            url = f"sqlite:///{_escaped(folder / ARCHIVE)}"
        self.history_dir = folder
        self._masks = secrets != "keep"
        self._opened = time.time_ns() // 1_000_000
        self._seen: dict[str, list[Seen]] = {}
        self._revisions: dict[str, int] = {}
        self._folder = Folder(open_store(url), folder)
        self._close = weakref.finalize(self, self._folder.close)

    def save_session(
        self, session_id: str, messages: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a conversation as it is now; messages that others added since this caller last looked stay in it."""
        given = [plain(m) for m in messages]
        with self._folder.writing():
            session = self._folder.session(session_id, make=True)
            own = self._before(session)
            before = own if session is None else joined(own, self._others(session))
            found = merged(before, change(before, given, self._mask), own=len(own))
            made = tuple(self._made(m) for m in found.added)
            about = self._folder.facts(session, session_id, metadata)
            told = Transcript(session=about, messages=made, dropped=tuple(found.removed))
            revision = self._folder.put(told, more=len(made) - len(found.removed))
        fresh = [Seen(m, digest(g)) for m, g in zip(made, found.added, strict=True)]
        self._seen[about.id] = [*before[: found.same], *fresh]
        self._revisions[about.id] = revision

    def load_session(self, session_id: str) -> list[dict[str, Any]] | None:
        """Return a conversation, None where there is none; errors.Unreadable names a file that cannot be read."""
        session = self._folder.session(session_id)
        if session is None:
            self._folder.refuse(session_id)
            return None
        messages = self._folder.messages(session.id)
        self._seen[session.id] = [Seen(m) for m in messages]
        self._revisions[session.id] = session.revision
        return [as_given(m) for m in messages]

    def list_sessions(self) -> list[dict[str, Any]]:
        """List sessions, newest first: `id`, `created_at`, `message_count` and what else is known.

        A file that cannot be read is listed too, with its `problem`.
        """
        return self._folder.listed()

    def delete_session(self, session_id: str) -> bool:
        """Move a session to the trash of the store and remove its file; False where there is none."""
        session = self._folder.session(session_id)
        if session is None:
            return self._folder.forget_file(session_id)
        self._seen.pop(session.id, None)
        return self._folder.delete(session, session_id)

    def session_exists(self, session_id: str) -> bool:
        """Tell whether there is such a session."""
        return self._folder.session(session_id) is not None

    def update_session_title(self, session_id: str, title: str) -> bool:
        """Name a session; False where there is none."""
        return self._folder.title(session_id, title)

    def export_session(self, session_id: str) -> Path | None:
        """Write the session's `.toon` file now and return where it is; None where there is none."""
        return self._folder.leave(session_id)

    def close(self) -> None:
        """Leave an equal `.toon` file for each session that changed, and close the store."""
        self._close()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _before(self, session: Session | None) -> list[Seen]:
        """Return what this caller knows; one that never looked knows what was there when it began."""
        if session is None:
            return []
        if session.id in self._seen:
            return self._seen[session.id]
        held = self._folder.messages(session.id)
        return [Seen(m) for m in held if m.at is None or m.at < self._opened]

    def _others(self, session: Session) -> list[Message]:
        """Return the conversation where somebody else may have written to it since this caller last did."""
        return [] if self._revisions.get(session.id) == session.revision else self._folder.messages(session.id)

    def _made(self, given: dict[str, Json]) -> Message:
        return verbatim(self._mask(given), ident=OWN + owned_id(), at=time.time_ns() // 1_000_000)

    def _mask(self, given: dict[str, Json]) -> dict[str, Json]:
        if not self._masks:
            return given
        found, _ = self._folder.store.redactor.mask_tree(given)
        return found if isinstance(found, dict) else given


def _escaped(path: Path) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - rare

    return quote(str(path))
