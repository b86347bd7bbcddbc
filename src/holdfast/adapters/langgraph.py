"""A checkpointer of LangGraph: checkpoints, their writes and each channel's values, kept once per version.

graph = builder.compile(checkpointer=HoldfastSaver(open_store()))

Messages in the channel `messages` are kept as an owned session too, named as the thread, so that they are found and shown.
"""

from __future__ import annotations

import random
from asyncio import to_thread
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.errors import BadInput, Unavailable
from holdfast.model import Message
from holdfast.model.chat import from_chat
from holdfast.owned import NAMES
from holdfast.stores.base import SupportsBatch, SupportsDoc

try:
    from langgraph.checkpoint.base import (
        WRITES_IDX_MAP,
        BaseCheckpointSaver,
        CheckpointTuple,
        get_checkpoint_id,
        get_checkpoint_metadata,
        writes_sort_key,
    )
except ImportError as error:
    raise Unavailable("langgraph is not installed", "pip install langgraph") from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from holdfast.owned import SessionStore

THREADS = "langgraph"
"""Documents: (thread, namespace) -> its newest checkpoint. Everything else of a thread is in kinds of its own."""
MESSAGES = "messages"
Typed = tuple[str, bytes]
_encode = msgspec.msgpack.encode
_place = msgspec.json.Decoder(tuple[str, str]).decode


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One checkpoint: without its values, with its metadata and the id of its parent."""

    checkpoint: Typed
    metadata: Typed
    parent: str | None


class Write(msgspec.Struct, frozen=True, array_like=True):
    """One pending write."""

    task: str
    channel: str
    value: Typed
    path: str
    index: int


_row = msgspec.msgpack.Decoder(Row).decode
_write = msgspec.msgpack.Decoder(Write).decode
_typed = msgspec.msgpack.Decoder(Typed).decode


class HoldfastSaver(BaseCheckpointSaver[str]):
    """A checkpoint saver; several programs may run threads in one store."""

    def __init__(self, store: SessionStore, *, serde: SerializerProtocol | None = None) -> None:
        """Take an open store."""
        super().__init__(serde=serde)
        self._sessions = store
        self._store = store.store
        if not isinstance(self._store, SupportsBatch) or not isinstance(self._store, SupportsDoc):
            raise BadInput(f"{self._store.url} has no batches", "use a store that has them")
        self._batch, self._doc = self._store.batch, self._store.doc
        self._told: dict[str, set[str]] = {}

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that is asked for, or the newest."""
        thread, namespace = _of(config)
        ident = get_checkpoint_id(config) or (self._doc(THREADS, _name(thread, namespace)) or b"").decode()
        data = self._doc(_kind("checkpoints", thread, namespace), ident) if ident else None
        return None if data is None else self._tuple((thread, namespace), ident, _row(data))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the framework's own name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints, the newest first."""
        asked = config["configurable"] if config else {}
        ident = get_checkpoint_id(config) if config else None
        end = get_checkpoint_id(before) if before else None
        found = 0
        for place in self._places(asked.get("thread_id"), asked.get("checkpoint_ns")):
            for checkpoint, row in self._rows(place):
                if (ident and checkpoint != ident) or (end and checkpoint >= end):
                    continue
                metadata = self.serde.loads_typed(row.metadata)
                if filter and any(metadata.get(k) != v for k, v in filter.items()):
                    continue
                if limit is not None and found >= limit:
                    return
                found += 1
                yield self._tuple(place, checkpoint, row)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, with the values of the channels that changed, in one step."""
        thread, namespace = _of(config)
        bare: dict[str, Any] = dict(checkpoint)
        values: dict[str, Any] = bare.pop("channel_values")
        blobs: dict[str, bytes | None] = {
            _name(channel, version): _encode(
                self.serde.dumps_typed(values[channel]) if channel in values else ("empty", b"")
            )
            for channel, version in new_versions.items()
        }
        parent = config["configurable"].get("checkpoint_id")
        told = self.serde.dumps_typed(get_checkpoint_metadata(config, metadata))
        row = Row(self.serde.dumps_typed(bare), told, parent)
        ident = checkpoint["id"]
        with self._batch():
            self._store.put_docs(_kind("values", thread, namespace), blobs)
            self._store.put_docs(_kind("checkpoints", thread, namespace), {ident: _encode(row)})
            newest = (self._doc(THREADS, _name(thread, namespace)) or b"").decode()
            self._store.put_docs(THREADS, {_name(thread, namespace): max(newest, ident).encode()})
            if MESSAGES in new_versions and not namespace:
                self._mirror(thread, values.get(MESSAGES))
        return _config(thread, namespace, ident)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep a task's writes; those that are known stay as they are."""
        thread, namespace = _of(config)
        kind = _kind("writes", thread, namespace, config["configurable"]["checkpoint_id"])
        with self._batch():
            made: dict[str, bytes | None] = {}
            for place, (channel, value) in enumerate(writes):
                index = WRITES_IDX_MAP.get(channel, place)
                key = _name(task_id, index)
                if index < 0 or self._doc(kind, key) is None:
                    made[key] = _encode(Write(task_id, channel, self.serde.dumps_typed(value), task_path, index))
            self._store.put_docs(kind, made)

    def delete_thread(self, thread_id: str) -> None:
        """Erase a thread, its messages too."""
        for place in list(self._places(thread_id, None)):
            with self._batch():
                for ident, _ in self._rows(place):
                    self._forget(place, ident)
                self._empty(_kind("values", *place))
                self._store.put_docs(THREADS, {_name(*place): None})
        self._told.pop(thread_id, None)
        known = self._doc(NAMES, thread_id)
        if known is not None:
            self._store.delete(known.decode(), at=None, forever=True)
            self._store.put_docs(NAMES, {thread_id: None})

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Erase the checkpoints that runs made."""
        gone = set(run_ids)
        for place in list(self._places(None, None)) if gone else []:
            with self._batch():
                for ident, row in self._rows(place):
                    if self.serde.loads_typed(row.metadata).get("run_id") in gone:
                        self._forget(place, ident)
                self._settle(place)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all of a thread: checkpoints, values and writes."""
        for thread, namespace in list(self._places(source_thread_id, None)):
            with self._batch():
                for ident, row in self._rows((thread, namespace)):
                    self._store.put_docs(_kind("checkpoints", target_thread_id, namespace), {ident: _encode(row)})
                    writes = self._store.docs(_kind("writes", thread, namespace, ident))
                    self._store.put_docs(_kind("writes", target_thread_id, namespace, ident), writes)
                values = self._store.docs(_kind("values", thread, namespace))
                self._store.put_docs(_kind("values", target_thread_id, namespace), values)
                self._settle((target_thread_id, namespace))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Forget all checkpoints but the newest, with the ancestors that its delta channels are made of; or all of them."""
        for thread in thread_ids:
            if strategy != "keep_latest":
                self.delete_thread(thread)
                continue
            for place in list(self._places(thread, None)):
                with self._batch():
                    self._prune(place)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Do what `get_tuple` does."""
        return await to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the framework's own name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Do what `list` does."""
        found = await to_thread(lambda: [*self.list(config, filter=filter, before=before, limit=limit)])
        for one in found:
            yield one

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Do what `put` does."""
        return await to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Do what `put_writes` does."""
        await to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Do what `delete_thread` does."""
        await to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Do what `delete_for_runs` does."""
        await to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Do what `copy_thread` does."""
        await to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Do what `prune` does."""
        await to_thread(self.prune, thread_ids, strategy=strategy)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Return a version that is greater than the current one, and no other program's."""
        del channel
        number = 0 if current is None else int(str(current).partition(".")[0])
        return f"{number + 1:032}.{random.random():016}"  # noqa: S311 - no secret

    def _tuple(self, place: tuple[str, str], ident: str, row: Row) -> CheckpointTuple:
        bare = self.serde.loads_typed(row.checkpoint)
        values = {}
        for channel, version in bare["channel_versions"].items():
            found = self._value(place, channel, version)
            if found is not None:
                values[channel] = self.serde.loads_typed(found)
        pending = [(w.task, w.channel, self.serde.loads_typed(w.value)) for w in self._writes(place, ident)]
        return CheckpointTuple(
            config=_config(*place, ident),
            checkpoint=bare | {"channel_values": values},
            metadata=self.serde.loads_typed(row.metadata),
            parent_config=_config(*place, row.parent) if row.parent else None,
            pending_writes=pending,
        )

    def _value(self, place: tuple[str, str], channel: str, version: object) -> Typed | None:
        data = self._doc(_kind("values", *place), _name(channel, version))
        found = None if data is None else _typed(data)
        return None if found is None or found[0] == "empty" else found

    def _writes(self, place: tuple[str, str], ident: str) -> Sequence[Write]:
        found = [_write(data) for data in self._store.docs(_kind("writes", *place, ident)).values()]
        return sorted(found, key=lambda w: writes_sort_key(w.path, w.task, w.index))

    def _rows(self, place: tuple[str, str]) -> Iterator[tuple[str, Row]]:
        found = self._store.docs(_kind("checkpoints", *place))
        for ident in sorted(found, reverse=True):
            yield ident, _row(found[ident])

    def _places(self, thread: str | None, namespace: str | None) -> Iterator[tuple[str, str]]:
        for name in self._store.docs(THREADS):
            place = _place(name)
            if thread in (None, place[0]) and namespace in (None, place[1]):
                yield place

    def _prune(self, place: tuple[str, str]) -> None:
        rows = dict(self._rows(place))
        ident: str | None = max(rows, default=None)
        if ident is None:
            return
        keep: set[str] = set()
        missing: set[str] | None = None
        while ident in rows and missing != set():
            versions = self.serde.loads_typed(rows[ident].checkpoint)["channel_versions"]
            whole = {c for c, v in versions.items() if self._value(place, c, v) is not None}
            missing = (set(versions) if missing is None else missing) - whole
            keep.add(ident)
            ident = rows[ident].parent
        for old in rows.keys() - keep:
            self._forget(place, old)
        self._settle(place)

    def _forget(self, place: tuple[str, str], ident: str) -> None:
        self._empty(_kind("writes", *place, ident))
        self._store.put_docs(_kind("checkpoints", *place), {ident: None})

    def _settle(self, place: tuple[str, str]) -> None:
        """Let the thread's newest checkpoint be the newest there is, and forget values that no checkpoint names."""
        rows = dict(self._rows(place))
        newest = max(rows, default=None)
        self._store.put_docs(THREADS, {_name(*place): None if newest is None else newest.encode()})
        named = {
            _name(c, v)
            for row in rows.values()
            for c, v in self.serde.loads_typed(row.checkpoint)["channel_versions"].items()
        }
        kind = _kind("values", *place)
        self._store.put_docs(kind, {key: None for key in self._store.docs(kind) if key not in named})

    def _empty(self, kind: str) -> None:
        self._store.put_docs(kind, dict.fromkeys(self._store.docs(kind)))

    def _mirror(self, thread: str, messages: object) -> None:
        """Keep messages that were not told before as a session of ours."""
        if not isinstance(messages, list | tuple):
            return
        told = self._told.setdefault(thread, set())
        new = [m for m in messages if isinstance(getattr(m, "id", None), str) and m.id not in told]
        made = [found for found in map(_said, new) if found is not None]
        if made:
            self._sessions.session(thread).append(made)
            told.update(m.id for m in made)


def _said(message: Any) -> Message | None:  # noqa: ANN401 - theirs
    calls = [
        {"id": c.get("id"), "name": c.get("name"), "arguments": c.get("args")}
        for c in getattr(message, "tool_calls", ())
    ]
    given: Mapping[str, Any] = {
        "role": message.type,
        "content": message.content,
        "tool_calls": calls,
        "tool_call_id": getattr(message, "tool_call_id", None),
    }
    try:
        return from_chat({k: v for k, v in given.items() if v}, ident=message.id)
    except BadInput:
        return None


def _of(config: RunnableConfig) -> tuple[str, str]:
    asked = config["configurable"]
    return str(asked["thread_id"]), str(asked.get("checkpoint_ns") or "")


def _name(*parts: object) -> str:
    """Return a key: the JSON of its parts."""
    return msgspec.json.encode(parts).decode()


def _kind(what: str, *place: str) -> str:
    return f"{THREADS}/{what}/{_name(*place)}"


def _config(thread: str, namespace: str, ident: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": ident}}
