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

import msgspec

from holdfast.compat.snapshots import SessionSnapshot
from holdfast.model.knowledge import Preference, Provenance
from holdfast.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = ".prellm/user_memory.db"
INJECTED = 512
"""Tokens of history behind a system prompt."""


class UserMemory:
    """A pool of interactions and habits in one file."""

    def __init__(self, backend: str = "sqlite", path: str | Path = DEFAULT) -> None:
        """Open a pool, made where it is missing; `backend="chromadb"` names a folder, which our store serves too."""
        if backend == "chromadb":
            warnings.warn("chromadb is not used: Holdfast's own store serves this memory", UserWarning, stacklevel=2)
        self.backend = backend
        self.path = Path(path)
        self._workspace = Workspace.of_memory(self.path, folder=backend == "chromadb")
        self._pool = self._workspace.interactions
        self._wishes = self._workspace.preferences

    async def add_interaction(
        self, query: str, response_summary: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a question and what came of it."""
        about = msgspec.to_builtins(dict(metadata or {}), enc_hook=str)
        self._pool.add(query, response_summary, metadata=about)

    async def get_recent_context(self, query: str, limit: int = 5) -> list[dict[str, Any]]:
        """Return the newest interactions; those nearest to the query with the backend `chromadb`, as preLLM does."""
        return self._pool.near(query, limit) if self.backend == "chromadb" else self._pool.listed(limit)

    async def get_relevant_context(self, query: str, max_tokens: int = 1024) -> str:
        """Return what earlier interactions have in common with a query, best first, within a number of tokens."""
        return self._pool.relevant(query, max_tokens)

    async def auto_inject_context(self, query: str, system_prompt: str = "") -> str:
        """Return a system prompt with habits and relevant history behind it."""
        habits = ", ".join(f"{key}={value}" for key, value in self._wishes.values().items())
        history = self._pool.relevant(query, INJECTED)
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
        self._wishes.learn(query, session=self._pool.id, message=self._pool.question(query))

    async def export_session(self, session_id: str | None = None) -> SessionSnapshot:
        """Return everything as a snapshot, newest interaction first."""
        interactions = self._pool.listed()
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
        self._pool.take(snapshot.interactions)
        source = Provenance(writer="import", trust="import", at=int(time.time() * 1000))
        wishes = (Preference(key=k, value=str(v), provenance=source) for k, v in snapshot.preferences.items())
        self._wishes.take(wishes, writer=f"import:{snapshot.session_id or 'snapshot'}")

    async def clear(self) -> None:
        """Erase every interaction and habit."""
        self._workspace.clear_memory()

    async def _get_all_interactions(self, limit: int | None = 100) -> list[dict[str, Any]]:
        return self._pool.listed(limit)

    def close(self) -> None:
        """Close the store."""
        self._workspace.close()
