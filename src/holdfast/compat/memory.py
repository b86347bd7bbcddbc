"""`UserMemory` as preLLM has it: questions, answers and habits, over our store.

memory = UserMemory(path=".prellm/user_memory.db")
await memory.add_interaction("Deploy ESP32 firmware", "Used OTA update via PlatformIO")

What is relevant is found by words, not by recency. A database that preLLM wrote is read and left as it is: ours then stands
beside it. Every text is masked before it is kept.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from holdfast import registry
from holdfast.compat._pool import Pool
from holdfast.compat.snapshots import SessionSnapshot
from holdfast.model.interactions import interaction_key, pair, to_interactions, to_messages
from holdfast.model.knowledge import Preference, Provenance
from holdfast.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = ".prellm/user_memory.db"
OURS = "holdfast.db"
"""The store's name in a folder of Chroma's."""
CUT = 200
"""Characters of an answer that are given to a model."""
PER_TOKEN = 4
INJECTED = 512
LIMIT = 10
SEPARATOR = "\n---\n"


class UserMemory:
    """A pool of interactions and habits in one file."""

    def __init__(self, backend: str = "sqlite", path: str | Path = DEFAULT) -> None:
        """Open a pool, made where it is missing; `backend="chromadb"` names a folder, which our store serves too."""
        if backend == "chromadb":
            warnings.warn("chromadb is not used: Holdfast's own store serves this memory", UserWarning, stacklevel=2)
        self.backend = backend
        self.path = Path(path)
        file, originals = _places(backend, self.path.expanduser().absolute())
        file.parent.mkdir(parents=True, exist_ok=True)
        self._workspace = Workspace.of_url(f"sqlite:///{quote(str(file))}")
        self._pool = Pool(self._workspace)
        self._wishes = self._workspace.preferences
        for original in originals:
            self._take(original)

    async def add_interaction(
        self, query: str, response_summary: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a question and what came of it."""
        self._add(query, response_summary, metadata, time.time())

    async def get_recent_context(self, query: str, limit: int = 5) -> list[dict[str, Any]]:
        """Return the newest interactions; those nearest to the query with the backend `chromadb`, as preLLM does."""
        if self.backend == "chromadb":
            return self._pool.near(query, limit)
        return to_interactions(self._pool.messages(last=2 * limit))[:limit]

    async def get_relevant_context(self, query: str, max_tokens: int = 1024) -> str:
        """Return what earlier interactions have in common with a query, best first, within a number of tokens."""
        return self._relevant(query, max_tokens)

    async def auto_inject_context(self, query: str, system_prompt: str = "") -> str:
        """Return a system prompt with habits and relevant history behind it."""
        wishes = self._wishes.values()
        habits = ", ".join(f"{key}={value}" for key, value in wishes.items())
        history = self._relevant(query, INJECTED)
        parts = [
            system_prompt,
            f"User preferences: {habits}" if habits else "",
            f"Relevant history:\n{history}" if history else "",
        ]
        return "\n\n".join(part for part in parts if part)

    async def get_user_preferences(self) -> dict[str, str]:
        """Return all habits."""
        return self._wishes.values()

    async def set_preference(self, key: str, value: str) -> None:
        """Keep a habit."""
        self._wishes.set(key, value)

    async def forget_preference(self, key: str) -> bool:
        """Revoke a habit; False where there is none."""
        return self._wishes.forget(key)

    async def learn_preference_from_interaction(self, query: str, response: str) -> None:
        """Learn habits from what the person said; what a model answered teaches nothing."""
        del response
        held = self._pool.newest(query)
        self._wishes.learn(query, session=self._pool.id, message=held)

    async def export_session(self, session_id: str | None = None) -> SessionSnapshot:
        """Return everything as a snapshot, newest interaction first."""
        interactions = await self._get_all_interactions(limit=None)
        times = [i["timestamp"] for i in interactions]
        return SessionSnapshot(
            session_id=session_id or f"session_{int(time.time())}",
            interactions=interactions,
            preferences=self._wishes.values(),
            created_at=str(min(times, default=time.time())),
            exported_at=str(time.time()),
        )

    async def import_session(self, snapshot: SessionSnapshot) -> None:
        """Take a snapshot in, order and times as they were; twice adds nothing."""
        self._import(snapshot.interactions)
        source = Provenance(writer="import", trust="import", at=int(time.time() * 1000))
        wishes = (Preference(key=k, value=str(v), provenance=source) for k, v in snapshot.preferences.items())
        self._wishes.take(wishes, writer=f"import:{snapshot.session_id or 'snapshot'}")

    async def clear(self) -> None:
        """Erase every interaction and habit."""
        self._pool.clear()
        self._wishes.clear()

    async def _get_all_interactions(self, limit: int | None = 100) -> list[dict[str, Any]]:
        return to_interactions(self._pool.messages(last=None if limit is None else 2 * limit))

    def close(self) -> None:
        """Close the store."""
        self._workspace.close()

    def _add(self, query: str, answer: str, metadata: Mapping[str, Any] | None, at: float) -> None:
        about = msgspec.to_builtins(dict(metadata or {}), enc_hook=str)
        known = self._pool.masked({"query": query, "response_summary": answer, "metadata": about})
        ident = interaction_key(known["query"], at)
        self._pool.add(pair(known["query"], known["response_summary"], ident=ident, at=at, metadata=known["metadata"]))

    def _import(self, interactions: list[dict[str, Any]]) -> None:
        self._pool.add(tuple(to_messages(self._pool.masked(i) for i in interactions)))

    def _relevant(self, query: str, max_tokens: int) -> str:
        lines: list[str] = []
        left = max_tokens
        for one in self._pool.near(query, LIMIT):
            line = f"Q: {one['query']}\nA: {one['response_summary'][:CUT]}"
            left -= len(line) // PER_TOKEN
            if left < 0:
                break
            lines.append(line)
        return SEPARATOR.join(lines)

    def _take(self, original: Path) -> None:
        """Read what preLLM wrote, where it changed since it was last read."""
        stamp = _stamp(original)
        if self._pool.stamp(original.name) == stamp:
            return
        name = "chroma" if original.name == "chroma.sqlite3" else "prellm"
        reader = registry.load("imports", name)()
        with original.open("rb") as stream:
            for transcript in reader.load(stream):
                if transcript.session.agent == "prellm":
                    self._import(to_interactions(transcript.messages))
            stream.seek(0)
            self._wishes.take(reader.knowledge(stream).preferences, writer=f"import:{original.name}")
        self._pool.set_stamp(original.name, stamp)


def _places(backend: str, path: Path) -> tuple[Path, list[Path]]:
    """Return where our store stands, and the files of preLLM beside it."""
    if backend == "chromadb":
        found = [path / "chroma.sqlite3", path / "preferences.db"]
        return path / OURS, [p for p in found if p.is_file()]
    if path.is_file() and path.stat().st_size and _is_original(path):
        return path.with_name(f"{path.stem}.{OURS}"), [path]
    return path, []


def _is_original(path: Path) -> bool:
    with path.open("rb") as stream:
        return bool(registry.load("imports", "prellm")().claims(stream))


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"
