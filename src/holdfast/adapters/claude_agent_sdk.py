"""A `SessionStore` of the Claude Agent SDK: transcripts that it mirrors are kept as owned sessions.

options = ClaudeAgentOptions(session_store=HoldfastSessionStore(open_store()))

Entries come back as they were given, and in the same order; an entry with a `uuid` is kept once.
"""

from __future__ import annotations

import time
from asyncio import to_thread
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.errors import BadInput, Unavailable
from holdfast.model import Message, owned_id
from holdfast.model.chat import from_chat
from holdfast.owned import NAMES
from holdfast.stores.base import SupportsBatch

try:
    from claude_agent_sdk import fold_session_summary
except ImportError as error:
    raise Unavailable("claude-agent-sdk is not installed", "pip install claude-agent-sdk") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.owned import SessionStore

KIND = "claude-agent-sdk"
"""Documents: (project, session, subpath) as JSON -> what is known of that transcript."""
ENTRY = "claude_agent_sdk"
"""In `extra`: the entry as it was given."""
Key = tuple[str, str, str]
_encode = msgspec.json.encode
_key = msgspec.json.Decoder(Key).decode


class Kept(msgspec.Struct, frozen=True):
    """One transcript: its session's name, when it was last written, and the SDK's own summary of it."""

    name: str
    mtime: int
    data: dict[str, Any] | None = None


_kept = msgspec.json.Decoder(Kept).decode


class HoldfastSessionStore:
    """Passes for `claude_agent_sdk.SessionStore`, with all its optional methods."""

    def __init__(self, store: SessionStore) -> None:
        """Take an open store."""
        self._sessions = store
        self._store = store.store
        if not isinstance(self._store, SupportsBatch):
            raise BadInput(f"{self._store.url} has no batches", "use a store that has them")
        self._batch = self._store.batch

    async def append(self, key: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
        """Keep entries in order, with the summary, in one step."""
        if entries:
            await to_thread(self._append, dict(key), [dict(e) for e in entries])

    async def load(self, key: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """Return a transcript's entries; None where there is none."""
        return await to_thread(self._load, _parts(key))

    async def list_sessions(self, project_key: str) -> list[dict[str, Any]]:
        """Return the sessions of a project, without sub-agents."""
        found = await to_thread(lambda: list(self._transcripts(project_key)))
        return [{"session_id": key[1], "mtime": kept.mtime} for key, kept in found if not key[2]]

    async def list_session_summaries(self, project_key: str) -> list[dict[str, Any]]:
        """Return the summaries of a project's sessions."""
        found = await to_thread(lambda: list(self._transcripts(project_key)))
        return [
            {"session_id": key[1], "mtime": kept.mtime, "data": kept.data or {}} for key, kept in found if not key[2]
        ]

    async def delete(self, key: Mapping[str, Any]) -> None:
        """Erase a transcript; a session's with those of its sub-agents."""
        await to_thread(self._delete, _parts(key))

    async def list_subkeys(self, key: Mapping[str, Any]) -> list[str]:
        """Return the subpaths of a session."""
        project, session, _ = _parts(key)
        found = await to_thread(lambda: list(self._transcripts(project)))
        return [k[2] for k, _ in found if k[1] == session and k[2]]

    def _append(self, key: dict[str, Any], entries: list[dict[str, Any]]) -> None:
        parts = _parts(key)
        now = time.time_ns() // 1_000_000
        with self._batch():
            held = self._held(parts)
            name = held.name if held else _name(parts)
            self._sessions.session(name).append([_message(entry, now) for entry in entries])
            data = held.data if held else None
            if not parts[2]:
                before = (
                    None
                    if data is None or held is None
                    else {"session_id": parts[1], "mtime": held.mtime, "data": data}
                )
                data = dict(fold_session_summary(before, key, entries)["data"])  # type: ignore[arg-type]
            self._store.put_docs(KIND, {_encode(parts).decode(): _encode(Kept(name, now, data))})

    def _load(self, parts: Key) -> list[dict[str, Any]] | None:
        held = self._held(parts)
        if held is None:
            return None
        found = self._store.messages(self._sessions.session(held.name).id)
        return [m.extra[ENTRY] for m in found if isinstance(m.extra.get(ENTRY), dict)]

    def _delete(self, parts: Key) -> None:
        project, session, subpath = parts
        for key, kept in list(self._transcripts(project)):
            if key[1] == session and (not subpath or key[2] == subpath):
                ident = self._sessions.session(kept.name).id
                self._store.put_docs(KIND, {_encode(key).decode(): None})
                self._store.delete(ident, at=None, forever=True)
                self._store.put_docs(NAMES, {kept.name: None})

    def _held(self, parts: Key) -> Kept | None:
        found = self._store.docs(KIND).get(_encode(parts).decode())
        return None if found is None else _kept(found)

    def _transcripts(self, project: str) -> Iterator[tuple[Key, Kept]]:
        for name, data in self._store.docs(KIND).items():
            key = _key(name)
            if key[0] == project:
                yield key, _kept(data)


def _parts(key: Mapping[str, Any]) -> Key:
    return str(key["project_key"]), str(key["session_id"]), str(key.get("subpath") or "")


def _name(parts: Key) -> str:
    return "/".join(part for part in (KIND, *parts) if part)


def _message(entry: dict[str, Any], now: int) -> Message:
    ident = entry.get("uuid")
    said = entry.get("message")
    try:
        found = from_chat(said, ident="") if isinstance(said, dict) else Message(id="", role="system")
    except BadInput:
        found = Message(id="", role="system")
    return msgspec.structs.replace(
        found, id=ident if isinstance(ident, str) and ident else owned_id(), at=now, extra={ENTRY: entry}
    )
