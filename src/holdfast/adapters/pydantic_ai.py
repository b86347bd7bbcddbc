"""A `ConversationStore` of pydantic-ai: every message once, forks and branches by pointer, and all of it searchable.

store = HoldfastConversationStore(open_store())
conversation = await store.load("support-42") or Conversation(conversation_id="support-42")
await store.save(await agent.run("hello", conversation=conversation))
"""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING

import msgspec

from holdfast.errors import BadInput, Unavailable
from holdfast.model import Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from holdfast.owned import NAMES
from holdfast.stores.base import SupportsBatch, SupportsDoc

try:
    from pydantic import TypeAdapter
    from pydantic_ai import messages as theirs
    from pydantic_ai.conversation_store import (
        ConversationConflict,
        ConversationEntry,
        ConversationRecord,
        ConversationStore,
    )
except ImportError as error:
    raise Unavailable(
        "pydantic-ai with conversation stores is not installed", "pip install 'pydantic-ai-slim>=2.60'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.owned import SessionStore

RECORDS, ENTRIES = "pydantic-ai", "pydantic-ai/entries"
"""Documents: conversation -> its record; entry -> the session that holds it."""
ENTRY = "pydantic_ai"
"""In `extra`: the message as the framework writes it."""
_record = TypeAdapter(ConversationRecord)
_message = TypeAdapter(theirs.ModelMessage)


class HoldfastConversationStore(ConversationStore):
    """A durable conversation store. Deleting a conversation erases its messages, but for those that a fork still has."""

    def __init__(self, store: SessionStore) -> None:
        """Take an open store."""
        self._sessions = store
        self._archive = store.store
        if not isinstance(self._archive, SupportsBatch) or not isinstance(self._archive, SupportsDoc):
            raise BadInput(f"{self._archive.url} has no batches", "use a store that has them")
        self._batch, self._doc = self._archive.batch, self._archive.doc

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        """Return a conversation's record."""
        return await to_thread(self._record_of, conversation_id)

    async def read_records(self, *, scope: str | None = None, limit: int | None = None) -> Sequence[ConversationRecord]:
        """Return records, those saved last first."""
        found = [_record.validate_json(data) for data in (await to_thread(self._archive.docs, RECORDS)).values()]
        found = [r for r in found if scope is None or r.scope == scope]
        return sorted(found, key=lambda r: r.updated_at, reverse=True)[:limit]

    async def write_record(
        self,
        record: ConversationRecord,
        *,
        new_entries: Sequence[ConversationEntry] = (),
        expected_revision: str | None,
    ) -> None:
        """Keep a record and its new entries in one step, or raise ConversationConflict and keep nothing."""
        await to_thread(self._keep, record, new_entries, expected_revision)

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        """Delete a conversation, with every message that no other one has."""
        await to_thread(self._erase, conversation_id, expected_revision)

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        """Return one entry; LookupError where there is none."""
        return (await to_thread(self._entries_of, entry_id))[entry_id]

    async def read_history(self, head_id: str | None, *, limit: int | None = None) -> list[ConversationEntry]:
        """Return the entries up to a head, reading each session that holds some of them once."""
        return await to_thread(self._chain, head_id, limit)

    def _record_of(self, conversation_id: str) -> ConversationRecord | None:
        found = self._doc(RECORDS, conversation_id)
        return None if found is None else _record.validate_json(found)

    def _keep(self, record: ConversationRecord, new: Sequence[ConversationEntry], expected: str | None) -> None:
        with self._batch():
            held = self._record_of(record.conversation_id)
            known = {e.id for e in new}
            head = record.head_id
            if (held.revision if held else None) != expected:
                raise ConversationConflict(record.conversation_id)
            if head is not None and head not in known and self._doc(ENTRIES, head) is None:
                raise ConversationConflict(record.conversation_id)
            if new:
                session = self._sessions.session(record.conversation_id)
                session.append([_kept(entry) for entry in new])
                self._archive.put_docs(ENTRIES, {e.id: record.conversation_id.encode() for e in new})
            self._archive.put_docs(RECORDS, {record.conversation_id: _record.dump_json(record)})

    def _erase(self, conversation_id: str, expected: str) -> None:
        with self._batch():
            held = self._record_of(conversation_id)
            if held is None or held.revision != expected:
                raise ConversationConflict(conversation_id)
            self._archive.put_docs(RECORDS, {conversation_id: None})
        needed = self._needed()
        for name in {*self._names(held), conversation_id} - needed:
            gone = {e: None for e, holder in self._archive.docs(ENTRIES).items() if holder.decode() == name}
            self._archive.put_docs(ENTRIES, gone)
            self._archive.delete(self._sessions.session(name).id, at=None, forever=True)
            self._archive.put_docs(NAMES, {name: None})

    def _needed(self) -> set[str]:
        """Name the sessions that a conversation still has messages of."""
        found: set[str] = set()
        for data in self._archive.docs(RECORDS).values():
            record = _record.validate_json(data)
            found |= {record.conversation_id}
            if record.forked_from is not None:
                found |= self._names(record)
        return found

    def _names(self, record: ConversationRecord) -> set[str]:
        holders = self._archive.docs(ENTRIES)
        heads = [h for h in (record.head_id, *record.branches) if h is not None]
        return {holders[e.id].decode() for head in heads for e in self._chain(head, None) if e.id in holders}

    def _chain(self, head: str | None, limit: int | None) -> list[ConversationEntry]:
        found: list[ConversationEntry] = []
        known: dict[str, ConversationEntry] = {}
        while head is not None and (limit is None or len(found) < limit):
            if head not in known:
                known = self._entries_of(head)
            found.append(known[head])
            head = found[-1].parent_id
        return found[::-1]

    def _entries_of(self, entry_id: str) -> dict[str, ConversationEntry]:
        """Return all entries of the session that holds this one; LookupError where there is none."""
        holder = self._doc(ENTRIES, entry_id)
        if holder is None:
            raise KeyError(entry_id)
        found = self._archive.messages(self._sessions.session(holder.decode()).id)
        entries = {m.id: _given(m) for m in found if ENTRY in m.extra}
        if entry_id not in entries:
            raise KeyError(entry_id)
        return entries


def _kept(entry: ConversationEntry) -> Message:
    role, parts = _read(entry.message)
    content = msgspec.json.decode(_message.dump_json(entry.message))
    extra = {ENTRY: content, "pydantic_ai_parent": entry.parent_id}
    return Message(id=entry.id, role=role, parts=parts, parent=entry.parent_id or "", extra=extra)


def _given(message: Message) -> ConversationEntry:
    content = _message.validate_python(message.extra[ENTRY])
    return ConversationEntry(id=message.id, parent_id=message.extra.get("pydantic_ai_parent"), message=content)


def _read(message: theirs.ModelMessage) -> tuple[Role, tuple[Part, ...]]:
    found: list[Part] = []
    roles: set[Role] = set()
    for part in message.parts:
        match part:
            case theirs.SystemPromptPart():
                roles.add("system")
                found.append(Text(part.content))
            case theirs.UserPromptPart():
                roles.add("user")
                said = [part.content] if isinstance(part.content, str) else part.content
                found += [Text(piece) for piece in said if isinstance(piece, str)]
            case theirs.TextPart():
                found.append(Text(part.content))
            case theirs.ThinkingPart():
                found.append(Thinking(part.content))
            case theirs.ToolCallPart():
                found.append(ToolCall(id=part.tool_call_id, name=part.tool_name, input=part.args))
            case theirs.ToolReturnPart():
                roles.add("tool")
                found.append(ToolResult(call=part.tool_call_id, text=part.model_response_str()))
            case theirs.RetryPromptPart():
                roles.add("tool")
                found.append(ToolResult(call=part.tool_call_id, text=part.model_response(), error=True))
    if isinstance(message, theirs.ModelResponse):
        return "assistant", tuple(found)
    return next((r for r in _FIRST if r in roles), "user"), tuple(found)


_FIRST: tuple[Role, ...] = ("user", "tool", "system")
